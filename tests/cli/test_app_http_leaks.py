"""Nothing secret of an HTTP API gets out, through the real app and every command (I5).

The service's keys are minted, rotated, refused and revoked, its answers are lost and
garbled, and its secrets are looked for in all that was written and printed meanwhile.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import quote

from click.testing import CliRunner
from prometheus_client import generate_latest

from rotator.app import open_app
from rotator.cli.main import cli
from rotator.core.api_keys import ApiKeyWish
from rotator.core.ids import KeyId
from rotator.core.rotation import Phase
from rotator.core.secret import Secret
from rotator.errors import RotatorError
from rotator.simulators.stage5.shapes import FaultKind, FaultRule
from tests.cli.http_estate import (
    ACME,
    WORKSPACE,
    Installation,
    http_installation,
    http_simulators,
)
from tests.process.test_leaks import everything_logged

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from rotator.app import App

__all__ = ["http_installation", "http_simulators"]


COMMANDS = (
    ("plan",),
    ("plan", "--json"),
    ("accounts", "list"),
    ("keys", "list", "--all"),
    ("keys", "list", "--all", "--json"),
    ("keys", "list", "--account", "acme"),
    ("keys", "list", "--account", "acme", "--json"),
    ("keys", "show", "--account", "acme", "rotator"),
    ("keys", "show", "--account", "acme", "rotator", "--json"),
    ("keys", "history", "--account", "acme"),
    ("keys", "history", "--account", "acme", "--json"),
    ("keys", "prune", "--account", "acme", "--expired"),
    ("rotations", "list"),
    ("rotations", "list", "--json"),
    ("doctor",),
    ("doctor", "--json"),
    ("doctor", "account", "acme"),
    ("doctor", "principal", "web"),
    ("config", "check"),
    ("provider", "list"),
    ("provider", "test", "--account", "acme", "--yes", "--json"),
)
FAULTS = (
    FaultKind.GARBLE,
    FaultKind.SERVER_ERROR_AFTER,
    FaultKind.LOSE_ANSWER,
    FaultKind.ACCESS_DENIED,
    FaultKind.REDIRECT,
)


def printed(*arguments: str) -> str:
    """Run a command; whatever it thinks of its state, it is no crash."""
    result = CliRunner().invoke(cli, [*arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result.output


def trouble(installation: Installation, app: App) -> list[str]:
    """Let everything go wrong that can, by hand and by the daemon; return what was said."""
    (web,) = installation.living("web")
    wish = ApiKeyWish(name="by-hand", lifetime=timedelta(days=9), scopes=("projects:read",))
    keys, told = app.api_keys(ACME), list[str]()
    for kind in FAULTS:
        installation.stage5.add_fault(FaultRule(kind=kind, times=3, workspace_id=WORKSPACE))
        for deed in (
            app.once,
            lambda: keys.create_api_key(wish),
            lambda: keys.try_api_key(Secret(web.key), KeyId(web.id)),
            lambda: keys.usage(KeyId(web.id)),
            lambda: keys.revoke_api_key(KeyId("key_nobodys")),
        ):
            try:
                told.append(repr(deed()))
            except RotatorError as error:
                told += [repr(error), error.diagnostics(), repr(error.__cause__)]
        installation.stage5.clear_faults()
    return told


def finish(installation: Installation, app: App) -> bool:
    """Work until a rotation is over."""
    for _ in range(40):
        app.once()
        installation.use()
        if any(item.phase is Phase.COMPLETED for item in app.journal.rotations()):
            return True
        installation.clock.advance_to(installation.clock.now() + timedelta(hours=3))
    return False


def written(folder: Path) -> dict[str, str]:
    """Return every file of an installation but those that an operator wrote."""
    files = [path for path in folder.iterdir() if path.suffix != ".yaml"]
    return {path.name: path.read_bytes().decode("latin-1") for path in files}


def test_nothing_secret_of_an_api_is_written_anywhere(
    http_installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    installation = http_installation
    settings = installation.settings()
    monkeypatch.setenv("ROTATOR_CONFIG", str(settings.file))
    everywhere: dict[str, str] = {}
    with (
        everything_logged() as log,
        open_app(settings, read_only=False, clock=installation.clock) as app,
    ):
        app.confirm_account(ACME, operator="ann")
        everywhere["errors"] = "\n".join(trouble(installation, app))
        assert finish(installation, app), "nothing was rotated, so nothing was tested"
        everywhere |= {" ".join(command): printed(*command) for command in COMMANDS}
        for rotation in app.journal.rotations():
            shown = ("rotations", "show", rotation.id)
            everywhere[f"show {rotation.id}"] = printed(*shown) + printed(*shown, "--json")
        everywhere["metrics"] = generate_latest(app.telemetry.registry).decode()
        everywhere["log"] = log.getvalue()
        everywhere |= written(installation.folder)

    assert all(everywhere.values())
    assert {"journal.db", "audit.jsonl"} <= set(everywhere)
    state = installation.stage5.state(workspace_id=WORKSPACE).workspaces[WORKSPACE]
    secrets = [key.key for key in state.access_keys]
    assert len(secrets) > 4
    for secret in secrets:
        forms = {secret, quote(secret, safe=""), secret[: len(secret) // 2]}
        leaks = {place for place, text in everywhere.items() for it in forms if it in text}
        assert leaks == set()
