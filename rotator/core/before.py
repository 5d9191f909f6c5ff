"""When a rotation must start so that no key outlives its limit (invariant I9).

A rotation that starts at age ``rotate_after`` plus its jitter still has its
longest grace ahead; both must fit under ``max_age``. A freeze would carry the
grace past the limit, so a rotation that would run into one starts before it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID, uuid5

from rotator.core.ids import Instant

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rotator.core.ids import CredentialId, KeyId
    from rotator.core.terms import Grace, Schedule

_STEPS = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Freeze:
    """A time in which nothing is started and no old key is disabled; end exclusive."""

    start: Instant
    end: Instant


def jitter_fraction(credential: CredentialId, key: KeyId) -> float:
    """Spread rotations: a number in (0, 1], fixed for one key of one credential."""
    return (uuid5(UUID(credential), key).int % _STEPS + 1) / _STEPS


def fits(schedule: Schedule, grace: Grace) -> bool:
    """Whether a rotation that starts as late as it may still ends within the limit."""
    latest = schedule.rotate_after + schedule.jitter + grace.max_period
    return schedule.jitter > timedelta(0) and latest <= schedule.max_age


def starts_at(
    created_at: Instant,
    schedule: Schedule,
    grace: Grace,
    *,
    fraction: float,
    freezes: Sequence[Freeze] = (),
) -> Instant:
    """Say when the rotation of a key should start.

    Args:
        created_at: The key's birth, by the provider.
        schedule: Policy's ages.
        grace: Policy's grace; its longest must be over before `max_age`.
        fraction: The key's jitter, in (0, 1].
        freezes: Known freezes, in any order; they may overlap.

    Returns:
        The regular time, or an earlier one if a freeze would carry the grace
        past `max_age`. It may lie in the past: then it is overdue.
    """
    start = Instant(created_at + schedule.rotate_after + schedule.jitter * fraction)
    deadline = created_at + schedule.max_age
    for freeze in sorted(freezes, key=lambda item: item.start, reverse=True):
        start = _before_freeze(start, freeze, grace, Instant(deadline))
    return start


def _before_freeze(start: Instant, freeze: Freeze, grace: Grace, deadline: Instant) -> Instant:
    ends = start + grace.max_period
    touches = start < freeze.end and ends > freeze.start
    if not touches:
        return start
    # In a freeze a start waits for its end, and so does the end of a grace.
    delayed = freeze.end + grace.max_period if start >= freeze.start else max(ends, freeze.end)
    if delayed <= deadline:
        return start
    return Instant(freeze.start - grace.max_period)
