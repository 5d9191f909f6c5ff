"""What the log of calls says that keys and secrets were at each instant.

Nothing of the product is imported here or in the checker: the log is replayed
from the state before the first daemon, by the rules of AWS's own documents.
"""

from __future__ import annotations

import json
from collections import defaultdict, deque
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

CURRENT, PREVIOUS, PENDING = "AWSCURRENT", "AWSPREVIOUS", "AWSPENDING"
_KEPT_LINES = 16

Json = dict[str, Any]


@dataclass(slots=True)
class Key:
    """One access key.

    Attributes:
        maker: ``seed``, ``daemon`` or ``person``.
        status: ``Active``, ``Inactive`` or ``Deleted``.
        born: When it was made.
        disabled: When it was last disabled.
        superseded: When consumers were last given another key instead.
        uses: Accepted calls of consumers and people, in order.
    """

    key_id: str
    user: str
    maker: str
    born: datetime
    status: str = "Active"
    was_published: bool = False
    disabled: datetime | None = None
    superseded: datetime | None = None
    uses: list[datetime] = field(default_factory=list)


@dataclass(slots=True)
class Secret:
    """One secret: which version has which label, and which key a version carries."""

    name: str
    labels: dict[str, str] = field(default_factory=dict)
    carried: dict[str, str] = field(default_factory=dict)

    def key_at(self, label: str) -> str:
        """Return the id of the key in the version with this label; empty if none."""
        return self.carried.get(self.labels.get(label, ""), "")

    def move(self, label: str, target: str) -> None:
        """Give a label to a version, or to none; the previous label follows the current."""
        before = self.labels.pop(label, "")
        if target:
            self.labels[label] = target
        if label == CURRENT and before and before != target:
            self.move(PREVIOUS, before)


def instant(text: str) -> datetime:
    """Read an instant of the simulator's."""
    return datetime.fromisoformat(text)


class Ledger:
    """The account as of the last call that was taken."""

    def __init__(self, account: Json, now: str) -> None:
        """Begin with the whole truth at a moment when nothing runs."""
        self.keys: dict[str, Key] = {}
        self.secrets: dict[str, Secret] = {}
        self.lines: dict[str, deque[str]] = defaultdict(lambda: deque(maxlen=_KEPT_LINES))
        for name, user in account["users"].items():
            for key in user["keys"]:
                born = instant(key["created_at"])
                self.keys[key["access_key_id"]] = Key(key["access_key_id"], name, "seed", born)
        self.learn(account)
        for found in account["secrets"]:
            secret = self.secrets[found["name"]]
            for version, told in found["versions"].items():
                secret.labels.update(dict.fromkeys(told["labels"], version))
            self._publish(secret, instant(now))

    def learn(self, account: Json) -> None:
        """Learn which version carries which key; that never changes."""
        for found in account["secrets"]:
            secret = self.secrets.setdefault(found["name"], Secret(found["name"]))
            for version, told in found["versions"].items():
                content = json.loads(told["value"] or "{}")
                secret.carried[version] = str(content.get("AccessKeyId", ""))

    def secret_of(self, user: str) -> Secret | None:
        """Return the secret of one user."""
        return self.secrets.get(f"iam/{user}")

    def current(self, user: str) -> str:
        """Return the id of the key that a user's consumers are given."""
        secret = self.secret_of(user)
        return secret.key_at(CURRENT) if secret else ""

    def is_new_version(self, call: Json) -> bool:
        """Whether a call speaks of a version whose content is not known yet."""
        secret = self.secrets.get(call["secret"])
        told = call["parameters"]
        named = {told.get("MoveToVersionId"), told.get("ClientRequestToken")} - {None}
        return secret is not None and not named <= set(secret.carried)

    def note(self, call: Json) -> None:
        """Keep a line about a change, or a call that failed, for later questions."""
        user = call["user_name"] or call["secret"].removeprefix("iam/")
        told = " ".join(f"{name}={value}" for name, value in call["parameters"].items())
        effect = "done" if call["is_effective"] else call["error"] or call["fault"] or "no effect"
        agent = call["user_agent"].partition("app/")[2].split()[:1] or [call["user_agent"][:20]]
        self.lines[user].append(
            f"{call['at'][11:23]} {agent[0]} {call['operation']} {call['access_key_id']} {told}"
            f" -> {effect}"
        )

    def take(self, call: Json, maker: str) -> None:
        """Carry out one effective change."""
        at, told = instant(call["at"]), call["parameters"]
        match call["operation"]:
            case "CreateAccessKey":
                made = told["CreatedAccessKeyId"]
                self.keys[made] = Key(made, call["user_name"], maker, at)
            case "UpdateAccessKey":
                key = self.keys[call["access_key_id"]]
                key.status = told["Status"]
                key.disabled = at if key.status == "Inactive" else key.disabled
            case "DeleteAccessKey":
                self.keys[call["access_key_id"]].status = "Deleted"
            case "PutSecretValue":
                self._put(self.secrets[call["secret"]], told, at)
            case "UpdateSecretVersionStage":
                secret = self.secrets[call["secret"]]
                secret.move(told["VersionStage"], told.get("MoveToVersionId", ""))
                self._publish(secret, at)
            case other:
                msg = f"{other} is no change"
                raise ValueError(msg)

    def _put(self, secret: Secret, told: Json, at: datetime) -> None:
        version = told["ClientRequestToken"]
        for label in told.get("VersionStages", CURRENT).split(","):
            secret.move(label, version)
        self._publish(secret, at)

    def _publish(self, secret: Secret, at: datetime) -> None:
        """Keep when keys came to be published, and when they ceased to be."""
        current = secret.key_at(CURRENT)
        user = secret.name.removeprefix("iam/")
        for key in self.keys.values():
            if key.user != user:
                continue
            if key.key_id == current:
                key.was_published, key.superseded = True, None
            elif key.was_published and key.superseded is None:
                key.superseded = at
