"""What a judge reports."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rotator.core.ids import Instant


@dataclass(frozen=True, slots=True)
class Violation:
    """One broken invariant, with what broke it."""

    invariant: str
    at: Instant
    what: str

    def __str__(self) -> str:
        return f"{self.invariant} at {self.at:%m-%d %H:%M:%S}: {self.what}"
