"""The machine's vocabulary: what it answers, and what it lets the shell record."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from rotator.core.facts import Known, Unread, Unreadable, What
from rotator.core.ids import Instant
from rotator.core.rotation import Effect

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rotator.core.consumers import ConsumerState
    from rotator.core.events import Scalar
    from rotator.core.facts import DestinationRef, Reading, T
    from rotator.core.ids import KeyId, VersionId
    from rotator.core.reasons import Reason
    from rotator.core.rotation import Rotation
    from rotator.core.terms import Terms


class Fact(StrEnum):
    """What an observation proved; recorded without any effect."""

    INTENT_DONE = "intent_done"
    INTENT_VOID = "intent_void"
    MINT_LOST = "mint_lost"
    ABANDONED = "abandoned"
    REBASED = "rebased"
    FOUND_STAGED = "found_staged"
    FOUND_CURRENT = "found_current"
    FOUND_DISABLED = "found_disabled"
    FOUND_GONE = "found_gone"
    FOUND_WITHDRAWN = "found_withdrawn"
    FOUND_ENABLED = "found_enabled"
    FOUND_REVERSED = "found_reversed"
    RELEASED = "released"
    RESTAMPED = "restamped"
    FOLLOWED = "followed"
    FELL_BACK = "fell_back"
    REFRESHED = "refreshed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Do:
    """Carry out one effect, or one observation, and ask again.

    Attributes:
        what: For `observe`: what to read.
        grants: For `grant`: what the key is to have.
        place: For `follow`: where the key is written.
        consumer: For `refresh` and `restart`: which one, as it was read.
        evidence: What the permission rests on, for the audit record.
    """

    effect: Effect
    what: What | None = None
    key_id: KeyId | None = None
    version: VersionId | None = None
    grants: frozenset[str] = frozenset()
    place: DestinationRef | None = None
    consumer: ConsumerState | None = None
    evidence: Mapping[str, Scalar] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """Write down what an observation proved, and ask again.

    Attributes:
        suspects: Keys that may be ours and are not proved to be.
        moment: For `refreshed`: since when it is true, by the clock that told it.
        evidence: What proved it, for the audit record and the history.
    """

    fact: Fact
    reason: Reason | None = None
    key_id: KeyId | None = None
    version: VersionId | None = None
    suspects: tuple[KeyId, ...] = ()
    moment: Instant | None = None
    evidence: Mapping[str, Scalar] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """Nothing to do before `until`; a reason outside `reasons.ROUTINE` is a hold."""

    until: Instant
    reason: Reason
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """The rotation is over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Halt:
    """Only a person can go on from here."""

    reason: Reason
    detail: str = ""


Step = Do | Record | Wait | Done | Halt


@dataclass(frozen=True, slots=True, kw_only=True)
class Lift:
    """Go back to the phase that a halt came from, for what an order needs done there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Obey:
    """Write the rotation's row as the order wants it; that carries the order out.

    Attributes:
        fact: What the order makes true of the keys; None if nothing.
    """

    rotation: Rotation
    fact: Fact | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Refuse:
    """The order cannot be carried out; `why` is one sentence for who gave it."""

    why: str


OrderStep = Step | Lift | Obey | Refuse


def need(reading: Reading[T], what: What) -> Do | None:
    """Ask for a reading that nobody took yet; None when there is one or it failed."""
    return Do(effect=Effect.OBSERVE, what=what) if isinstance(reading, Unread) else None


def known(reading: Reading[T]) -> T | None:
    """Return what was read, or None when it is unread or unreadable."""
    return reading.value if isinstance(reading, Known) else None


def failure(reading: Reading[T]) -> str:
    """Return the code of a reading that failed; empty when it did not."""
    return reading.code if isinstance(reading, Unreadable) else ""


def told(reading: Reading[T]) -> str:
    """Say for a person why a reading failed; empty when it did not."""
    if not isinstance(reading, Unreadable):
        return ""
    return f"{reading.code}: {reading.why}" if reading.why else reading.code


def hold(terms: Terms, now: Instant, reason: Reason, detail: str = "") -> Wait:
    """Wait for something out of the ordinary; looked at again every check interval."""
    return Wait(until=Instant(now + terms.limits.check_interval), reason=reason, detail=detail)
