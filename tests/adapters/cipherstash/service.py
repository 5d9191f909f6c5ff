"""A simulated CipherStash with our admission in front of it, and people beside it."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from typing import TYPE_CHECKING
from uuid import UUID

import httpx

from rotator.clients.http import HttpClient, HttpConfig
from rotator.core.ids import AccountId, Instant, KeyId, RotationId
from rotator.core.secret import KeyMaterial, Secret
from rotator.providers.cipherstash.admission import Admission
from rotator.providers.cipherstash.config import WorkspaceConfig
from rotator.simulators.cipherstash.shapes import (
    AccessKeySeed,
    ClientSeed,
    FaultKind,
    FaultRule,
    KeysetSeed,
    WorkspaceSeed,
)
from rotator.simulators.clock import SteppedClock

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rotator.simulators.cipherstash.process import SimulatedCipherStash
    from rotator.simulators.cipherstash.shapes import Call, ClientState, ClientType, WorkspaceState

ACCOUNT = AccountId("ABCDEFGHIJKLMNOP")
OTHER_ACCOUNT = AccountId("PONMLKJIHGFEDCBA")
ROTATION = RotationId(str(UUID(int=0x5EED)))

_NAMES = count(1)


@dataclass(kw_only=True)
class Told:
    """Remembers what `on_call` was told."""

    calls: list[tuple[str, str, float]] = field(default_factory=list)

    def __call__(
        self, operation: str, code: str, request_id: str, seconds: float, *, is_change: bool
    ) -> None:
        del request_id, is_change
        self.calls.append((operation, code, seconds))


class EvenChance:
    """Chance without surprises."""

    def new_id(self) -> str:
        return str(UUID(int=next(_NAMES)))

    def fraction(self) -> float:
        return 0.5


class Service:
    """One workspace, seeded afresh, on a clock that the simulator follows."""

    def __init__(self, process: SimulatedCipherStash) -> None:
        self.process = process
        self.clock = SteppedClock(process.now(), on_advance=process.advance_to)
        self.seeded = process.seed(
            WorkspaceSeed(
                workspace_id=ACCOUNT,
                keysets=(KeysetSeed(name="tenant-a"), KeysetSeed(name="tenant-b")),
                access_keys=(
                    AccessKeySeed(name="the-control", role="control"),
                    AccessKeySeed(name="the-member", role="member"),
                ),
            )
        )
        self.told = Told()
        self._open: list[HttpClient] = []
        self.http = self.new_http()
        self.admission = self.new_admission()

    def new_http(self, *, read_only: bool = False) -> HttpClient:
        """Make a client, which `close` closes."""
        client = HttpClient(
            HttpConfig(allow_private=True, attempts=2, read_only=read_only),
            self.clock,
            EvenChance(),
            monotonic=lambda: self.clock.now().timestamp(),
            on_call=self.told,
        )
        self._open.append(client)
        return client

    def close(self) -> None:
        for client in self._open:
            client.close()

    def new_config(self) -> WorkspaceConfig:
        """Enter as the administrator; `dataclasses.replace` makes another one of it."""
        return WorkspaceConfig(
            account=ACCOUNT,
            cts_url=self.process.cts_url,
            admin=lambda: Secret(self.seeded.admin.access_key),
        )

    def new_admission(
        self, config: WorkspaceConfig | None = None, *, http: HttpClient | None = None
    ) -> Admission:
        return Admission(config or self.new_config(), http or self.http, self.clock)

    def access_key(self, name: str) -> Secret:
        return Secret(self.seeded.access_keys[name].access_key)

    @property
    def keysets(self) -> dict[str, str]:
        """Ids by name."""
        return self.seeded.keysets

    def keyset(self, name: str = "default") -> str:
        return self.keysets[name]

    def soon(self, seconds: float = 60) -> Instant:
        return Instant(self.clock.now() + timedelta(seconds=seconds))

    def past(self, seconds: float = 60) -> Instant:
        return Instant(self.clock.now() - timedelta(seconds=seconds))

    def configure(self, **settings: object) -> None:
        present = self.process.settings().model_dump()
        shape = type(self.process.settings())
        self.process.configure(shape.model_validate({**present, **settings}))

    def fault(self, kind: FaultKind, operation: str = "*", **more: object) -> None:
        """Arm a fault that strikes once, if `more` says nothing else."""
        rule = {"kind": kind, "operation": operation, **more}
        self.process.add_fault(FaultRule.model_validate(rule))

    @contextmanager
    def failing(self, kind: FaultKind, *operations: str) -> Iterator[None]:
        """Strike every call, or every one of these operations."""
        for operation in operations or ("*",):
            self.fault(kind, operation, times=None)
        try:
            yield
        finally:
            self.process.clear_faults()

    def calls(self, *operations: str) -> list[Call]:
        return self.process.calls(*operations)

    @property
    def state(self) -> WorkspaceState:
        return self.process.state(workspace_id=ACCOUNT).workspaces[ACCOUNT]

    def client(self, client: KeyId) -> ClientState:
        found = self.state.client(client)
        assert found is not None
        return found

    def new_name(self, prefix: str = "svc") -> str:
        return f"{prefix}-{next(_NAMES)}"

    def new_client(self, name: str, *keysets: str, is_device: bool = False) -> KeyMaterial:
        """Seed a client that is bound to the first of these keysets."""
        kind: ClientType = "device" if is_device else "application"
        wanted = ClientSeed(name=name, keysets=keysets or ("default",), client_type=kind)
        seeded = self.process.seed(WorkspaceSeed(workspace_id=ACCOUNT, clients=(wanted,)))
        client = seeded.clients[name]
        return KeyMaterial(key_id=KeyId(client.id), secret=Secret(client.client_key))

    def by_hand(self, call: str, body: object) -> httpx.Response:
        """Make a call of ZeroKMS as a person with every right."""
        return httpx.post(
            f"{self.process.zerokms_url}{call}",
            json=body,
            headers={"authorization": f"Bearer {self.seeded.human}"},
            trust_env=False,
        )
