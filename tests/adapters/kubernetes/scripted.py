"""An API server that says what a test wants, in place of the transport: odd answers."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from rotator.clients.http_messages import Answer, plain
from rotator.clients.kubernetes import KubernetesApi
from rotator.testing.manual_clock import ManualClock

if TYPE_CHECKING:
    from pathlib import Path

    from rotator.clients.http import HttpClient
    from rotator.clients.http_messages import HttpRequest
    from rotator.core.ids import Instant

SERVER = "https://kubernetes.default.svc"


@dataclass(kw_only=True)
class Script:
    """What is answered in turn; the last answer stays.

    Attributes:
        sent: The requests, with whether they may have changed something.
    """

    answers: list[tuple[int, object]]
    date: str = ""
    clock: ManualClock = field(default_factory=ManualClock)
    sent: list[tuple[HttpRequest, bool]] = field(default_factory=list)

    def read(self, request: HttpRequest) -> Answer:
        return self._answer(request, is_change=False)

    def change(self, request: HttpRequest, *, not_after: Instant | None) -> Answer:
        assert not_after is not None
        return self._answer(request, is_change=True)

    def api(self, token_file: Path) -> KubernetesApi:
        http = cast("HttpClient", self)
        return KubernetesApi(http, self.clock, server=f"{SERVER}/", token_file=token_file)

    def tokens(self) -> list[str]:
        return [plain(request.headers["authorization"]) for request, _ in self.sent]

    def _answer(self, request: HttpRequest, *, is_change: bool) -> Answer:
        self.sent.append((request, is_change))
        status, told = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        content = told if isinstance(told, bytes) else json.dumps(told).encode()
        return Answer(
            operation=request.operation,
            subject=request.subject,
            host="kubernetes.default.svc",
            is_change=is_change,
            status=status,
            headers={"date": self.date} if self.date else {},
            content=content,
            received_at=self.clock.now(),
        )
