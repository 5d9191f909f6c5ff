"""Nothing that is secret gets out, whatever goes wrong (I5).

Secrets are planted where we read them, minted where we make them, and looked for
in everything that we write: files, logs, metrics, and what every command prints.
"""

from __future__ import annotations

import logging
from contextlib import closing, contextmanager
from io import StringIO
from typing import TYPE_CHECKING

import pytest
import structlog
from click.testing import CliRunner
from prometheus_client import generate_latest

from rotator.cli.main import cli
from rotator.simulators.aws.shapes import FaultKind, FaultRule
from rotator.telemetry.logs import configure_logs
from tests.process.installation import MARK, REGION
from tests.process.stepping import Stepping

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rotator.simulators.aws.clients import SimulatedClients
    from rotator.simulators.aws.process import SimulatedAws

pytestmark = pytest.mark.process

COMMANDS = (
    ("plan",),
    ("plan", "--json"),
    ("keys", "list", "--all"),
    ("keys", "list", "--all", "--json"),
    ("rotations", "list"),
    ("rotations", "list", "--json"),
    ("keys", "rotate", "garbage"),
    ("config", "check"),
)
FAULTS = (
    ("denied", FaultKind.ACCESS_DENIED, "CreateAccessKey"),
    ("broken", FaultKind.SERVER_ERROR, "CreateAccessKey"),
    ("lost", FaultKind.LOSE_ANSWER, "CreateAccessKey"),
)


@contextmanager
def everything_logged() -> Iterator[StringIO]:
    """Log at the most talkative level there is, and put the logging of tests back."""
    root, told = logging.getLogger(), StringIO()
    before = root.handlers[:], root.level
    configure_logs(level="DEBUG", stream=told)
    try:
        yield told
    finally:
        root.handlers[:], level = before
        root.setLevel(level)
        structlog.reset_defaults()


@pytest.fixture
def trouble(
    stepped: SimulatedAws,
    stepped_hands: SimulatedClients,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Stepping]:
    """An installation in which one rotation goes well and everything else goes wrong."""
    steps = Stepping(tmp_path, stepped, stepped_hands)
    site = steps.site
    for name, value in site.environ.items():
        monkeypatch.setenv(name, value)
    for name in ("old", "binary", "unstored", *(name for name, _, _ in FAULTS)):
        site.add_user(name, days=80)
    site.add_user("garbage", days=80, value=f"{{not json {MARK}")
    site.add_user("listed", days=80, value=f'["{MARK}"]')
    site.add_user("typed", days=80, value=f'{{"AccessKeyId": ["{MARK}"]}}')
    with closing(stepped_hands.secrets_manager(site.seeded.human, region=REGION)) as person:
        person.put_secret_value(SecretId="iam/binary", SecretBinary=MARK.encode())
    for user, kind, operation in FAULTS:
        stepped.add_fault(FaultRule(kind=kind, operation=operation, user_name=user, times=None))
    stepped.add_fault(
        FaultRule(kind=FaultKind.ACCESS_DENIED, operation="PutSecretValue", secret="iam/unstored")
    )
    yield steps
    stepped.clear_faults()


def printed(*arguments: str) -> str:
    result = CliRunner().invoke(cli, [*arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result.output


def held(table: str) -> set[str]:
    return {line.split()[0] for line in table.splitlines() if "hold:" in line}


def test_nothing_secret_is_written_anywhere(trouble: Stepping) -> None:
    site = trouble.site
    with everything_logged() as told, trouble.open() as app:
        trouble.consumer.work()
        trouble.finish()
        everywhere = {" ".join(command): printed(*command) for command in COMMANDS}
        for rotation in app.journal.rotations():
            shown = ("rotations", "show", rotation.id)
            everywhere[f"show {rotation.id}"] = printed(*shown) + printed(*shown, "--json")
        everywhere["metrics"] = generate_latest(app.telemetry.registry).decode()
        everywhere["log"] = told.getvalue()
        files = [path for path in site.folder.iterdir() if path.suffix != ".yaml"]
        everywhere |= {path.name: path.read_bytes().decode("latin-1") for path in files}

    assert held(everywhere["keys list --all"]) >= {"denied", "garbage", "listed", "typed", "binary"}
    assert site.is_replaced("old"), "nothing was minted, so nothing was tested"
    assert {"rotator.db", "rotator.db-wal", "audit.jsonl"} <= set(everywhere)
    assert all(everywhere.values())
    assert len(site.secrets()) > len(site.truth().users)
    for secret in site.secrets():
        assert [place for place, text in everywhere.items() if secret in text] == []
