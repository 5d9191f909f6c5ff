"""Mistakes in a spec, and APIs that mislead: each is caught, and its line is named."""

from __future__ import annotations

import gzip
import json
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from rotator.core.secret import Secret
from rotator.errors import (
    AccessDeniedError,
    OutcomeUnknownError,
    RejectedError,
    UnavailableError,
)
from rotator.ports.provider import CanDisable, Verdict
from rotator.providers.http.selectors import compile_path
from rotator.simulators.messages import Answer
from tests.adapters.http_provider.by_hand import header, operation
from tests.adapters.http_provider.cast import (
    deleted,
    minted,
    whose,
    with_list,
    with_pages,
    with_verify,
)
from tests.adapters.http_provider.shapes import detailed_keys, named_keys, plain_tokens
from tests.adapters.http_provider.vendor import said

if TYPE_CHECKING:
    from rotator.simulators.messages import HttpRequest
    from tests.adapters.http_provider.shapes import House


def test_a_mistyped_revoke_path_never_passes_for_a_key_that_is_gone(house: House) -> None:
    lost = operation("revoke", "DELETE", "/named/kees/${key.id}", status=(204, 404))
    spec = named_keys()
    object.__setattr__(spec, "revocation", (lost,))
    provider = house.provider(spec)
    key = minted(house, provider).material.key_id

    with pytest.raises(UnavailableError) as early:
        deleted(house, provider, key)
    assert early.value.code == "still_listed"
    assert str(lost.place) in str(early.value)

    house.vendor.clock.advance(timedelta(seconds=61))
    with pytest.raises(RejectedError) as caught:
        deleted(house, provider, key)
    assert caught.value.code == "revoke_missed"
    assert str(lost.place) in str(caught.value)


def test_a_first_step_that_misses_ends_nothing(house: House) -> None:
    spec = detailed_keys()
    lost = operation("revoke", "POST", "/detail/idz/${key.id}/stop", status=(200, 404))
    object.__setattr__(spec, "revocation", (lost, spec.revocation[1]))
    provider = house.provider(spec)
    key = minted(house, provider).material.key_id

    with pytest.raises(UnavailableError) as caught:
        deleted(house, provider, key)
    assert str(lost.place) in str(caught.value)
    assert house.vendor.heard[-3].path.endswith("stop")
    assert not any(request.method == "DELETE" for request in house.vendor.heard)


@pytest.mark.parametrize("pointer", ["meta.nxt", "mta.next", "data[0].nxt"])
def test_a_mistyped_pagination_pointer_never_hides_a_page(house: House, pointer: str) -> None:
    spec = with_pages(named_keys(), next=compile_path(pointer))
    for number in range(7):
        house.vendor.make("all", f"key-{number}")

    with pytest.raises(RejectedError) as caught:
        house.provider(spec).list_keys(whose())
    assert str(spec.listing.pagination.place) in str(caught.value)
    assert caught.value.code.startswith("pagination_")


def test_a_verify_that_is_always_200_proves_nothing(house: House) -> None:
    anything = operation("verify", "GET", "/health")
    house.vendor.on("GET", "/health", said(200, {"ok": True}))
    spec = with_verify(named_keys(), operation=anything, shows_whose=False)
    provider = house.provider(spec)
    material = minted(house, provider).material

    with pytest.raises(RejectedError) as caught:
        provider.verify(whose(), material)
    assert caught.value.code == "verify_proves_nothing"
    assert str(anything.place) in str(caught.value)


def test_a_200_with_an_empty_object_is_no_welcome(house: House) -> None:
    """The vendor answers so to whomever it does not know."""
    provider = house.provider(named_keys())
    material = minted(house, provider).material
    house.vendor.end(house.vendor.keys[0])
    assert provider.verify(whose(), material) is Verdict.NOT_YET


def test_an_expired_admin_token_is_told_as_such(house: House) -> None:
    spec = named_keys()
    house.credential = "expired-long-ago"
    with pytest.raises(AccessDeniedError) as caught:
        house.provider(spec).list_keys(whose())
    assert caught.value.code == "unauthenticated"
    assert str(spec.auth.place) in str(caught.value)
    assert "credential" in str(caught.value) + caught.value.hint


def test_an_exchange_that_refuses_us_is_told_as_such(house: House) -> None:
    spec = detailed_keys()
    house.credential = "expired-long-ago"
    with pytest.raises(AccessDeniedError) as caught:
        house.provider(spec).list_keys(whose())
    assert caught.value.code == "admission_refused"
    assert str(spec.auth.place) in str(caught.value)


@pytest.mark.parametrize("is_change", [False, True])
def test_a_redirect_to_another_host_is_not_followed(house: House, *, is_change: bool) -> None:
    spec = named_keys()
    where = {"Location": "https://elsewhere.example/named/keys"}
    house.vendor.on("POST" if is_change else "GET", "/keys", said(302, {}, **where))
    provider = house.provider(spec)
    operation = spec.creation.operation if is_change else spec.listing.operation

    def ask() -> object:
        return minted(house, provider) if is_change else provider.list_keys(whose())

    with pytest.raises((RejectedError, OutcomeUnknownError)) as caught:
        ask()
    assert caught.value.code == "redirected"
    assert "elsewhere.example" in str(caught.value)
    assert str(operation.place) in str(caught.value)


def test_a_name_that_leads_inside_after_the_check_is_not_connected_to(house: House) -> None:
    spec = named_keys()
    found = [["93.184.216.34"], ["169.254.169.254"]]

    def resolve(host: str, port: int) -> list[str]:
        return found.pop()

    client = house.client(
        origins=("https://api.vendor.test",),
        allow_private=False,
        resolve=resolve,
    )
    provider = house.provider(
        spec, house.account(base_url="https://api.vendor.test", client=client)
    )
    with pytest.raises(RejectedError) as caught:
        provider.list_keys(whose())
    assert caught.value.code == "address_refused"
    assert str(spec.listing.operation.place) in str(caught.value)


@pytest.mark.parametrize("packing", ["identity", "gzip"])
def test_an_answer_of_5_mb_is_refused(house: House, packing: str) -> None:
    spec = named_keys()
    body = json.dumps({"data": [], "meta": {}, "more": "x" * 5_000_000}).encode()
    content = gzip.compress(body) if packing == "gzip" else body
    told = Answer(
        status=200,
        content_type="application/json",
        body=content,
        headers={"Content-Encoding": packing},
    )
    house.vendor.on("GET", "/keys", told)
    with pytest.raises(RejectedError) as caught:
        house.provider(spec).list_keys(whose())
    assert caught.value.code == "too_large"
    assert str(spec.listing.operation.place) in str(caught.value)


def test_an_endless_cursor_comes_to_an_end(house: House) -> None:
    spec = named_keys()
    turns = iter(range(10**6))

    def endless(request: HttpRequest) -> Answer:
        return said(200, {"data": [], "meta": {"next": f"cursor-{next(turns)}"}})

    house.vendor.on("GET", "/keys", endless)
    with pytest.raises(RejectedError) as caught:
        house.provider(spec).list_keys(whose())
    assert caught.value.code == "pagination_too_long"
    assert str(spec.listing.pagination.place) in str(caught.value)
    assert len(house.vendor.heard) == spec.network.max_pages


def test_a_cursor_that_leads_back_comes_to_an_end(house: House) -> None:
    spec = named_keys()
    house.vendor.on("GET", "/keys", said(200, {"data": [], "meta": {"next": "a"}}))
    with pytest.raises(RejectedError) as caught:
        house.provider(spec).list_keys(whose())
    assert caught.value.code == "pagination_loops"
    assert str(spec.listing.pagination.place) in str(caught.value)
    assert len(house.vendor.heard) == 2


@pytest.mark.parametrize("mark", ["\r", "\n", "\r\nX-Evil: 1", "\x00"])
def test_a_line_break_in_a_headers_value_is_not_sent_and_not_shown(house: House, mark: str) -> None:
    spec = named_keys()
    house.credential = f"admin{mark}credential"
    with pytest.raises(RejectedError) as caught:
        house.provider(spec).list_keys(whose())
    assert caught.value.code == "bad_header"
    assert "X-Admin" in str(caught.value)
    assert "credential" not in str(caught.value)
    assert str(spec.listing.operation.place) in str(caught.value)
    assert not house.vendor.heard


def test_a_line_break_in_a_key_that_is_tried_is_told_with_the_line(house: House) -> None:
    spec = named_keys()
    keys = house.api_keys(spec)
    with pytest.raises(RejectedError) as caught:
        keys.try_api_key(Secret("sk_cut\r\n"), None)
    assert str(spec.verification.operation.place) in str(caught.value)


@pytest.mark.parametrize("items", ["dta", "meta", "data[0]"])
def test_a_list_that_is_not_where_the_spec_says_is_no_empty_list(house: House, items: str) -> None:
    house.vendor.make("all", "ci")
    spec = with_list(named_keys(), items=compile_path(items))
    with pytest.raises(RejectedError) as caught:
        house.provider(spec).list_keys(whose())
    assert str(spec.listing.operation.place) in str(caught.value)


@pytest.mark.parametrize("status", [404, 405, 410])
def test_a_mistyped_list_path_is_never_no_keys(house: House, status: int) -> None:
    spec = named_keys()
    house.vendor.on("GET", "/keys", said(status, {}))
    with pytest.raises(RejectedError) as caught:
        house.provider(spec).list_keys(whose())
    assert caught.value.code == "api_changed"
    assert str(spec.listing.operation.place) in str(caught.value)


def test_a_base_url_of_one_call_goes_where_it_was_allowed_only(house: House) -> None:
    spec = named_keys()
    other = operation("verify", "GET", "/named/me", base_url="https://elsewhere.example")
    provider = house.provider(with_verify(spec, operation=other))
    with pytest.raises(RejectedError) as caught:
        provider.verify(whose(), minted(house, provider).material)
    assert caught.value.code == "origin_refused"
    assert str(other.place) in str(caught.value)


def test_what_has_no_value_is_not_sent(house: House) -> None:
    spec = with_verify(named_keys(), auth=header(Authorization="${params.nobody} ${key.secret}"))
    provider = house.provider(spec)
    with pytest.raises(RejectedError) as caught:
        provider.verify(whose(), minted(house, provider).material)
    assert "${params.nobody} has no value" in str(caught.value)
    assert str(spec.verification.auth.place) in str(caught.value)


def test_a_switch_that_is_not_there_is_no_missing_key(house: House) -> None:
    spec = plain_tokens()
    lost = operation("disable", "POST", "/plain/uzers/${key.id}/off")
    object.__setattr__(spec, "disabling", lost)
    provider = house.provider(spec, house.account(params={"user": "robot"}))
    principal = whose("robot", provider="vendor-token")
    key = minted(house, provider, principal).material.key_id
    assert isinstance(provider, CanDisable)
    with pytest.raises(RejectedError) as caught:
        provider.disable_key(principal, key, not_after=house.vendor.clock.now())
    assert str(lost.place) in str(caught.value)
