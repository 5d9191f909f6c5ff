"""The keys of data: what clients of one keyset share, and others do not."""

from __future__ import annotations

import json
from base64 import b64decode

import pytest

from rotator.simulators.cipherstash.consumer import Bundle, Consumer, RefusedError, UnreadableError
from rotator.simulators.cipherstash.proxy_keys import (
    KEY_BYTES,
    SIZE,
    ProxyKey,
    marks_of,
    new_proxy_key,
)
from rotator.simulators.dice import Dice
from tests.simulators.stash import BASE, IVS, Stash


@pytest.fixture
def stash() -> Stash:
    return Stash()


# --------------------------------------------------------------------------- the mathematics


def test_what_the_server_sends_is_turned_into_what_all_clients_share() -> None:
    dice = Dice(7)
    shared, iv = dice.draw(SIZE), dice.draw(16)
    keys = [new_proxy_key(dice.draw) for _ in range(5)]
    sent = [key.backward(shared, iv) for key in keys]

    assert {key.forward(data, iv) for key, data in zip(keys, sent, strict=True)} == {shared}
    assert len({*sent, shared}) == 6


def test_a_client_key_is_read_back_from_its_168_bytes() -> None:
    key = new_proxy_key(Dice(1).draw)

    assert len(key.to_bytes()) == KEY_BYTES
    assert ProxyKey.from_bytes(key.to_bytes()) == key
    assert "permutation" not in repr(key)


@pytest.mark.parametrize("begins", [0, 1])
@pytest.mark.parametrize("ends", [KEY_BYTES - 1, KEY_BYTES])
@pytest.mark.parametrize("more", [b"", b"."])
def test_what_is_no_client_key_is_not_read_as_one(begins: int, ends: int, more: bytes) -> None:
    whole = new_proxy_key(Dice(1).draw).to_bytes()
    spoiled = whole[begins:ends] + more
    if spoiled == whole:
        spoiled = b"\x00" + whole[1:]

    with pytest.raises(ValueError, match="no client key"):
        ProxyKey.from_bytes(spoiled)


def test_a_mark_is_found_in_every_client_key_however_it_is_written(stash: Stash) -> None:
    stash.configure(secret_mark="PLANTED")
    _, in_hex, in_base64 = marks_of("PLANTED")
    body = {"name": "marked", "description": "x"}
    keys = [stash.zerokms("create-client", body).json()["client_key"] for _ in range(2)]

    assert keys[0] != keys[1]
    for key in keys:
        assert in_base64 in key
        assert in_hex in b64decode(key).hex()


# ---------------------------------------------------------------------------- consumers


@pytest.mark.parametrize("keyset", [None, "tenant"])
def test_what_one_client_encrypts_another_of_its_keyset_decrypts(
    stash: Stash, keyset: str | None
) -> None:
    one, two = (stash.consumer(name, keyset=keyset) for name in ("one", "two"))
    sealed = one.encrypt("a@example.com", next(IVS))

    assert two.decrypt(sealed) == "a@example.com"
    assert one.decrypt(two.encrypt("b@example.com", next(IVS))) == "b@example.com"
    assert two.term("a@example.com") == sealed.term


def test_terms_differ_between_keysets(stash: Stash) -> None:
    assert stash.consumer("one").term("x") != stash.consumer("one", keyset="tenant").term("x")


def test_another_clients_key_does_not_fit(stash: Stash) -> None:
    sealed = stash.consumer("one").encrypt("a@example.com", next(IVS))

    with pytest.raises(UnreadableError):
        stash.consumer("one", key_of="two").decrypt(sealed)


def test_data_of_a_keyset_is_out_of_reach_without_its_grant(stash: Stash) -> None:
    sealed = stash.consumer("one", keyset="tenant").encrypt("a@example.com", next(IVS))

    assert stash.consumer("one").decrypt(sealed) == "a@example.com"
    with pytest.raises(RefusedError) as refused:
        stash.consumer("narrow").decrypt(sealed)
    assert refused.value.status == 404
    assert stash.status_of("narrow", keyset="tenant") == 404


def test_a_consumer_goes_on_with_a_new_token_when_the_old_one_ends(stash: Stash) -> None:
    one = stash.consumer("one")
    sealed = one.encrypt("a@example.com", next(IVS))
    stash.wait(901)

    assert one.decrypt(sealed) == "a@example.com"
    stash.revoke_key("member")
    stash.wait(901)
    with pytest.raises(RefusedError):
        one.decrypt(sealed)


def test_a_consumer_reads_its_bundle_from_the_fields_of_a_secret(stash: Stash) -> None:
    seeded = stash.seeded.clients["one"]
    bundle = Bundle.read(
        {
            "CS_WORKSPACE_CRN": stash.seeded.crn,
            "CS_CLIENT_ID": seeded.id,
            "CS_CLIENT_KEY": seeded.client_key,
            "CS_CLIENT_ACCESS_KEY": stash.seeded.access_keys["member"].access_key,
        }
    )

    assert Consumer(stash.http, f"{BASE}/", bundle).keyset == stash.seeded.keysets["default"]
    assert stash.seeded.crn == "crn:eu-west-1.aws:ABCDEFGHIJKLMNOP"


def test_bulk_retrieval_gives_a_verdict_for_each_key(stash: Stash) -> None:
    asked = {"iv": "AAAAAAAAAAAAAAAAAAAAAA==", "descriptor": "d", "context": []}
    body = {"client_id": stash.seeded.clients["one"].id, "keyset_id": None, "keys": [asked, asked]}
    one = stash.zerokms("retrieve-data-key", body).json()["keys"]
    told = stash.zerokms("retrieve-data-key-fallible", body).json()["keys"]

    assert told == [{"Ok": one[0]}, {"Ok": one[1]}]


@pytest.mark.parametrize("keys", [None, [{"iv": "?", "descriptor": "d"}], [{"descriptor": "d"}]])
def test_malformed_requests_for_data_keys_are_refused(stash: Stash, keys: object) -> None:
    body = {"client_id": stash.seeded.clients["one"].id, "keyset_id": None, "keys": keys}

    assert stash.zerokms("generate-data-key", body).status_code == 422


@pytest.mark.parametrize(
    "identity", [None, "ID", "default", {"Uuid": "ID"}, {"Name": "default"}], ids=str
)
def test_a_keyset_is_named_in_every_way(stash: Stash, identity: object) -> None:
    default = stash.seeded.keysets["default"]
    named = json.loads(json.dumps(identity).replace("ID", default))
    body = {"client_id": stash.seeded.clients["one"].id, "keyset_id": named}
    answer = stash.zerokms("load-keyset", body)

    assert answer.headers["content-type"] == "application/json"
    assert answer.json()["dataset"] == {
        "id": default,
        "name": "default",
        "description": "Default keyset",
        "is_disabled": False,
        "is_default": True,
    }


def test_the_old_clients_name_for_a_keyset_is_known(stash: Stash) -> None:
    body = {"client_id": stash.seeded.clients["one"].id, "dataset_id": None}

    assert stash.zerokms("load-dataset", body).status_code == 200
