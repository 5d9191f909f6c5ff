"""CloudTrail's records against our own: is every change that AWS saw written down here?

No hash chain shows a call that was never logged. AWS keeps a log of its own, and both
logs name a request by the id that AWS gave it. So they can be joined, both ways: a
change made with our identity that our log does not name is *unlogged*, and a request
that our log names and AWS's does not show is *unseen*.

A request whose answer was lost has no id in our log. It is covered by the intent that
was written before it, which names the principal or the secret and the action; the same
holds for an earlier try of a call that was answered later. Each covers one event.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from rotator.core.audit_lines import read_record, time_of
from rotator.core.events import AuditAction, Stage
from rotator.core.ids import instant
from rotator.core.trail_events import READING, read_event

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date

    from rotator.core.ids import Instant
    from rotator.core.trail_events import TrailEvent

MARGIN = timedelta(hours=1)
"""How late CloudTrail may be: the end of a trail proves nothing about what is missing."""

_REACH = timedelta(minutes=15)
"""How long after an intent a request of it may still land."""

_TRIES = timedelta(minutes=5)
"""How long before its last try an answered call may have been tried first."""

_CLOCKS = timedelta(minutes=1)
"""How far our clock and AWS's may differ without anything being wrong."""

_EARLIEST, _LATEST = (
    datetime.min.replace(tzinfo=UTC) + _REACH,
    datetime.max.replace(tzinfo=UTC) - _REACH,
)
"""Between which a record's time can be reckoned with."""

_SERVICES = frozenset({"iam", "secretsmanager"})
_GLOBAL = "us-east-1"
_MINT = "CreateAccessKey"
_DAEMON = "daemon"

_OPERATIONS: Mapping[str, frozenset[str]] = {
    AuditAction.KEY_CREATE.value: frozenset({_MINT, "TagUser"}),
    AuditAction.KEY_STAGE.value: frozenset({"PutSecretValue"}),
    AuditAction.KEY_PROMOTE.value: frozenset({"UpdateSecretVersionStage"}),
    AuditAction.KEY_UNSTAGE.value: frozenset({"UpdateSecretVersionStage"}),
    AuditAction.KEY_DISABLE.value: frozenset({"UpdateAccessKey"}),
    AuditAction.KEY_ENABLE.value: frozenset({"UpdateAccessKey"}),
    AuditAction.KEY_DELETE.value: frozenset({"DeleteAccessKey", "UntagUser"}),
    AuditAction.DESTINATION_PREPARE.value: frozenset(
        {"CreateSecret", "PutSecretValue", "TagResource"}
    ),
}
"""Which requests an action of ours sends, to cover those whose answer was lost."""


class TrailFault(StrEnum):
    """What can be wrong between the two logs."""

    UNLOGGED = "UNLOGGED"
    UNSEEN = "UNSEEN"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrailFinding:
    """One fault between the two logs.

    Attributes:
        kind: Which log lacks it.
        at: When it happened, by the log that has it.
        seq: The number of our record; None where there is none.
        detail: What it is, in one sentence.
    """

    kind: TrailFault
    at: Instant
    seq: int | None
    detail: str

    def __str__(self) -> str:
        """Render as one line of a report."""
        where = f"{self.at:%Y-%m-%dT%H:%M:%SZ}" if self.seq is None else f"seq={self.seq:<5}"
        return f"{self.kind:<8} {where} {self.detail}"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrailVerdict:
    """What came of joining the two logs.

    Attributes:
        findings: Every fault, the unlogged first, each kind in the order of time.
        notes: What the reader must know to weigh them, one sentence each.
        matched: How many requests both logs name.
    """

    findings: tuple[TrailFinding, ...]
    notes: tuple[str, ...]
    matched: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Request:
    """A request that our log names by AWS's id of it."""

    seq: int
    at: Instant
    account: str
    subjects: tuple[str, ...]
    service: str
    operation: str
    by_daemon: bool
    code: str
    cover: _Cover | None

    @property
    def place(self) -> tuple[str, str]:
        """What is remembered to find out where such requests are logged."""
        return (self.service, self.account if self.service == "iam" else self.subjects[-1])


@dataclass(slots=True)
class _Cover:
    """What stands in for the id of a request whose answer was lost.

    Attributes:
        is_intent: Written before the request; else the call is told of after it.
        until: Up to when a request of it may land.
        left: How many events it still covers.
        identity: Who sent the try that was answered, once the trail has told; empty
            covers whoever is ours.
    """

    seq: int
    since: Instant
    until: Instant
    operation: str
    subjects: tuple[str, ...]
    is_intent: bool
    left: int = 1
    identity: str = ""

    def covers(self, event: TrailEvent) -> bool:
        return (
            self.left > 0
            and self.identity in {"", event.identity}
            and self.since <= event.at <= self.until
            and any(_is_about(event.subject, subject) for subject in self.subjects)
        )


def _is_about(subject: str, name: str) -> bool:
    """Whether an event's user or secret is the one that we call so; a secret may be an ARN."""
    of_arn = subject.partition(":secret:")[2].rpartition("-")[0]
    return bool(name) and name in {subject, of_arn}


@dataclass(slots=True)
class Reconciliation:
    """Joins the two logs: every line of ours first, then every record of the trail.

    Attributes:
        identities: Patterns such as ``arn:aws:iam::*:role/rotator*`` of roles and users
            whose calls are ours. Without any, they are learned from the requests that
            the daemon's records name.
    """

    identities: Sequence[str] = ()
    _asked: dict[str, _Request] = field(default_factory=dict)
    _covers: dict[tuple[str, date], list[_Cover]] = field(default_factory=dict)
    _intents: dict[tuple[str, str], _Cover] = field(default_factory=dict)
    _matched: set[str] = field(default_factory=set)
    _learned: set[str] = field(default_factory=set)
    _places: dict[tuple[str, str], tuple[str, str]] = field(default_factory=dict)
    _strange: list[TrailEvent] = field(default_factory=list)
    _spans: dict[tuple[str, str], tuple[Instant, Instant]] = field(default_factory=dict)
    _unread: int = 0

    def add_line(self, line: str) -> None:
        """Take one line of our log; a line that is no record says nothing here."""
        try:
            record = read_record(line)
            at = time_of(record)
        except ValueError:
            return
        if not _EARLIEST <= at <= _LATEST:
            return
        subjects = _subjects(record)
        sent = [call for call in record["calls"] if _is_change(call)]
        for call in sent:
            self._note_call(record, call, at, subjects)
        self._note_stage(record, at, subjects, {str(call["operation"]) for call in sent})

    def add_event(self, record: Mapping[str, Any]) -> None:
        """Take one record of the trail; what is none is counted and noted."""
        try:
            event = read_event(record)
        except ValueError:
            self._unread += 1
            return
        place = (event.account, event.region)
        first, last = self._spans.get(place, (event.at, event.at))
        self._spans[place] = (min(first, event.at), max(last, event.at))
        request = self._asked.get(event.request_id)
        if request is None or request.operation != event.operation:
            if event.service in _SERVICES and not event.is_reading:
                self._strange.append(event)
            return
        self._matched.add(event.request_id)
        self._places[request.place] = place
        if request.cover is not None:
            request.cover.identity = event.identity
        if request.by_daemon and event.identity:
            self._learned.add(event.identity)

    def verdict(self) -> TrailVerdict:
        """Judge what was taken; to be asked once, after everything was."""
        covered: list[str] = []
        unlogged = list(self._unlogged(covered))
        unseen, unplaced = self._unseen()
        return TrailVerdict(
            findings=(*unlogged, *unseen),
            notes=(*covered, *self._notes(unplaced)),
            matched=len(self._matched),
        )

    def _note_call(
        self,
        record: Mapping[str, Any],
        call: Mapping[str, Any],
        at: Instant,
        subjects: tuple[str, ...],
    ) -> None:
        operation, request_id = str(call["operation"]), str(call.get("request_id") or "")
        cover = None
        if not request_id or operation != _MINT:
            # An SDK tries again by itself, and only the last try's id is told of. A
            # mint is sent once.
            cover = _Cover(
                seq=record["seq"],
                since=instant(at - (_TRIES if request_id else _REACH)),
                until=instant(at + _CLOCKS),
                operation=operation,
                subjects=subjects,
                is_intent=False,
            )
            self._keep(cover)
        if request_id:
            self._asked[request_id] = _Request(
                seq=record["seq"],
                at=at,
                account=str(record["target"].get("account") or ""),
                subjects=subjects,
                service=str(call["service"]),
                operation=operation,
                by_daemon=record["actor"] == _DAEMON,
                code=str(call.get("code") or ""),
                cover=cover,
            )

    def _note_stage(
        self,
        record: Mapping[str, Any],
        at: Instant,
        subjects: tuple[str, ...],
        sent: set[str],
    ) -> None:
        rotation = str(record["rotation"].get("id") or "")
        if not rotation:
            return
        for operation in sent:
            # Its answer is told of, by whatever record came next: the call's own id stands
            # for it from here on.
            if answered := self._intents.pop((rotation, operation), None):
                answered.left = 0
        is_intent = record["stage"] == Stage.INTENT.value
        for operation in _OPERATIONS.get(record["action"], frozenset()) if is_intent else ():
            cover = _Cover(
                seq=record["seq"],
                since=instant(at - _CLOCKS),
                until=instant(at + _REACH),
                operation=operation,
                subjects=subjects,
                is_intent=True,
            )
            self._intents[rotation, operation] = cover
            self._keep(cover)

    def _keep(self, cover: _Cover) -> None:
        for day in {cover.since.date(), cover.until.date()}:
            self._covers.setdefault((cover.operation, day), []).append(cover)

    def _unlogged(self, covered: list[str]) -> Iterable[TrailFinding]:
        patterns = self.identities or tuple(self._learned)
        for event in sorted(self._strange, key=lambda event: event.at):
            if not _is_ours(event, patterns, by_pattern=bool(self.identities)):
                continue
            covers = self._covers.get((event.operation, event.at.date()), ())
            cover = next((cover for cover in covers if cover.covers(event)), None)
            if cover is None:
                yield TrailFinding(
                    kind=TrailFault.UNLOGGED,
                    at=event.at,
                    seq=None,
                    detail=f"{event}, requestID {event.request_id or 'none'}: no record",
                )
                continue
            cover.left -= 1
            what = "covered by intent" if cover.is_intent else "an earlier try of the call of"
            covered.append(f"{event.at:%Y-%m-%dT%H:%M:%SZ} {event}: {what} seq={cover.seq}")

    def _unseen(self) -> tuple[list[TrailFinding], int]:
        """Find what only our log names; also count what could not be placed."""
        findings, unplaced = [], 0
        for request_id, request in self._asked.items():
            if request_id in self._matched or request.code:
                # A refused request may never have reached the trail.
                continue
            span = self._span_of(request)
            if span is None:
                unplaced += 1
            elif span[0] <= request.at and span[1] - request.at >= MARGIN:
                detail = f"{request.operation}, requestID {request_id}: not in the trail"
                findings.append(
                    TrailFinding(
                        kind=TrailFault.UNSEEN, at=request.at, seq=request.seq, detail=detail
                    )
                )
        return findings, unplaced

    def _span_of(self, request: _Request) -> tuple[Instant, Instant] | None:
        """Return from when to when the trail tells of the place that a request went to."""
        place = self._places.get(request.place)
        if place is None and request.service == "iam":
            place = (request.account, _GLOBAL)
        return self._spans.get(place) if place else None

    def _notes(self, unplaced: int) -> Iterable[str]:
        if self._unread:
            yield f"{self._unread} entries of the trail are not records of CloudTrail's"
        if self._strange and not self.identities and not self._learned:
            yield (
                "the trail and the log have no request in common, so nothing tells whose calls "
                "are ours: name the identity by --identity"
            )
        for account, region in sorted(self._spans):
            first, last = self._spans[account, region]
            yield (
                f"the trail covers {account or 'no account'} {region or 'no region'} from "
                f"{first:%Y-%m-%dT%H:%MZ} to {last:%Y-%m-%dT%H:%MZ}, the last hour only in part"
            )
        if unplaced:
            yield f"{unplaced} requests went to accounts or regions that the trail does not cover"


def _subjects(record: Mapping[str, Any]) -> tuple[str, ...]:
    """Name what a record's requests are about: the principal, then the secret."""
    return (
        str(record["target"].get("principal") or ""),
        str(record["destination"].get("resource") or ""),
    )


def _is_change(call: Mapping[str, Any]) -> bool:
    operation = call.get("operation")
    return (
        str(call.get("service")) in _SERVICES
        and isinstance(operation, str)
        and not operation.startswith(READING)
    )


def _is_ours(event: TrailEvent, patterns: Sequence[str], *, by_pattern: bool) -> bool:
    names = (event.identity, event.session)
    if not by_pattern:
        return event.identity in patterns
    return any(fnmatchcase(name, pattern) for name in names for pattern in patterns)
