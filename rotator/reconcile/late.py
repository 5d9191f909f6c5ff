"""Records of what was done while the journal could not be written (I7).

What has happened at a vendor happened whether or not it could be written down. Its
record waits in memory, and the log tells of it at once, for the process may end; it is
queued as soon as the journal takes writes again. Meanwhile nothing new is started.
"""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING

from rotator.errors import OutcomeUnknownError, RotatorError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rotator.core.events import AuditRecord
    from rotator.ports.clock import Chance
    from rotator.ports.evidence import Telemetry
    from rotator.ports.journal import AuditQueue

LATE = "late"
"""The name of the evidence that a record was written later than what it tells of."""


class LateRecords:
    """The records of one process that wait for the journal; safe to share between threads."""

    def __init__(self) -> None:
        """Start with none."""
        self._waiting: list[AuditRecord] = []
        self._lock = threading.Lock()

    @property
    def is_waiting(self) -> bool:
        """Whether a record waits."""
        return bool(self._waiting)

    def keep(self, records: Iterable[AuditRecord], telemetry: Telemetry, chance: Chance) -> None:
        """Keep records of what was done.

        Args:
            records: Those that were not written, or of which nobody knows it.
            telemetry: Tells of each at once.
            chance: Names each anew, for the old name may have been written after all.
        """
        for record in records:
            evidence = {**record.evidence, LATE: True}
            self._waiting.append(replace(record, id=chance.new_id(), evidence=evidence))
            tell(record, telemetry, "audit record not written yet")

    def write(self, journal: AuditQueue, telemetry: Telemetry, chance: Chance) -> None:
        """Queue what waits; what cannot be written yet goes on waiting.

        Args:
            journal: Where the queue is.
            telemetry: Is told of a failure.
            chance: Names anew what may have been written, as in `keep`: the journal
                would refuse a name that it has, and with it everything that waits.
        """
        with self._lock:
            records = tuple(self._waiting)
            if not records:
                return
            try:
                journal.append(records)
            except RotatorError as error:
                telemetry.log("error", "audit records still wait", code=error.code)
                if isinstance(error, OutcomeUnknownError):
                    renamed = [replace(record, id=chance.new_id()) for record in records]
                    self._waiting[: len(records)] = renamed
                return
            del self._waiting[: len(records)]


def tell(record: AuditRecord, telemetry: Telemetry, event: str) -> None:
    """Write what a record says to the log, where it is safe from the end of the process."""
    subject = record.subject
    telemetry.log(
        "error",
        event,
        action=record.action.value,
        stage=record.stage.value,
        outcome=record.outcome,
        rotation_id=record.rotation_id,
        key_id=subject.key_id if subject else None,
        request_ids=" ".join(call.request_id for call in record.calls if call.request_id),
    )
