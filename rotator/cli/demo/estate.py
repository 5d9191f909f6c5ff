"""Eight users of a small company, and what a stranger should expect of each."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from rotator.core.reasons import Reason
from rotator.simulators.aws.shapes import FaultKind, FaultRule, KeySeed, SecretSeed, UserSeed

if TYPE_CHECKING:
    from rotator.simulators.aws.process import SimulatedAws
    from rotator.simulators.aws.shapes import SeededAccount

ACCOUNT: Final = "111122223333"
REGION: Final = "eu-central-1"
DAYS: Final = 120
OWNER: Final = "rotator-demo"

_DAY: Final = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Character:
    """One user of the demonstration.

    Attributes:
        about: What is special about it, in a few words.
        age_days: Age of its key on the first day.
        rotations: How often its key is to be replaced in 120 days.
        ends: What a person should see of it on the last day.
        hold: Why it waits on the last day; None if it does not.
        caches_steps: How many steps its consumer keeps a secret before it reads
            it again; None for one that never does.
    """

    name: str
    about: str
    age_days: int
    rotations: int
    ends: str
    path: str = "/svc/"
    hold: Reason | None = None
    keys: int = 1
    is_person: bool = False
    has_secret: bool = True
    has_other_fields: bool = False
    caches_steps: int | None = 0


CAST: Final = (
    Character(name="svc-fresh", about="a young key", age_days=5, rotations=1, ends="rotated"),
    Character(
        name="svc-billing",
        about="an old key; its consumer caches for a day",
        age_days=80,
        rotations=2,
        ends="rotated",
        caches_steps=2,
    ),
    Character(
        name="svc-legacy",
        about="an old key; its consumer clings to it",
        age_days=80,
        rotations=0,
        ends="held",
        hold=Reason.STILL_USED,
        caches_steps=None,
    ),
    Character(
        name="svc-twins",
        about="two keys, so there is no free slot",
        age_days=80,
        rotations=0,
        ends="held",
        hold=Reason.SLOTS_FULL,
        keys=2,
    ),
    Character(
        name="jane.doe",
        about="a person with a console password",
        age_days=200,
        rotations=0,
        ends="reported",
        is_person=True,
        has_secret=False,
    ),
    Character(
        name="batch-export",
        about="no rule names it",
        age_days=300,
        rotations=0,
        ends="reported",
        path="/batch/",
        has_secret=False,
    ),
    Character(
        name="svc-checkout",
        about="its secret has other JSON fields",
        age_days=80,
        rotations=2,
        ends="rotated",
        has_other_fields=True,
    ),
    Character(
        name="svc-throttled",
        about="AWS throttles its calls",
        age_days=80,
        rotations=2,
        ends="rotated",
    ),
)
"""The users, in the order in which they are shown."""

OTHER_FIELDS: Final = {"host": "db.internal", "port": 5432, "tags": ["a", "b"]}
"""What stands in a secret beside the key, and must still stand there at the end."""

CONFIGURATION: Final = """\
apiVersion: rotator/v1
kind: Configuration
owner: {owner}
mode: enforce
policy: policy.yaml
journal:
  url: sqlite:///{folder}/rotator.db
audit:
  file: {folder}/audit.jsonl
web:
  port: 0
limits:
  checkInterval: 24h
  inspectInterval: 48h
aws:
  region: {region}
  endpointUrl: {url}
  accounts:
    - id: "{account}"
      name: demo
"""
"""The daemon's configuration; the journal and the audit log live in a temporary folder."""

POLICY: Final = """\
apiVersion: rotator/v1
kind: Policy
defaults:
  rotate: {maxAge: 90d}
  grace: {min: 24h, unusedFor: 24h, max: 7d, quarantine: 48h}
rules:
  - name: checkout
    match: {principal: svc-checkout}
    action: rotate
    destination: {type: aws-secrets-manager, secret: "iam/{principal}", merge: true}
  - name: services
    match: {path: /svc/*}
    action: rotate
    destination: {type: aws-secrets-manager, secret: "iam/{principal}"}
"""
"""The policy: services are rotated; whom no rule names is reported."""


def seed(aws: SimulatedAws) -> SeededAccount:
    """Fill the simulated account, first with users, then with what publishes their keys."""
    users = [
        UserSeed(
            name=character.name,
            path=character.path,
            console_password=character.is_person,
            keys=tuple(
                KeySeed(age_seconds=character.age_days * _DAY) for _ in range(character.keys)
            ),
        )
        for character in CAST
    ]
    account = aws.seed(ACCOUNT, users=users)
    aws.seed(
        ACCOUNT,
        secrets=[
            SecretSeed(name=secret_name(character), value=_value(character, account), region=REGION)
            for character in CAST
            if character.has_secret
        ],
    )
    for operation in ("CreateAccessKey", "UpdateAccessKey"):
        aws.add_fault(
            FaultRule(
                kind=FaultKind.THROTTLE, operation=operation, user_name="svc-throttled", times=3
            )
        )
    return account


def secret_name(character: Character) -> str:
    """Where a character's key is published."""
    return f"iam/{character.name}"


def _value(character: Character, account: SeededAccount) -> str:
    key = account.users[character.name][0]
    others = OTHER_FIELDS if character.has_other_fields else {}
    return json.dumps(
        {
            **others,
            "AccessKeyId": key.access_key_id,
            "SecretAccessKey": key.secret_access_key,
        }
    )
