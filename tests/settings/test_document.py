from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rotator.settings.document import Document, read_document, spell


def faults(text: str) -> list[str]:
    return [str(fault) for fault in read_document("f.yaml", text).faults]


def test_every_field_knows_its_line() -> None:
    document = read_document("f.yaml", "a:\n  b: 1\n  c:\n    - x\n    - {d: 2}\n")

    assert document.values == {"a": {"b": 1, "c": ("x", {"d": 2})}}
    assert document.line(("a", "b")) == 2
    assert document.line(("a", "c", 1, "d")) == 5


def test_a_field_that_is_not_written_has_the_line_of_what_is_around_it() -> None:
    document = read_document("f.yaml", "# head\na:\n  b: 1\n")

    assert document.line(("a", "z", "y")) == 2
    assert document.line(("z",)) == 2
    assert Document(file="f.yaml").line(("z",)) == 0


def test_a_path_is_spelled_as_people_do() -> None:
    assert spell(("rules", 2, "grace", "max")) == "rules[2].grace.max"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True),
        ("12", 12),
        ("-3", -3),
        ("1.5", 1.5),
        ("012345678901", "012345678901"),
        ("yes", "yes"),
        ("2026-01-01", "2026-01-01"),
        ("90d", "90d"),
        ('"12"', "12"),
        ("'true'", "true"),
        ("9999999999999999999", "9999999999999999999"),
        ("1:30", "1:30"),
    ],
)
def test_a_scalar_means_what_it_looks_like(text: str, value: object) -> None:
    read = read_document("f.yaml", f"a: {text}").values["a"]

    assert read == value
    assert type(read) is type(value)


@pytest.mark.parametrize("text", ["", "# nothing but a comment", "a:", "a: ~", "a: null"])
def test_an_empty_value_is_the_same_as_none(text: str) -> None:
    document = read_document("f.yaml", text)

    assert document.values == {}
    assert document.faults == ()


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("a: 1\na: 2", "f.yaml:2: a: duplicate key; it is in line 1 already (keep one of the two)"),
        ("a: [1", "f.yaml:1: this is not YAML that we can read: expected ',' or ']'"),
        ("a: 1\n\tb: 2", "indent with spaces, not with tabs"),
        ("a: 1\n---\nb: 2", "keep one document in a file"),
        ("a: &x 1\nb: *x", "f.yaml:2: this is not YAML that we can read: aliases"),
        ("a: !!python/object:os.system 1", "f.yaml:1: a: the tag"),
        ("a: !!set {b: 1}", "f.yaml:1: a: the tag"),
        ("a: !!str [1]", "f.yaml:1: a: the tag"),
        ("- a", "f.yaml:1: the file is not a mapping (start with `apiVersion:`)"),
        ("? [a]\n: 1", "f.yaml:1: a key is not a word"),
        ("a: \x00", "f.yaml: the file holds characters"),
    ],
)
def test_what_is_wrong_with_the_yaml_is_told_with_its_line(text: str, fault: str) -> None:
    (found,) = faults(text)

    assert fault in found


def test_of_a_duplicate_key_the_first_counts() -> None:
    assert read_document("f.yaml", "a: 1\na: 2").values == {"a": 1}


@given(text=st.text(alphabet="ab:-[]{}#&*!|>'\"\n 1\t?,%@", max_size=40))
def test_no_text_breaks_the_reader(text: str) -> None:
    document = read_document("f.yaml", text)

    assert isinstance(document.values, dict)
