"""What can be wrong with an audit log, as an auditor is told."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class FindingKind(StrEnum):
    """What sort of fault it is."""

    INVALID = "INVALID"
    GAP = "GAP"
    MISSING = "MISSING"
    OPEN = "OPEN"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One fault of a log.

    Attributes:
        kind: What sort of fault it is.
        detail: What is wrong, in one sentence.
        seq: The record it was found at; for a gap the first number that is missing.
            None for a fault of the checkpoints.
        size: The checkpoint it was found at, by the number of records that it covers.
    """

    kind: FindingKind
    detail: str
    seq: int | None = None
    size: int | None = None

    def __str__(self) -> str:
        """Render as one line of a report."""
        if self.seq is not None:
            return f"{self.kind:<8} seq={self.seq:<5} {self.detail}"
        if self.size is not None:
            return f"{self.kind:<8} checkpoint size={self.size}, {self.detail}"
        return f"{self.kind:<8} {self.detail}"
