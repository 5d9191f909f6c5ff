"""An embedded CipherStash with one workspace, and hands to call it with."""

from __future__ import annotations

from datetime import timedelta
from itertools import count
from typing import TYPE_CHECKING, Any

import httpx

from rotator.simulators.cipherstash.consumer import Bundle, Consumer, RefusedError
from rotator.simulators.cipherstash.embedded import EmbeddedCipherStash
from rotator.simulators.cipherstash.seeding import seed
from rotator.simulators.cipherstash.shapes import (
    AccessKeySeed,
    Call,
    ClientSeed,
    FaultRule,
    KeysetSeed,
    Settings,
    WorkspaceSeed,
)
from rotator.simulators.cipherstash.state import state_of
from rotator.testing.manual_clock import ManualClock

if TYPE_CHECKING:
    from datetime import datetime

    from rotator.simulators.cipherstash.shapes import SeededWorkspace, WorkspaceState

WORKSPACE, OTHER = "ABCDEFGHIJKLMNOP", "PONMLKJIHGFEDCBA"
REGION = "eu-west-1.aws"
BASE = "http://simulated.cipherstash"
DAY = 86_400
IVS = (bytes([number]) * 16 for number in count(1))


class Stash:
    """A workspace with a key of each role, keysets ``default`` and ``tenant``, clients of both."""

    def __init__(self, *, number: int = 0) -> None:
        self.clock = ManualClock()
        self.told: list[Call] = []
        self.simulator = EmbeddedCipherStash(self.clock, seed=number, on_call=self.told.append)
        self.world = self.simulator.world
        self.http = httpx.Client(transport=self.simulator.transport())
        self.seeded = self.seed(
            access_keys=tuple(
                AccessKeySeed(name=role, role=role, age_seconds=100 * DAY)
                for role in ("member", "control", "admin")
            ),
            keysets=(KeysetSeed(name="tenant"),),
            clients=(
                ClientSeed(name="one", keysets=("default", "tenant")),
                ClientSeed(name="two", keysets=("default", "tenant")),
                ClientSeed(name="narrow"),
                ClientSeed(name="bare", keysets=()),
            ),
        )

    def seed(self, workspace_id: str = WORKSPACE, **more: object) -> SeededWorkspace:
        wanted = {"workspace_id": workspace_id, "region": REGION, **more}
        return seed(self.world, WorkspaceSeed.model_validate(wanted))

    def configure(self, **settings: object) -> None:
        self.world.settings = Settings.model_validate(settings)

    def fault(self, **rule: object) -> FaultRule:
        made = FaultRule.model_validate(rule)
        self.world.faults.add(made)
        return made

    def wait(self, seconds: float) -> None:
        self.clock.advance(timedelta(seconds=seconds))

    def now(self) -> datetime:
        return self.world.now()

    @property
    def state(self) -> WorkspaceState:
        return state_of(self.world).workspaces[WORKSPACE]

    # ------------------------------------------------------------------ calling

    def ask(
        self, method: str, path: str, body: object = None, *, token: str = "", base: str = BASE
    ) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        json = {} if method == "GET" else {"json": body}
        return self.http.request(method, f"{base}{path}", headers=headers, **json)  # type: ignore[arg-type]

    def authorise(self, access_key: str, *, path: str = "/api/authorise") -> httpx.Response:
        return self.ask("POST", path, {"accessKey": access_key})

    def token(self, role: str = "admin", *, path: str = "/api/authorise") -> str:
        """Return a token of the key that has this name and role."""
        answer = self.authorise(self.seeded.access_keys[role].access_key, path=path)
        return str(answer.json()["accessToken"])

    def create_key(
        self, name: str, *, role: str | None = None, token: str | None = None
    ) -> httpx.Response:
        body = {"keyName": name, "workspaceId": WORKSPACE}
        asked = body if role is None else {**body, "role": role}
        return self.ask("POST", "/api/access-keys", asked, token=token or self.seeded.human)

    def revoke_key(self, name: str, *, token: str | None = None) -> httpx.Response:
        body = {"keyName": name, "workspaceId": WORKSPACE}
        return self.ask("DELETE", "/api/access-key", body, token=token or self.seeded.human)

    def list_keys(self, *, token: str | None = None) -> dict[str, dict[str, Any]]:
        answer = self.ask("GET", "/api/access-keys", token=token or self.seeded.human)
        return {row["keyName"]: row for row in answer.json()}

    def zerokms(
        self, operation: str, body: object = None, *, token: str | None = None
    ) -> httpx.Response:
        return self.ask("POST", f"/zerokms/{operation}", body, token=token or self.seeded.human)

    def clients(self) -> dict[str, dict[str, Any]]:
        return {row["name"]: row for row in self.zerokms("list-clients").json()}

    # --------------------------------------------------------------- consuming

    def bundle(self, client: str, *, key_of: str = "") -> Bundle:
        """Return a consumer's secret; `key_of` puts another client's key into it."""
        seeded = self.seeded.clients
        return Bundle(
            access_key=self.seeded.access_keys["member"].access_key,
            client_id=seeded[client].id,
            client_key=seeded[key_of or client].client_key,
        )

    def consumer(self, client: str, *, keyset: str | None = None, key_of: str = "") -> Consumer:
        """Start a consumer; a keyset is opened by its name."""
        opened = self.seeded.keysets[keyset] if keyset else None
        bundle = self.bundle(client, key_of=key_of)
        return Consumer(self.http, f"{BASE}/", bundle, keyset=opened)

    def status_of(self, client: str, *, keyset: str | None = None) -> int:
        """Return the status with which a consumer is refused; 200 when it is let in."""
        try:
            self.consumer(client, keyset=keyset)
        except RefusedError as refused:
            return refused.status
        return 200
