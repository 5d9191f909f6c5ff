"""A simulated Stage5 on a port, and `rotator provider test` in front of it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from rotator.simulators.simulated_time import SimulatedTime
from rotator.simulators.stage5.seeding import seed
from rotator.simulators.stage5.server import SimulatorServer
from rotator.simulators.stage5.shapes import AccessKeySeed, WorkspaceSeed
from rotator.telemetry.clock import SystemClock
from tests.cli.api_desk import SECTION, SPEC, ApiDesk
from tests.gates.tree import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from click.testing import Result

STAGE5 = ROOT / "rotator" / "simulators" / "stage5" / "spec.yaml"


@pytest.fixture
def desk(tmp_path: Path) -> ApiDesk:
    return ApiDesk(tmp_path)


class Live:
    """A simulated Stage5 on a port, and the command in front of it."""

    def __init__(self, desk: ApiDesk, server: SimulatorServer) -> None:
        self.desk, self.server = desk, server
        wanted = WorkspaceSeed(
            workspace_id="ws_acme",
            access_keys=(AccessKeySeed(name="rotator-test-00000000-a", age_seconds=7200),),
        )
        self.admin = seed(server.world, wanted).admin.key
        token = desk.folder / "token"
        token.write_text(self.admin, encoding="utf-8")
        self.given = (
            *("--base-url", f"{server.url}/v1", "--param", "workspace=ws_acme"),
            *("--credential", f"admin=file:{token}", "--allow-private"),
        )

    def test(self, *more: str, answer: str = "") -> Result:
        """Give everything on the command line."""
        return self.desk.run("provider", "test", str(STAGE5), *self.given, *more, answer=answer)

    def configure(self) -> None:
        """Let the desk's account `hub` be this workspace."""
        section = SECTION.replace("spec: hub.yaml", f"spec: {STAGE5}")
        section = section.replace("https://hub.example/api", f"{self.server.url}/v1")
        section = section.replace("{user: robot}", "{workspace: ws_acme}")
        section = section.replace("env:HUB_TOKEN", "file:token")
        more = "          lifetime: 120d\n          allowPrivate: true\n"
        self.desk.configure(SPEC, section + more)

    @property
    def names(self) -> list[str]:
        """Name the keys that are not revoked."""
        keys = self.server.world.workspaces["ws_acme"].keys.values()
        return sorted(key.name for key in keys if key.revoked_at is None)


@pytest.fixture
def live(desk: ApiDesk) -> Iterator[Live]:
    server = SimulatorServer(0, SimulatedTime(SystemClock().now(), is_ticking=True))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield Live(desk, server)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
