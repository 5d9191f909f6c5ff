"""How long to leave a credential alone whose rotations keep being rolled back."""

from __future__ import annotations

from itertools import takewhile
from typing import TYPE_CHECKING
from uuid import UUID

from rotator.core.backoff import permanent_delay, transient_delay
from rotator.core.ids import Instant
from rotator.core.reasons import Reason
from rotator.core.rotation import Phase
from rotator.core.steps import Wait

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import timedelta

    from rotator.core.rotation import Rotation

MOST = 5
"""Rotations rolled back in a row after which a person is told."""

_FOR_A_PERSON = frozenset({Reason.EXPIRES_TOO_SOON})
"""What will be no better when it is tried again, so that a person is told at once."""

_SPREAD = 1_000


def in_a_row(newest_first: Iterable[Rotation]) -> tuple[Rotation, ...]:
    """Pick the rotations that were rolled back since one was promoted; newest first.

    One that ended because policy only reports now is no failure.
    """
    tried = (item for item in newest_first if item.abandoned is not Reason.REPORT_ONLY)
    return tuple(takewhile(lambda item: item.phase is Phase.ROLLED_BACK, tried))


def back_off(failed: Sequence[Rotation], now: Instant, *, skew: timedelta) -> Wait | None:
    """Say how long the next rotation has to wait; None when it may start.

    Args:
        failed: Rotations rolled back in a row, newest first; may be empty.
        now: The present.
        skew: How much the clocks of those who wrote may differ from ours.
    """
    if not failed:
        return None
    last, number = failed[0], len(failed)
    why = last.abandoned or Reason.INVARIANT
    jitter = UUID(last.id).int % _SPREAD / _SPREAD
    is_stuck = number >= MOST or why in _FOR_A_PERSON
    delay = (
        permanent_delay(max(number - MOST, 0) + 1, jitter=jitter)
        if is_stuck
        else transient_delay(number, jitter=jitter)
    )
    finished_at = last.finished_at or last.phase_since
    until = Instant(finished_at + delay)
    # An end that has not come yet was written by a wrong clock, and says nothing.
    if now >= until or finished_at > now + skew:
        return None
    detail = f"{number} rotations in a row were rolled back ({why.value})"
    return Wait(until=until, reason=why if is_stuck else Reason.BACKOFF, detail=detail)
