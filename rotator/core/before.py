"""When a rotation must start so that no key outlives its limit (invariant I9).

A rotation that starts at age ``rotate_after`` plus its jitter still has its
longest grace ahead; both must fit under ``max_age``. A freeze would carry the
grace past the limit, so a rotation that would run into one starts before it. So
does one whose key its provider ends by itself before that.
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
    until: Instant | None = None,
) -> Instant:
    """Say when the rotation of a key should start.

    Args:
        created_at: The key's birth, by the provider.
        schedule: Policy's ages.
        grace: Policy's grace; its longest must be over before `max_age`.
        fraction: The key's jitter, in (0, 1].
        freezes: Known freezes, in any order; they may overlap.
        until: When the key must be out of use, however young it is; None without a limit.

    Returns:
        The regular time, or an earlier one if a freeze would carry the grace past
        `max_age`, or the grace would end after `until`. It may lie in the past: then it
        is overdue.
    """
    first, deadline = created_at + schedule.rotate_after, created_at + schedule.max_age
    if until is not None:
        first = min(first, until - grace.max_period - schedule.jitter)
        deadline = min(deadline, until)
    start = Instant(first + schedule.jitter * fraction)
    known = _merged(freezes)
    for freeze in reversed(known):
        if start < freeze.end and ends_at(start, grace, known) > deadline:
            start = min(start, Instant(freeze.start - grace.max_period))
    return start


def ends_at(start: Instant, grace: Grace, freezes: Sequence[Freeze]) -> Instant:
    """Say when a rotation that is to start at `start` has its longest grace behind it.

    In a freeze a start waits for its end, and so does the end of a grace.

    Args:
        start: When it is to start.
        grace: Policy's grace.
        freezes: Known freezes, in any order; they may overlap.
    """
    known = _merged(freezes)
    begun = next((item.end for item in known if item.start <= start < item.end), start)
    over = Instant(begun + grace.max_period)
    return next((item.end for item in known if item.start < over < item.end), over)


def _merged(freezes: Sequence[Freeze]) -> list[Freeze]:
    """Join freezes that overlap or touch, for one leads into the next; earliest first."""
    joined: list[Freeze] = []
    for freeze in sorted(freezes, key=lambda item: item.start):
        if joined and freeze.start <= joined[-1].end:
            last = joined.pop()
            joined.append(Freeze(start=last.start, end=max(last.end, freeze.end)))
        else:
            joined.append(freeze)
    return joined
