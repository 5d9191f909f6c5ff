"""Copies of sealed records on standard output, for a log shipper.

A copy is not evidence: whoever reads the pipe may be slow or gone, and then copies
are dropped rather than anything held up. Each record is printed at most once, by
the replica that gave it its number. Logs go to standard error, so nothing mixes.
"""

from __future__ import annotations

import json
from collections import deque
from typing import TYPE_CHECKING

from rotator.core.ocsf import to_ocsf

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import TextIO

    from rotator.audit.running import Jobs
    from rotator.core.events import SealedRecord
    from rotator.core.standing import AuditStanding
    from rotator.ports.evidence import Telemetry

MOST_WAITING = 10_000
"""Records that wait for a slow reader; more are dropped, and that is told."""

_JOB = "stdout"


def native(line: str) -> str:
    """Add the field by which a shipper knows an audit record; the rest is the line itself."""
    return f'{{"logger":"audit",{line[1:]}'


def ocsf(line: str) -> str:
    """Turn a line into an OCSF event."""
    return json.dumps(to_ocsf(line), ensure_ascii=False, separators=(",", ":"))


class StdoutCopies:
    """Prints sealed records; takes them from the sealer and is its `Companion`."""

    def __init__(self, stream: TextIO, render: Callable[[str], str], telemetry: Telemetry) -> None:
        """Take where to print, and how a line is shown."""
        self._stream = stream
        self._render = render
        self._telemetry = telemetry
        self._waiting: deque[SealedRecord] = deque()
        self._is_dropping = False
        self._is_closed = False

    def take(self, records: Sequence[SealedRecord]) -> None:
        """Remember records until the next round; never waits."""
        room = 0 if self._is_closed else MOST_WAITING - len(self._waiting)
        self._waiting.extend(records[:room])
        if len(records) > room and not self._is_dropping and not self._is_closed:
            self._telemetry.log("error", "audit copies dropped", reason="the reader is too slow")
        self._is_dropping = len(records) > room

    def jobs(self, durable: int) -> Jobs:
        """Name the printing when there is something to print."""
        del durable
        return {_JOB: self._print} if self._waiting and not self._is_closed else {}

    def last_jobs(self, durable: int) -> Jobs:
        """Name the printing of what is left."""
        return self.jobs(durable)

    def judge(self, busy: frozenset[str]) -> None:
        """Let a slow reader be slow."""

    def noted(self, standing: AuditStanding) -> AuditStanding:
        """Add nothing: a copy is no evidence."""
        return standing

    def _print(self) -> None:
        try:
            while self._waiting:
                self._stream.write(f"{self._render(self._waiting[0].line)}\n")
                self._waiting.popleft()
            self._stream.flush()
        except (OSError, ValueError) as error:
            # A closed pipe does not open again; a closed stream raises ValueError.
            self._is_closed = True
            self._waiting.clear()
            self._telemetry.log("error", "audit copies ended", error=type(error).__name__)
