"""I9: rotate after + jitter + the longest grace never exceed the greatest age."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rotator.core.before import Freeze, ends_at, fits, jitter_fraction, starts_at
from rotator.core.ids import KeyId
from rotator.core.terms import Grace, Schedule
from tests.builders import EPOCH, OLD_KEY, at, credential

GRACE = Grace()
SCHEDULE = Schedule()
hours = st.integers(0, 100 * 24)
freezes = st.lists(
    st.builds(
        lambda start, length: Freeze(start=at(hours=start), end=at(hours=start + length)),
        hours,
        st.integers(1, 20 * 24),
    ),
    max_size=5,
)
fractions = st.floats(0, 1, exclude_min=True)


def freeze(first: float, last: float) -> Freeze:
    return Freeze(start=at(days=first), end=at(days=last))


@given(
    max_age=st.integers(1, 400),
    rotate_after=st.integers(0, 400),
    jitter=st.integers(0, 60),
    grace=st.integers(0, 60),
    fraction=fractions,
)
def test_whenever_policy_fits_the_longest_grace_ends_before_the_greatest_age(
    max_age: int, rotate_after: int, jitter: int, grace: int, fraction: float
) -> None:
    schedule = Schedule(
        max_age=timedelta(days=max_age),
        rotate_after=timedelta(days=rotate_after),
        jitter=timedelta(days=jitter),
    )
    longest = Grace(max_period=timedelta(days=grace))

    start = starts_at(EPOCH, schedule, longest, fraction=fraction)

    assert start >= EPOCH + schedule.rotate_after
    if fits(schedule, longest):
        assert start + longest.max_period <= EPOCH + schedule.max_age


@given(fraction=fractions, known=freezes)
def test_a_rotation_ends_in_time_in_spite_of_freezes_or_starts_before_all_that_hinder_it(
    fraction: float, known: list[Freeze]
) -> None:
    deadline = EPOCH + SCHEDULE.max_age

    start = starts_at(EPOCH, SCHEDULE, GRACE, fraction=fraction, freezes=known)

    regular = starts_at(EPOCH, SCHEDULE, GRACE, fraction=fraction)
    assert start <= regular
    assert ends_at(start, GRACE, known) <= deadline or start < min(item.start for item in known)
    if ends_at(regular, GRACE, known) <= deadline:
        assert start == regular


@given(fraction=fractions, known=freezes, ends=st.integers(-10, 400))
def test_a_key_that_its_provider_ends_is_out_of_use_by_then_or_freezes_hinder_it(
    fraction: float, known: list[Freeze], ends: int
) -> None:
    until = at(days=ends)

    start = starts_at(EPOCH, SCHEDULE, GRACE, fraction=fraction, freezes=known, until=until)

    assert start <= starts_at(EPOCH, SCHEDULE, GRACE, fraction=fraction, freezes=known)
    assert start + GRACE.max_period <= until
    assert ends_at(start, GRACE, known) <= until or start < min(item.start for item in known)


@pytest.mark.parametrize(
    ("known", "days"),
    [
        ([], 73),
        ([freeze(10, 20)], 73),
        ([freeze(85, 89)], 73),
        ([freeze(72, 80)], 73),
        ([freeze(74, 90)], 73),
        ([freeze(72, 84)], 65),
        ([freeze(78, 91)], 71),
        ([freeze(72, 76), freeze(76, 84)], 65),
        ([freeze(76, 84), freeze(72, 77)], 65),
        ([freeze(72, 75), freeze(81, 91)], 65),
        ([freeze(72, 84), freeze(60, 70)], 65),
    ],
    ids=[
        "no freeze",
        "long before",
        "after the grace",
        "a start that is put off still ends in time",
        "a grace that ends with the freeze on the last day",
        "a start that is put off would end too late",
        "a grace that would be put off too late",
        "one freeze leads into the next",
        "overlapping freezes in any order",
        "a start that is put off runs its grace into another freeze",
        "a freeze before the freeze puts the start off and the grace still ends in time",
    ],
)
def test_a_rotation_that_a_freeze_would_carry_past_its_limit_starts_before_it(
    known: list[Freeze], days: int
) -> None:
    assert starts_at(EPOCH, SCHEDULE, GRACE, fraction=1, freezes=known) == at(days=days)


def test_a_key_that_is_late_already_is_not_pushed_further_back_by_a_freeze_that_is_over() -> None:
    late = Schedule(rotate_after=timedelta(days=89))

    start = starts_at(EPOCH, late, GRACE, fraction=1, freezes=[freeze(10, 20)])

    assert start == at(days=95)


def test_policy_fits_only_with_a_positive_jitter_and_up_to_the_very_limit() -> None:
    exact = Schedule(rotate_after=timedelta(days=77), jitter=timedelta(days=6))

    assert fits(SCHEDULE, GRACE)
    assert fits(exact, GRACE)
    assert not fits(exact, Grace(max_period=timedelta(days=7, seconds=1)))
    assert not fits(Schedule(jitter=timedelta(0)), GRACE)


@given(key=st.text(min_size=1))
def test_jitter_is_positive_and_fixed_for_one_key(key: str) -> None:
    fraction = jitter_fraction(credential().id, KeyId(key))

    assert 0 < fraction <= 1
    assert fraction == jitter_fraction(credential().id, KeyId(key))


def test_jitter_spreads_keys_and_credentials() -> None:
    one = jitter_fraction(credential("one").id, OLD_KEY)
    two = jitter_fraction(credential("two").id, OLD_KEY)

    assert one != two
