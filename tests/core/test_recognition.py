"""Key ids are found in the shapes in which people store them, and nothing else is kept."""

from __future__ import annotations

import json

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
INSIDE = KeyId("IMNOTAKEYBUTANID")
WHOLE_SECRET = "NEVERSHOWN2345NEVERSHOWN2345NEVERSHOWN2345NEVERS"
WHOLE = f"CSAK{INSIDE}.{WHOLE_SECRET}"
CLIENT = KeyId("0b5c6a3e-2c2f-4a52-9d4c-7f3c1f6a9e10")
CLIENT_KEY = "a4" + "5e" * 167


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


# ------------------------------------------------------------------- CipherStash


@pytest.mark.parametrize("field", ["CS_CLIENT_ACCESS_KEY", "CS_IDP_CLIENT_SECRET", "key"])
def test_a_whole_access_key_is_found_by_its_id_in_the_field_of_the_secret(field: str) -> None:
    found = key(recognise(json.dumps({field: WHOLE, "note": "x"})))

    assert found == FoundKey(key_id=INSIDE, key_id_field="", secret_field=field)
    assert found.field == field


@pytest.mark.parametrize(
    ("id_field", "key_field"),
    [
        ("CS_CLIENT_ID", "CS_CLIENT_KEY"),
        ("clientId", "clientKey"),
        ("client-id", "client-key"),
        ("orders.client_id", "orders.client_key"),
    ],
)
def test_a_client_and_its_key_are_a_pair_by_their_names(id_field: str, key_field: str) -> None:
    found = key(recognise(json.dumps({id_field: CLIENT, key_field: CLIENT_KEY})))

    assert found == FoundKey(key_id=CLIENT, key_id_field=id_field, secret_field=key_field)


def test_both_keys_of_a_bundle_are_found_each_in_its_own_fields() -> None:
    bundle = {
        "CS_WORKSPACE_CRN": "crn:us-east-1.aws:ABCDEFGHIJKLMNOP",
        "CS_CLIENT_ID": CLIENT,
        "CS_CLIENT_KEY": CLIENT_KEY,
        "CS_CLIENT_ACCESS_KEY": WHOLE,
        "AWS_ACCESS_KEY_ID": ONE,
        "AWS_SECRET_ACCESS_KEY": SECRET,
    }

    found = recognise(json.dumps(bundle))

    assert found.fields == 6
    assert [(item.key_id, item.key_id_field, item.secret_field) for item in found.keys] == [
        (CLIENT, "CS_CLIENT_ID", "CS_CLIENT_KEY"),
        (INSIDE, "", "CS_CLIENT_ACCESS_KEY"),
        (ONE, "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"),
    ]


@pytest.mark.parametrize(
    "fields",
    [
        {"clientId": CLIENT, "clientSecret": "of another vendor"},
        {"clientId": CLIENT, "clientKey": "no hex"},
        {"client_id": CLIENT, "orders_client_key": CLIENT_KEY},
        {"id": CLIENT, "clientKey": CLIENT_KEY},
        {"CS_CLIENT_ID": "no uuid", "CS_CLIENT_KEY": CLIENT_KEY},
        {"CS_CLIENT_ID": 7},
        {"key": "CSAKno-dot"},
        {"key": f"CSAK{'X' * 65}.{WHOLE_SECRET}"},
    ],
)
def test_what_may_be_another_vendors_is_no_key_of_a_workspace(fields: dict[str, object]) -> None:
    assert recognise(json.dumps(fields)).keys == ()


def test_a_client_under_its_usual_name_is_found_without_its_key() -> None:
    found = key(recognise(json.dumps({"CS_CLIENT_ID": CLIENT, "CS_CLIENT_KEY": "base64=="})))

    assert (found.key_id, found.secret_field) == (CLIENT, "")


@pytest.mark.parametrize(
    ("text", "shape", "place"),
    [
        (json.dumps({"cs": {"key": WHOLE}}), Shape.FIELDS, "cs.key"),
        (json.dumps({"CS_CLIENT_ACCESS_KEY": f'"{WHOLE}"'}), Shape.FIELDS, "CS_CLIENT_ACCESS_KEY"),
        (json.dumps({"two words": WHOLE}), Shape.FIELDS, "two words"),
        (json.dumps({WHOLE: "x"}), Shape.FIELDS, ""),
        (json.dumps({"CSAKid.short": WHOLE}), Shape.FIELDS, "(hidden)"),
        (json.dumps({CLIENT_KEY[:60]: WHOLE}), Shape.FIELDS, "(hidden)"),
        (json.dumps({WHOLE_SECRET: WHOLE}), Shape.FIELDS, "(hidden)"),
        (f"export CS_CLIENT_ACCESS_KEY={WHOLE}\n", Shape.TEXT, "CS_CLIENT_ACCESS_KEY"),
        (f"[vault]\naccess_key: '{WHOLE}'\n", Shape.TEXT, "vault.access_key"),
        (f"the key is {WHOLE}, keep it", Shape.TEXT, ""),
    ],
)
def test_an_access_key_anywhere_else_is_told_with_its_place(
    text: str, shape: Shape, place: str
) -> None:
    found = recognise(text)

    assert found.shape is shape
    assert (key(found).key_id, key(found).field) == (INSIDE, place)
    assert not key(found).is_addressable


def test_a_client_in_an_environment_file_is_told_with_its_place() -> None:
    found = recognise(f"CS_CLIENT_ID='{CLIENT}'\nCS_CLIENT_KEY={CLIENT_KEY}\nOTHER_ID={CLIENT}")

    assert (key(found).key_id, key(found).field) == (CLIENT, "CS_CLIENT_ID")
    assert recognise("CS_CLIENT_ID=none").keys == ()


def test_an_access_key_in_a_binary_value_is_found() -> None:
    assert key(recognise_binary(b"\x00" + WHOLE.encode())).key_id == INSIDE


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
def test_the_largest_secret_is_searched_to_its_end(text: str) -> None:
    assert len(recognise(text).keys) >= 1600


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
        WHOLE,
        CLIENT,
        CLIENT_KEY,
        "CS_CLIENT_ID",
        "CSAKid.",
    ]
)
HIDDEN = (SECRET, WHOLE_SECRET, CLIENT_KEY)


@given(st.lists(PARTS, max_size=14).map("".join))
def test_no_secret_is_kept_in_whatever_text(text: str) -> None:
    assert not any(hidden in repr(recognise(text)) for hidden in HIDDEN)


VALUES = st.sampled_from([ONE, SECRET, WHOLE, CLIENT, CLIENT_KEY])
NAMES = st.sampled_from(["a", "key", "CS_CLIENT_ID", "CS_CLIENT_KEY"]) | VALUES


@given(st.dictionaries(NAMES, VALUES))
def test_no_secret_is_kept_of_whatever_fields(fields: dict[str, str]) -> None:
    found = repr(recognise(json.dumps(fields)))

    assert not any(hidden in found for hidden in HIDDEN)
