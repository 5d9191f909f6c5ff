"""Pictures of the inventory: everything that a report on a day needs to know."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rotator.core.ids import Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredSnapshot:
    """One picture as it is kept.

    Attributes:
        day: The day in UTC as ``2026-11-21``; one picture is kept for each.
        taken_at: When it was taken.
        body: Canonical JSON.
        sha256: Hash of the body in hexadecimal digits, as the audit record has it.
    """

    day: str
    taken_at: Instant
    body: str
    sha256: str
