"""A successor may do what its predecessor may, and nobody guesses what that is."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from rotator.errors import RejectedError
from rotator.ports.provider import Verdict
from tests.adapters.http_provider.by_hand import operation, select
from tests.adapters.http_provider.cast import minted, whose, with_created, with_key, with_list
from tests.adapters.http_provider.shapes import detailed_keys, named_keys, plain_tokens
from tests.adapters.http_provider.test_contract import material as material_of
from tests.adapters.http_provider.vendor import said

if TYPE_CHECKING:
    from rotator.providers.http.spec import Spec
    from tests.adapters.http_provider.shapes import House


def with_scopes_as(template: str) -> Spec:
    asked = {"name": "${new.name}", "scopes": template}
    create = operation("create", "POST", "/named/keys", status=(201,), json=asked)
    return with_created(named_keys(), operation=create)


def test_scopes_description_and_extras_are_carried_over(house: House) -> None:
    old = house.vendor.make("all", "ci", scopes=["read", "write"], level=40, note="builds")
    provider = house.provider(named_keys())
    material = minted(house, provider, replaces=old.id).material

    new = house.vendor.keys[-1]
    assert (new.scopes, new.level, new.note) == (["read", "write"], 40, "builds")
    assert provider.verify(whose(), material) is Verdict.ACCEPTED


def test_a_key_that_replaces_none_gets_what_the_vendor_gives(house: House) -> None:
    provider = house.provider(named_keys())
    material = minted(house, provider).material
    assert provider.verify(whose(), material) is Verdict.ACCEPTED


def test_a_successor_of_a_key_that_is_not_listed_is_not_made(house: House) -> None:
    spec = named_keys()
    with pytest.raises(RejectedError) as caught:
        minted(house, house.provider(spec), replaces=99)
    assert caught.value.code == "powers_unknown"
    assert str(spec.creation.operation.place) in str(caught.value)
    assert not house.vendor.keys


@pytest.mark.parametrize("template", ["${new.scopes}", "${new.scopes|optional}"])
def test_scopes_that_nobody_tells_are_not_left_out(house: House, template: str) -> None:
    """To some vendors a key without scopes may do everything."""
    spec = with_key(with_scopes_as(template), scopes=select("scps"))
    old = house.vendor.make("all", "ci")
    with pytest.raises(RejectedError) as caught:
        minted(house, house.provider(spec), replaces=old.id)
    assert caught.value.code == "powers_unknown"
    assert house.vendor.keys == [old]


@pytest.mark.parametrize(
    ("template", "is_made"), [("${new.scopes}", False), ("${new.scopes|optional}", True)]
)
def test_scopes_of_null_are_left_out_only_where_the_spec_says_so(
    house: House, template: str, *, is_made: bool
) -> None:
    spec = with_key(with_scopes_as(template), scopes=select("used"))
    old = house.vendor.make("all", "ci")
    provider = house.provider(spec)
    if is_made:
        minted(house, provider, replaces=old.id)
        return
    with pytest.raises(RejectedError) as caught:
        minted(house, provider, replaces=old.id)
    assert caught.value.code == "powers_unknown"


def test_an_extra_that_nobody_tells_is_not_invented(house: House) -> None:
    asked = {"name": "${new.name}", "level": "${old.level}"}
    create = operation("create", "POST", "/named/keys", status=(201,), json=asked)
    spec = with_created(with_key(named_keys(), level=select("lvl")), operation=create)
    old = house.vendor.make("all", "ci")
    with pytest.raises(RejectedError) as caught:
        minted(house, house.provider(spec), replaces=old.id)
    assert "${old.level} has no value" in str(caught.value)
    assert str(create.place) in str(caught.value)


def test_a_successor_of_a_key_whose_powers_do_not_matter_needs_no_predecessor(
    house: House,
) -> None:
    minted(house, house.provider(detailed_keys()), replaces=99)
    assert len(house.vendor.keys) == 1


@pytest.mark.parametrize(
    ("scopes", "level", "is_good"),
    [
        (["read", "write"], 30, True),
        (["write", "read"], 30, True),
        (["read"], 30, True),
        (["read", "admin"], 30, False),
        (["read"], 50, False),
        (None, 30, False),
    ],
)
@pytest.mark.parametrize("has_restarted", [False, True])
def test_a_successor_that_may_do_more_is_not_accepted(
    house: House, scopes: list[str] | None, level: int, *, is_good: bool, has_restarted: bool
) -> None:
    spec = named_keys()
    old = house.vendor.make("all", "ci", scopes=["read", "write"])
    provider = house.provider(spec)
    material = minted(house, provider, replaces=old.id).material
    new = house.vendor.keys[-1]
    new.scopes, new.level = scopes, level
    if has_restarted:
        provider = house.provider(spec)

    if is_good:
        assert provider.verify(whose(), material) is Verdict.ACCEPTED
        return
    with pytest.raises(RejectedError) as caught:
        provider.verify(whose(), material)
    assert caught.value.code == "wrong_powers"
    assert str(spec.creation.operation.place) in str(caught.value)


def test_after_a_restart_any_other_key_of_the_lineage_may_be_the_one_that_is_replaced(
    house: House,
) -> None:
    old = house.vendor.make("all", "ci", scopes=["read", "write"])
    house.vendor.make("all", "ci", scopes=[])
    material = minted(house, house.provider(named_keys()), replaces=old.id).material
    assert house.provider(named_keys()).verify(whose(), material) is Verdict.ACCEPTED


def test_the_only_key_of_a_lineage_is_compared_with_nothing(house: House) -> None:
    material = minted(house, house.provider(named_keys())).material
    assert house.provider(named_keys()).verify(whose(), material) is Verdict.ACCEPTED


def test_a_strangers_key_is_compared_with_nothing(house: House) -> None:
    house.vendor.make("all", "ci")
    theirs = house.vendor.make("all", "ci", scopes=["admin"])
    provider = house.provider(named_keys())
    assert provider.verify(whose(), material_of(theirs, "2")) is Verdict.ACCEPTED


def test_scopes_in_one_text_are_words_in_any_order(house: House) -> None:
    spec = with_scopes_as("${new.scopes}")
    old = house.vendor.make("all", "ci", scopes="b a")
    provider = house.provider(spec)
    material = minted(house, provider, replaces=old.id).material
    house.vendor.keys[-1].scopes = "a b"
    assert provider.verify(whose(), material) is Verdict.ACCEPTED
    assert house.api_keys(spec).api_keys()[0].scopes == ("b", "a")


def test_scopes_may_be_any_json_value(house: House) -> None:
    policy = {"effect": "allow", "on": ["*"]}
    spec = with_scopes_as("${new.scopes}")
    old = house.vendor.make("all", "ci", scopes=policy)
    provider = house.provider(spec)
    material = minted(house, provider, replaces=old.id).material
    assert house.vendor.keys[-1].scopes == policy
    assert provider.verify(whose(), material) is Verdict.ACCEPTED
    assert house.api_keys(spec).api_keys()[0].scopes == (str(policy),)


@pytest.mark.parametrize(
    ("template", "note"), [("${new.description}", ""), ("${new.description|optional}", None)]
)
def test_a_description_that_there_is_not_is_empty_or_left_out(
    house: House, template: str, note: str | None
) -> None:
    asked = {"name": "${new.name}", "note": template}
    create = operation("create", "POST", "/named/keys", status=(201,), json=asked)
    minted(house, house.provider(with_created(named_keys(), operation=create)))
    assert json.loads(house.vendor.heard[-1].body).get("note") == note


def test_a_new_key_that_is_not_listed_yet_is_let_in_only_partly(house: House) -> None:
    provider = house.provider(named_keys())
    material = minted(house, provider).material
    house.vendor.on("GET", "/keys", said(200, {"data": [], "meta": {}}))
    assert provider.verify(whose(), material) is Verdict.PARTLY


def test_nothing_is_listed_where_nothing_can_be_compared(house: House) -> None:
    provider = house.provider(plain_tokens(), house.account(params={"user": "robot"}))
    principal = whose("robot", provider="vendor-token")
    material = minted(house, provider, principal).material
    house.vendor.on("GET", "/tokens", said(500, {}))
    assert provider.verify(principal, material) is Verdict.ACCEPTED


def test_a_name_that_verify_needs_is_looked_up_after_a_restart(house: House) -> None:
    material = minted(house, house.provider(detailed_keys())).material
    provider = house.provider(detailed_keys())
    assert provider.verify(whose(provider="vendor-ref"), material) is Verdict.ACCEPTED
    keys = house.api_keys(detailed_keys())
    assert keys.try_api_key(material.secret, material.key_id) is Verdict.ACCEPTED


def test_a_lifetime_of_the_account_is_asked_for(house: House) -> None:
    account = house.account(lifetime=timedelta(days=5))
    provider = house.provider(named_keys(), account)
    minted(house, provider)
    (info,) = provider.list_keys(whose()).keys
    assert info.expires_at == house.vendor.clock.now() + timedelta(days=5)


def test_keys_without_extras_compare_scopes_only(house: House) -> None:
    key = {name: it for name, it in named_keys().listing.key.items() if name != "level"}
    spec = replace(with_list(with_scopes_as("${new.scopes}"), key=key))
    old = house.vendor.make("all", "ci", level=1)
    provider = house.provider(spec)
    material = minted(house, provider, replaces=old.id).material
    assert provider.verify(whose(), material) is Verdict.ACCEPTED
