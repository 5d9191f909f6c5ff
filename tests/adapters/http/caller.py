"""A client under test, its times in the test's hand."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rotator.clients.http import HttpClient, HttpConfig
from rotator.clients.http_messages import HttpRequest
from rotator.testing.manual_clock import ManualClock, SeededChance

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rotator.clients.http_messages import Answer

LOOPBACK = "127.0.0.1"


@dataclass(kw_only=True)
class Caller:
    """Makes clients and remembers what they told.

    Attributes:
        addresses: What a name resolves to, or what is raised, in turn; the last stays.
        asked: The names that were resolved, in order.
        told: What `on_call` was told, but for the ids of requests.
        request_ids: Those.
        changes: The operations that may have changed something.
        resolving_seconds: How long a name takes.
    """

    clock: ManualClock = field(default_factory=ManualClock)
    addresses: dict[str, list[Sequence[str] | Exception]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    told: list[tuple[str, str, float]] = field(default_factory=list)
    request_ids: list[str] = field(default_factory=list)
    changes: list[str] = field(default_factory=list)
    resolving_seconds: float = 0
    clients: list[HttpClient] = field(default_factory=list)

    def client(self, *origins: str, **settings: object) -> HttpClient:
        given = {"origins": origins, "allow_private": True, "attempts": 1, **settings}
        client = HttpClient(
            HttpConfig(**given),  # type: ignore[arg-type]  # a test says what it needs
            self.clock,
            SeededChance(),
            monotonic=self.monotonic,
            on_call=self.on_call,
            resolve=self.resolve,
        )
        self.clients.append(client)
        return client

    def monotonic(self) -> float:
        return self.clock.now().timestamp()

    def on_call(
        self, operation: str, code: str, request_id: str, seconds: float, *, is_change: bool
    ) -> None:
        if is_change:
            self.changes.append(operation)
        self.request_ids.append(request_id)
        self.told.append((operation, code, seconds))

    def resolve(self, host: str, port: int) -> Sequence[str]:
        self.asked.append(host)
        self.clock.sleep(self.resolving_seconds)
        known: list[Sequence[str] | Exception] = self.addresses.get(host, [[host]])
        found = known.pop(0) if len(known) > 1 else known[0]
        if isinstance(found, Exception):
            raise found
        return found

    def close(self) -> None:
        for client in self.clients:
            client.close()


def asking(url: str, **more: object) -> HttpRequest:
    """A request for a test; a reading's by its looks."""
    return HttpRequest(operation="api:Ask", url=url, **more)  # type: ignore[arg-type]


def read(client: HttpClient, url: str, **more: object) -> Answer:
    return client.read(asking(url, **more))


def change(client: HttpClient, url: str, **more: object) -> Answer:
    return client.change(asking(url, **{"method": "POST", **more}), not_after=None)
