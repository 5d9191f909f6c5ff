from __future__ import annotations

import json
from base64 import b64encode, urlsafe_b64encode
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rotator.providers.http.patterns import PatternError, compile_capture, compile_pattern
from rotator.providers.http.selectors import (
    ABSENT,
    Decoding,
    PathError,
    Selector,
    SelectorError,
    TimeForm,
    compile_path,
    pick,
)
from rotator.providers.http.spec import Place

if TYPE_CHECKING:
    from collections.abc import Mapping

CALMLY = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""A machine with other work is no reason to fail."""

PLACE = Place(file="spec.yaml", line=3, field="key.id")
SECRET = "s3cr3t-value"
ITEM = {
    "id": 7,
    "data": {"name": "ci", "note": None, "tags": ["a", "b"]},
    "self": "projects/p/keys/abc-1",
    "on": True,
    "secret": SECRET,
}


def utc(*numbers: int) -> datetime:
    return datetime(*numbers, tzinfo=UTC)  # type: ignore[arg-type, misc]


def selector(
    path: str,
    *,
    regex: str = "",
    time: TimeForm | None = None,
    decode: Decoding | None = None,
    never: tuple[str, ...] = (),
    words: Mapping[str, str] | None = None,
) -> Selector:
    return Selector(
        place=PLACE,
        path=compile_path(path),
        regex=compile_capture(regex) if regex else None,
        time=time,
        decode=decode,
        never=never,
        values=words or {},
    )


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("id", 7),
        ("data.name", "ci"),
        ("data.tags", ["a", "b"]),
        ("data.tags[1]", "b"),
        ("data.tags[0:1]", ["a"]),
        ("data", ITEM["data"]),
        ("@", ITEM),
        ("on && 'active' || 'inactive'", "active"),
        ("data.note", None),
    ],
)
def test_a_value_is_found_as_it_is(path: str, found: object) -> None:
    assert pick(selector(path), ITEM) == found


@pytest.mark.parametrize("path", ["typo", "data.typo", "id.typo", "data.tags[5]", "typo || other"])
def test_a_field_that_is_not_there_is_not_the_same_as_null(path: str) -> None:
    assert pick(selector(path), ITEM) is ABSENT


def test_a_constant_needs_no_answer() -> None:
    constant = Selector(place=PLACE, path=None, const="active")

    assert pick(constant, {}) == "active"


def test_words_of_an_api_are_translated_and_others_stay() -> None:
    status = {"enabled": "active", "true": "active", "0": "inactive"}

    def translated(raw: object) -> object:
        return pick(selector("state", words=status), {"state": raw})

    assert [translated(raw) for raw in ("enabled", True, 0)] == ["active", "active", "inactive"]
    assert [translated(raw) for raw in ("other", 1, ["x"])] == ["other", 1, ["x"]]


@pytest.mark.parametrize("raw", ["0001-01-01T00:00:00Z", "", 0, -1, None])
def test_what_means_never_is_null(raw: object) -> None:
    used = selector("at", time=TimeForm.RFC3339, never=("0001-01-01T00:00:00Z", "", "0", "-1"))

    assert pick(used, {"at": raw}) is None


def test_a_part_of_a_text_is_taken_by_its_regex() -> None:
    assert pick(selector("self", regex="/([^/]+)$"), ITEM) == "abc-1"
    assert pick(selector("id", regex="^([0-9])"), ITEM) == "7"
    for path, regex in (("self", "^(x)"), ("data", "(.)"), ("self", "projects|(x)")):
        with pytest.raises(SelectorError, match="form that the regex asks for"):
            pick(selector(path, regex=regex), ITEM)


def test_a_regex_is_not_tried_on_long_texts() -> None:
    with pytest.raises(SelectorError):
        pick(selector("a", regex="(a)"), {"a": "a" * 4097})


def test_a_text_in_base64_is_unwrapped_before_its_regex() -> None:
    text = json.dumps({"id": "k-1", "x": "???>>>"})
    inner = selector("data", decode=Decoding.BASE64, regex='"id": "([^"]+)"')

    for wrapped in (b64encode(text.encode()), urlsafe_b64encode(text.encode()).rstrip(b"=")):
        assert pick(inner, {"data": wrapped.decode()}) == "k-1"
    for broken in ("%%%", "A", 5, "", b64encode(b"\xff\xfe").decode()):
        with pytest.raises(SelectorError, match="is no text in base64"):
            pick(inner, {"data": broken})


@pytest.mark.parametrize(
    ("form", "raw", "at"),
    [
        (TimeForm.RFC3339, "2026-11-21T17:00:00Z", utc(2026, 11, 21, 17)),
        (TimeForm.RFC3339, "2026-11-21t17:00:00.5z", utc(2026, 11, 21, 17, 0, 0, 500_000)),
        (TimeForm.RFC3339, "2026-11-21 17:00:00+02:00", utc(2026, 11, 21, 15)),
        (TimeForm.RFC3339, "2026-11-21T17:00:00-00:30", utc(2026, 11, 21, 17, 30)),
        (
            TimeForm.RFC3339,
            "2026-11-21T17:00:00.1234567Z",
            utc(2026, 11, 21, 17, 0, 0, 123_456),
        ),
        (TimeForm.RFC3339, "2026-11-21T17:00:00.000000009Z", utc(2026, 11, 21, 17)),
        (TimeForm.DATE, "2026-11-21", utc(2026, 11, 21)),
        (TimeForm.EPOCH, 1_795_278_615, utc(2026, 11, 21, 16, 30, 15)),
        (TimeForm.EPOCH, "1795278615", utc(2026, 11, 21, 16, 30, 15)),
        (TimeForm.EPOCH, 1_795_278_615.5, utc(2026, 11, 21, 16, 30, 15, 500_000)),
        (TimeForm.EPOCH_MS, 1_795_278_615_250, utc(2026, 11, 21, 16, 30, 15, 250_000)),
        (TimeForm.RFC2822, "Sat, 21 Nov 2026 17:00:00 +0000", utc(2026, 11, 21, 17)),
        (TimeForm.RFC2822, "Sat, 21 Nov 2026 17:00:00 -0000", utc(2026, 11, 21, 17)),
    ],
)
def test_times_are_read_in_the_form_that_the_spec_names(
    form: TimeForm, raw: object, at: datetime
) -> None:
    found = pick(selector("at", time=form), {"at": raw})

    assert found == at
    assert isinstance(found, datetime)
    assert found.tzinfo is UTC


@pytest.mark.parametrize(
    ("form", "raw"),
    [
        (TimeForm.RFC3339, "2026-11-21T17:00:00"),
        (TimeForm.RFC3339, "2026-13-21T17:00:00Z"),
        (TimeForm.RFC3339, "0001-01-01T00:00:00+14:00"),
        (TimeForm.RFC3339, "2026-11-21T17:00:00+99:99"),
        (TimeForm.RFC3339, "٢٠٢٦-11-21T17:00:00Z"),
        (TimeForm.RFC3339, 1_795_278_615),
        (TimeForm.DATE, "2026-11-31"),
        (TimeForm.DATE, "21.11.2026"),
        (TimeForm.DATE, True),
        (TimeForm.EPOCH, "soon"),
        (TimeForm.EPOCH, True),
        (TimeForm.EPOCH, 10**14),
        (TimeForm.EPOCH, float("nan")),
        (TimeForm.EPOCH, ["1"]),
        (TimeForm.EPOCH_MS, 10**20),
        (TimeForm.RFC2822, "yesterday"),
        (TimeForm.RFC2822, "Sat, 21 Nov 2026 17:00:00 +0000" + " " * 64),
        (TimeForm.RFC2822, 5),
    ],
)
def test_what_is_no_time_of_that_form_is_an_error_without_the_value(
    form: TimeForm, raw: object
) -> None:
    with pytest.raises(SelectorError, match=f"is no time of the form {form}") as caught:
        pick(selector("at", time=form), {"at": raw})

    assert str(raw) not in str(caught.value)


@CALMLY
@given(st.datetimes(timezones=st.just(timezone(timedelta(hours=-3)))))
def test_a_time_is_read_as_it_was_written(at: datetime) -> None:
    found = pick(selector("at", time=TimeForm.RFC3339), {"at": at.isoformat()})

    assert found == at


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab"), inner),
    max_leaves=6,
)


@CALMLY
@given(st.sampled_from(sorted(TimeForm)), ANYTHING)
def test_anything_is_a_time_or_an_error(form: TimeForm, raw: object) -> None:
    try:
        found = pick(selector("at", time=form), {"at": raw})
    except SelectorError:
        return
    assert found is None or isinstance(found, datetime)


PATHS = ("a", "a.b", "a[*].b", "length(a)", "max_by(a, &b)", "sort_by(@, &a)", "a || b", "sum(a)")


@CALMLY
@given(st.sampled_from(PATHS), ANYTHING)
def test_a_path_finds_something_or_raises_its_own_error(text: str, body: object) -> None:
    path = compile_path(text)
    try:
        path.is_told(body)
        path.find(body)
    except PathError as error:
        caught = error
    else:
        return
    assert caught.__context__ is None
    assert caught.remedy


@pytest.mark.parametrize("path", ["length(secret.x)", "sum(secret)", "join(',', secret)"])
def test_an_answer_of_another_type_is_an_error_without_the_value(path: str) -> None:
    with pytest.raises(SelectorError, match="something of another type") as caught:
        pick(selector(path), ITEM)

    shown = f"{caught.value!r} {caught.value} {caught.value.__cause__!r}"
    assert SECRET not in shown
    assert caught.value.__context__ is None or SECRET not in repr(caught.value.__context__)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "no path"),
        ("a.", "no path"),
        ("a[", "no path"),
        ("`a`", "no path"),
        ("${params.x}", "no path"),
        ("foo(a)", "calls `foo`, which is no function"),
        ("length(a, b)", "calls `length` with 2 arguments"),
        ("not_null()", "calls `not_null` with 0 arguments"),
        ("a || length()", "calls `length` with 0 arguments"),
        ("!" * 100 + "a", "nested too deep"),
        ("a" * 513, "longer than 512"),
        (".".join(["[@, @][]"] * 8), "far more of an answer"),
        ("to_string([" * 4 + "@" + "])" * 4, "far more of an answer"),
    ],
)
def test_what_is_no_path_is_refused_when_the_spec_is_loaded(text: str, problem: str) -> None:
    with pytest.raises(PathError, match=problem) as caught:
        compile_path(text)

    assert caught.value.remedy


def test_functions_with_any_number_of_arguments_are_allowed() -> None:
    assert compile_path("not_null(a, b, c)").find({"c": 1}) == 1
    assert compile_path("merge(a, b)").find({"a": {}, "b": {"x": 1}}) == {"x": 1}


def test_paths_of_one_text_are_equal() -> None:
    assert compile_path("a.b") == compile_path("a.b")
    assert compile_path("a.b").fields == ("a", "b")
    assert compile_path("@").fields == ()
    assert compile_path("a[0]").fields is None
    assert compile_path("a[0].b").fields is None


@CALMLY
@given(st.text(alphabet="ab.[]*@|&!()'`\"{}:,<=>?0 -$", max_size=40))
def test_any_text_is_a_path_or_refused(text: str) -> None:
    try:
        path = compile_path(text)
    except PathError as error:
        caught = error
    else:
        assert path.text == text
        return
    assert caught.problem
    assert caught.remedy


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("(", "no regular expression"),
        ("[[a]", "no regular expression"),
        ("abc", "has 0 groups"),
        ("(a)(b)", "has 2 groups"),
        ("(a+)+", "repeats a group"),
        ("(?:a|b)*(c)", "repeats a group"),
        ("(a){2,}", "repeats a group"),
        (r"(a)\1", "repeats a group"),
        ("a*b*c*d*e*(f)", "more than 4 repetitions"),
        ("(" + "a" * 200 + ")", "longer than 200"),
    ],
)
def test_a_regex_that_an_answer_could_make_endless_is_refused(text: str, problem: str) -> None:
    with pytest.raises(PatternError, match=problem) as caught:
        compile_capture(text)

    assert caught.value.remedy


@pytest.mark.parametrize("text", [r"\)*([)*+{]+)", "(a)?b{2}", "^p/[^/]+/s/[^/]+/k/([^/]+)$"])
def test_usual_regexes_are_taken(text: str) -> None:
    assert compile_capture(text).groups == 1


def test_a_pattern_for_what_operators_write_may_be_any_regex() -> None:
    assert compile_pattern("[a-z]+(-[a-z0-9]+)*").fullmatch("a-b-1")
    for text in ("(", "a" * 201):
        with pytest.raises(PatternError):
            compile_pattern(text)
