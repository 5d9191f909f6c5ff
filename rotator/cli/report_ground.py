"""Whether the record that attests a picture stands in the log itself, and not only in the journal.

Whoever can write to the journal can change a picture, its record and the record's hash
alike. What checkpoints and the witness vouch for is the log.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from rotator.errors import TamperError

if TYPE_CHECKING:
    from pathlib import Path

    from rotator.core.events import SealedRecord


def check_in_log(record: SealedRecord | None, log: Path) -> None:
    """Compare a record of the journal with its line in the log's file.

    A file that is not here, or that ends before the record, says nothing.

    Raises:
        TamperError: The log has another record of this number.
        UnavailableError: The log cannot be read.
    """
    from rotator.audit.reading import lines

    if record is None or not log.exists():
        return
    found = next(islice(lines(log), record.seq, None), None)
    if found is not None and found != f"{record.line}\n".encode():
        raise TamperError(
            f"record {record.seq} of the journal is not the one that the log has",
            subject=str(log),
            code="record_changed",
            hint="somebody changed one of them; `rotator audit verify` tells whether the log is",
        )
