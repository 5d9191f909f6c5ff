"""A key of ours is never taken for gone too soon, and the way back is never shut."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from rotator.core.ids import KeyId
from rotator.errors import OutcomeUnknownError, RejectedError, UnavailableError
from rotator.ports.provider import CanDisable
from rotator.providers.http.ending import list_lag
from tests.adapters.http_provider.by_hand import operation
from tests.adapters.http_provider.cast import deleted, minted, soon, whose
from tests.adapters.http_provider.shapes import named_keys, plain_tokens
from tests.adapters.http_provider.vendor import said

if TYPE_CHECKING:
    from rotator.simulators.messages import Answer, HttpRequest
    from tests.adapters.http_provider.shapes import House

EMPTY = said(200, {"data": [], "meta": {}})
BY_NAME = operation("revoke", "DELETE", "/named/names/${key.name}", status=(204,))


def test_a_key_that_only_the_list_could_name_is_not_gone_while_the_list_may_be_stale(
    house: House,
) -> None:
    """The process that made it, and knew its name, died; nothing was sent, so nothing ended."""
    spec = replace(named_keys(), revocation=(BY_NAME,))
    key = minted(house, house.provider(spec)).material.key_id
    house.vendor.on("GET", "/keys", EMPTY)
    restarted = house.provider(spec)

    with pytest.raises(UnavailableError) as caught:
        deleted(house, restarted, key)
    assert caught.value.code == "not_listed_yet"
    assert caught.value.retry_after == list_lag(spec)

    house.vendor.answers.clear()
    house.vendor.on("DELETE", "", said(204, None))
    deleted(house, restarted, key)
    assert "/named/names/ci.rotator-" in house.vendor.heard[-1].path


def test_a_young_key_that_nothing_shows_yet_is_not_gone(house: House) -> None:
    """Its maker is told 404 by a server that has not heard of it, and its list is as old."""
    spec = named_keys()
    provider = house.provider(spec)
    key = minted(house, provider).material.key_id
    house.vendor.on("GET", "/keys", EMPTY)
    house.vendor.on("DELETE", f"/keys/{key}", said(404, {}))

    with pytest.raises(UnavailableError) as caught:
        deleted(house, provider, key)
    assert caught.value.code == "not_listed_yet"

    house.vendor.answers.clear()
    deleted(house, provider, key)
    assert not house.vendor.listed()


def test_an_old_key_that_nothing_shows_is_gone(house: House) -> None:
    spec = named_keys()
    provider = house.provider(spec)
    key = house.vendor.keys[0] if house.vendor.keys else house.vendor.make("all", "ci")
    house.vendor.end(key)

    deleted(house, provider, key.id)


def test_an_id_that_is_given_again_is_of_a_young_key_again(house: House) -> None:
    spec = named_keys()
    provider = house.provider(spec)
    first = minted(house, provider).material.key_id
    deleted(house, provider, first)
    house.vendor._made -= 1
    again = minted(house, provider).material.key_id
    assert again == first
    house.vendor.on("GET", "/keys", EMPTY)
    house.vendor.on("DELETE", f"/keys/{again}", said(404, {}))

    with pytest.raises(UnavailableError):
        deleted(house, provider, again)


def renaming(house: House) -> None:
    """Let the vendor make another name of what it is given, and not tell so at once."""

    def make(request: HttpRequest) -> Answer:
        del request
        key = house.vendor.make("all", "ci-rotator-cut")
        return said(201, {"key": {"id": key.id}, "secret": key.secret})

    house.vendor.on("POST", "/keys", make)


def test_our_own_key_under_another_name_is_told_and_can_be_ended(house: House) -> None:
    renaming(house)
    provider = house.provider(named_keys())
    material = minted(house, provider).material

    with pytest.raises(RejectedError) as caught:
        provider.verify(whose(), material)
    assert caught.value.code == "name_changed"

    deleted(house, provider, material.key_id)
    assert not house.vendor.listed()


def test_after_a_restart_a_person_is_told_where_to_look_for_it(house: House) -> None:
    renaming(house)
    spec = named_keys()
    key = minted(house, house.provider(spec)).material.key_id

    with pytest.raises(RejectedError) as caught:
        deleted(house, house.provider(spec), key)
    assert caught.value.code == "another_principals"
    assert "by hand" in caught.value.hint


def test_a_key_of_another_name_that_could_not_be_ended_is_named(house: House) -> None:
    def cut(request: HttpRequest) -> Answer:
        del request
        key = house.vendor.make("all", "ci-cut")
        return said(201, {"key": house.vendor._shown(key), "secret": key.secret})

    house.vendor.on("POST", "/keys", cut)
    house.vendor.on("DELETE", "", said(500, {}))
    with pytest.raises(OutcomeUnknownError) as caught:
        minted(house, house.provider(named_keys()))
    assert f"key {house.vendor.keys[-1].id} there by hand" in str(caught.value)


@pytest.mark.parametrize("listing", [said(500, {}), said(200, {"nothing": 1}), said(403, {})])
def test_a_list_that_cannot_be_read_does_not_keep_a_key_from_being_enabled(
    house: House, listing: Answer
) -> None:
    key = house.vendor.make("robot", is_on=False)
    provider = house.provider(plain_tokens(), house.account(params={"user": "robot"}))
    assert isinstance(provider, CanDisable)
    house.vendor.on("GET", "/tokens", listing)

    robot = whose("robot", provider="vendor-token")
    provider.enable_key(robot, KeyId(str(key.id)), not_after=soon(house))

    assert key.is_on


def test_a_list_is_needed_where_only_it_can_name_the_key(house: House) -> None:
    path = "/plain/users/${params.user}/tokens/${key.name}/on"
    spec = replace(plain_tokens(), enabling=operation("enable", "POST", path))
    provider = house.provider(spec, house.account(params={"user": "robot"}))
    assert isinstance(provider, CanDisable)
    house.vendor.on("GET", "/tokens", said(200, {"nothing": 1}))

    robot = whose("robot", provider="vendor-token")
    with pytest.raises(RejectedError):
        provider.enable_key(robot, KeyId("1"), not_after=soon(house))
    assert not [it for it in house.vendor.heard if it.method == "POST"]


def test_the_lag_is_over_some_time(house: House) -> None:
    spec = replace(named_keys(), revocation=(BY_NAME,))
    provider = house.provider(spec)
    for _ in range(2):
        with pytest.raises(UnavailableError):
            deleted(house, provider, 77)
        house.vendor.clock.advance(list_lag(spec) / 2)
    deleted(house, provider, 77)
    assert timedelta(0) < list_lag(spec)
