"""An operator of a Stage5 workspace: every command, through the real app and over HTTP."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from click.testing import CliRunner

from rotator.app import open_app
from rotator.cli.invocation import Invocation
from rotator.cli.main import cli
from rotator.simulators.stage5.shapes import WorkspaceSeed
from tests.cli.http_estate import ACME, OWN, WORKSPACE

if TYPE_CHECKING:
    from click.testing import Result

    from rotator.simulators.stage5.shapes import AccessKeyState, SeededWorkspace
    from tests.cli.http_estate import Installation

_LOOK_HOURS = 3


@dataclass
class Operator:
    """Types commands in the installation's folder, in front of the workspace `acme`."""

    installation: Installation

    def __post_init__(self) -> None:
        self.installation.settings()
        assert self.run("db", "upgrade").exit_code == 0

    def run(self, *arguments: str, value: str = "") -> Result:
        """Run a command; `value` is its standard input."""
        invocation = Invocation(
            config=self.installation.folder / "rotator.yaml",
            is_terminal=False,
            can_ask=False,
            environ={"USER": "ann"},
            opener=partial(open_app, clock=self.installation.clock),
        )
        return CliRunner().invoke(
            cli, arguments, obj=invocation, input=value, catch_exceptions=False
        )

    def told(self, *arguments: str) -> Any:  # noqa: ANN401 - JSON
        """Run a command with ``--json`` and return what it says."""
        result = self.run(*arguments, "--json")
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)

    def made(self, name: str, *options: str) -> tuple[str, str]:
        """Make a key by hand; return its id and the key itself."""
        result = self.run("keys", "create", name, "--account", "acme", *options)
        assert result.exit_code == 0, result.output
        lines = dict(line.split("=", 1) for line in result.stdout.splitlines())
        return lines["KEY_ID"], lines["SECRET_KEY"]

    def seed(self, **more: Any) -> SeededWorkspace:  # noqa: ANN401 - a seed's fields
        """Let others do something in the workspace."""
        return self.installation.stage5.seed(WorkspaceSeed(workspace_id=WORKSPACE, **more))

    def enter_with(self, token: str) -> None:
        """Let the account be entered with something else than its own key."""
        folder = self.installation.folder
        (folder / "token").write_text(token, encoding="utf-8")
        file = folder / "rotator.yaml"
        text = file.read_text(encoding="utf-8")
        ours = f'"secret:{OWN}#SECRET_KEY"'
        assert ours in text
        file.write_text(text.replace(ours, f"file:{folder}/token"), encoding="utf-8")

    def wait(self, **period: float) -> None:
        """Let time pass."""
        clock = self.installation.clock
        clock.advance_to(clock.now() + timedelta(**period))

    def key(self, name: str) -> AccessKeyState:
        """Return the truth about the youngest key of this name, revoked or not."""
        state = self.installation.stage5.state(workspace_id=WORKSPACE).workspaces[WORKSPACE]
        return [key for key in state.access_keys if key.name == name][-1]

    def works(self, key: str) -> bool:
        """Say whether an integration is let in with a key."""
        return self.installation.is_admitted(key)

    def work(self, hours: int) -> None:
        """Let the daemon work, for an hour or more; the integration is never refused."""
        settings = self.installation.settings()
        with open_app(settings, read_only=False, clock=self.installation.clock) as app:
            app.confirm_account(ACME, operator="ann")
            for _ in range(0, hours, _LOOK_HOURS):
                app.once()
                assert self.installation.use(), "the integration was refused"
                self.wait(hours=min(hours, _LOOK_HOURS))
