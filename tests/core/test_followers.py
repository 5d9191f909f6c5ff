from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from rotator.core.facts import Follower, Known, Observation, Unreadable, What
from rotator.core.followers import aligned, healed, mirrored, on_old_key, reaching
from rotator.core.ids import VersionId, follower_token
from rotator.core.machine import next_step
from rotator.core.reasons import Reason
from rotator.core.recovery import answer
from rotator.core.retire import went_back
from rotator.core.rotation import Action, Effect, Phase, Rotation
from rotator.core.steps import Do, Fact, Record, Wait
from rotator.core.terms import Mode, Terms, Traits
from rotator.core.transitions import found
from tests.builders import EPOCH, NEW_KEY, OLD_KEY, at, credential, destination, intent
from tests.core.worlds import (
    STRAY_KEY,
    TOKEN,
    asks_for,
    both,
    effect_of,
    key,
    listing,
    missing,
    open_rotation,
    reason_of,
    seen,
    state,
)

FIRST = destination("apps/payments", region="eu-west-1")
SECOND = destination("apps/ledger", region="us-east-1", create=True)
TERMS = Terms(followers=(FIRST, SECOND))
PROMOTED = open_rotation(Phase.PROMOTED)
FOLLOWED = replace(PROMOTED, followed_at=EPOCH)
DISABLED = open_rotation(Phase.DISABLED, followed_at=EPOCH)

CURRENT = Follower(ref=FIRST, state=state(), published=NEW_KEY, is_ours=True)
ALSO_CURRENT = replace(CURRENT, ref=SECOND)
BEHIND = replace(CURRENT, published=OLD_KEY)
STRANGE = replace(CURRENT, published=STRAY_KEY, is_ours=False)
BROKEN = Follower(ref=FIRST, code="access_denied", why="no")
ABSENT = Follower(ref=SECOND, state=missing())


def shown(*places: Follower, **readings: object) -> Observation:
    made = seen(destination=state(TOKEN), keys=both(), **readings)  # type: ignore[arg-type]
    return replace(made, followers=Known(places))


def place_of(step: object) -> str:
    assert isinstance(step, Do)
    assert step.effect is Effect.FOLLOW
    assert step.place is not None
    return step.place.name


class TestAfterPromotion:
    def test_without_followers_nothing_is_asked_for(self) -> None:
        assert aligned(PROMOTED, Observation(), Terms(), EPOCH) is None
        assert healed(PROMOTED, Observation(), Terms(), EPOCH) is None

    def test_the_pivot_is_looked_at_before_the_followers(self) -> None:
        first = next_step(PROMOTED, Observation(), TERMS, EPOCH)
        then = next_step(PROMOTED, seen(destination=state(TOKEN)), TERMS, EPOCH)

        assert asks_for(first) is What.DESTINATION
        assert asks_for(then) is What.FOLLOWERS

    def test_each_that_is_behind_is_given_the_new_key(self) -> None:
        step = next_step(PROMOTED, shown(BEHIND, ABSENT), TERMS, EPOCH)
        then = next_step(PROMOTED, shown(CURRENT, ABSENT), TERMS, EPOCH)

        assert place_of(step) == FIRST.name
        assert place_of(then) == SECOND.name
        assert isinstance(step, Do)
        assert step.key_id == NEW_KEY

    def test_the_grace_begins_when_all_were_found_current(self) -> None:
        step = next_step(PROMOTED, shown(CURRENT, ALSO_CURRENT), TERMS, at(hours=30))

        assert reason_of(step) is Reason.CLOCK_SKEW
        seen_then = replace(shown(CURRENT, ALSO_CURRENT), keys=Known(both(at(hours=30))))
        assert next_step(PROMOTED, seen_then, TERMS, at(hours=30)) == Record(fact=Fact.FOLLOWED)
        moved = found(PROMOTED, Fact.FOLLOWED, at(hours=30))
        assert moved.moved_at == at(hours=30)
        wait = next_step(moved, seen_then, TERMS, at(hours=30))
        assert isinstance(wait, Wait)
        assert wait.reason is Reason.GRACE
        late = next_step(moved, seen_then, TERMS, at(hours=53))
        assert reason_of(late) is Reason.GRACE

    def test_what_can_be_done_comes_before_what_waits_for_a_person(self) -> None:
        assert place_of(healed(PROMOTED, shown(STRANGE, ABSENT), TERMS, EPOCH)) == SECOND.name
        assert place_of(healed(PROMOTED, shown(BROKEN, ABSENT), TERMS, EPOCH)) == SECOND.name

    def test_a_strange_key_is_held_and_named(self) -> None:
        step = healed(PROMOTED, shown(STRANGE, ALSO_CURRENT), TERMS, EPOCH)
        assert isinstance(step, Wait)
        assert step.reason is Reason.FOLLOWER_DRIFT
        assert FIRST.name in step.detail
        assert STRAY_KEY in step.detail

    @pytest.mark.parametrize(
        ("owner", "merge", "is_held"),
        [("rotator", False, False), (None, True, False), (None, False, True)],
    )
    def test_content_without_a_key_is_replaced_only_where_it_is_ours_or_kept(
        self, owner: str | None, *, merge: bool, is_held: bool
    ) -> None:
        place = Follower(ref=replace(FIRST, merge=merge), state=state(owner=owner))
        step = healed(PROMOTED, shown(place), TERMS, EPOCH)
        if is_held:
            assert reason_of(step) is Reason.FOLLOWER_DRIFT
        else:
            assert place_of(step) == FIRST.name

    @pytest.mark.parametrize(
        ("changes", "word"),
        [
            ({"owner": "another"}, "another owner"),
            ({"deletion_scheduled": True}, "deletion"),
            ({"native_rotation": True}, "rotation of its own"),
        ],
    )
    def test_an_object_that_must_not_be_written_holds_and_says_why(
        self, changes: dict[str, Any], word: str
    ) -> None:
        place = replace(BEHIND, state=state(**changes))
        step = healed(PROMOTED, shown(place), TERMS, EPOCH)
        assert isinstance(step, Wait)
        assert step.reason is Reason.FOLLOWERS_BEHIND
        assert word in step.detail

    def test_a_missing_object_is_made_only_where_the_rule_says_so(self) -> None:
        step = healed(PROMOTED, shown(replace(ABSENT, ref=FIRST)), TERMS, EPOCH)
        assert reason_of(step) is Reason.FOLLOWERS_BEHIND

    def test_trouble_that_may_pass_is_looked_at_sooner(self) -> None:
        passing = replace(BROKEN, is_passing=True)
        soon = healed(PROMOTED, shown(passing), TERMS, EPOCH)
        later = healed(PROMOTED, shown(passing, replace(BROKEN, ref=SECOND)), TERMS, EPOCH)
        assert isinstance(soon, Wait)
        assert isinstance(later, Wait)
        assert soon.until < later.until
        assert soon.detail == f"{FIRST.name}: access_denied: no"

    def test_a_reading_that_failed_as_a_whole_holds(self) -> None:
        failed = replace(shown(), followers=Unreadable("broken"))
        wait = healed(PROMOTED, failed, TERMS, EPOCH)
        assert isinstance(wait, Wait)
        assert (wait.reason, wait.detail) == (Reason.FOLLOWERS_BEHIND, "broken")

    def test_a_follower_whose_key_was_written_all_the_same_is_current(self) -> None:
        doubtful = replace(CURRENT, code="timeout")
        assert aligned(FOLLOWED, shown(doubtful, ALSO_CURRENT), TERMS, EPOCH) is None
        silent = Follower(ref=FIRST, code="timeout")
        step = healed(PROMOTED, shown(silent), TERMS, EPOCH)
        assert isinstance(step, Wait)
        assert step.detail.endswith(": timeout")

    def test_half_a_swap_is_finished(self) -> None:
        version = VersionId("half")
        half = replace(CURRENT, state=state(version, pending=frozenset({version})))
        assert place_of(healed(PROMOTED, shown(half), TERMS, EPOCH)) == FIRST.name

    def test_one_that_falls_back_withdraws_the_grace(self) -> None:
        fallen = next_step(FOLLOWED, shown(BEHIND, ALSO_CURRENT), TERMS, at(hours=1))
        assert fallen == Record(fact=Fact.FELL_BACK)
        assert found(FOLLOWED, Fact.FELL_BACK, at(hours=1)).followed_at is None

    def test_one_that_cannot_be_read_withdraws_nothing(self) -> None:
        step = next_step(FOLLOWED, shown(BROKEN, ALSO_CURRENT), TERMS, at(hours=1))
        assert reason_of(step) is Reason.FOLLOWERS_BEHIND

    def test_a_grace_is_looked_into_every_check_interval(self) -> None:
        step = next_step(FOLLOWED, shown(CURRENT, ALSO_CURRENT), TERMS, at(hours=1))
        assert step == Wait(until=at(hours=2), reason=Reason.GRACE)

    def test_after_a_rollback_what_was_sent_before_is_waited_out(self) -> None:
        back = replace(PROMOTED, reversed_at=EPOCH, landing_until=at(minutes=7))
        places = shown(CURRENT, ALSO_CURRENT)
        assert next_step(back, places, TERMS, EPOCH) == Wait(
            until=at(minutes=7), reason=Reason.SETTLING
        )
        then = replace(places, keys=Known(both(at(minutes=7))))
        assert next_step(back, then, TERMS, at(minutes=7)) == Record(fact=Fact.FOLLOWED)

    def test_where_an_id_was_given_again_only_our_own_version_is_current(self) -> None:
        same = replace(PROMOTED, new_key_id=OLD_KEY)
        base = VersionId("base")
        token = follower_token(same.id, OLD_KEY, FIRST.id, base)
        ours = Follower(
            ref=FIRST,
            state=state(token, versions=frozenset({token, base})),
            published=OLD_KEY,
            is_ours=True,
        )
        old = replace(ours, state=state(base))
        terms = replace(TERMS, followers=(FIRST,))

        assert effect_of(next_step(same, shown(old), terms, EPOCH)) is Effect.FOLLOW
        assert next_step(same, shown(ours), terms, EPOCH) == Record(fact=Fact.FOLLOWED)
        asked = next_step(replace(same, followed_at=EPOCH), shown(ours), terms, EPOCH)
        assert asks_for(asked) is What.OLD_REFUSED


class TestAnOpenFollow:
    @pytest.mark.parametrize(
        ("place", "fact"), [(CURRENT, Fact.INTENT_DONE), (BEHIND, Fact.INTENT_VOID)]
    )
    def test_it_is_answered_by_what_the_follower_carries(self, place: Follower, fact: Fact) -> None:
        meant = intent(Effect.FOLLOW, key_id=NEW_KEY, place=FIRST.name)
        rotation = replace(PROMOTED, intent=meant)
        asked = answer(rotation, meant, Observation(), TERMS, EPOCH)

        assert asks_for(asked) is What.FOLLOWERS
        assert answer(rotation, meant, shown(place), TERMS, EPOCH) == Record(fact=fact)

    def test_of_two_that_have_one_name_in_two_regions_neither_speaks_for_the_other(self) -> None:
        meant = intent(Effect.FOLLOW, key_id=NEW_KEY, place=FIRST.name)
        rotation = replace(PROMOTED, intent=meant)
        namesake = replace(CURRENT, ref=replace(FIRST, region="us-east-1"))
        step = answer(rotation, meant, shown(BEHIND, namesake), TERMS, EPOCH)

        assert step == Record(fact=Fact.INTENT_VOID)


class TestInTheQuarantine:
    def test_a_follower_on_the_disabled_key_gets_that_key_back_first(self) -> None:
        step = next_step(DISABLED, shown(BEHIND), TERMS, EPOCH)
        assert isinstance(step, Do)
        assert (step.effect, step.key_id) == (Effect.ENABLE_KEY, OLD_KEY)
        assert step.evidence == {"place": FIRST.name}

    def test_the_listing_is_asked_whether_there_is_such_a_key(self) -> None:
        unlisted = replace(seen(destination=state(TOKEN)), followers=Known((BEHIND,)))
        gone = replace(unlisted, keys=Known(listing(key(NEW_KEY))))

        assert asks_for(went_back(DISABLED, unlisted, TERMS, EPOCH)) is What.KEYS
        assert effect_of(next_step(DISABLED, gone, TERMS, EPOCH)) is Effect.FOLLOW

    @pytest.mark.parametrize(
        "rotation",
        [replace(DISABLED, expedited_at=EPOCH), replace(DISABLED, disabled_at=None)],
        ids=["compromised", "disabled by somebody else"],
    )
    def test_a_key_that_somebody_wanted_off_stays_off(self, rotation: object) -> None:
        assert effect_of(next_step(rotation, shown(BEHIND), TERMS, EPOCH)) is Effect.FOLLOW  # type: ignore[arg-type]

    def test_nothing_is_deleted_while_a_follower_is_strange(self) -> None:
        late = at(days=9)
        places = replace(shown(STRANGE), keys=Known(both(late)))
        assert reason_of(next_step(DISABLED, places, TERMS, late)) is Reason.FOLLOWER_DRIFT

    def test_followers_that_are_current_change_nothing(self) -> None:
        step = next_step(DISABLED, shown(CURRENT, ALSO_CURRENT), TERMS, EPOCH)
        assert reason_of(step) is Reason.QUARANTINE
        assert on_old_key(DISABLED, Observation()) is None


class TestWithoutARotation:
    def test_what_is_behind_gets_the_current_key(self) -> None:
        behind = replace(STRANGE, is_ours=True)
        step = mirrored(credential(), shown(behind), TERMS, EPOCH)
        assert place_of(step) == FIRST.name
        assert isinstance(step, Do)
        assert step.key_id == OLD_KEY

    def test_plan_mode_only_says_so(self) -> None:
        terms = replace(TERMS, mode=Mode.PLAN)
        step = mirrored(credential(), shown(ABSENT), terms, EPOCH)
        assert isinstance(step, Wait)
        assert step.reason is Reason.PLAN_MODE
        assert SECOND.name in step.detail

    @pytest.mark.parametrize("missing_field", ["current_key_id", "current_version"])
    def test_what_the_pivot_does_not_carry_is_carried_nowhere(self, missing_field: str) -> None:
        idle = replace(credential(), **{missing_field: None})  # type: ignore[arg-type]
        assert mirrored(idle, Observation(), TERMS, EPOCH) is None

    def test_followers_are_read_and_left_alone_when_they_are_current(self) -> None:
        asked = mirrored(credential(), Observation(), TERMS, EPOCH)
        assert asks_for(asked) is What.FOLLOWERS
        assert mirrored(credential(), shown(BEHIND), TERMS, EPOCH) is None


class TestAFollowerThatSomebodyTakesBack:
    FOUGHT = replace(BEHIND, writes=3)

    def test_it_is_told_and_left_alone_in_a_grace(self) -> None:
        step = next_step(PROMOTED, shown(self.FOUGHT, CURRENT), TERMS, EPOCH)
        assert reason_of(step) is Reason.FOLLOWER_DRIFT
        assert "3 times within a day" in getattr(step, "detail", "")

    def test_the_others_are_brought_along_first(self) -> None:
        assert (
            place_of(next_step(PROMOTED, shown(self.FOUGHT, ABSENT), TERMS, EPOCH)) == SECOND.name
        )

    @pytest.mark.parametrize(
        "rotation",
        [replace(PROMOTED, expedited_at=EPOCH), replace(DISABLED, disabled_at=None)],
        ids=["in haste", "disabled by somebody else"],
    )
    def test_where_the_old_key_is_lost_each_write_helps(self, rotation: Rotation) -> None:
        assert effect_of(next_step(rotation, shown(self.FOUGHT), TERMS, EPOCH)) is Effect.FOLLOW


class TestWhilePolicysRuleIsNotKnown:
    """Followers of several rules are named then, and it is one of these that is right."""

    UNRULED = replace(TERMS, is_rule_known=False)

    @pytest.mark.parametrize("rotation", [PROMOTED, FOLLOWED, DISABLED], ids=lambda it: it.phase)
    def test_no_follower_is_written_and_the_old_key_waits(self, rotation: Rotation) -> None:
        late = at(days=9)
        places = replace(shown(CURRENT, ABSENT), keys=Known(both(late)))
        step = next_step(rotation, places, self.UNRULED, late)

        assert reason_of(step) is Reason.FOLLOWERS_BEHIND
        assert "tags" in getattr(step, "detail", "")

    def test_without_a_rotation_nothing_is_done(self) -> None:
        assert mirrored(credential(), shown(ABSENT), self.UNRULED, EPOCH) is None


class TestWhereAPolicyMovesThePivot:
    def test_the_new_destination_has_readers_too_and_the_pivot_is_no_follower(self) -> None:
        pivot = PROMOTED.destination
        moved = replace(credential(), destination=FIRST)
        terms = reaching(replace(TERMS, followers=(pivot, SECOND)), PROMOTED, moved)
        assert terms.followers == (FIRST, SECOND)

    def test_before_a_key_is_made_the_rotation_follows_policy(self) -> None:
        planned = open_rotation(Phase.PLANNED)
        moved = replace(credential(), destination=FIRST)
        assert reaching(TERMS, planned, moved).followers == (SECOND,)

    def test_without_a_rotation_the_followers_are_those_of_policy(self) -> None:
        assert reaching(TERMS, None, credential()) == TERMS
        assert reaching(TERMS, None, replace(credential(), destination=None)) == TERMS

    def test_what_is_only_reported_has_no_destination(self) -> None:
        told = replace(credential(), destination=FIRST, action=Action.REPORT)
        assert reaching(Terms(), PROMOTED, told).followers == ()


def test_a_provider_that_cannot_disable_deletes_nothing_while_a_follower_is_behind() -> None:
    late = at(days=9)
    terms = replace(TERMS, traits=Traits(can_disable=False))
    places = replace(shown(BROKEN), keys=Known(both(late)))
    assert reason_of(next_step(FOLLOWED, places, terms, late)) is Reason.FOLLOWERS_BEHIND


def test_a_version_of_a_follower_tells_owner_key_place_and_base_apart() -> None:
    made = {
        follower_token(PROMOTED.id, OLD_KEY, FIRST.id, None),
        follower_token(PROMOTED.id, NEW_KEY, FIRST.id, None),
        follower_token(PROMOTED.id, NEW_KEY, SECOND.id, None),
        follower_token(PROMOTED.id, NEW_KEY, SECOND.id, TOKEN),
        follower_token(credential().id, NEW_KEY, SECOND.id, TOKEN),
    }
    assert len(made) == 5
