from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from rotator.core.facts import Known, Observation, Unreadable, What
from rotator.core.idle import Adopt, Rest, Start, due_at, next_for_idle
from rotator.core.reasons import Reason
from rotator.core.rotation import Action, Trigger
from rotator.core.steps import Wait
from rotator.core.terms import Mode, Terms
from tests.builders import EPOCH, OLD_KEY, OLD_VERSION, at, credential, destination
from tests.core.worlds import (
    DENIED,
    STRAY_KEY,
    asks_for,
    key,
    listing,
    missing,
    seen,
    state,
)

if TYPE_CHECKING:
    from rotator.core.facts import DestinationState, KeyInfo, KeyListing
    from rotator.core.idle import IdleStep
    from rotator.core.ids import Instant, KeyId
    from rotator.core.rotation import Credential

ADOPTED = credential()
UNMANAGED = credential(current_key_id=None, current_version=None)
CREATING = replace(UNMANAGED, destination=destination("ci-deployer", create=True))
AGED = key(created_at=at(days=-80))


def step(
    of: Credential, observation: Observation, terms: Terms | None = None, now: Instant = EPOCH
) -> IdleStep:
    return next_for_idle(of, observation, terms or Terms(), now)


def agreeing(keys: KeyListing) -> Observation:
    """Show a destination that is as the journal holds it."""
    return seen(keys=keys, destination=state())


def why(answer: IdleStep) -> Reason:
    assert isinstance(answer, Rest)
    return answer.wait.reason


class TestAge:
    def test_a_young_key_rests_until_it_is_due_and_is_looked_at_meanwhile(self) -> None:
        young = key()
        due = due_at(ADOPTED, young, Terms())

        rest = step(ADOPTED, agreeing(listing(young)))
        eve = step(ADOPTED, agreeing(listing(young, now=due)), now=at(days=36, hours=23))

        assert rest == Rest(wait=Wait(until=at(hours=6), reason=Reason.NOT_DUE), due_at=due)
        assert at(days=37) < due <= at(days=43)
        assert why(eve) in {Reason.NOT_DUE, Reason.CLOCK_SKEW}

    def test_a_key_is_never_looked_at_later_than_it_is_due(self) -> None:
        young = key()
        due = due_at(ADOPTED, young, Terms())
        now = at(minutes=(due - EPOCH).total_seconds() / 60 - 10)

        rest = step(ADOPTED, agreeing(listing(young, now=now)), now=now)

        assert isinstance(rest, Rest)
        assert rest.wait.until == due

    def test_a_rotation_starts_when_the_key_is_due(self) -> None:
        answer = step(ADOPTED, agreeing(listing(AGED)))

        assert answer == Start(trigger=Trigger.AGE, due_at=due_at(ADOPTED, AGED, Terms()))

    @pytest.mark.parametrize("trigger", [Trigger.MANUAL, Trigger.TAINT])
    def test_an_order_does_not_wait_for_the_age(self, trigger: Trigger) -> None:
        ordered = replace(ADOPTED, requested=trigger)

        answer = step(ordered, agreeing(listing(key())))

        assert isinstance(answer, Start)
        assert answer.trigger is trigger

    def test_plan_mode_starts_nothing_and_still_says_when_it_was_due(self) -> None:
        answer = step(ADOPTED, agreeing(listing(AGED)), Terms(mode=Mode.PLAN))

        assert why(answer) is Reason.PLAN_MODE
        assert isinstance(answer, Rest)
        assert answer.due_at == due_at(ADOPTED, AGED, Terms())

    @pytest.mark.parametrize("keys", [(), (key(enabled=False),)])
    def test_an_emergency_starts_though_somebody_ended_the_old_key_already(
        self, keys: tuple[KeyInfo, ...]
    ) -> None:
        tainted = replace(ADOPTED, requested=Trigger.TAINT)

        answer = step(tainted, agreeing(listing(*keys)))

        assert answer == Start(trigger=Trigger.TAINT, due_at=EPOCH)

    @pytest.mark.parametrize(
        ("shown", "reason"),
        [
            (DENIED, Reason.ACCESS_DENIED),
            (state(owner=None), Reason.UNPUBLISHED),
            (state(owner="rotator"), None),
            (missing(), None),
        ],
    )
    def test_a_new_destination_that_cannot_be_read_must_be_ours_or_missing(
        self, shown: DestinationState | Unreadable, reason: Reason | None
    ) -> None:
        moved = replace(CREATING, current_key_id=OLD_KEY)
        terms = Terms(can_read_back=False)
        keys = listing(AGED)

        first = step(moved, seen(keys=keys), terms)
        answer = step(moved, seen(keys=keys, destination=shown), terms)

        assert asks_for(first) is What.DESTINATION
        assert isinstance(answer, Start) if reason is None else why(answer) is reason

    def test_a_reported_principal_that_is_gone_is_no_trouble(self) -> None:
        reported = replace(ADOPTED, action=Action.REPORT, note="no longer there")
        gone = seen(keys=Unreadable("not_found"))

        assert why(step(reported, gone)) is Reason.REPORT_ONLY
        assert why(step(ADOPTED, gone)) is Reason.CURRENT_KEY_GONE

    def test_full_slots_hold_before_a_rotation_is_opened(self) -> None:
        answer = step(ADOPTED, agreeing(listing(AGED, key(STRAY_KEY))))

        assert why(answer) is Reason.SLOTS_FULL

    @pytest.mark.parametrize(
        ("keys", "reason"),
        [
            ([], Reason.CURRENT_KEY_GONE),
            ([key(enabled=False)], Reason.CURRENT_KEY_DISABLED),
        ],
    )
    def test_a_current_key_that_is_gone_or_disabled_is_for_a_person(
        self, keys: list[KeyInfo], reason: Reason
    ) -> None:
        assert why(step(ADOPTED, agreeing(listing(*keys)))) is reason


class TestTheListing:
    def test_it_is_asked_for_first(self) -> None:
        assert asks_for(step(ADOPTED, Observation())) is What.KEYS

    @pytest.mark.parametrize(
        ("shown", "reason"),
        [
            (DENIED, Reason.ACCESS_DENIED),
            (Unreadable("principal_replaced"), Reason.PRINCIPAL_REPLACED),
            (listing(key(), now=at(hours=1)), Reason.CLOCK_SKEW),
        ],
    )
    def test_without_a_good_one_nothing_is_decided_and_the_due_time_stays(
        self, shown: KeyListing | Unreadable, reason: Reason
    ) -> None:
        waiting = replace(ADOPTED, due_at=at(days=3))

        answer = step(waiting, seen(keys=shown))

        assert why(answer) is reason
        assert isinstance(answer, Rest)
        assert answer.due_at == at(days=3)

    def test_what_is_only_reported_is_never_adopted_nor_rotated(self) -> None:
        reported = replace(
            UNMANAGED, action=Action.REPORT, note="a person", requested=Trigger.MANUAL
        )

        answer = step(reported, seen(keys=listing(AGED)))

        assert answer == Rest(
            wait=Wait(until=at(hours=6), reason=Reason.REPORT_ONLY, detail="a person"),
            due_at=None,
        )


class TestAdoption:
    """A key becomes managed when its destination carries it."""

    def test_readings_are_asked_for_one_by_one(self) -> None:
        first = step(UNMANAGED, seen(keys=listing(key())))
        second = step(UNMANAGED, seen(keys=listing(key()), destination=state()))

        assert asks_for(first) is What.DESTINATION
        assert asks_for(second) is What.PUBLISHED

    def test_of_two_enabled_keys_the_published_one_is_adopted(self) -> None:
        shown = seen(keys=listing(key(STRAY_KEY), key()), destination=state(), published=OLD_KEY)

        assert step(UNMANAGED, shown) == Adopt(key_id=OLD_KEY, version=OLD_VERSION)

    @pytest.mark.parametrize("published", [None, STRAY_KEY])
    def test_a_key_that_its_destination_does_not_carry_is_not_adopted(
        self, published: KeyId | None
    ) -> None:
        shown = seen(keys=listing(key()), destination=state(), published=published)

        assert why(step(UNMANAGED, shown)) is Reason.UNPUBLISHED

    def test_a_published_key_that_is_disabled_is_not_adopted(self) -> None:
        keys = listing(key(), key(STRAY_KEY, enabled=False))

        shown = seen(keys=keys, destination=state(), published=STRAY_KEY)

        assert why(step(UNMANAGED, shown)) is Reason.UNPUBLISHED

    def test_what_cannot_be_read_is_not_adopted_and_the_hold_says_why(self) -> None:
        answer = step(UNMANAGED, seen(keys=listing(key()), destination=state(), published=DENIED))

        assert isinstance(answer, Rest)
        assert answer.wait.reason is Reason.UNPUBLISHED
        assert "access_denied" in answer.wait.detail

    @pytest.mark.parametrize(
        ("found", "reason"),
        [
            (DENIED, Reason.ACCESS_DENIED),
            (missing(), Reason.DESTINATION_MISSING),
            (state(owner="another"), Reason.DESTINATION_FOREIGN),
        ],
    )
    def test_a_destination_that_cannot_take_a_key_adopts_none(
        self, found: DestinationState | Unreadable, reason: Reason
    ) -> None:
        assert why(step(UNMANAGED, seen(keys=listing(key()), destination=found))) is reason

    def test_without_a_destination_nothing_is_adopted(self) -> None:
        nowhere = replace(UNMANAGED, destination=None)

        answer = step(nowhere, seen(keys=listing(key()), destination=state()))

        assert why(answer) is Reason.ACCESS_DENIED

    def test_without_an_enabled_key_there_is_nothing_to_adopt(self) -> None:
        off = listing(key(enabled=False))

        assert why(step(UNMANAGED, seen(keys=off, destination=state()))) is Reason.NO_KEY

    def test_an_empty_destination_of_ours_lets_a_single_key_be_adopted_without_a_version(
        self,
    ) -> None:
        single = listing(key())
        absent = step(CREATING, seen(keys=single, destination=missing()))
        empty = step(CREATING, seen(keys=single, destination=state(), published=None))

        assert absent == empty == Adopt(key_id=OLD_KEY, version=None)

    def test_an_empty_destination_says_nothing_about_two_keys(self) -> None:
        two = listing(key(), key(STRAY_KEY))

        assert why(step(CREATING, seen(keys=two, destination=missing()))) is Reason.UNPUBLISHED

    @pytest.mark.parametrize(
        "found", [seen(destination=missing()), seen(destination=state(), published=None)]
    )
    def test_a_key_that_we_minted_and_published_nowhere_is_not_adopted(
        self, found: Observation
    ) -> None:
        ours = replace(key(), rotation="a-forgotten-one")

        answer = step(CREATING, replace(found, keys=Known(listing(ours))))

        assert why(answer) is Reason.UNPUBLISHED

    def test_an_empty_destination_that_is_not_ours_yet_adopts_nothing(self) -> None:
        untagged = state(owner=None)

        answer = step(CREATING, seen(keys=listing(key()), destination=untagged, published=None))

        assert why(answer) is Reason.UNPUBLISHED
