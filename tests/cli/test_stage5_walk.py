"""Every command of the page on Stage5, line by line, typed against the simulated workspace."""

from __future__ import annotations

import re
import shlex
from datetime import timedelta
from typing import TYPE_CHECKING

import click
import pytest

from rotator.cli.main import cli
from rotator.simulators.stage5.shapes import AccessKeySeed
from rotator.telemetry.clock import SystemClock
from tests.cli.http_estate import WEB, Installation, http_installation, http_simulators
from tests.cli.stage5_operator import Operator
from tests.docs.test_stage5 import ROWS

if TYPE_CHECKING:
    from click.testing import Result

__all__ = ["http_installation", "http_simulators"]

_COMMAND = re.compile(r"`rotator ([^`]+)`")
COMMANDS = [*dict.fromkeys(text for row in ROWS for text in _COMMAND.findall(row.answer))]
"""What the table tells people to type, each once, in its order."""

WAITS_FOR_A_PERSON = 3
_HOURS = 60


def consents(words: list[str]) -> bool:
    """Whether a command asks before it does something."""
    command: click.Command = cli
    for word in words:
        if not isinstance(command, click.Group):
            break
        command = command.get_command(click.Context(command), word) or command
    return any("--yes" in param.opts for param in command.params)


def typed(operator: Operator, text: str, keys: dict[str, str]) -> Result:
    """Type a command; whoever is asked for a key has the one that the command is about."""
    words = shlex.split(text)
    about = next((key for name, key in keys.items() if name in words), keys["web"])
    agreed = ["--yes"] if consents(words) else []
    return operator.run(*words, *agreed, value=about)


@pytest.fixture
def operator(http_installation: Installation, monkeypatch: pytest.MonkeyPatch) -> Operator:
    monkeypatch.chdir(http_installation.folder)
    made = Operator(http_installation)
    # `provider test` looks at the machine's own clock, so that is where this must end.
    http_installation.clock.advance_to(SystemClock().now() - timedelta(hours=_HOURS))
    # Until the integration's key was replaced: then another rotation can be ordered.
    made.work(_HOURS)
    return made


def test_every_command_of_the_page_works_as_it_is_written(operator: Operator) -> None:
    keys = {"web": operator.installation.published(WEB)["SECRET_KEY"], "crm": ""}
    over = AccessKeySeed(name="over", expires_in_seconds=-60)
    made = operator.seed(access_keys=(AccessKeySeed(name="trial"), AccessKeySeed(name="api"), over))
    keys["api"] = made.access_keys["api"].key
    shown = {}
    for text in COMMANDS:
        result = typed(operator, text, keys)
        shown[text] = result.output
        allowed = {0, WAITS_FOR_A_PERSON} if text == "doctor" else {0}
        assert result.exit_code in allowed, (text, result.output)
        if text.startswith("keys create crm"):
            found = re.search(r"SECRET_KEY=(\S+)", result.stdout)
            assert found is not None
            keys["crm"] = found[1]

    told = "".join(text for command, text in shown.items() if not command.startswith("keys create"))
    assert not any(key in told for key in keys.values())
    assert operator.key("crm").revoked_at is not None
    assert operator.key("over").revoked_at is not None
    assert operator.key("trial").revoked_at is not None
    assert operator.installation.use()
