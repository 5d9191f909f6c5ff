"""What a conformance run has found: its checks, and what it could not take away again."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rotator.core.ids import KeyId


class Outcome(StrEnum):
    """What came of a check; only `FAILED` speaks against a spec."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_APPLICABLE = "not applicable"
    NOT_REACHED = "not reached"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that was tried.

    Attributes:
        what: The promise, as a sentence.
        seen: What was seen: counts, seconds, ids and lines of the spec; never a secret.
    """

    what: str
    outcome: Outcome
    seen: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """A key of the run that may still be there.

    Attributes:
        key_id: None where only its name is known.
        name: Empty where keys have no names.
        why: Why it could not be ended.
    """

    key_id: KeyId | None
    name: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A whole run.

    Attributes:
        made: Every key that the run made, in order, whatever became of it.
        left: Keys that may still be there; empty after every run that went well.
        was_stopped: Somebody interrupted it, so it shows nothing.
        refused_after: Seconds until a revoked key was refused; None if it was not seen.
    """

    checks: tuple[Check, ...]
    made: tuple[KeyId, ...] = ()
    left: tuple[Left, ...] = ()
    was_stopped: bool = False
    refused_after: float | None = None

    @property
    def has_passed(self) -> bool:
        """Whether everything that could be tried went as it should."""
        tried = {check.outcome for check in self.checks}
        return not self.was_stopped and not self.left and tried.isdisjoint(_BAD)

    def count(self, outcome: Outcome) -> int:
        """Count the checks with one outcome."""
        return sum(check.outcome is outcome for check in self.checks)


_BAD = frozenset({Outcome.FAILED, Outcome.NOT_REACHED})
