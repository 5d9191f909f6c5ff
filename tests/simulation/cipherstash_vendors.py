"""The real CipherStash adapters over a simulated CipherStash, as a world's vendors."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import httpx

from rotator.clients.http_messages import Answer, plain
from rotator.core.secret import Secret
from rotator.core.workspace import AccessRole
from rotator.errors import ConflictError, OutcomeUnknownError, UnavailableError
from rotator.providers.cipherstash.access_keys import CipherStashAccessKeys
from rotator.providers.cipherstash.admission import Admission
from rotator.providers.cipherstash.client_keys import CipherStashClientKeys
from rotator.providers.cipherstash.config import ACCESS_KEYS, CLIENT_KEYS, WorkspaceConfig
from rotator.simulators.cipherstash.embedded import EmbeddedCipherStash
from rotator.simulators.cipherstash.proxy_keys import marks_of
from rotator.simulators.cipherstash.seeding import seed
from rotator.simulators.cipherstash.shapes import AccessKeySeed, KeysetSeed, WorkspaceSeed
from rotator.simulators.embedded_transport import OnRequest, ignore_request
from rotator.testing.fake_provider import LISTING_MARGIN
from tests.simulation.cipherstash_people import (
    CTS,
    TENANT,
    WORKSPACE,
    AccessKeys,
    ClientKeys,
    Line,
)
from tests.simulation.cipherstash_truth import Books, base_of
from tests.simulation.cipherstash_wire import wire_to
from tests.simulation.simulator_wire import carried
from tests.simulation.vendors import KeySystem, Vendors

if TYPE_CHECKING:
    from collections.abc import Callable

    from rotator.clients.http import HttpClient
    from rotator.clients.http_messages import HttpRequest
    from rotator.core.ids import Instant
    from rotator.ports.clock import Clock
    from rotator.simulators.cipherstash.shapes import Call
    from rotator.simulators.embedded_transport import EmbeddedTransport
    from rotator.testing.fake_provider import BareFakeProvider
    from rotator.testing.manual_clock import ManualClock
    from tests.simulation.scene import Scene

MARK = "PLAINTEXTMARK"
"""Every secret that the simulator makes contains this, in one of its spellings."""


class EmbeddedHttp:
    """The safe transport's calls, without a network and without repeats."""

    def __init__(self, transport: EmbeddedTransport, clock: Clock) -> None:
        """Send through the simulator; `clock` is what a process takes for the time."""
        self._transport, self._clock = transport, clock

    def allow(self, url: str) -> None:
        """Let requests go to a URL: nothing else is there."""

    def read(self, request: HttpRequest, *, not_after: Instant | None = None) -> Answer:
        """Send what changes nothing."""
        return self._send(request, not_after, is_change=False)

    def change(self, request: HttpRequest, *, not_after: Instant | None) -> Answer:
        """Send what may change something."""
        return self._send(request, not_after, is_change=True)

    def _send(self, request: HttpRequest, not_after: Instant | None, *, is_change: bool) -> Answer:
        if not_after is not None and self._clock.now() > not_after:
            raise ConflictError("its time was over", subject=request.subject, code="too_late")
        headers = {name: plain(value) for name, value in request.headers.items()}
        if request.body is not None:
            headers["content-type"] = request.body.content_type
        content = request.body.content if request.body else b""
        sent = httpx.Request(request.method, plain(request.url), headers=headers, content=content)
        try:
            response = self._transport.handle_request(sent)
        except httpx.RemoteProtocolError:
            kind = OutcomeUnknownError if is_change else UnavailableError
            raise kind("no answer arrived", subject=request.subject) from None
        return Answer(
            operation=request.operation,
            subject=request.subject,
            host=sent.url.host,
            is_change=is_change,
            status=response.status_code,
            headers=dict(response.headers),
            content=response.read(),
            received_at=self._clock.now(),
        )


class CipherStashSide:
    """A simulated workspace with everything that a world needs of it.

    Attributes:
        on_request: Is told of every single call of ours, on both sides of it.
        calls: What our calls were, in order.
        admin: Reads the access key that we enter with, as a process does.
        roles: Which roles the settings give to access keys, by globs of names.
    """

    def __init__(
        self,
        scene: Scene,
        clock: Clock,
        *,
        kinds: tuple[str, ...],
        access: type[CipherStashAccessKeys] = CipherStashAccessKeys,
    ) -> None:
        """Start with a workspace without lineages.

        Args:
            scene: Its habits are the service's.
            clock: The true time.
            kinds: Which providers subjects take in turn.
            access: The adapter for access keys, or a mutant in its place.
        """
        self.kinds, self.habits, self._access = kinds, scene.habits, access
        self.on_request: OnRequest = ignore_request
        self.calls: list[str] = []
        self.stash = EmbeddedCipherStash(clock, seed=scene.seed, on_call=self._heard)
        self.stash.world.settings = self.stash.world.settings.model_copy(
            update={"secret_mark": MARK}
        )
        wanted = WorkspaceSeed(
            workspace_id=WORKSPACE,
            keysets=(KeysetSeed(name=TENANT),),
            access_keys=(AccessKeySeed(name="workloads"),),
        )
        self.seeded = seed(self.stash.world, wanted)
        ours = self.seeded.admin.key_id
        self.wire = wire_to(self.stash, clock, ours)
        self.books = Books(acts=self.wire.acts, workspace=WORKSPACE)
        self.destination = scene.destination(clock, wire=self.wire)
        self.admin: Callable[[], str] = lambda: self.seeded.admin.access_key
        self.roles: tuple[tuple[str, AccessRole], ...] = (("*", AccessRole.MEMBER),)
        self.truths = self._truths(clock)

    def _truths(self, clock: Clock) -> dict[str, AccessKeys | ClientKeys]:
        line = Line(self.stash, self.seeded.human)
        adapters = self._adapters(clock)
        here = (line, self.wire, self.books, self.habits)
        return {
            ACCESS_KEYS: AccessKeys(*here, adapters[ACCESS_KEYS].traits),
            CLIENT_KEYS: ClientKeys(
                *here,
                adapters[CLIENT_KEYS].traits,
                keysets=dict(self.seeded.keysets),
                access_key=self.seeded.access_keys["workloads"].access_key,
            ),
        }

    def _heard(self, call: Call) -> None:
        self.books.heard(self.stash, call)

    def start(self, clock: Clock) -> Vendors:
        """Make the adapters of a process that starts, with an admission of its own.

        Args:
            clock: What the process takes for the time.
        """
        adapters = self._adapters(clock)
        systems = tuple(
            KeySystem(
                truth=cast("BareFakeProvider", self.truths[kind]),
                port=carried(adapters[kind], self.wire, kind, self._is_watched),
                marks=marks_of(MARK),
            )
            for kind in self.kinds
        )
        return Vendors(
            provider=systems[0].truth,
            destination=self.destination,
            provider_port=systems[0].port,
            destination_port=self.destination,
            wire=self.wire,
            marks=systems[0].marks,
            others=systems[1:],
            started=self.start,
        )

    def _adapters(self, clock: Clock) -> dict[str, CipherStashAccessKeys | CipherStashClientKeys]:
        transport = self.stash.transport(on_request=self._on_request)
        http = cast("HttpClient", EmbeddedHttp(transport, clock))
        config = WorkspaceConfig(
            account=WORKSPACE,
            cts_url=CTS,
            admin=lambda: Secret(self.admin()),
            roles=self.roles,
            list_lag=max(self.habits.list_lag, LISTING_MARGIN),
            request_window=self.habits.signature_window,
        )
        admission = Admission(config, http, clock)
        return {
            ACCESS_KEYS: self._access([admission]),
            CLIENT_KEYS: CipherStashClientKeys([admission]),
        }

    def _is_watched(self, name: str) -> bool:
        return base_of(name) in self.books.watched

    def _on_request(self, operation: str, *, is_over: bool) -> None:
        self.calls += [] if is_over else [operation]
        self.on_request(operation, is_over=is_over)


def access_keys(scene: Scene, clock: ManualClock) -> Vendors:
    """Make a simulated workspace and the real adapter for its access keys."""
    return CipherStashSide(scene, clock, kinds=(ACCESS_KEYS,)).start(clock)


def client_keys(scene: Scene, clock: ManualClock) -> Vendors:
    """Make a simulated workspace and the real adapter for its clients."""
    return CipherStashSide(scene, clock, kinds=(CLIENT_KEYS,)).start(clock)


def bundle(scene: Scene, clock: ManualClock) -> Vendors:
    """Make a simulated workspace and both real adapters."""
    return CipherStashSide(scene, clock, kinds=(ACCESS_KEYS, CLIENT_KEYS)).start(clock)
