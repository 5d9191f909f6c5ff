"""ZeroKMS: clients, keysets and grants."""

from __future__ import annotations

from base64 import b64decode

import httpx
import pytest

from rotator.simulators.cipherstash.consumer import Consumer, RefusedError
from rotator.simulators.cipherstash.proxy_keys import (
    KEY_BYTES,
)
from rotator.simulators.cipherstash.shapes import ClientSeed, KeysetSeed
from tests.simulators.stash import BASE, IVS, Stash


@pytest.fixture
def stash() -> Stash:
    return Stash()


# -------------------------------------------------------------------------------- clients


def test_a_new_client_is_bound_to_the_default_keyset_and_told_its_key_once(stash: Stash) -> None:
    told = stash.zerokms("create-client", {"name": "new", "description": "x"}).json()
    listed = stash.clients()["new"]

    assert len(b64decode(told["client_key"], validate=True)) == KEY_BYTES
    assert told["dataset_id"] == stash.seeded.keysets["default"]
    assert listed == {
        "id": told["id"],
        "name": "new",
        "description": "x",
        "client_type": "application",
        "dataset_id": told["dataset_id"],
        "keyset_ids": [told["dataset_id"]],
    }


def test_a_new_client_is_bound_to_the_keyset_that_is_named(stash: Stash) -> None:
    body = {"name": "new", "description": "x", "keyset_id": {"Name": "tenant"}}
    told = stash.zerokms("create-client", body).json()

    assert told["dataset_id"] == stash.seeded.keysets["tenant"]
    unknown = {**body, "keyset_id": "nothing"}
    assert stash.zerokms("create-client", unknown).status_code == 404
    assert stash.zerokms("create-client", {**body, "keyset_id": 7}).status_code == 422


def test_a_developers_client_is_flagged_where_the_service_does_that(stash: Stash) -> None:
    stash.seed(clients=(ClientSeed(name="laptop", client_type="device"),))
    stash.zerokms("create-client", {"name": "pc", "description": "x", "client_type": "device"})
    listed = stash.clients()
    assert (listed["laptop"]["client_type"], listed["pc"]["client_type"]) == ("device", "device")
    stash.configure(flags_devices=False)

    assert "client_type" not in stash.clients()["laptop"]


def test_a_listing_tells_of_keysets_in_the_shape_that_is_set(stash: Stash) -> None:
    default, tenant = stash.seeded.keysets["default"], stash.seeded.keysets["tenant"]
    assert stash.clients()["one"]["keyset_ids"] == [default, tenant]
    assert stash.clients()["bare"]["dataset_id"] is None

    stash.configure(client_listing="dataset_id")
    assert "keyset_ids" not in stash.clients()["one"]
    assert stash.clients()["one"]["dataset_id"] == default
    stash.configure(client_listing="keysets")
    assert stash.clients()["one"]["keysets"] == [
        {"id": default, "name": "default"},
        {"id": tenant, "name": "tenant"},
    ]


def test_clients_may_be_listed_by_keyset(stash: Stash) -> None:
    listed = stash.zerokms("list-clients", {"keyset_id": {"Name": "tenant"}}).json()

    assert {row["name"] for row in listed} == {"one", "two"}


def test_a_retired_client_is_refused_and_its_successor_reads_its_data(stash: Stash) -> None:
    sealed = stash.consumer("one").encrypt("a@example.com", next(IVS))
    client = stash.seeded.clients["one"].id
    assert stash.zerokms("delete-client", {"client_id": client}).json() == {}

    assert stash.status_of("one") == 404
    assert stash.consumer("two").decrypt(sealed) == "a@example.com"
    assert stash.zerokms("delete-client", {"client_id": client}).status_code == 404
    gone = stash.state.client(client)
    assert gone is not None
    assert (gone.deleted_at, gone.uses) == (stash.now(), 2)
    assert "one" not in stash.clients()


def test_a_deleted_client_may_be_accepted_for_a_while_and_is_not_deleted_twice(
    stash: Stash,
) -> None:
    stash.configure(revocation_lag_seconds=5)
    body = {"client_id": stash.seeded.clients["one"].id}
    stash.zerokms("delete-client", body)

    assert stash.status_of("one") == 200
    assert stash.zerokms("delete-client", body).status_code == 404
    stash.wait(5)
    assert stash.status_of("one") == 404


# -------------------------------------------------------------------------------- keysets


def test_a_keyset_is_made_without_grants_and_used_once_it_is_granted(stash: Stash) -> None:
    body = {"name": "Company/A", "description": "x"}
    made = stash.zerokms("create-keyset", body).json()
    stash.seeded.keysets["Company/A"] = made["id"]
    assert made == {**body, "id": made["id"], "is_disabled": False, "is_default": False}
    assert stash.status_of("one", keyset="Company/A") == 404
    grant = {"client_id": stash.seeded.clients["one"].id, "keyset_id": {"Name": "Company/A"}}
    assert stash.zerokms("grant-keyset", grant).json() == {}
    assert stash.zerokms("grant-keyset", grant).status_code == 200

    assert stash.status_of("one", keyset="Company/A") == 200
    assert stash.clients()["one"]["keyset_ids"].count(made["id"]) == 1


def test_a_revoked_grant_is_refused_and_may_be_granted_again(stash: Stash) -> None:
    one, default = stash.seeded.clients["one"].id, stash.seeded.keysets["default"]
    body = {"client_id": one, "keyset_id": default}
    assert stash.zerokms("revoke-keyset", body).status_code == 200

    assert stash.status_of("one") == 404
    assert stash.zerokms("revoke-keyset", body).status_code == 404
    assert stash.clients()["one"]["dataset_id"] == default
    stash.zerokms("grant-keyset", body)
    assert stash.status_of("one") == 200


def test_a_client_without_default_keyset_is_refused_by_name(stash: Stash) -> None:
    body = {"client_id": stash.seeded.clients["bare"].id, "keyset_id": None}
    answer = stash.zerokms("load-keyset", body)

    assert answer.status_code == 404
    assert "has no default keyset" in answer.text


def test_a_disabled_keyset_is_refused_to_all_and_can_still_be_granted(stash: Stash) -> None:
    tenant = stash.seeded.keysets["tenant"]
    stash.zerokms("disable-keyset", {"keyset_id": tenant})
    assert stash.status_of("one", keyset="tenant") == 403
    grant = {"client_id": stash.seeded.clients["narrow"].id, "keyset_id": tenant}
    assert stash.zerokms("grant-keyset", grant).status_code == 200
    shown = stash.zerokms("list-keysets", {"show_disabled": False}).json()
    assert [row["name"] for row in shown] == ["default"]
    every = stash.zerokms("list-keysets", {"show_disabled": True}).json()
    assert [row["is_disabled"] for row in every] == [False, True]

    stash.zerokms("enable-keyset", {"keyset_id": {"Name": "tenant"}})
    assert stash.status_of("narrow", keyset="tenant") == 200


def test_a_keyset_is_renamed_and_described_anew(stash: Stash) -> None:
    tenant = stash.seeded.keysets["tenant"]
    stash.zerokms("modify-keyset", {"keyset_id": tenant, "name": "renamed"})
    stash.zerokms("modify-keyset", {"keyset_id": tenant, "description": "new"})
    same = {"keyset_id": tenant, "name": "renamed"}
    assert stash.zerokms("modify-keyset", same).status_code == 200
    taken = {"keyset_id": tenant, "name": "default"}
    assert stash.zerokms("modify-keyset", taken).status_code == 422

    (found,) = (keyset for keyset in stash.state.keysets if keyset.id == tenant)
    assert (found.name, found.description) == ("renamed", "new")


def test_the_default_keyset_stays_the_default_under_another_name(stash: Stash) -> None:
    default = stash.seeded.keysets["default"]
    stash.zerokms("modify-keyset", {"keyset_id": default, "name": "first"})
    told = stash.zerokms("create-client", {"name": "new", "description": "x"}).json()

    assert told["dataset_id"] == default
    assert [keyset.is_default for keyset in stash.state.keysets] == [True, False]


@pytest.mark.parametrize(
    ("name", "description", "status"),
    [
        ("tenant", "x", 409),
        ("default", "x", 422),
        ("Company A", "x", 422),
        ("x" * 65, "x", 422),
        ("good", "", 422),
        ("good", "x" * 257, 422),
    ],
)
def test_keyset_names_follow_the_rules(
    stash: Stash, name: str, description: str, status: int
) -> None:
    body = {"name": name, "description": description}

    assert stash.zerokms("create-keyset", body).status_code == status


def test_what_does_not_exist_or_is_not_named_is_refused(stash: Stash) -> None:
    one = stash.seeded.clients["one"].id
    assert stash.zerokms("grant-keyset", {"client_id": one, "keyset_id": "no"}).status_code == 404
    assert stash.zerokms("grant-keyset", {"client_id": one}).status_code == 422
    assert stash.zerokms("grant-keyset", {"keyset_id": "tenant"}).status_code == 422
    loading = {"client_id": one, "keyset_id": {"Name": "no"}}
    assert stash.zerokms("load-keyset", loading).status_code == 404
    unknown = {"client_id": "00000000-0000-4000-8000-000000000000", "keyset_id": None}
    assert stash.zerokms("load-keyset", unknown).status_code == 404


def test_stale_listings_miss_new_clients_grants_and_keysets(stash: Stash) -> None:
    stash.wait(60)
    stash.configure(list_lag_seconds=30)
    stash.zerokms("create-keyset", {"name": "new", "description": "x"})
    stash.zerokms("create-client", {"name": "fresh", "description": "x"})
    grant = {"client_id": stash.seeded.clients["narrow"].id, "keyset_id": "tenant"}
    stash.zerokms("grant-keyset", grant)
    assert "fresh" not in stash.clients()
    assert len(stash.clients()["narrow"]["keyset_ids"]) == 1
    assert len(stash.zerokms("list-keysets", {}).json()) == 2
    stash.wait(30)

    assert "fresh" in stash.clients()
    assert len(stash.clients()["narrow"]["keyset_ids"]) == 2
    assert len(stash.zerokms("list-keysets", {}).json()) == 3


def test_seeding_refuses_what_is_taken_or_unknown(stash: Stash) -> None:
    one = stash.seeded.clients["one"].id
    with pytest.raises(ValueError, match="keyset tenant exists"):
        stash.seed(keysets=(KeysetSeed(name="tenant"),))
    with pytest.raises(ValueError, match=f"client {one} exists"):
        stash.seed(clients=(ClientSeed(name="again", id=one),))
    with pytest.raises(ValueError, match="no keyset nowhere"):
        stash.seed(clients=(ClientSeed(name="lost", keysets=("nowhere",)),))


def test_the_consumer_says_what_refused_it_and_not_how(stash: Stash) -> None:
    stash.configure(error_style="quoting")
    transport = httpx.Client(transport=stash.simulator.transport())
    bundle = stash.bundle("one")
    stash.revoke_key("member")

    with pytest.raises(RefusedError, match=r"^CipherStash answered 401$"):
        Consumer(transport, f"{BASE}/", bundle)
