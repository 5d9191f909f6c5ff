"""No secret, no answer and no path of a call is in a text that anybody can see."""

from __future__ import annotations

import logging
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from rotator.core.api_keys import ApiKeyWish
from rotator.core.ids import KeyId
from rotator.core.secret import KeyMaterial, Secret
from rotator.errors import RotatorError
from rotator.providers.http.spec import PageKind, SecretForm
from tests.adapters.aws.leaks import shown
from tests.adapters.http_provider.by_hand import operation, select
from tests.adapters.http_provider.cast import deleted, minted, whose, with_list
from tests.adapters.http_provider.shapes import detailed_keys, named_keys
from tests.adapters.http_provider.vendor import said

if TYPE_CHECKING:
    from collections.abc import Callable

    from rotator.providers.http.spec import Spec
    from rotator.simulators.messages import Answer
    from tests.adapters.http_provider.shapes import House

MARK = "planted-marker"

ROW = {
    "id": 1,
    "label": "ci",
    "made": "2026-01-01T00:00:00Z",
    "used": None,
    "value": MARK,
    "scopes": ["read"],
    "level": 30,
}
"""A listed key that shows its secret in clear, as some vendors' lists do."""


def list_secret(house: House, spec: Spec) -> None:
    house.provider(spec).list_keys(whose())


def mint(house: House, spec: Spec) -> None:
    minted(house, house.provider(spec), replaces=1)


def end(house: House, spec: Spec) -> None:
    deleted(house, house.provider(spec), 1)


def try_it(house: House, spec: Spec) -> None:
    material = KeyMaterial(key_id=KeyId("1"), secret=Secret(MARK))
    house.provider(spec).verify(whose(), material)


def by_hand(house: House, spec: Spec) -> None:
    keys = house.api_keys(spec)
    with suppress(RotatorError):
        keys.create_api_key(ApiKeyWish(name="ci"))
    with suppress(RotatorError):
        keys.try_api_key(Secret(MARK), None)
    keys.check_admission()
    keys.usage(KeyId("1"))
    keys.revoke_api_key(KeyId("1"))


DEEDS: dict[str, Callable[[House, Spec], None]] = {
    "list": list_secret,
    "mint": mint,
    "end": end,
    "try": try_it,
    "by hand": by_hand,
}

ANSWERS: dict[str, Answer] = {
    "list": said(200, {"data": [ROW], "meta": {"next": None}, "secret": MARK}),
    "odd list": said(200, {"data": MARK, "meta": MARK}),
    "odd rows": said(200, {"data": [{MARK: MARK}, MARK], "meta": {"next": MARK}}),
    "odd times": said(200, {"data": [{**ROW, "made": MARK}], "meta": {"next": None}}),
    "odd pointer": said(200, {"data": [ROW, {**ROW, "id": 2}], "meta": {"next": [MARK]}}),
    "next elsewhere": said(200, {"data": [ROW], "meta": {"next": f"https://x.test/{MARK}"}}),
    "made": said(201, {"key": ROW, "secret": f"{MARK}***"}),
    "made oddly": said(201, {"key": {"id": [MARK]}, "secret": MARK}),
    "made masked": said(201, {"key": ROW, "secret": MARK}),
    "text": replace(said(200, None), body=MARK.encode()),
    "no text": replace(said(200, None), body=MARK.encode() + b"\xff"),
    "refusal": said(400, {"message": MARK}),
    "denial": said(401, {"message": MARK}, **{"WWW-Authenticate": MARK}),
    "gone": said(404, {"message": MARK}),
    "trouble": said(503, {"message": MARK}, **{"Retry-After": MARK}),
    "redirect": said(302, {}, Location=f"/{MARK}?{MARK}"),
}


def specs() -> list[Spec]:
    """Specs whose calls carry the mark wherever a spec can put it."""
    named = with_list(named_keys(), key={**named_keys().listing.key, "secret": select("value")})
    named = replace(named, secret_form=SecretForm(prefix="sk_"))
    step = operation("revoke", "DELETE", "/x/${key.secret}", status=(204,), holds_secret=True)
    url = replace(named.listing.pagination, kind=PageKind.NEXT_URL, param="")
    by_url = with_list(replace(named, revocation=(step,)), pagination=url)
    return [named, by_url, detailed_keys()]


@pytest.mark.parametrize("deed", DEEDS)
@pytest.mark.parametrize("case", ANSWERS)
def test_a_planted_secret_is_seen_nowhere(
    house: House, caplog: pytest.LogCaptureFixture, deed: str, case: str
) -> None:
    for name in ("httpcore", "httpcore.http11", "httpx"):
        logging.getLogger(name).setLevel(logging.NOTSET)
    caplog.set_level(logging.DEBUG)
    house.credential = MARK
    house.vendor.admin = MARK
    told: list[Any] = []
    for spec in specs():
        for first in (ANSWERS["list"], ANSWERS[case]):
            house.vendor.answers.clear()
            for method in ("POST", "DELETE", "PUT", "PATCH"):
                house.vendor.on(method, "", ANSWERS[case])
            house.vendor.on("GET", "", ANSWERS[case])
            house.vendor.on("GET", "/keys", first)
            try:
                DEEDS[deed](house, spec)
            except RotatorError as error:
                told.append(shown(error))
            except Exception as error:  # noqa: BLE001 - nothing else may come out of it
                pytest.fail(f"{type(error).__name__} came out")
        told += [repr(spec.listing), repr(house.account()), repr(vars(house.api_keys(spec)))]

    assert MARK not in "\n".join(told)
    assert MARK not in caplog.text
    assert MARK not in repr(house.told)


def test_what_was_made_and_what_is_listed_do_not_print_the_key(house: House) -> None:
    provider = house.provider(named_keys())
    made = minted(house, provider)
    keys = house.api_keys(named_keys())
    by_hand = keys.create_api_key(ApiKeyWish(name="cd"))
    texts = repr(made) + repr(provider.list_keys(whose())) + repr(by_hand) + repr(keys.api_keys())
    assert not any(key.secret in texts for key in house.vendor.keys)


def test_metrics_name_the_provider_and_the_operation_only(house: House) -> None:
    provider = house.provider(named_keys())
    minted(house, provider)
    deleted(house, provider, 1)
    assert {operation for operation, _ in house.told} == {
        "vendor-key:list",
        "vendor-key:create",
        "vendor-key:revoke",
    }
