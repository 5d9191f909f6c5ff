"""What people are told: notices, and the state in which each is on its way.

A notice is made of words of ours and of names that others chose. Those are made
harmless here, once: one line, no control characters, a bounded length. What marks
up a text on a channel is that channel's to escape.
"""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Final
from uuid import UUID, uuid5

from rotator.core.chain import canonical
from rotator.core.ids import instant

if TYPE_CHECKING:
    from rotator.core.ids import Instant

LONGEST_TEXT: Final = 300
"""Most characters of a text that somebody else chose."""

_NAMESPACE = UUID("3d3a9c3e-6d2b-5d55-9a6e-2f0f3c5f8b11")
_UUID = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
_LIKE_AN_ID = re.compile(rf"(?<![\w-])(?:{_UUID}|(?=\w*\d)\w{{16,}})(?![\w-])", re.ASCII)
_SHORTEST_CUT = 12
_ENDS = 4


class Delivery(StrEnum):
    """How far a notice is on one channel."""

    WAITING = "waiting"
    TOLD = "told"
    GIVEN_UP = "given_up"


class Severity(StrEnum):
    """How much a notice wants of a person; the words are OpenTelemetry's."""

    INFO = "INFO"
    WARN = "WARN"
    ERROR = "ERROR"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """One notice on its way to one channel.

    Attributes:
        id: UUID text, made of the channel and the change that it tells of, so that one
            change is noted once.
        channel: The channel's name in the configuration.
        body: The notice as canonical JSON; never a secret.
        made_at: When it was noted.
        next_at: When it is tried next.
        attempts: How often it was tried.
        delivery: How far it is.
        last_error: Our code for the last failure; empty without one.
    """

    id: str
    channel: str
    body: str
    made_at: Instant
    next_at: Instant
    attempts: int = 0
    delivery: Delivery = Delivery.WAITING
    last_error: str = ""

    @property
    def notice(self) -> Notice:
        """What is told."""
        return read_body(self.body)


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    """Up to where notices were made; it moves only forward, in the commit of the notices.

    Attributes:
        until: The last audit record's number; -1 at first.
        policy: SHA-256 of the policy that was last told or known; empty at first.
        day: The day in UTC of the last digest, as ``2026-11-21``; empty at first.
    """

    until: int = -1
    policy: str = ""
    day: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What is told, the same on every channel.

    Attributes:
        kind: A noun and a verb, such as ``rotation.completed``; never changes its meaning.
        severity: How much it wants of a person.
        at: When it happened.
        summary: What happened, in one sentence.
        provider: Whose key it is about; empty where it is about none.
        account: The account.
        principal: Whom the key belongs to.
        rule: The policy's rule.
        owner: Whom the owner's tags name; empty while unknown.
        key: The key's id, cut short.
        destination: Where consumers read the key.
        actor: Who acted: ``daemon`` or ``operator:<name>``.
        reason: Why, in one sentence.
        what_next: What happens next; empty where nothing does.
        next_at: When that is at the earliest; None where it has no time.
        who_acts: Who must do something; empty where nobody must.
        command: What to type to see or to change it.
        runbook: The runbook's name in `docs/runbooks`, or empty.
        rotation: The rotation's id; the same in logs and in the audit log.
        record: The number of the audit record it was made of; None for others.
        items: Of a digest: its lines.
    """

    kind: str
    severity: Severity
    at: Instant
    summary: str
    provider: str = ""
    account: str = ""
    principal: str = ""
    rule: str = ""
    owner: str = ""
    key: str = ""
    destination: str = ""
    actor: str = "daemon"
    reason: str = ""
    what_next: str = ""
    next_at: Instant | None = None
    who_acts: str = ""
    command: str = ""
    runbook: str = ""
    rotation: str = ""
    record: int | None = None
    items: tuple[str, ...] = ()


def body_of(notice: Notice) -> str:
    """Write a notice as the canonical JSON that the outbox keeps."""
    fields = asdict(notice)
    fields["severity"] = notice.severity.value
    fields["at"] = notice.at.isoformat()
    fields["next_at"] = notice.next_at.isoformat() if notice.next_at else None
    fields["items"] = list(notice.items)
    return canonical(fields)


def read_body(body: str) -> Notice:
    """Read what `body_of` wrote, also by another release: what is unknown here is dropped.

    A severity that is unknown here is taken for a warning.

    Raises:
        ValueError: It is no notice.
    """
    fields = json.loads(body)
    known = {name: value for name, value in fields.items() if name in Notice.__slots__}
    word = fields["severity"]
    known["severity"] = Severity(word) if word in frozenset(Severity) else Severity.WARN
    known["at"] = instant(datetime.fromisoformat(fields["at"]))
    known["items"] = tuple(fields.get("items", ()))
    if fields.get("next_at"):
        known["next_at"] = instant(datetime.fromisoformat(fields["next_at"]))
    return Notice(**known)


def notice_id(channel: str, change: str) -> str:
    """Name the notice of one change on one channel, the same way in every replica."""
    return str(uuid5(_NAMESPACE, f"{channel}\n{change}"))


def outgoing(channel: str, change: str, notice: Notice, now: Instant) -> Outgoing:
    """Put a notice on its way to a channel; it is tried at once."""
    return Outgoing(
        id=notice_id(channel, change),
        channel=channel,
        body=body_of(notice),
        made_at=now,
        next_at=now,
    )


def harmless(text: str) -> str:
    """Make a text of somebody else's fit to be shown: one printable line, not too long."""
    line = " ".join(text.split())
    shown = "".join(letter if letter.isprintable() else "?" for letter in line)
    return shown if len(shown) <= LONGEST_TEXT else f"{shown[: LONGEST_TEXT - 1]}…"


def shortened(key_id: str) -> str:
    """Cut a key's id so that it can be recognised and not be used to find the key."""
    key_id = harmless(key_id)
    if len(key_id) < _SHORTEST_CUT:
        return f"…{key_id[-_ENDS:]}" if key_id else ""
    return f"{key_id[:_ENDS]}…{key_id[-_ENDS:]}"


def discreet(text: str, *key_ids: str) -> str:
    """Cut the ids of keys in a text: those that are given, and whatever looks like one."""
    for key_id in key_ids:
        if len(key_id) >= _SHORTEST_CUT:
            text = text.replace(key_id, shortened(key_id))
    return harmless(_LIKE_AN_ID.sub(lambda found: shortened(found[0]), text))
