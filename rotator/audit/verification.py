"""Verification of a log with its checkpoints: what the command and the daemon both do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rotator.core.checkpoint import parse_checkpoint, parse_note
from rotator.core.log_check import LogCheck
from rotator.core.log_findings import Finding, FindingKind
from rotator.errors import RejectedError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rotator.audit.signing import Verifier
    from rotator.core.checkpoint import Checkpoint
    from rotator.core.ids import Instant
    from rotator.core.log_check import LogReport


def verify(
    lines: Iterable[bytes],
    notes: Iterable[str] = (),
    *,
    verifiers: Sequence[Verifier] = (),
    expected: int | None = None,
    since: Instant | None = None,
    is_signing_behind: bool = False,
) -> LogReport:
    """Verify a log from its first record on.

    Args:
        lines: The log's lines, each with its line feed.
        notes: Its checkpoints, the witness's too, in any order.
        verifiers: The keys that may have signed them; without any, checkpoints are
            compared with the log as if they were true, and the report says so.
        expected: How many records the log is known to have at the least.
        since: Faults of records before it are counted, but not told.
        is_signing_behind: Whoever signs may not have come to the end of the log yet.
    """
    believed, faults = _believed(notes, verifiers)
    check = LogCheck(
        believed,
        is_signed=bool(verifiers),
        expected=expected,
        since=since,
        is_signing_behind=is_signing_behind,
    )
    for line in lines:
        check.read(line)
    return check.finish(faults)


def _believed(
    notes: Iterable[str], verifiers: Sequence[Verifier]
) -> tuple[list[Checkpoint], list[Finding]]:
    believed, faults = [], []
    for number, text in enumerate(notes, start=1):
        try:
            believed.append(read_note(text, verifiers))
        except RejectedError as error:
            faults.append(_fault(number, text, str(error)))
    return believed, faults


def read_note(text: str, verifiers: Sequence[Verifier]) -> Checkpoint:
    """Read a note, by the first key that signed it; without any key as if it were true.

    Raises:
        RejectedError: It is signed with none of them, or is no checkpoint.
    """
    refused = None
    for verifier in verifiers:
        try:
            return verifier.verify(text)
        except RejectedError as error:
            refused = refused or error
    if refused:
        raise refused
    try:
        return parse_checkpoint(parse_note(text).text)
    except ValueError as error:
        raise RejectedError(f"the checkpoint cannot be read: {error}") from error


def _fault(number: int, text: str, why: str) -> Finding:
    """Name a checkpoint that is not believed by what it says of its size, or by its place."""
    try:
        size = parse_checkpoint(parse_note(text).text).size
    except ValueError:
        detail = f"checkpoint number {number}: {why}"
        return Finding(kind=FindingKind.INVALID, detail=detail)
    return Finding(kind=FindingKind.INVALID, size=size, detail=why)
