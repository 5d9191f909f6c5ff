"""Key ids are found in the shapes in which people store them, and nothing else is kept."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rotator.core.ids import KeyId
from rotator.core.recognition import Content, recognise, recognise_binary
from rotator.core.survey import FoundKey, Shape

ONE = KeyId("AKIAIOSFODNN7EXAMPLE")
OTHER = KeyId("AKIAI44QH8DHBEXAMPLE")
SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
ANOTHER = "je7MtGbClwBF/2Zp9Utk/h3yCo8nvbEXAMPLEKEY"


def key(content: Content) -> FoundKey:
    assert len(content.keys) == 1
    return content.keys[0]


@pytest.mark.parametrize(
    ("id_field", "secret_field"),
    [
        ("AccessKeyId", "SecretAccessKey"),
        ("accessKeyId", "secretAccessKey"),
        ("aws_access_key_id", "aws_secret_access_key"),
        ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"),
        ("access_key", "secret_key"),
        ("accessKey", "secretKey"),
        ("access_key", "access_secret"),
        ("s3.key", "s3.secret"),
        ("id", "secret"),
        ("billing-access-key-id", "billing-secret-access-key"),
        ("username", "password"),
    ],
)
def test_the_two_fields_of_a_json_object_are_recognised_whatever_they_are_called(
    id_field: str, secret_field: str
) -> None:
    found = recognise(json.dumps({"note": "x", id_field: ONE, secret_field: SECRET}))

    assert (found.shape, found.fields) == (Shape.FIELDS, 3)
    assert key(found) == FoundKey(key_id=ONE, key_id_field=id_field, secret_field=secret_field)


def test_every_key_of_a_bundle_is_found_with_its_own_secret() -> None:
    bundle = {
        "svc_a_access_key_id": ONE,
        "svc_a_secret_access_key": SECRET,
        "svc_b_access_key_id": OTHER,
        "svc_b_secret_access_key": ANOTHER,
    }

    found = recognise(json.dumps(bundle))

    assert [(item.key_id, item.secret_field) for item in found.keys] == [
        (ONE, "svc_a_secret_access_key"),
        (OTHER, "svc_b_secret_access_key"),
    ]


@pytest.mark.parametrize(
    "fields",
    [
        {"one": ONE, "two": OTHER, "text": SECRET},
        {"username": ONE, "password": "short"},
        {"username": ONE, "password": SECRET, "api": ANOTHER},
        {"AccessKeyId": ONE, "SecretAccessKey": 7},
        {"key": ONE, "secret": "of something else", "aws": SECRET},
        {"access_key": ONE, "key_id": OTHER, "secret_key": SECRET},
        {"AccessKeyId": ONE},
    ],
)
def test_a_secret_that_is_not_certain_is_not_named(fields: dict[str, object]) -> None:
    assert {item.secret_field for item in recognise(json.dumps(fields)).keys} == {""}


def test_of_several_fields_with_a_fitting_name_the_one_with_a_fitting_value_counts() -> None:
    fields = {"AccessKeyId": ONE, "SecretAccessKey": SECRET, "secret": "of something else"}

    assert key(recognise(json.dumps(fields))).secret_field == "SecretAccessKey"


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (json.dumps({"aws": {"AccessKeyId": ONE, "SecretAccessKey": SECRET}}), "aws.AccessKeyId"),
        (json.dumps({"keys": [{"id": ONE}]}), "keys[0].id"),
        (json.dumps({"file": f"[default]\naws_access_key_id = {ONE}"}), "file"),
        (json.dumps({"AccessKeyId": f" {ONE}"}), "AccessKeyId"),
        (json.dumps({"access key": ONE}), "access key"),
        (json.dumps({"": ONE}), "(hidden)"),
        (json.dumps({ONE: "x"}), ""),
        (json.dumps({SECRET: ONE}), "(hidden)"),
        (json.dumps({"\ud800Key": ONE}), "(hidden)"),
        (json.dumps({"\x1b[2J": ONE}), "(hidden)"),
        (json.dumps({"k" * 129: ONE}), "(hidden)"),
    ],
)
def test_a_place_that_no_rule_can_name_is_told_as_such(text: str, place: str) -> None:
    found = recognise(text)

    assert found.shape is Shape.FIELDS
    assert (key(found).key_id_field, key(found).is_addressable) == (place, False)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (f"[prod]\naws_access_key_id = {ONE}\naws_secret_access_key = {SECRET}\n", "prod."),
        (f"export AWS_ACCESS_KEY_ID={ONE}\nAWS_SECRET_ACCESS_KEY={SECRET}", ""),
        (f"user: {ONE}", ""),
        (f"{ONE}:{SECRET}", None),
        (f"{SECRET}:{ONE}", None),
        (f"hunter2={ONE}", None),
        (f"aws://{ONE}:x@s3", None),
        (json.dumps([ONE]), None),
        (json.dumps(ONE), None),
    ],
)
def test_text_is_searched_too(text: str, place: str | None) -> None:
    found = recognise(text)

    assert (found.shape, found.fields) == (Shape.TEXT, 0)
    assert (key(found).key_id, key(found).is_addressable) == (ONE, False)
    assert place is None or key(found).key_id_field.startswith(place)


def test_a_binary_value_is_searched_and_names_no_place() -> None:
    found = recognise_binary(b"\x00\xff" + ONE.encode() + b"\x00")

    assert found.shape is Shape.BINARY
    assert (key(found).key_id, key(found).key_id_field) == (ONE, "")


@pytest.mark.parametrize("text", ["", "  \n", "{}"])
def test_nothing_is_empty(text: str) -> None:
    assert recognise(text) == Content(shape=Shape.EMPTY)


@pytest.mark.parametrize("text", [f"X{ONE}", f"{ONE}X", "AKIAshort", ONE.lower()])
def test_what_only_looks_like_an_id_is_none(text: str) -> None:
    assert recognise(json.dumps({"AccessKeyId": text})).keys == ()


def test_json_that_is_nested_too_deeply_is_searched_as_text() -> None:
    deep = '{"a":' * 100_000 + json.dumps(ONE) + "}" * 100_000

    assert key(recognise(deep)).key_id == ONE


@pytest.mark.parametrize(
    "text",
    [
        json.dumps({"n" * 30_000: [ONE] * 1400}),
        '{"' + '":{"'.join(["k" * 100] * 300) + '":' + json.dumps([ONE] * 1400) + "}" * 300,
        "[" * 300 + json.dumps([ONE] * 1400) + "]" * 300,
    ],
)
def test_what_is_kept_of_a_secret_stays_small_whatever_stands_in_it(text: str) -> None:
    found = recognise(text)

    assert len(found.keys) == 1400
    assert sum(len(item.key_id_field) for item in found.keys) < 1_000_000


@pytest.mark.parametrize(
    "text",
    [
        " " * 30_000 + "x " + f"{ONE} " * 1600,
        "a" + " " * 30_000 + f"{ONE} " * 1600,
        json.dumps({f"f{number}": ONE for number in range(2000)}),
    ],
)
def test_the_largest_secret_is_searched_in_no_time(text: str) -> None:
    began = time.process_time()

    assert len(recognise(text).keys) >= 1600
    assert time.process_time() - began < 0.5


PARTS = st.sampled_from(
    [
        ONE,
        SECRET,
        "AccessKeyId",
        "[",
        "]",
        "{",
        "}",
        '"',
        ":",
        "=",
        ",",
        "\n",
        "export ",
        "key",
        " ",
    ]
)


@given(st.lists(PARTS, max_size=14).map("".join))
def test_no_secret_is_kept_in_whatever_text(text: str) -> None:
    assert SECRET not in repr(recognise(text))


@given(st.dictionaries(st.sampled_from(["a", "key", ONE, SECRET]), st.sampled_from([ONE, SECRET])))
def test_no_secret_is_kept_of_whatever_fields(fields: dict[str, str]) -> None:
    assert SECRET not in repr(recognise(json.dumps(fields)))
