"""A token service that says what a test wants, in place of the transport: odd answers."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast
from wsgiref.handlers import format_date_time

from rotator.clients.http_messages import Answer, plain
from rotator.core.ids import AccountId
from rotator.core.secret import Secret
from rotator.providers.cipherstash.admission import Admission
from rotator.providers.cipherstash.config import WorkspaceConfig
from rotator.testing.manual_clock import ManualClock

if TYPE_CHECKING:
    from datetime import timedelta

    from rotator.clients.http import HttpClient
    from rotator.clients.http_messages import HttpRequest
    from rotator.core.ids import Instant

ACCOUNT = AccountId("ABCDEFGHIJKLMNOP")
REGION = "ap-southeast-2.aws"
CTS = f"https://{REGION}.cts.cipherstashmanaged.net"
ADMIN = "CSAKADMINADMIN.adminsecret"


@dataclass(frozen=True, kw_only=True)
class Sent:
    operation: str
    method: str
    url: str
    bearer: str
    body: Any
    is_change: bool


@dataclass(kw_only=True)
class Script:
    """What each operation is answered with, in turn; the last answer stays.

    Attributes:
        ahead: How far the service's clock is ahead of ours; None tells no time at all.
    """

    clock: ManualClock = field(default_factory=ManualClock)
    ahead: timedelta | None = None
    tells_time: bool = True
    sent: list[Sent] = field(default_factory=list)
    allowed: list[str] = field(default_factory=list)
    answers: dict[str, list[tuple[int, object] | Exception]] = field(default_factory=dict)

    def on(self, operation: str, *answers: tuple[int, object] | Exception) -> None:
        self.answers[operation] = list(answers)

    def allow(self, url: str) -> None:
        self.allowed.append(url)

    def read(self, request: HttpRequest, *, not_after: Instant | None = None) -> Answer:
        return self._answer(request, is_change=False)

    def change(self, request: HttpRequest, *, not_after: Instant | None) -> Answer:
        return self._answer(request, is_change=True)

    def count(self, operation: str) -> int:
        return sum(sent.operation == operation for sent in self.sent)

    def admission(self, **config: object) -> Admission:
        settings: dict[str, Any] = {
            "account": ACCOUNT,
            "region": REGION,
            "admin": lambda: Secret(ADMIN),
            **config,
        }
        return Admission(WorkspaceConfig(**settings), cast("HttpClient", self), self.clock)

    def _answer(self, request: HttpRequest, *, is_change: bool) -> Answer:
        self.sent.append(
            Sent(
                operation=request.operation,
                method=request.method,
                url=plain(request.url),
                bearer=plain(request.headers.get("authorization", "")),
                body=json.loads(request.body.content) if request.body else None,
                is_change=is_change,
            )
        )
        left = self.answers[request.operation]
        told = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(told, Exception):
            raise told
        status, body = told
        return Answer(
            operation=request.operation,
            subject=request.subject,
            host="cts.example",
            is_change=is_change,
            status=status,
            headers={"date": self._date()} if self.tells_time else {},
            content=body.encode() if isinstance(body, str) else json.dumps(body).encode(),
            received_at=self.clock.now(),
        )

    def _date(self) -> str:
        now = self.clock.now()
        return format_date_time((now + self.ahead if self.ahead else now).timestamp())

    def token(self, key: str = "ADMINADMIN", /, **claims: object) -> dict[str, object]:
        """A whole answer to an exchange; a claim that is None is left out."""
        ends = int((self.clock.now() + self.ahead if self.ahead else self.clock.now()).timestamp())
        told = {
            "iss": f"{CTS}/",
            "sub": f"CS|CSAK{key}",
            "exp": ends + 900,
            "workspace": ACCOUNT,
            "role": "admin",
            "services": {"zerokms": f"https://{REGION}.zerokms.cipherstashmanaged.net/"},
            **claims,
        }
        present = {name: value for name, value in told.items() if value is not None}
        return {"accessToken": jwt(present), "expiry": ends + 900}


def jwt(claims: object) -> str:
    """A token whose middle part holds claims."""
    middle = urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"aGVhZA.{middle}.c2lnbmF0dXJl"


def row(key: str, name: str = "", **more: object) -> dict[str, object]:
    """One listed access key; a field that is Ellipsis is left out."""
    told = {
        "keyId": key,
        "workspaceId": ACCOUNT,
        "keyName": name or f"name-of-{key}",
        "createdAt": "2026-01-01T00:00:00.000Z",
        "lastUsedAt": None,
        **more,
    }
    return {field: value for field, value in told.items() if value is not ...}


OWN_ROW = row("ADMINADMIN", "rotator-admin", lastUsedAt="2026-01-02T00:00:00.000Z")
