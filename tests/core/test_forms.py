"""Which part of a key is its id, and under which names it stands in a secret."""

from __future__ import annotations

import pytest

from rotator.core.forms import id_inside, key_id_of, published, usual_fields
from rotator.core.ids import KeyId
from tests.builders import destination

KEY = "CSAKABCDEFGHIJKLMNOP.QRSTUVWX"


@pytest.mark.parametrize(
    ("text", "key_id"),
    [
        (KEY, "ABCDEFGHIJKLMNOP"),
        ("CSAKABC", None),
        ("CSAK.secret", None),
        ("CSAKABC.", None),
        ("AKIAABC.secret", None),
        (f" {KEY}", None),
        (f"{KEY}\n", None),
    ],
)
def test_the_id_of_a_whole_key_is_read_and_nothing_else_passes_for_one(
    text: str, key_id: str | None
) -> None:
    assert id_inside(text) == key_id


def test_each_provider_has_the_fields_that_its_clients_read() -> None:
    access, client, other = map(
        usual_fields, ("cipherstash-access-key", "cipherstash-client-key", "aws-iam")
    )

    assert (access.key_id, access.secret) == ("", "CS_CLIENT_ACCESS_KEY")
    assert (client.key_id, client.secret) == ("CS_CLIENT_ID", "CS_CLIENT_KEY")
    assert (other.key_id, other.secret) == ("AccessKeyId", "SecretAccessKey")


def test_a_key_is_published_under_one_name_or_two() -> None:
    pair, whole = destination(), destination(key_id_field="", secret_field="KEY")

    assert published(pair, KeyId("ID"), "s") == {"AccessKeyId": "ID", "SecretAccessKey": "s"}
    assert published(whole, KeyId("ID"), "s") == {"KEY": "s"}


def test_the_published_id_is_read_from_the_field_that_has_it() -> None:
    pair, whole = destination(), destination(key_id_field="", secret_field="KEY")

    assert key_id_of(pair, {"AccessKeyId": "ID"}) == "ID"
    assert key_id_of(whole, {"KEY": KEY, "AccessKeyId": "other"}) == "ABCDEFGHIJKLMNOP"
    assert key_id_of(whole, {"KEY": ""}) is None
    assert key_id_of(pair, {}) is None


@pytest.mark.parametrize("value", [7, ["x"], "no key", "CSAKcut"])
def test_what_is_no_key_is_never_answered_as_none(value: object) -> None:
    with pytest.raises(ValueError, match="KEY"):
        key_id_of(destination(key_id_field="", secret_field="KEY"), {"KEY": value})
