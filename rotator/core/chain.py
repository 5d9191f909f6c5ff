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
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NoReturn

import rfc8785

from rotator.core.events import SCHEMA, SealedRecord
from rotator.core.ids import instant
from rotator.core.log_findings import Finding, FindingKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rotator.core.events import AuditRecord, ProviderCall, Scalar
    from rotator.core.ids import Instant

_LEAF_PREFIX = b"\x00"
_LARGEST_INTEGER = 2**53 - 1
_LONGEST_INTEGER = len(str(_LARGEST_INTEGER))
_NO_RECORD = f"the line is not a record of {SCHEMA}"

Json = str | int | bool | list["Json"] | dict[str, "Json"] | None
"""What a line is made of; no floats, whose text is not canonical."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """The place of one line in the chain: its number and its hash in hex."""

    seq: int
    hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line as it was read.

    Attributes:
        link: Its own place.
        prev: The hash that it says the line before it has.
        fields: Everything that it says.
    """

    link: Link
    prev: str
    fields: Mapping[str, object]


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


def read_line(line: str) -> Line:
    """Read a line's own number and what it follows, and hash it.

    Raises:
        ValueError: It is not a record of this schema in canonical form.
    """
    fields = _parse(line)
    seq, prev = _place(fields)
    return Line(link=Link(seq=seq, hash=leaf_hash(line)), prev=prev, fields=fields)


def read_link(line: str) -> Link:
    """Read a line's own place; raises as `read_line` does."""
    return read_line(line).link


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
    try:
        read = read_line(line)
    except ValueError as error:
        finding = _invalid(after.seq + 1, str(error))
        head = Link(seq=after.seq + 1, hash=leaf_hash(_unicode(line)))
        return Verification(findings=(finding,), head=head)
    found = judge(read, after=after)
    return Verification(findings=(found,) if found else (), head=read.link)


def judge(line: Line, *, after: Link) -> Finding | None:
    """Say what is wrong with a line at its place; None if it follows as it must."""
    seq, expected = line.link.seq, after.seq + 1
    if seq > expected:
        detail = f"next record found is {seq}"
        return Finding(kind=FindingKind.GAP, seq=expected, detail=detail)
    if seq < expected:
        return _invalid(seq, f"record {expected} should stand here")
    if line.prev != after.hash:
        return _invalid(seq, "prev does not match the record before it")
    return None


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
        "policy": _section(rule=record.rule, sha256=record.policy, max_age=record.max_age),
        "evidence": _mapping(record.evidence),
        "calls": [_call(call) for call in record.calls],
        "source": _mapping(record.source),
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


def _call(call: ProviderCall) -> Json:
    return _mapping(
        {
            "service": call.service,
            "operation": call.operation,
            "code": call.code,
            "request_id": call.request_id,
        }
    )


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


def _parse(line: str) -> Mapping[str, object]:
    """Return what a line says, or raise `ValueError` in our own words."""
    fields = _parse_plain(line) if line.isascii() else None
    if fields is None:
        fields = _parse_any(line)
    if not isinstance(fields, dict) or fields.get("schema") != SCHEMA:
        raise ValueError(_NO_RECORD)
    return fields


def _parse_plain(line: str) -> object:
    """Read a line by the standard library, which is four times as fast; None if unsure.

    What it writes is canonical as long as there are neither floats nor large integers,
    and names are sorted alike, as those of ASCII letters are.
    """
    with suppress(ValueError, RecursionError):
        fields = _DECODER.decode(line)
        return fields if _ENCODER.encode(fields) == line else None
    return None


def _parse_any(line: str) -> object:
    try:
        fields = json.loads(line)
        is_canonical = canonical(fields) == line
    except (ValueError, RecursionError) as error:
        msg = "the line is not JSON"
        raise ValueError(msg) from error
    if not is_canonical:
        msg = "the line is not canonical JSON"
        raise ValueError(msg)
    return fields


def _place(fields: Mapping[str, object]) -> tuple[int, str]:
    seq, prev = fields.get("seq"), fields.get("prev")
    if type(seq) is int and seq >= 0 and isinstance(prev, str):
        return seq, prev
    raise ValueError(_NO_RECORD)


def _unsure(text: str) -> NoReturn:
    raise ValueError(text)


def _integer(text: str) -> int:
    """Read an integer; one that is too large for RFC 8785 is not for the short way."""
    return int(text) if len(text) < _LONGEST_INTEGER else _unsure(text)


_DECODER = json.JSONDecoder(parse_int=_integer, parse_float=_unsure, parse_constant=_unsure)
_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True)
