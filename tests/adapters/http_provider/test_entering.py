"""How calls show who makes them: tokens are kept, renewed in time, and fresh for a change."""

from __future__ import annotations

import json
from base64 import b64decode
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from rotator.core.ids import Instant
from rotator.errors import AccessDeniedError, RejectedError, ThrottledError, UnavailableError
from rotator.ports.provider import Verdict
from rotator.providers.http.selectors import compile_path
from rotator.providers.http.spec import Auth, AuthKind
from rotator.providers.http.templates import parse
from tests.adapters.http_provider.by_hand import condition, header, operation, place
from tests.adapters.http_provider.cast import deleted, minted, whose, with_verify
from tests.adapters.http_provider.shapes import detailed_keys, named_keys
from tests.adapters.http_provider.vendor import ADMIN, said

if TYPE_CHECKING:
    from rotator.simulators.messages import Answer, HttpRequest
    from tests.adapters.http_provider.shapes import House

REFS = whose(provider="vendor-ref")


def logins(house: House) -> int:
    return sum(request.path.endswith("/login") for request in house.vendor.heard)


def test_a_token_is_used_until_shortly_before_its_end(house: House) -> None:
    provider = house.provider(detailed_keys())
    for _ in range(3):
        provider.list_keys(REFS)
    assert logins(house) == 1
    house.vendor.clock.advance(timedelta(seconds=539))
    provider.list_keys(REFS)
    assert logins(house) == 1
    house.vendor.clock.advance(timedelta(seconds=2))
    provider.list_keys(REFS)
    assert logins(house) == 2


def test_a_change_is_made_with_a_token_that_was_just_given(house: House) -> None:
    provider = house.provider(detailed_keys())
    provider.list_keys(REFS)
    key = minted(house, provider, REFS).material.key_id
    assert logins(house) == 2
    deleted(house, provider, key, REFS)
    assert logins(house) == 4


def test_a_reading_whose_token_is_refused_is_made_once_more_with_a_new_one(house: House) -> None:
    provider = house.provider(detailed_keys())
    provider.list_keys(REFS)
    house.vendor.sessions.clear()
    house.vendor.sessions["other"] = house.vendor.clock.now()
    provider.list_keys(REFS)
    assert logins(house) == 2

    house.vendor.on("GET", "/ids", said(401, {}))
    before = len(house.vendor.heard)
    with pytest.raises(AccessDeniedError):
        provider.list_keys(REFS)
    assert len(house.vendor.heard) - before == 3


def test_a_change_is_never_made_twice(house: House) -> None:
    provider = house.provider(detailed_keys())
    house.vendor.on("POST", "/ids", said(401, {}))
    with pytest.raises(AccessDeniedError):
        minted(house, provider, REFS)
    sent = [r for r in house.vendor.heard if r.method == "POST" and r.path.endswith("/ids")]
    assert len(sent) == 1


def test_a_successor_of_our_credential_is_taken_up_when_the_old_one_is_refused(
    house: House,
) -> None:
    provider = house.provider(named_keys())
    provider.list_keys(whose())
    house.vendor.admin = house.credential = "its-successor"
    provider.list_keys(whose())
    assert [request.headers["x-admin"] for request in house.vendor.heard] == [
        ADMIN,
        ADMIN,
        "its-successor",
    ]


def test_a_refused_credential_that_has_no_successor_is_not_tried_again(house: House) -> None:
    house.credential = "expired"
    with pytest.raises(AccessDeniedError):
        house.provider(named_keys()).list_keys(whose())
    assert len(house.vendor.heard) == 1


def test_a_credential_that_is_sent_as_it_is_is_read_again_soon(house: House) -> None:
    provider = house.provider(named_keys())
    provider.list_keys(whose())
    house.credential = "not yet taken up"
    provider.list_keys(whose())
    house.vendor.clock.advance(timedelta(minutes=1))
    with pytest.raises(AccessDeniedError):
        provider.list_keys(whose())


@pytest.mark.parametrize("body", [{}, {"session": ""}, {"session": 7}, {"session": None}, []])
def test_an_exchange_without_a_token_is_an_error_with_its_line(house: House, body: object) -> None:
    spec = detailed_keys()
    house.vendor.on("POST", "/login", said(200, body))
    with pytest.raises(RejectedError) as caught:
        house.provider(spec).list_keys(REFS)
    assert str(spec.auth.place) in str(caught.value)


@pytest.mark.parametrize("ttl", [None, 0, -5, "soon", True, "", []])
def test_an_exchange_that_does_not_say_how_long_is_an_error(house: House, ttl: object) -> None:
    spec = detailed_keys()
    house.vendor.on("POST", "/login", said(200, {"session": "a", "ttl": ttl}))
    with pytest.raises(RejectedError) as caught:
        house.provider(spec).list_keys(REFS)
    assert caught.value.code == "no_lifetime"


def test_a_lifetime_that_is_never_told_is_short(house: House) -> None:
    spec = detailed_keys()
    spec = replace(spec, auth=replace(spec.auth, expires_in=None))
    provider = house.provider(spec)
    provider.list_keys(REFS)
    house.vendor.clock.advance(timedelta(seconds=48))
    provider.list_keys(REFS)
    assert logins(house) == 2


def test_a_token_that_lives_for_ever_is_renewed_within_a_day(house: House) -> None:
    house.vendor.sessions["for ever"] = Instant(house.vendor.clock.now() + timedelta(days=9))
    house.vendor.on("POST", "/login", said(200, {"session": "for ever", "ttl": 1e18}))
    provider = house.provider(detailed_keys())
    provider.list_keys(REFS)
    house.vendor.clock.advance(timedelta(days=1))
    provider.list_keys(REFS)
    assert logins(house) == 2


@pytest.mark.parametrize(
    ("status", "kind"), [(429, ThrottledError), (503, UnavailableError), (404, RejectedError)]
)
def test_an_exchange_that_fails_says_nothing_of_our_credential(
    house: House, status: int, kind: type[Exception]
) -> None:
    spec = detailed_keys()
    house.vendor.on("POST", "/login", said(status, {}))
    with pytest.raises(kind) as caught:
        house.provider(spec).list_keys(REFS)
    assert spec.auth.exchange is not None
    assert str(spec.auth.exchange.place) in str(caught.value)


def oauth(*, username: str = "", password: str = "", **form: str) -> Auth:
    form = {"grant_type": "client_credentials", **form}
    exchange = operation("auth", "POST", "/token", form=form)
    return Auth(
        kind=AuthKind.OAUTH2,
        place=place("auth"),
        headers={"Authorization": parse("Bearer ${session.token}")},
        exchange=exchange,
        token=compile_path("access_token"),
        expires_in=compile_path("expires_in"),
        username=parse(username) if username else None,
        password=parse(password) if password else None,
    )


@pytest.mark.parametrize("is_basic", [False, True])
def test_oauth_is_an_exchange_whose_secret_is_in_the_body_or_basic(
    house: House, *, is_basic: bool
) -> None:
    if is_basic:
        auth = oauth(username="an id", password="${creds.admin}")
    else:
        auth = oauth(client_id="an id", client_secret="${creds.admin}")
    house.credential = "s/e c"
    house.vendor.sessions["given"] = Instant(house.vendor.clock.now() + timedelta(days=1))
    house.vendor.on("POST", "/token", said(200, {"access_token": "given", "expires_in": 60}))
    house.provider(replace(detailed_keys(), auth=auth)).list_keys(REFS)

    asked = house.vendor.heard[0]
    if is_basic:
        sent = b64decode(asked.headers["authorization"].removeprefix("Basic ")).decode()
        assert sent == "an+id:s%2Fe+c"
        assert asked.body == b"grant_type=client_credentials"
    else:
        assert b"client_secret=s%2Fe+c" in asked.body
    assert house.vendor.heard[1].headers["authorization"] == "Bearer given"


def test_an_api_that_asks_nobody_is_called_without_a_header(house: House) -> None:
    spec = replace(named_keys(), auth=Auth(kind=AuthKind.NONE, place=place("auth")))
    house.vendor.on("GET", "/keys", said(200, {"data": [], "meta": {}}))
    house.provider(spec).list_keys(whose())
    assert "x-admin" not in house.vendor.heard[0].headers


def test_a_key_that_is_exchanged_to_be_tried_is_refused_at_the_exchange(house: House) -> None:
    def enter(request: HttpRequest) -> Answer:
        key = house.vendor.lets_in(json.loads(request.body)["key"])
        return said(401, {}) if key is None else said(200, {"t": f"token-of-{key.id}"})

    house.vendor.on("POST", "/enter", enter)
    house.vendor.on(
        "GET",
        "/who",
        lambda request: said(200, {"id": request.headers["authorization"].rpartition("-")[2]}),
    )
    auth = Auth(
        kind=AuthKind.TOKEN_EXCHANGE,
        place=place("verify.auth"),
        headers={"Authorization": parse("Bearer ${session.token}")},
        exchange=operation("verify", "POST", "/enter", json={"key": "${key.secret}"}),
        token=compile_path("t"),
    )
    whoami = operation("verify", "GET", "/who", condition("id", equals="${key.id}"))
    provider = house.provider(with_verify(named_keys(), auth=auth, operation=whoami))
    made = minted(house, provider)
    assert provider.verify(whose(), made.material) is Verdict.ACCEPTED
    house.vendor.end(house.vendor.keys[0])
    assert provider.verify(whose(), made.material) is Verdict.NOT_YET


def test_a_key_can_be_sent_beside_a_credential_of_ours(house: House) -> None:
    auth = header(Authorization="Bearer ${key.secret}", X_Beside="${creds.admin}")
    provider = house.provider(with_verify(named_keys(), auth=auth))
    made = minted(house, provider)
    assert provider.verify(whose(), made.material) is Verdict.ACCEPTED
    assert house.vendor.heard[-2].headers["x-beside"] == ADMIN


def test_a_secret_in_a_body_is_sent_and_not_shown(house: House) -> None:
    body = operation(
        "verify",
        "POST",
        "/named/try",
        condition("id", equals="${key.id}"),
        json={"key": "${key.secret}"},
    )
    none = Auth(kind=AuthKind.NONE, place=place("verify.auth"))
    provider = house.provider(with_verify(named_keys(), auth=none, operation=body))
    made = minted(house, provider)
    text = made.material.secret.reveal().encode()

    def look(request: HttpRequest) -> Answer:
        return said(200, {"id": 1 if text in request.body else 0})

    house.vendor.on("POST", "/try", look)
    assert provider.verify(whose(), made.material) is Verdict.ACCEPTED
