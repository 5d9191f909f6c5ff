"""An installation that looks after one robot's token, and the robot's own program."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rotator.core.accounts import Place
from rotator.core.ids import AccountId
from rotator.journal.opening import open_journal
from rotator.reconcile import confirming
from rotator.simulators.aws.shapes import SecretSeed
from rotator.telemetry.clock import SystemChance, SystemClock
from tests.process.installation import (
    QUICK_GRACE,
    REGION,
    Daemon,
    Installation,
    confirm,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rotator.simulators.aws.process import SimulatedAws
    from rotator.simulators.aws.shapes import SecretState
    from tests.process.jupyterhub.gate import Gate
    from tests.process.jupyterhub.hub import Hub, Token

ROOT = Path(__file__).parents[3]
SHIPPED = ROOT / "config" / "providers" / "jupyterhub.yaml"
PROVIDER = "jupyterhub-token"
NOTE = "nightly-report"

UNDISTURBED = "undisturbed"
AT_THE_HUB = ("create", "verify", "delete")
AT_AWS = ("stage", "promote", "unstage")
WAYS = (UNDISTURBED, *AT_THE_HUB, *AT_AWS)
"""The effects in which a daemon is killed; for each there is a robot of that name."""

REVOKED = "revoked"
"""The robot of the test in which our own token is revoked."""

_PROPAGATION = re.compile(r"^propagation: .*$", re.MULTILINE)
_QUICK_PROPAGATION = "propagation: {create: 1s, revoke: 1s, lastUsed: 1s, request: 1s}"

POLICY = f"""
apiVersion: rotator/v1
kind: Policy
defaults:
  rotate: {{maxAge: 90d, rotateAfter: 67d}}
  {QUICK_GRACE}
rules:
  - name: hub
    match: {{provider: {PROVIDER}, principal: {NOTE}}}
    action: rotate
    destination: {{type: aws-secrets-manager, secret: SECRET}}
"""
HTTP = """
http:
  providers:
    - spec: jupyterhub.yaml
      accounts:
        - id: ACCOUNT
          baseUrl: URL
          params: {user: ROBOT}
          credentials: {admin: env:ROTATOR_TEST_HUB_TOKEN}
          allowPrivate: true
"""


PATIENCE = {"leasePeriod: 3s": "leasePeriod: 8s", "mintBudget: 1s": "mintBudget: 4s"}
"""What several daemons and a hub on a busy machine need, of what is quick elsewhere."""


def quick_spec() -> str:
    """Return the shipped spec, with nothing but its patience made shorter."""
    text, changes = _PROPAGATION.subn(_QUICK_PROPAGATION, SHIPPED.read_text(encoding="utf-8"))
    assert changes == 1
    return text


class HubSite(Installation):
    """One robot's token in one secret, entered through a gate."""

    def __init__(
        self,
        folder: Path,
        aws: SimulatedAws,
        gate: Gate,
        *,
        robot: str,
        token: Token,
        warden: Token,
    ) -> None:
        self.gate, self.robot, self.warden = gate, robot, warden
        self.secret_name = f"hub/{robot}"
        self.account_id = f"hub-{robot}"
        super().__init__(folder, aws, is_confirmed=False)
        content = json.dumps({"KEY_ID": token.id, "SECRET_KEY": token.text})
        tags = {"rotator:owner": "test"}
        aws.seed(
            self.account,
            secrets=[SecretSeed(name=self.secret_name, value=content, region=REGION, tags=tags)],
        )
        self._confirm_hub()

    def _write(self, mode: str, *, is_quick: bool) -> None:
        super()._write(mode, is_quick=is_quick)
        written = HTTP.replace("ACCOUNT", self.account_id).replace("URL", self.gate.url)
        (self.folder / "jupyterhub.yaml").write_text(quick_spec())
        (self.folder / "policy.yaml").write_text(POLICY.replace("SECRET", self.secret_name))
        configured = self.file.read_text() + written.replace("ROBOT", self.robot)
        for usual, patient in PATIENCE.items():
            configured = configured.replace(usual, patient)
        self.file.write_text(configured)

    def _confirm_hub(self) -> None:
        url = f"sqlite:///{self.database}"
        confirm(url, self.account)
        clock, chance = SystemClock(), SystemChance()
        place = Place(provider=PROVIDER, account=AccountId(self.account_id))
        with closing(open_journal(url, chance=chance, exclusive=False)) as journal:
            confirming.confirm(journal, clock, chance, place, operator="test", reason="")

    @property
    def environ(self) -> dict[str, str]:
        return super().environ | {"ROTATOR_TEST_HUB_TOKEN": self.warden.text}

    def hub_secret(self) -> SecretState:
        return next(it for it in self.truth().secrets if it.name == self.secret_name)

    def bundle(self) -> dict[str, str]:
        """Read the secret as the robot does."""
        current = self.hub_secret().labelled("AWSCURRENT")
        found: dict[str, str] = json.loads((current and current.value) or "{}")
        return found

    def audited(self, action: str) -> list[dict[str, Any]]:
        """Read the audit log's records of one kind."""
        told = self.audit.read_text() if self.audit.exists() else ""
        whole = told.splitlines(keepends=True)
        records = [json.loads(line) for line in whole if line.endswith("\n")]
        return [it for it in records if it["action"] == action]

    def written(self) -> str:
        """Everything in the installation's folder, as text."""
        files = [item for item in self.folder.glob("*") if item.is_file()]
        return "\n".join(item.read_bytes().decode("latin-1") for item in files)

    @contextmanager
    def hurried_daemon(self) -> Iterator[Daemon]:
        """Run a daemon that tries again after seconds, where the real one takes a minute."""
        log = self.folder / "daemon-hurried.log"
        with log.open("wb") as stream:
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.process.campaign.talkative", "run"],
                env=self.environ | {"PYTHONPATH": str(ROOT)},
                cwd=self.folder,
                stdin=subprocess.PIPE,
                stdout=stream,
                stderr=stream,
            )
        daemon = Daemon(process, log)
        try:
            yield daemon
        finally:
            if process.poll() is None:
                daemon.kill()
            assert process.stdin is not None
            process.stdin.close()


class Robot:
    """Reads its token where it is published, uses it, and minds every refusal."""

    def __init__(self, site: HubSite, hub: Hub) -> None:
        self.used: list[str] = []
        self.refused: list[str] = []
        self._site = site
        self._hub = hub
        self._over = threading.Event()

    def work(self) -> None:
        """Use the published token once."""
        published = self._site.bundle()
        known = self._hub.admitted(published["SECRET_KEY"])
        (self.used if known else self.refused).append(published["KEY_ID"])

    @contextmanager
    def working(self) -> Iterator[Robot]:
        """Use it twice a second, for the length of the ``with``."""
        thread = threading.Thread(target=self._go_on)
        thread.start()
        try:
            yield self
        finally:
            self._over.set()
            thread.join()

    def _go_on(self) -> None:
        while not self._over.wait(0.4):
            self.work()
