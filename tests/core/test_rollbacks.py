"""A credential whose rotations keep failing is left alone for longer and longer."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from rotator.core.reasons import Reason, is_hold
from rotator.core.rollbacks import MOST, back_off, in_a_row
from rotator.core.rotation import Phase
from tests.builders import EPOCH, at, rotation

if TYPE_CHECKING:
    from rotator.core.ids import Instant
    from rotator.core.rotation import Rotation
    from rotator.core.steps import Wait

FAILED = replace(
    rotation(phase=Phase.ROLLED_BACK), abandoned=Reason.VERIFY_FAILED, finished_at=EPOCH
)
GOOD = rotation(phase=Phase.COMPLETED)


def wait(failed: tuple[Rotation, ...], now: Instant = EPOCH) -> Wait | None:
    return back_off(failed, now, skew=timedelta(minutes=5))


def test_without_a_failed_rotation_nothing_waits() -> None:
    assert wait(in_a_row((GOOD, FAILED))) is None
    assert wait(()) is None


def test_only_rotations_since_the_last_promotion_count_and_policys_change_of_mind_does_not() -> (
    None
):
    changed = replace(FAILED, abandoned=Reason.REPORT_ONLY)

    assert in_a_row((FAILED, changed, FAILED, GOOD, FAILED)) == (FAILED, FAILED)


def test_each_one_in_a_row_is_waited_for_longer_than_the_one_before() -> None:
    waits = [wait((FAILED,) * number) for number in range(1, MOST + 3)]

    ends = [item.until for item in waits if item]
    assert len(ends) == MOST + 2
    assert ends == sorted(set(ends))
    assert at(seconds=30) <= ends[0] <= at(minutes=1)


def test_when_the_wait_is_over_the_next_may_start() -> None:
    unfinished = replace(FAILED, finished_at=None, phase_since=EPOCH)

    assert wait((FAILED,), at(minutes=1)) is None
    assert wait((unfinished,), at(minutes=1)) is None


def test_an_end_that_a_wrong_clock_wrote_delays_nothing_and_one_of_a_replicas_clock_does() -> None:
    wrong = replace(FAILED, finished_at=at(minutes=6))
    replicas = replace(FAILED, finished_at=at(minutes=4))

    assert wait((wrong,) * MOST) is None
    assert wait((replicas,) * MOST) is not None


@pytest.mark.parametrize(
    ("abandoned", "reason"), [(Reason.DRIFT, Reason.DRIFT), (None, Reason.INVARIANT)]
)
def test_after_some_in_a_row_a_person_is_told_why(abandoned: Reason | None, reason: Reason) -> None:
    last = replace(FAILED, abandoned=abandoned)

    before, after = (wait((last,) * number) for number in (MOST - 1, MOST))

    assert before is not None
    assert before.reason is Reason.BACKOFF
    assert after is not None
    assert after.reason is reason
    assert is_hold(after.reason)
    assert after.until >= EPOCH + timedelta(minutes=30)


def test_a_new_key_that_the_provider_ends_too_soon_is_told_of_at_once() -> None:
    short = replace(FAILED, abandoned=Reason.EXPIRES_TOO_SOON)

    first, later = wait((short,)), wait((short,) * (MOST + 2))

    assert first is not None
    assert later is not None
    assert first.reason is later.reason is Reason.EXPIRES_TOO_SOON
    assert later.until > first.until
