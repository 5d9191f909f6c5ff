"""The audit chain: canonical lines, their hashes, and what is wrong with a log.

A line is the record as canonical JSON (RFC 8785) without its line feed. Its hash
is the leaf hash of RFC 6962, ``SHA-256(0x00 || line)``: the prefix keeps a leaf
from ever being taken for an inner node of the tree that checkpoints sign. Each
line carries the hash of the line before it, so that a change of one changes all
that follow.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING

import rfc8785

from rotator.core.events import SCHEMA, SealedRecord
from rotator.core.ids import instant

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rotator.core.events import AuditRecord, Scalar
    from rotator.core.ids import Instant

_LEAF_PREFIX = b"\x00"
_LARGEST_INTEGER = 2**53 - 1

Json = str | int | bool | dict[str, "Json"] | None
"""What a line is made of: objects and scalars, no lists and no floats."""


class FindingKind(StrEnum):
    """What can be wrong with a line of a log."""

    INVALID = "INVALID"
    GAP = "GAP"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One fault of a log.

    Attributes:
        kind: What sort of fault it is.
        seq: The number it was found at; for a gap the first number that is missing.
        detail: What is wrong, in one sentence.
    """

    kind: FindingKind
    seq: int
    detail: str

    def __str__(self) -> str:
        """Render as one line of a report."""
        return f"{self.kind:<8} seq={self.seq:<5} {self.detail}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """The place of one line in the chain: its number and its hash in hex."""

    seq: int
    hash: str


GENESIS = Link(seq=-1, hash="0" * 64)
"""What the first line follows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """What came of reading lines: every fault, and the place of the last line."""

    findings: tuple[Finding, ...]
    head: Link


def canonical(value: Json) -> str:
    """Render a value as RFC 8785 does: one text for one meaning.

    Raises:
        ValueError: An integer is beyond 2**53 - 1, or a text is not Unicode.
    """
    return rfc8785.dumps(value).decode()


def leaf_hash(line: str) -> str:
    """Return the hex of a line's leaf hash; the line has no line feed."""
    return hashlib.sha256(_LEAF_PREFIX + line.encode()).hexdigest()


def seal(record: AuditRecord, *, seq: int, prev: str, log: str) -> SealedRecord:
    """Give a record its place and its final text; never fails on a record's content.

    Args:
        record: What is told.
        seq: Its number; 0 for the first of a log.
        prev: Hash of the line before it; 64 zeros for the first.
        log: Name of the log, so that lines of two logs cannot be mixed up.
    """
    line = canonical(
        {"schema": SCHEMA, "seq": seq, "prev": prev, "log": _plain(log), **_body(record)}
    )
    return SealedRecord(seq=seq, line=line, hash=leaf_hash(line))


def read_link(line: str) -> Link:
    """Read a line's own number, and hash it.

    Raises:
        ValueError: It is not a record of this schema in canonical form.
    """
    return Link(seq=_parse(line)[0], hash=leaf_hash(line))


def sealed_at(record: SealedRecord) -> Instant:
    """Read when a sealed record was made, to the millisecond.

    Raises:
        ValueError: The line holds no such time.
    """
    fields = json.loads(record.line)
    return instant(datetime.fromisoformat(str(fields.get("time"))))


def verify_line(line: str, *, after: Link) -> Verification:
    """Judge one line against the place it must follow.

    Returns:
        At most one finding, and the place that the next line must follow: the
        line's own, so that one fault is told once and not for every later line.
    """
    expected = after.seq + 1
    try:
        seq, prev = _parse(line)
    except ValueError as error:
        head = Link(seq=expected, hash=leaf_hash(_unicode(line)))
        return Verification(findings=(_invalid(expected, str(error)),), head=head)
    finding: Finding | None = None
    if seq > expected:
        finding = Finding(kind=FindingKind.GAP, seq=expected, detail=f"next record found is {seq}")
    elif seq < expected:
        finding = _invalid(seq, f"record {expected} should stand here")
    elif prev != after.hash:
        finding = _invalid(seq, "prev does not match the record before it")
    return Verification(
        findings=(finding,) if finding else (), head=Link(seq=seq, hash=leaf_hash(line))
    )


def verify_chain(lines: Iterable[str], *, after: Link = GENESIS) -> Verification:
    """Judge lines in the order of the log, the first of them following `after`."""
    findings: list[Finding] = []
    head = after
    for line in lines:
        step = verify_line(line, after=head)
        findings.extend(step.findings)
        head = step.head
    return Verification(findings=tuple(findings), head=head)


def _body(record: AuditRecord) -> dict[str, Json]:
    return {
        "id": _plain(record.id),
        "time": _timestamp(record.at),
        "stage": record.stage.value,
        "action": record.action.value,
        "outcome": _plain(record.outcome),
        "actor": _plain(record.actor),
        "target": _target(record),
        "rotation": _rotation(record),
        "destination": _destination(record),
        "policy": _section(rule=record.rule),
        "evidence": _mapping(record.evidence),
        "provider_call": _mapping(record.provider_call),
        "error": _plain(record.error),
        "reason": _plain(record.reason),
    }


def _target(record: AuditRecord) -> Json:
    subject = record.subject
    if subject is None:
        return None
    return _section(
        provider=subject.provider,
        account=subject.account,
        principal=subject.principal,
        key_id=subject.key_id,
    )


def _rotation(record: AuditRecord) -> Json:
    return _section(id=record.rotation_id, trigger=record.trigger, new_key_id=record.new_key_id)


def _destination(record: AuditRecord) -> Json:
    return _section(resource=record.destination, version_id=record.version_id)


def _section(**fields: str | None) -> Json:
    """Keep a section's shape, or leave it out as a whole when it says nothing."""
    if all(value is None for value in fields.values()):
        return None
    return _mapping(fields)


def _mapping(fields: Mapping[str, Scalar]) -> dict[str, Json]:
    return {_unicode(name): _plain(value) for name, value in fields.items()}


def _plain(value: Scalar) -> Json:
    """Make any scalar writable: one record that cannot be written would stop the log."""
    if isinstance(value, str):
        return _unicode(value)
    if isinstance(value, int) and abs(value) > _LARGEST_INTEGER:
        return str(value)
    return value


def _unicode(text: str) -> str:
    """Replace lone surrogates, which have no place in UTF-8."""
    return text.encode(errors="replace").decode()


def _timestamp(at: Instant) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _invalid(seq: int, detail: str) -> Finding:
    return Finding(kind=FindingKind.INVALID, seq=seq, detail=detail)


def _parse(line: str) -> tuple[int, str]:
    """Return a line's number and `prev`, or raise `ValueError` in our own words."""
    try:
        fields = json.loads(line)
        is_canonical = canonical(fields) == line
    except (ValueError, RecursionError) as error:
        msg = "the line is not JSON"
        raise ValueError(msg) from error
    if not is_canonical:
        msg = "the line is not canonical JSON"
        raise ValueError(msg)
    return _place(fields)


def _place(fields: object) -> tuple[int, str]:
    if isinstance(fields, dict) and fields.get("schema") == SCHEMA:
        seq, prev = fields.get("seq"), fields.get("prev")
        if type(seq) is int and seq >= 0 and isinstance(prev, str):
            return seq, prev
    msg = f"the line is not a record of {SCHEMA}"
    raise ValueError(msg)
