"""An embedded Stage5 with one workspace, and hands to call it with."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import httpx

from rotator.simulators.stage5.embedded import EmbeddedStage5
from rotator.simulators.stage5.seeding import seed
from rotator.simulators.stage5.shapes import (
    AccessKeySeed,
    Call,
    FaultRule,
    PersonSeed,
    Settings,
    WorkspaceSeed,
)
from rotator.simulators.stage5.state import state_of
from rotator.testing.manual_clock import ManualClock

if TYPE_CHECKING:
    from datetime import datetime

    from rotator.simulators.stage5.shapes import AccessKeyState, SeededWorkspace, WorkspaceState

WORKSPACE, OTHER = "ws_acme", "ws_other"
BASE = "http://simulated.stage5"
KEYS = f"/v1/workspaces/{WORKSPACE}/access-keys"
DAY = 86_400


class Acme:
    """A workspace of two projects, three people beside its owner, and a consumer's key."""

    def __init__(self, *, number: int = 0, plan: str = "business") -> None:
        self.clock = ManualClock()
        self.told: list[Call] = []
        self.simulator = EmbeddedStage5(self.clock, seed=number, on_call=self.told.append)
        self.world = self.simulator.world
        self.http = httpx.Client(transport=self.simulator.transport())
        self.seeded = self.seed(
            plan=plan,
            projects=("support", "sales"),
            people=(
                PersonSeed(name="adam", role="admin"),
                PersonSeed(name="mia", projects=("support",)),
                PersonSeed(name="max"),
            ),
            access_keys=(AccessKeySeed(name="crm", age_seconds=100 * DAY),),
        )

    def seed(self, workspace_id: str = WORKSPACE, **more: object) -> SeededWorkspace:
        wanted = {"workspace_id": workspace_id, **more}
        return seed(self.world, WorkspaceSeed.model_validate(wanted))

    def configure(self, **settings: object) -> None:
        self.world.settings = Settings.model_validate(settings)

    def fault(self, **rule: object) -> None:
        self.world.faults.add(FaultRule.model_validate(rule))

    def wait(self, seconds: float) -> None:
        self.clock.advance(timedelta(seconds=seconds))

    def now(self) -> datetime:
        return self.world.now()

    def later(self, days: float) -> str:
        return (self.now() + timedelta(days=days)).isoformat()

    @property
    def state(self) -> WorkspaceState:
        return state_of(self.world).workspaces[WORKSPACE]

    def key(self, key_id: str) -> AccessKeyState:
        found = self.state.access_key(key_id)
        assert found is not None
        return found

    # ------------------------------------------------------------------ who calls

    @property
    def admin(self) -> str:
        """The daemon's own key."""
        return self.seeded.admin.key

    @property
    def crm(self) -> str:
        """A consumer's key."""
        return self.seeded.access_keys["crm"].key

    def session(self, name: str) -> str:
        return self.seeded.sessions[name]

    # ------------------------------------------------------------------ calling

    def ask(
        self, method: str, path: str, body: object = None, *, token: str | None = None
    ) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token or self.admin}"}
        json = {} if body is None else {"json": body}
        return self.http.request(method, f"{BASE}{path}", headers=headers, **json)  # type: ignore[arg-type]

    def me(self, token: str) -> httpx.Response:
        return self.ask("GET", "/v1/me", token=token)

    def create(self, name: str = "new", *, token: str | None = None, **more: Any) -> httpx.Response:  # noqa: ANN401
        return self.ask("POST", KEYS, {"name": name, **more}, token=token)

    def made(self, name: str = "new", **more: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
        answer = self.create(name, **more)
        assert answer.status_code == 201, answer.text
        told: dict[str, Any] = answer.json()
        return told

    def revoke(self, key_id: str, *, token: str | None = None, reason: str = "") -> httpx.Response:
        query = f"?reason={reason}" if reason else ""
        return self.ask("DELETE", f"{KEYS}/{key_id}{query}", token=token)

    def listed(self, query: str = "") -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self.ask("GET", f"{KEYS}{query}").json()["items"]
        return rows

    def row(self, key_id: str) -> dict[str, Any]:
        return next(row for row in self.listed() if row["id"] == key_id)
