"""Environments are apart, or it is said why not."""

from __future__ import annotations

from rotator.core.environments import Breach, findings, keysets_called
from rotator.core.ids import KeyId
from rotator.core.workspace import Client, Keyset

PROD = Keyset(id="1111", name="production")
STAGING = Keyset(id="2222", name="staging")
BOTH = {"prod": "production", "staging": "2222"}


def client(
    name: str = "api",
    *,
    grants: set[str] | None,
    bound: str | None = None,
    is_device: bool = False,
) -> Client:
    return Client(
        client_id=KeyId(f"id-of-{name}"),
        name=name,
        bound=bound,
        grants=None if grants is None else frozenset(grants),
        is_device=is_device,
    )


def test_clients_that_stay_in_one_environment_are_no_finding() -> None:
    clients = [client("a", grants={"1111", "9999"}), client("b", grants={"2222"})]
    assert findings(BOTH, clients, [PROD, STAGING]) == ()


def test_a_client_of_two_environments_is_a_finding_that_names_both() -> None:
    (found,) = findings(BOTH, [client(grants={"1111", "2222"})], [PROD, STAGING])
    assert found.breach is Breach.CLIENT_CROSSES
    assert found.environments == ("prod", "staging")
    assert found.client == "id-of-api"
    assert found.text == "client api (id-of-api) is granted keysets of prod and staging"


def test_a_developers_device_in_production_is_no_finding_by_itself() -> None:
    assert findings(BOTH, [client(grants={"1111"}, is_device=True)], [PROD, STAGING]) == ()


def test_grants_that_cannot_be_read_are_a_finding_and_never_taken_for_none() -> None:
    (found,) = findings(BOTH, [client(grants=None, bound="1111")], [PROD, STAGING])
    assert found.breach is Breach.GRANTS_UNREADABLE
    assert found.client == "id-of-api"
    (found,) = findings(BOTH, [client(grants=None)], [PROD, STAGING])
    assert found.breach is Breach.GRANTS_UNREADABLE


def test_a_missing_and_a_disabled_keyset_are_findings() -> None:
    dead = Keyset(id="2222", name="staging", is_disabled=True)
    missing, disabled = findings(BOTH, [], [dead])
    assert (missing.breach, missing.subject) == (Breach.KEYSET_MISSING, "production")
    assert (disabled.breach, disabled.subject) == (Breach.KEYSET_DISABLED, "staging")
    assert disabled.environments == ("staging",)


def test_two_keysets_of_one_name_are_ambiguous() -> None:
    (found,) = findings({"prod": "production"}, [], [PROD, Keyset(id="3333", name="production")])
    assert found.breach is Breach.KEYSET_AMBIGUOUS
    assert "write the id" in found.text


def test_two_environments_with_one_keyset_are_not_apart() -> None:
    shared = {"prod": "1111", "live": "production", "staging": "staging"}
    (found,) = findings(shared, [client(grants={"1111"})], [PROD, STAGING])
    assert found.breach is Breach.KEYSET_SHARED
    assert found.environments == ("live", "prod")
    assert found.text == "environments live and prod share keyset production"
    _, crossing = findings(shared, [client(grants={"1111", "2222"})], [PROD, STAGING])
    assert crossing.environments == ("live", "prod", "staging")
    assert crossing.text.endswith("keysets of live, prod and staging")


def test_without_environments_there_is_nothing_to_find() -> None:
    assert findings({}, [client(grants=None)], []) == ()


def test_an_id_goes_before_a_name() -> None:
    named_like_an_id = Keyset(id="3333", name="1111")
    assert keysets_called("1111", [named_like_an_id, PROD]) == (PROD,)
