"""What `rotator audit verify` does with CloudTrail's log files."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from rotator.audit.trail_files import records
from rotator.core.cloudtrail import Reconciliation

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from rotator.core.cloudtrail import TrailFinding, TrailVerdict
    from rotator.core.ids import Instant


class Trail:
    """Joins a log that passes by with a folder of CloudTrail's files, if there is one."""

    def __init__(self, folder: Path | None, identities: Sequence[str]) -> None:
        """Take the folder, and patterns of the identities that are ours."""
        self._folder = folder
        self._both = Reconciliation(identities)

    def watch(self, lines: Iterator[bytes]) -> Iterator[bytes]:
        """Yield a log's lines as they are, and note what they tell of requests."""
        for line in lines:
            if self._folder is not None:
                self._both.add_line(line.removesuffix(b"\n").decode(errors="replace"))
            yield line

    def verdict(self, since: Instant | None) -> TrailVerdict | None:
        """Read the files, and say what either log lacks; None without a folder.

        Args:
            since: What happened before it is not told.

        Raises:
            UnavailableError: The files cannot be read.
        """
        if self._folder is None:
            return None
        for event in records(self._folder):
            self._both.add_event(event)
        verdict = self._both.verdict()
        told = tuple(it for it in verdict.findings if since is None or it.at >= since)
        return replace(verdict, findings=told)


def trail_record(verdict: TrailVerdict | None) -> dict[str, object]:
    """Return what the JSON answer says of it; empty where nothing was joined."""
    if verdict is None:
        return {}
    findings = [_record(it) for it in verdict.findings]
    return {
        "cloudtrail": {"matched": verdict.matched, "findings": findings, "notes": verdict.notes}
    }


def _record(finding: TrailFinding) -> dict[str, object]:
    return {
        "kind": finding.kind.value,
        "at": finding.at,
        "seq": finding.seq,
        "detail": finding.detail,
    }
