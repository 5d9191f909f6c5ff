"""What somebody could do to the log: seven edits of a copy, and what verifying says of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rotator.audit.verification import verify
from rotator.core.chain import leaf_hash
from rotator.core.checkpoint import parse_checkpoint, parse_note

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rotator.audit.signing import Verifier

_YEAR, _OTHER_YEAR = b'"time":"2', b'"time":"1'


@dataclass(frozen=True, slots=True, kw_only=True)
class Log:
    """A log as it is on the disk.

    Attributes:
        lines: Each with its line feed.
        notes: Its own checkpoints, oldest first.
        witness: Those that were kept in another place.
    """

    lines: tuple[bytes, ...]
    notes: tuple[str, ...]
    witness: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """One edit.

    Attributes:
        what: What was done, in a few words.
        findings: What verifying says; empty would be bad.
    """

    what: str
    findings: tuple[str, ...]


def edits(log: Log, verifier: Verifier) -> tuple[Edit, ...]:
    """Do each edit to a copy, and verify it with the public key only."""
    return tuple(Edit(what=what, findings=_told(copy, verifier)) for what, copy in _copies(log))


def _copies(log: Log) -> Iterator[tuple[str, Log]]:
    lines, notes = log.lines, log.notes
    at, end = len(lines) // 2, len(lines) * 9 // 10
    before, after = lines[:at], lines[at + 1 :]
    older = tuple(note for note in notes if _size(note) <= end)
    for what, edited, signed, witness in (
        (f"one byte changed in record {at}", (*before, _forged(lines[at]), *after), notes, ()),
        (f"record {at} taken out", (*before, *after), notes, ()),
        (f"record {at} put in twice", (*before, lines[at], *lines[at:]), notes, ()),
        (f"records {at} and {at + 1} swapped", (*before, *_swapped(lines, at)), notes, ()),
        (f"cut off after {end} records", lines[:end], notes, ()),
        (f"record {at} changed, and all after it chained anew", _chained(lines, at), notes, ()),
        (
            f"cut off after {end} records, and the newer checkpoints with them; the witness tells",
            lines[:end],
            older,
            log.witness,
        ),
    ):
        yield what, Log(lines=edited, notes=signed, witness=witness)


def _told(copy: Log, verifier: Verifier) -> tuple[str, ...]:
    report = verify(copy.lines, (*copy.notes, *copy.witness), verifiers=[verifier])
    return tuple(map(str, report.findings))


def _forged(line: bytes) -> bytes:
    """Change one byte: the record is from another millennium."""
    return line.replace(_YEAR, _OTHER_YEAR, 1)


def _swapped(lines: Sequence[bytes], at: int) -> tuple[bytes, ...]:
    return lines[at + 1], lines[at], *lines[at + 2 :]


def _chained(lines: Sequence[bytes], at: int) -> tuple[bytes, ...]:
    """Change a record, and give every later one the hash that it needs then."""
    forged = [*lines[:at], _forged(lines[at])]
    for old, line in zip(lines[at:], lines[at + 1 :], strict=False):
        forged.append(line.replace(_hash(old), _hash(forged[-1]), 1))
    return tuple(forged)


def _hash(line: bytes) -> bytes:
    return leaf_hash(line.decode().removesuffix("\n")).encode()


def _size(note: str) -> int:
    return parse_checkpoint(parse_note(note).text).size
