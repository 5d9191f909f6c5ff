"""A credential whose rotations keep failing is left alone for longer and longer."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from rotator.core.reasons import Reason, is_hold
from rotator.core.rollbacks import MOST, back_off, in_a_row
from rotator.core.rotation import Phase
from tests.builders import EPOCH, at, rotation

FAILED = replace(
    rotation(phase=Phase.ROLLED_BACK), abandoned=Reason.VERIFY_FAILED, finished_at=EPOCH
)
GOOD = rotation(phase=Phase.COMPLETED)


def test_without_a_failed_rotation_nothing_waits() -> None:
    assert back_off(in_a_row((GOOD, FAILED)), EPOCH) is None
    assert back_off((), EPOCH) is None


def test_only_rotations_since_the_last_promotion_count_and_policys_change_of_mind_does_not() -> (
    None
):
    changed = replace(FAILED, abandoned=Reason.REPORT_ONLY)

    assert in_a_row((FAILED, changed, FAILED, GOOD, FAILED)) == (FAILED, FAILED)


def test_each_one_in_a_row_is_waited_for_longer_than_the_one_before() -> None:
    waits = [back_off((FAILED,) * number, EPOCH) for number in range(1, MOST + 3)]

    ends = [wait.until for wait in waits if wait]
    assert len(ends) == MOST + 2
    assert ends == sorted(set(ends))
    assert at(seconds=30) <= ends[0] <= at(minutes=1)


def test_when_the_wait_is_over_the_next_may_start() -> None:
    unfinished = replace(FAILED, finished_at=None, phase_since=EPOCH)

    assert back_off((FAILED,), at(minutes=1)) is None
    assert back_off((unfinished,), at(minutes=1)) is None


@pytest.mark.parametrize(
    ("abandoned", "reason"), [(Reason.DRIFT, Reason.DRIFT), (None, Reason.INVARIANT)]
)
def test_after_some_in_a_row_a_person_is_told_why(abandoned: Reason | None, reason: Reason) -> None:
    last = replace(FAILED, abandoned=abandoned)

    before, after = (back_off((last,) * number, EPOCH) for number in (MOST - 1, MOST))

    assert before is not None
    assert before.reason is Reason.BACKOFF
    assert after is not None
    assert after.reason is reason
    assert is_hold(after.reason)
    assert after.until >= EPOCH + timedelta(minutes=30)
