"""Nothing that is secret gets out, whatever goes wrong (I5).

Secrets are planted where we read them, minted where we make them, and looked for
in everything that we write: files, logs, metrics, and what every command prints.
"""

from __future__ import annotations

import logging
from base64 import b64encode
from contextlib import closing, contextmanager
from io import StringIO
from typing import TYPE_CHECKING

import pytest
import structlog
from click.testing import CliRunner
from prometheus_client import generate_latest

from rotator.audit.signing import generate, save
from rotator.cli.main import cli
from rotator.core.secret import Secret
from rotator.simulators.aws.shapes import FaultKind, FaultRule
from rotator.telemetry.logs import configure_logs
from rotator.testing.manual_clock import ManualClock
from tests.notify.bench import Receiver
from tests.process.installation import MARK, REGION
from tests.process.stepping import Stepping

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rotator.simulators.aws.clients import SimulatedClients
    from rotator.simulators.aws.process import SimulatedAws

pytestmark = pytest.mark.process

SECRET = "whsec_" + b64encode(MARK.encode() * 4).decode()
"""What webhooks are signed by."""

COMMANDS = (
    ("plan",),
    ("plan", "--json"),
    ("keys", "list", "--all"),
    ("keys", "list", "--all", "--json"),
    ("rotations", "list"),
    ("rotations", "list", "--json"),
    ("keys", "rotate", "garbage"),
    ("config", "check"),
    *(("report", "compliance", "--format", form) for form in ("markdown", "html", "csv", "json")),
    ("history", "old", "--all"),
    ("history", "old", "--json"),
    *(("audit", "export", "--format", form) for form in ("ocsf", "csv", "native")),
    ("audit", "verify"),
    ("audit", "tail", "-n", "1000"),
    ("audit", "prove", "3"),
    ("notifications", "list"),
    ("notifications", "list", "--json"),
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


@pytest.fixture
def keys(trouble: Stepping) -> tuple[str, ...]:
    """Sign the log, keep fingerprints, and give the keys that do it, as nobody may see them."""
    folder = trouble.site.folder / "keys"
    folder.mkdir()
    save(generate(), folder / "signing")
    save(Secret(f"{MARK}fingerprints".ljust(40, "x")), folder / "k1")
    audit = (
        f"audit: {{signingKey: 'file:{folder}/signing', checkpoints: {{witness: witness}}, "
        f"fingerprints: {{current: k1, keys: {{k1: 'file:{folder}/k1'}}}}, "
    )
    file = trouble.site.file
    file.write_text(file.read_text().replace("audit: {", audit))
    pem = (folder / "signing").read_text()
    return (pem.splitlines()[1], (folder / "k1").read_text())


@pytest.fixture
def receiver(trouble: Stepping) -> Iterator[Receiver]:
    """Let people be told by a webhook, and keep what they are told."""
    made = Receiver()
    with made.served(ManualClock()) as url:
        hook = f"{{name: hook, type: webhook, url: {url}/, secret: env:HOOK_SECRET, "
        section = f"notifications:\n  channels: [{hook}allowPrivate: true}}]\n  default: [hook]\n"
        with (trouble.site.folder / "rotator.yaml").open("a", encoding="utf-8") as file:
            file.write(section)
        yield made


def printed(*arguments: str, piped: str = "") -> str:
    result = CliRunner().invoke(cli, [*arguments], input=piped)
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result.output


def held(table: str) -> set[str]:
    return {line.split()[0] for line in table.splitlines() if "hold:" in line}


def test_nothing_secret_is_written_anywhere(
    trouble: Stepping,
    keys: tuple[str, ...],
    receiver: Receiver,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    site = trouble.site
    monkeypatch.setenv("HOOK_SECRET", SECRET)
    with everything_logged() as told, trouble.open() as app:
        app.notify()
        trouble.consumer.work()
        trouble.finish()
        for _ in range(9):
            app.notify()
        everywhere = {" ".join(command): printed(*command) for command in COMMANDS}
        for rotation in app.journal.rotations():
            shown = ("rotations", "show", rotation.id)
            everywhere[f"show {rotation.id}"] = printed(*shown) + printed(*shown, "--json")
        leaked = {secret: printed("audit", "hash", piped=secret) for secret in site.secrets()}
        everywhere["audit hash"] = "".join(leaked.values())
        picture = app.pictures.snapshots.snapshot_at(trouble.clock.now())
        everywhere["picture"] = picture.body if picture else ""
        everywhere["metrics"] = generate_latest(app.telemetry.registry).decode()
        everywhere["log"] = told.getvalue()
        everywhere["told"] = "".join(f"{it.headers}{it.body.decode()}" for it in receiver.got)
        files = [it for it in site.folder.iterdir() if it.is_file() and it.suffix != ".yaml"]
        everywhere |= {path.name: path.read_bytes().decode("latin-1") for path in files}

    assert held(everywhere["keys list --all"]) >= {"denied", "garbage", "listed", "typed", "binary"}
    assert site.is_replaced("old"), "nothing was minted, so nothing was tested"
    assert {"rotator.db", "rotator.db-wal", "audit.jsonl", "witness"} <= set(everywhere)
    assert "audit.jsonl.checkpoints" in everywhere
    assert "OURS" in everywhere["audit hash"], "no minted secret was recognised"
    assert "rotator_audit_checkpoint_records" in everywhere["metrics"]
    assert all(everywhere.values())
    assert [it for it, text in everywhere.items() if text.startswith(("error", "Usage"))] == []
    assert "dev.rotator.key.published.v1" in everywhere["told"]
    for key in (SECRET[6:], *keys):
        assert [place for place, text in everywhere.items() if key in text] == []
    assert len(site.secrets()) > len(site.truth().users)
    for secret in site.secrets():
        assert [place for place, text in everywhere.items() if secret in text] == []
