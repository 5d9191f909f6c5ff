"""What the campaign runs on: an account full of keys, and one installation's files."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from rotator.simulators.aws.shapes import KeySeed, SecretSeed, Settings, UserSeed
from tests.process.campaign.wire import Key
from tests.process.installation import confirm

if TYPE_CHECKING:
    from rotator.simulators.aws.process import SimulatedAws

ACCOUNT = "111122220001"
REGION = "eu-central-1"
MARK = "PLANTED"
ROOT = Path(__file__).parents[3]

LEASE, WINDOW, LIST_LAG = 3, 7, 1
GRACE_MIN, UNUSED_FOR, GRACE_MAX, QUARANTINE = 3, 2, 10, 1
PROPAGATION = 0.5
# A second that is told by its first use, and dates that are cut to whole seconds.
USE_QUANTUM = 2

SIMULATED = Settings(
    propagation_delay_seconds=PROPAGATION,
    revocation_lag_seconds=0,
    list_lag_seconds=0.5,
    last_used_quantum_seconds=1,
    signature_window_seconds=WINDOW,
)
_LIMITS = f"""
engine: {{workers: 4, sweepInterval: 1s, scanInterval: 30s}}
limits:
  clockSkew: 3s
  leasePeriod: {LEASE}s
  mintBudget: 1s
  checkInterval: 1s
  inspectInterval: 1s
  verifyTimeout: 10s
  verifySuccesses: 2
  suspectObservation: 6s
  suspectQuarantine: 2s
"""
_RULES = f"""
  grace:
    {{min: {GRACE_MIN}s, unusedFor: {UNUSED_FOR}s, max: {GRACE_MAX}s, quarantine: {QUARANTINE}s}}
rules:
  - name: services
    match: {{principal: 'service-*'}}
    action: rotate
    destination: {{type: aws-secrets-manager, secret: 'iam/{{principal}}'}}
"""
_BUSY = "{maxAge: 60s, rotateAfter: 12s, jitter: 3s}"
_CALM = "{maxAge: 90d, rotateAfter: 67d}"


@dataclass(slots=True)
class Estate:
    """One account, and the folder of the installation that looks after it."""

    aws: SimulatedAws
    folder: Path
    journal_url: str
    users: tuple[str, ...]
    bystanders: tuple[str, ...]
    admin: Key = field(init=False)
    human: Key = field(init=False)
    strangers: dict[str, Key] = field(init=False)

    def __post_init__(self) -> None:
        """Seed the account and write the files."""
        self.aws.configure(SIMULATED)
        seeded = self.aws.seed(
            ACCOUNT,
            users=[*map(_service, self.users), *map(_bystander, self.bystanders)],
            secrets=[_secret(name) for name in self.users],
        )
        self.admin = Key(seeded.admin.access_key_id, seeded.admin.secret_access_key)
        self.human = Key(seeded.human.access_key_id, seeded.human.secret_access_key)
        self.strangers = {
            name: Key(key.access_key_id, key.secret_access_key)
            for name in self.bystanders
            for key in seeded.users[name]
        }
        self.folder.mkdir(parents=True, exist_ok=True)
        confirm(self.journal_url, ACCOUNT)
        self.write_policy(is_busy=True)

    def write_policy(self, *, is_busy: bool) -> None:
        """Let every key be due after some seconds, or none."""
        (self.folder / "policy.yaml").write_text(
            "apiVersion: rotator/v1\nkind: Policy\n"
            f"defaults:\n  rotate: {_BUSY if is_busy else _CALM}{_RULES}"
        )

    def environ(self, replica: str) -> dict[str, str]:
        """Make the environment of one daemon; AWS sees its name in the user agent."""
        configuration = self._configured(replica)
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("AWS_", "ROTATOR_", "COVERAGE_"))
            and not name.lower().endswith("_proxy")
        }
        return kept | {
            "AWS_ACCESS_KEY_ID": self.admin.key_id,
            "AWS_SECRET_ACCESS_KEY": self.admin.secret,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_SDK_UA_APP_ID": replica,
            "PYTHONPATH": str(ROOT),
            "ROTATOR_CONFIG": str(configuration),
        }

    def _configured(self, replica: str) -> Path:
        """Write a replica's configuration: each has an audit log of its own, as on a disk."""
        traits = f"signatureWindow: {WINDOW}s, listLag: {LIST_LAG}s, useQuantum: {USE_QUANTUM}s"
        path = self.folder / f"{replica}.yaml"
        path.write_text(
            "apiVersion: rotator/v1\nkind: Configuration\nowner: campaign\nmode: enforce\n"
            f"journal: {{url: '{self.journal_url}'}}\n"
            f"audit: {{file: '{self.folder / replica}.audit.jsonl'}}\n"
            f"web: {{port: 0}}\n{_LIMITS}"
            f"aws:\n  region: {REGION}\n  endpointUrl: {self.aws.url}\n"
            f"  traits: {{{traits}}}\n"
            f"  accounts: [{{id: '{ACCOUNT}'}}]\n"
        )
        return path


def _key(name: str, number: int) -> KeySeed:
    key_id = f"AKIAOLD{number}{name.upper().replace('-', '')}".ljust(20, "A")[:20]
    planted = f"{MARK}{name}{number}".ljust(40, "x")
    return KeySeed(access_key_id=key_id, secret_access_key=planted, age_seconds=40)


def _service(name: str) -> UserSeed:
    return UserSeed(name=name, keys=(_key(name, 0),))


def _bystander(name: str) -> UserSeed:
    """Nobody's rule selects this one; it has keys of every kind."""
    return UserSeed(name=name, keys=(_key(name, 0), _key(name, 1)))


def _secret(name: str) -> SecretSeed:
    key = _key(name, 0)
    value = {"AccessKeyId": key.access_key_id, "SecretAccessKey": key.secret_access_key}
    return SecretSeed(
        name=f"iam/{name}",
        value=json.dumps(value),
        region=REGION,
        tags={"rotator:owner": "campaign"},
    )
