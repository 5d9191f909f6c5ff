"""One whole installation in a folder: both files, a journal, an audit log, an AWS account."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from contextlib import closing, contextmanager, suppress
from itertools import count
from typing import TYPE_CHECKING, Any, TypeVar

from rotator.core.accounts import Place
from rotator.core.ids import AccountId
from rotator.journal.opening import open_journal, upgrade_journal
from rotator.providers.aws_iam import PROVIDER
from rotator.reconcile import confirming
from rotator.simulators.aws.shapes import KeySeed, SecretSeed, UserSeed
from rotator.telemetry.clock import SystemChance, SystemClock, monotonic_seconds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from rotator.simulators.aws.process import SimulatedAws
    from rotator.simulators.aws.shapes import AccountState, Call, SecretState, UserState

T = TypeVar("T")

REGION = "eu-central-1"
DAY_SECONDS = 86_400
MARK = "PLANTED"
MUTATING = (
    "CreateAccessKey",
    "UpdateAccessKey",
    "DeleteAccessKey",
    "TagUser",
    "UntagUser",
    "CreateSecret",
    "PutSecretValue",
    "UpdateSecretVersionStage",
    "TagResource",
    "UntagResource",
)
QUICK = """
engine: {workers: 2, sweepInterval: 1s, scanInterval: 1h}
limits:
  leasePeriod: 3s
  mintBudget: 1s
  checkInterval: 1s
  inspectInterval: 1s
  verifyTimeout: 10s
  verifySuccesses: 2
  suspectObservation: 1s
  suspectQuarantine: 1s
"""
PATIENT = """
limits:
  checkInterval: 2h
  inspectInterval: 2h
  suspectObservation: 6h
  suspectQuarantine: 12h
"""
PATIENT_GRACE = "grace: {min: 6h, unusedFor: 6h, max: 2d, quarantine: 6h}"
QUICK_TRAITS = "traits: {signatureWindow: 1s, listLag: 1s, useQuantum: 1s}"
QUICK_GRACE = "grace: {min: 1s, unusedFor: 1s, max: 1m, quarantine: 1s}"

_UPGRADING = threading.Lock()
"""Migrations run in one thread of a process at a time: their tool keeps its context in globals."""

_ACCOUNTS = count(111122220000)
_PATIENCE_SECONDS = 90


def eventually(
    probe: Callable[[], T | None], *, what: str, seconds: float = _PATIENCE_SECONDS
) -> T:
    """Ask until there is an answer that is not empty."""
    ends = monotonic_seconds() + seconds
    pause = threading.Event()
    while monotonic_seconds() < ends:
        found = probe()
        if found:
            return found
        pause.wait(0.15)
    msg = f"in {seconds} s there was not: {what}"
    raise AssertionError(msg)


def confirm(url: str, account: str) -> None:
    """Make the journal and confirm an account in it, as `rotator accounts confirm` does."""
    with _UPGRADING:
        upgrade_journal(url)
    clock, chance = SystemClock(), SystemChance()
    with closing(open_journal(url, chance=chance, exclusive=False)) as journal:
        place = Place(provider=PROVIDER, account=AccountId(account))
        confirming.confirm(journal, clock, chance, place, operator="test", reason="")


class Daemon:
    """A ``rotator run`` and what it wrote to its standard error."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self.process = process
        self._log = log

    def lines(self) -> list[dict[str, Any]]:
        found = []
        for line in self._log.read_text().splitlines():
            with suppress(json.JSONDecodeError):  # half a line, or a kill in mid-line
                found.append(json.loads(line))
        return found

    def told(self, event: str) -> dict[str, Any] | None:
        return next((line for line in self.lines() if line["event"] == event), None)

    def url(self) -> str:
        return str(eventually(lambda: self.told("probes served"), what="an address")["url"])

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(_PATIENCE_SECONDS)


def _unmeasured(environ: dict[str, str]) -> dict[str, str]:
    return {name: it for name, it in environ.items() if not name.startswith("COVERAGE_")}


class Installation:
    """Its account is its own, so that installations can share a simulator."""

    def __init__(
        self,
        folder: Path,
        aws: SimulatedAws,
        *,
        mode: str = "enforce",
        is_quick: bool = True,
        is_confirmed: bool = True,
    ) -> None:
        self.aws = aws
        self.folder = folder
        self.account = str(next(_ACCOUNTS))
        self.file = folder / "rotator.yaml"
        self.database = folder / "rotator.db"
        self.audit = folder / "audit.jsonl"
        self.seeded = aws.seed(self.account)
        self._logs = 0
        self._write(mode, is_quick=is_quick)
        if mode == "enforce" and is_confirmed:
            confirm(f"sqlite:///{self.database}", self.account)

    def _write(self, mode: str, *, is_quick: bool) -> None:
        folder, url = self.folder, self.aws.url
        folder.mkdir(parents=True, exist_ok=True)
        traits = QUICK_TRAITS if is_quick else ""
        self.file.write_text(
            f"apiVersion: rotator/v1\nkind: Configuration\nowner: test\nmode: {mode}\n"
            f"journal: {{url: 'sqlite:///{self.database}'}}\naudit: {{file: '{self.audit}'}}\n"
            f"web: {{port: 0}}\n{QUICK if is_quick else PATIENT}"
            f"aws:\n  region: {REGION}\n  endpointUrl: {url}\n  {traits}\n"
            f"  accounts: [{{id: '{self.account}'}}]\n"
        )
        grace = QUICK_GRACE if is_quick else PATIENT_GRACE
        (folder / "policy.yaml").write_text(
            "apiVersion: rotator/v1\nkind: Policy\n"
            f"defaults:\n  rotate: {{maxAge: 90d, rotateAfter: 67d}}\n  {grace}\n"
            "rules:\n  - name: all\n    match: {principal: '*'}\n    action: rotate\n"
            "    destination: {type: aws-secrets-manager, secret: 'iam/{principal}'}\n"
        )

    @property
    def environ(self) -> dict[str, str]:
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("AWS_", "ROTATOR_")) and not name.lower().endswith("_proxy")
        }
        return kept | {
            "AWS_ACCESS_KEY_ID": self.seeded.admin.access_key_id,
            "AWS_SECRET_ACCESS_KEY": self.seeded.admin.secret_access_key,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            "ROTATOR_CONFIG": str(self.file),
        }

    def add_user(self, name: str, *, days: float, value: str | None = None) -> None:
        """Add a user with one key of this age, published in the user's secret."""
        number = f"{next(_ACCOUNTS)}"
        key_id, secret = f"AKIAOLD0{number}", f"{MARK}{name}{number}".ljust(40, "x")
        document = {"AccessKeyId": key_id, "SecretAccessKey": secret}
        key = KeySeed(
            access_key_id=key_id, secret_access_key=secret, age_seconds=days * DAY_SECONDS
        )
        self.aws.seed(
            self.account,
            users=[UserSeed(name=name, keys=(key,))],
            secrets=[
                SecretSeed(
                    name=f"iam/{name}",
                    value=json.dumps(document) if value is None else value,
                    region=REGION,
                    tags={"rotator:owner": "test"},
                )
            ],
        )

    def truth(self) -> AccountState:
        return self.aws.state(account_id=self.account).accounts[self.account]

    def user(self, name: str) -> UserState:
        return self.truth().users[name]

    def secret(self, name: str) -> SecretState:
        return next(it for it in self.truth().secrets if it.name == f"iam/{name}")

    def calls(self, *operations: str) -> list[Call]:
        """What our own administrator sent."""
        ours = self.seeded.admin.access_key_id
        return [call for call in self.aws.calls(*operations) if call.caller == ours]

    def calls_about(self, user: str, operation: str) -> int:
        """Count what we sent of one operation for one user."""
        return sum(call.user_name == user for call in self.calls(operation))

    def published(self, name: str) -> str:
        """Return the id of the key that consumers read."""
        current = self.secret(name).labelled("AWSCURRENT")
        return str(json.loads((current and current.value) or "{}").get("AccessKeyId"))

    def is_replaced(self, name: str) -> bool:
        """Whether the user's only key is one that we made, and the one that is published."""
        ids = [key.access_key_id for key in self.user(name).keys]
        is_new = len(ids) == 1 and not ids[0].startswith("AKIAOLD")
        return is_new and ids == [self.published(name)]

    def wait_for_replacement(self, name: str) -> None:
        eventually(lambda: self.is_replaced(name), what=f"a new key alone for {name}")

    def secrets(self) -> set[str]:
        """Every secret that this account ever held."""
        truth = self.truth()
        keys = [key for user in truth.users.values() for key in user.keys]
        return {MARK, *(key.secret_access_key for key in (*keys, *truth.deleted_keys))}

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run one command as a process of its own."""
        return subprocess.run(
            [sys.executable, "-m", "rotator", *arguments],
            env=self.environ,
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=_PATIENCE_SECONDS,
            check=False,
        )

    @contextmanager
    def daemon(self, *, is_measured: bool = True) -> Iterator[Daemon]:
        """Run the daemon; at the end of the ``with`` there is none, whatever happened.

        Coverage, which measures it, hears SIGTERM before any line of ours runs.
        """
        self._logs += 1
        log = self.folder / f"daemon-{self._logs}.log"
        with log.open("wb") as stream:
            process = subprocess.Popen(
                [sys.executable, "-m", "rotator", "run"],
                env=self.environ if is_measured else _unmeasured(self.environ),
                cwd=self.folder,
                stdout=stream,
                stderr=stream,
            )
        daemon = Daemon(process, log)
        try:
            yield daemon
        finally:
            if process.poll() is None:
                daemon.kill()
