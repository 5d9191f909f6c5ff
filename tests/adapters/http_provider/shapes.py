"""The specs of the vendor's APIs, and accounts of them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from rotator.clients.http import HttpClient, HttpConfig
from rotator.core.ids import AccountId
from rotator.core.secret import Secret
from rotator.providers.http.accounts import HttpAccount
from rotator.providers.http.api_keys import HttpApiKeys
from rotator.providers.http.limits import NetworkLimits, Propagation
from rotator.providers.http.provider import http_provider
from rotator.providers.http.selectors import compile_path
from rotator.providers.http.spec import (
    Auth,
    AuthKind,
    Creation,
    Detail,
    Expect,
    Listing,
    Param,
    ParamKind,
    SecretForm,
    Spec,
    UsageCall,
    Verification,
)
from rotator.providers.http.templates import parse
from rotator.testing.manual_clock import SeededChance
from tests.adapters.http_provider.by_hand import (
    EVIDENCE,
    FILE,
    basic_auth,
    bearer_of_key,
    condition,
    header,
    operation,
    pages,
    place,
    select,
    selects,
)
from tests.adapters.http_provider.vendor import ADMIN, LIMIT, USE_QUANTUM

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rotator.clients.http_network import Resolve
    from rotator.ports.provider import KeyProvider
    from tests.adapters.http_provider.vendor import Vendor

ACCOUNT = AccountId("house")
_LIMITS = NetworkLimits(max_response_bytes=64 << 10, max_pages=20, max_items=200)
_PROPAGATION = Propagation(
    create=timedelta(seconds=10), revoke=timedelta(seconds=60), last_used=USE_QUANTUM
)


def _spec(name: str, **more: object) -> Spec:
    told: dict[str, Any] = {
        "file": FILE,
        "name": name,
        "title": name,
        "evidence": EVIDENCE,
        "base_url": None,
        "params": {},
        "credentials": {"admin": "the administrator's"},
        "network": _LIMITS,
        "propagation": _PROPAGATION,
    }
    return Spec(**{**told, **more})


def named_keys() -> Spec:
    """Keys with names and scopes; a header, a cursor, numbers that come back as texts."""
    key = selects(
        id="id",
        name="label",
        description="note",
        scopes="scopes",
        createdAt=select("made", time="rfc3339"),
        lastUsedAt=select("used", time="rfc3339"),
        expiresAt=select("ends", time="rfc3339"),
        status=select("state", values={"live": "active", "over": "expired"}),
        level="level",
    )
    made = {
        name: replace(found, path=compile_path(f"key.{found.path.text}"))
        for name, found in key.items()
        if found.path is not None
    }
    asked = {
        "name": "${new.name}",
        "note": "${new.description}",
        "scopes": "${new.scopes|optional}",
        "level": "${old.level|optional}",
        "lifetime": "${new.ttl|seconds|optional}",
    }
    usage = operation("usage", "GET", "/named/keys/${key.id}/usage")
    return _spec(
        "vendor-key",
        auth=header(X_Admin="${creds.admin}"),
        listing=Listing(
            operation=operation("list", "GET", "/named/keys"),
            items=compile_path("data"),
            pagination=pages("cursor", param="after", next="meta.next", size_param="limit", size=3),
            key=key,
        ),
        creation=Creation(
            operation=operation("create", "POST", "/named/keys", status=(201,), json=asked),
            key={**made, "secret": select("secret")},
        ),
        verification=Verification(
            auth=bearer_of_key(),
            operation=operation(
                "verify", "GET", "/named/me", condition("key.id", equals="${key.id}")
            ),
            rejected=frozenset({401, 403}),
            shows_whose=True,
        ),
        revocation=(operation("revoke", "DELETE", "/named/keys/${key.id}", status=(204, 404)),),
        usage=UsageCall(operation=usage, fields=selects(count="calls", lastAddress="ip")),
        secret_form=SecretForm(prefix="sk_", length=23),
        longest_name=100,
    )


def plain_tokens() -> Spec:
    """One user's tokens without names; basic, offsets, a switch; we choose the secret."""
    path = "/plain/users/${params.user}/tokens"
    return _spec(
        "vendor-token",
        params={"user": Param(kind=ParamKind.STRING, description="whose")},
        principal=parse("${params.user}"),
        auth=basic_auth("admin", "${creds.admin}"),
        is_dated=False,
        secret_by_us=True,
        max_keys=LIMIT,
        listing=Listing(
            operation=operation("list", "GET", path),
            items=compile_path("list"),
            pagination=pages("offset", param="skip", start=0, size_param="top", size=2),
            key=selects(
                id="token_id",
                lastUsedAt=select("seen", time="epoch", never=("0",)),
                status=select("active", values={"true": "active", "false": "inactive"}),
            ),
        ),
        creation=Creation(
            operation=operation("create", "POST", path, form={"value": "${new.secret}"}),
            key=selects(id="token_id"),
            quota=Expect(
                statuses=frozenset({409}), conditions=(condition("code", equals="limit"),)
            ),
        ),
        verification=Verification(
            auth=basic_auth("${key.id}", "${key.secret}"),
            operation=operation(
                "verify", "GET", "/plain/whoami", condition("user", equals="${params.user}")
            ),
            rejected=frozenset({401}),
            shows_whose=False,
        ),
        disabling=operation("disable", "POST", path + "/${key.id}/off"),
        enabling=operation("enable", "POST", path + "/${key.id}/on"),
        revocation=(operation("revoke", "POST", path + "/${key.id}/drop", status=(204,)),),
        secret_form=SecretForm(prefix="sk_"),
    )


def detailed_keys() -> Spec:
    """A list of ids with a detail each; a token in exchange; ended in two steps."""
    exchange = operation("auth", "POST", "/detail/login", json={"password": "${creds.admin}"})
    key = selects(
        id=select("ref"),
        name="label",
        createdAt=select("born", time="epoch_ms"),
        expiresAt=select("expires", time="rfc3339", never=("0001-01-01T00:00:00Z",)),
    )
    key["id"] = replace(key["id"], path=compile_path("ref"), regex=re.compile("keys/([^/]+)$"))
    made = {
        name: replace(found, path=compile_path(f"data.{found.path.text}"))
        for name, found in key.items()
        if found.path is not None
    }
    return _spec(
        "vendor-ref",
        auth=Auth(
            kind=AuthKind.TOKEN_EXCHANGE,
            place=place("auth"),
            headers={"Authorization": parse("Bearer ${session.token}")},
            exchange=exchange,
            token=compile_path("session"),
            expires_in=compile_path("ttl"),
        ),
        listing=Listing(
            operation=operation("list", "GET", "/detail/ids"),
            items=compile_path("ids"),
            pagination=pages(),
            key=key,
            detail=Detail(
                operation=operation("detail", "GET", "/detail/ids/${item.id}"),
                id=select("@"),
                item=compile_path("data"),
            ),
        ),
        creation=Creation(
            operation=operation(
                "create", "POST", "/detail/ids", status=(202,), json={"label": "${new.name}"}
            ),
            key={**made, "secret": select("data.value")},
        ),
        verification=Verification(
            auth=bearer_of_key(),
            operation=operation(
                "verify", "GET", "/detail/self", condition("name", equals="${key.name}")
            ),
            rejected=frozenset({401}),
            shows_whose=True,
        ),
        revocation=(
            operation("revoke", "POST", "/detail/ids/${key.id}/stop", status=(200, 404)),
            operation("revoke", "DELETE", "/detail/ids/${key.id}", status=(204, 404)),
        ),
    )


@dataclass(kw_only=True)
class House:
    """Where a vendor is served, and who enters it."""

    vendor: Vendor
    url: str
    credential: str = ADMIN
    told: list[tuple[str, str]] = field(default_factory=list)
    clients: list[HttpClient] = field(default_factory=list)
    usual: HttpClient | None = None

    def account(self, account: AccountId = ACCOUNT, **more: object) -> HttpAccount:
        settings: dict[str, Any] = {
            "base_url": self.url,
            "credentials": {"admin": lambda: Secret(self.credential)},
            **more,
        }
        client = settings.pop("client", None) or self._usual_client()
        return HttpAccount(id=account, client=client, **settings)

    def _usual_client(self) -> HttpClient:
        """One for all accounts: to read whom it trusts takes a client a while."""
        if self.usual is None:
            self.usual = self.client()
        return self.usual

    def client(self, resolve: Resolve | None = None, **config: object) -> HttpClient:
        given: dict[str, Any] = {
            "origins": (self.url,),
            "allow_private": True,
            "attempts": 1,
            "max_body_bytes": _LIMITS.max_response_bytes,
            **config,
        }
        client = HttpClient(
            HttpConfig(**given),
            self.vendor.clock,
            SeededChance(),
            monotonic=lambda: self.vendor.clock.now().timestamp(),
            on_call=self._hear,
            resolve=resolve or _itself,
        )
        self.clients.append(client)
        return client

    def _hear(
        self, operation: str, code: str, request_id: str, seconds: float, *, is_change: bool
    ) -> None:
        self.told.append((operation, code))

    def provider(self, spec: Spec, *accounts: HttpAccount) -> KeyProvider:
        given: Sequence[HttpAccount] = accounts or (self.account(),)
        return http_provider(spec, given, self.vendor.clock, SeededChance())

    def api_keys(self, spec: Spec, account: HttpAccount | None = None) -> HttpApiKeys:
        return HttpApiKeys(spec, account or self.account(), self.vendor.clock, SeededChance())


def _itself(host: str, port: int) -> list[str]:
    return [host]
