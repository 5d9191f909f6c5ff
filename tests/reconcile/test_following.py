"""Followers, driven by the real shell: mirrors of the pivot, never in its way."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from rotator.core.facts import DestinationRef
from rotator.core.idle import Rest, Start
from rotator.core.ids import Instant
from rotator.core.orders import Verb
from rotator.core.reasons import Reason
from rotator.core.rotation import Effect, Intent, Phase, Trigger
from rotator.core.terms import Grace, Mode, Terms
from rotator.reconcile import planning
from rotator.reconcile.session import Session
from rotator.testing.fake_provider import ACCOUNT
from rotator.testing.wire import Failure
from tests.reconcile.estate import KIND, LIMITS, NAME, Estate
from tests.reconcile.orders_desk import give

if TYPE_CHECKING:
    from rotator.core.rotation import Claim, Hold

FOLLOWER = DestinationRef(kind=KIND, account=ACCOUNT, region="eu-west-1", name=f"apps/{NAME}")
SECOND = replace(FOLLOWER, region="us-east-1", create=True)
HOURS = timedelta(hours=1)


def estate(*followers: DestinationRef, mode: Mode = Mode.ENFORCE) -> Estate:
    """An estate whose first follower exists and carries the key that is in use."""
    named = followers or (FOLLOWER,)
    made = Estate(terms=Terms(limits=LIMITS, grace=Grace(), followers=named, mode=mode))
    made.destination.create_by_hand(FOLLOWER, made.content(made.old))
    return made


def carried(made: Estate, ref: DestinationRef = FOLLOWER) -> str | None:
    material = made.destination.material(ref)
    return material.key_id if material else None


def phase(made: Estate) -> Phase:
    return made.newest.phase


def meant(made: Estate) -> Intent | None:
    """Read the follow that is open while no rotation is."""
    return made.stored.intent


def held(made: Estate) -> Hold:
    hold = made.stored.hold
    assert hold is not None
    return hold


def test_every_follower_carries_the_new_key_before_the_grace_begins() -> None:
    made = estate(FOLLOWER, SECOND)
    made.due()

    new = made.stored.current_key_id
    assert carried(made) == carried(made, SECOND) == new != made.old.key_id
    assert made.newest.followed_at is not None
    assert made.newest.promoted_at is not None
    assert made.newest.followed_at >= made.newest.promoted_at
    assert made.wire.sent.count("create_key") == 1

    made.run(timedelta(days=30))
    assert phase(made) is Phase.COMPLETED
    assert made.enabled() == {new}


def test_no_old_key_is_touched_while_a_follower_is_behind() -> None:
    made = estate()
    made.destination.objects[FOLLOWER.id].deletion_scheduled = True
    made.due()
    made.run(timedelta(days=20))

    assert phase(made) is Phase.PROMOTED
    assert made.newest.followed_at is None
    assert made.old.key_id in made.enabled()
    assert held(made).reason is Reason.FOLLOWERS_BEHIND
    assert FOLLOWER.name in held(made).detail

    made.destination.objects[FOLLOWER.id].deletion_scheduled = False
    made.run(timedelta(hours=23))
    assert phase(made) is Phase.PROMOTED
    made.run(timedelta(days=10))
    assert phase(made) is Phase.COMPLETED
    assert carried(made) == made.stored.current_key_id


def test_one_follower_in_trouble_does_not_keep_the_others_behind() -> None:
    made = estate(FOLLOWER, SECOND)
    made.destination.objects[FOLLOWER.id].deletion_scheduled = True
    made.due()

    assert carried(made) == made.old.key_id
    assert carried(made, SECOND) == made.stored.current_key_id


def test_what_is_not_this_credentials_is_never_overwritten() -> None:
    made = estate()
    stranger = made.provider.mint_by_hand(made.provider.add_principal("somebody-else"))
    made.destination.write_by_hand(FOLLOWER, made.content(stranger))
    made.due()
    made.run(timedelta(days=20))

    assert carried(made) == stranger.key_id
    assert held(made).reason is Reason.FOLLOWER_DRIFT
    assert stranger.key_id in held(made).detail
    assert made.old.key_id in made.enabled()


def test_an_object_with_other_content_is_left_alone() -> None:
    made = estate(SECOND)
    made.destination.create_by_hand(SECOND, '{"password": "somebody\'s"}')
    made.due()

    assert held(made).reason is Reason.FOLLOWER_DRIFT
    assert "password" in made.destination.read(SECOND)


def test_a_follower_that_was_put_back_gets_the_key_again_and_the_grace_starts_anew() -> None:
    made = estate()
    before = made.destination.objects[FOLLOWER.id].current
    assert before is not None
    made.due()
    began = made.newest.followed_at
    made.run(timedelta(hours=20))
    made.destination.make_current_by_hand(FOLLOWER, before)
    made.run(timedelta(hours=20))

    assert phase(made) is Phase.PROMOTED
    assert began is not None
    assert made.newest.followed_at is not None
    assert made.newest.followed_at > began
    assert made.old.key_id in made.enabled()
    assert carried(made) == made.stored.current_key_id


def test_a_follower_that_goes_back_to_a_disabled_key_gets_it_enabled_and_is_healed() -> None:
    made = estate()
    before = made.destination.objects[FOLLOWER.id].current
    assert before is not None
    made.run(timedelta(days=90), until=Phase.DISABLED)
    made.destination.make_current_by_hand(FOLLOWER, before)
    made.run(2 * HOURS)

    assert phase(made) is Phase.PROMOTED
    assert made.enabled() == {made.old.key_id, made.stored.current_key_id}
    assert carried(made) == made.stored.current_key_id

    made.run(timedelta(days=30))
    assert phase(made) is Phase.COMPLETED


def test_a_compromised_key_is_not_enabled_for_a_follower_that_goes_back() -> None:
    made = estate()
    before = made.destination.objects[FOLLOWER.id].current
    assert before is not None
    made.look()
    made.journal.request(made.stored.id, Trigger.TAINT, now=made.clock.now())
    made.look()
    assert phase(made) is Phase.DISABLED
    made.destination.make_current_by_hand(FOLLOWER, before)
    made.clock.advance(2 * HOURS)
    made.look()

    assert made.old.key_id not in made.enabled()
    assert carried(made) == made.stored.current_key_id


def test_haste_does_not_pass_over_a_follower() -> None:
    made = estate()
    made.look()
    made.destination.objects[FOLLOWER.id].deletion_scheduled = True
    made.journal.request(made.stored.id, Trigger.TAINT, now=made.clock.now())
    made.look()

    assert phase(made) is Phase.PROMOTED
    assert held(made).reason is Reason.FOLLOWERS_BEHIND

    made.terms = replace(made.terms, followers=())
    made.clock.advance(2 * HOURS)
    made.look()
    assert phase(made) is Phase.DISABLED


@pytest.mark.parametrize("failure", [Failure.LOST_ANSWER, Failure.LOST_REQUEST])
def test_a_lost_answer_is_found_out_by_looking(failure: Failure) -> None:
    made = estate()
    made.wire.break_next("promote", failure, skip=1)
    made.due()
    made.run(timedelta(days=30))

    assert phase(made) is Phase.COMPLETED
    assert carried(made) == made.stored.current_key_id
    assert made.actions().count("outcome key.follow unknown") == 1
    assert made.actions().count("outcome key.follow success") == 1


def test_a_follower_that_is_named_later_is_brought_up_to_date_without_a_rotation() -> None:
    made = estate()
    made.terms = replace(made.terms, followers=(FOLLOWER, SECOND))
    made.run(timedelta(days=1))

    assert made.rotation is None
    assert carried(made, SECOND) == made.old.key_id
    assert meant(made) is None
    assert "intent key.follow pending" in made.actions()
    assert "outcome key.follow success" in made.actions()


def test_in_plan_mode_a_follower_is_only_spoken_of() -> None:
    made = estate(SECOND, mode=Mode.PLAN)
    stored = made.look()

    assert SECOND.id not in made.destination.objects
    assert stored.hold is None
    assert "intent key.follow pending" not in made.actions()


@pytest.mark.parametrize("failure", [Failure.LOST_ANSWER, Failure.LOST_REQUEST])
def test_an_idle_credentials_open_follow_is_answered_by_looking(failure: Failure) -> None:
    made = estate(SECOND)
    made.wire.break_next("promote", failure)
    made.look()
    assert meant(made) is not None
    made.run(timedelta(hours=13))

    assert meant(made) is None
    assert made.stored.hold is None
    assert carried(made, SECOND) == made.old.key_id


def test_a_follower_that_cannot_be_read_is_waited_for() -> None:
    made = estate()
    made.look()
    made.wire.break_next("published_key_id", Failure.DENIED)
    made.run(timedelta(hours=13))
    assert held(made).reason is Reason.FOLLOWERS_BEHIND
    made.run(timedelta(hours=2))
    assert made.stored.hold is None


def test_without_a_follower_no_rotation_is_different() -> None:
    made = Estate()
    made.run(timedelta(days=90), until=Phase.COMPLETED)
    assert made.newest.followed_at is None
    assert not [line for line in made.actions() if "follow" in line]


def test_the_plan_says_which_follower_will_be_given_the_key() -> None:
    made = estate(FOLLOWER, SECOND)
    made.terms = replace(made.terms, followers=(FOLLOWER,))
    made.look()
    made.terms = replace(made.terms, followers=(FOLLOWER, SECOND))
    made.clock.advance(timedelta(days=1))
    session = Session(made.parts(), claimed(made))
    verdict = planning.ask(session)

    assert isinstance(verdict, Rest)
    assert verdict.wait.reason is Reason.FOLLOWERS_BEHIND
    assert SECOND.name in verdict.wait.detail
    assert SECOND.id not in made.destination.objects


def claimed(made: Estate) -> Claim:
    now = made.clock.now()
    claim = made.journal.acquire(made.stored.id, now=now, lease_until=Instant(now + HOURS))
    assert claim is not None
    return claim


def test_an_operators_rollback_takes_the_followers_back_too() -> None:
    made = estate()
    made.due()
    give(made, Verb.ROLLBACK)
    made.run(timedelta(hours=2))

    assert made.newest.reversed_at is not None
    assert carried(made) == made.old.key_id
    assert made.newest.followed_at is not None


def test_any_number_of_followers_is_brought_up_to_date_in_one_pass() -> None:
    places = tuple(replace(SECOND, region=f"region-{number}") for number in range(120))
    made = estate(*places)
    stored = made.look()

    assert (stored.last_error, stored.hold) == ("", None)
    assert {carried(made, ref) for ref in places} == {made.old.key_id}

    made.due()
    assert made.stored.last_error == ""
    assert {carried(made, ref) for ref in places} == {made.stored.current_key_id}


def test_a_follower_is_healed_though_a_rotation_is_due_and_cannot_start() -> None:
    made = estate()
    before = made.destination.objects[FOLLOWER.id].current
    assert before is not None
    made.due()
    made.run(timedelta(days=12), until=Phase.COMPLETED)
    made.provider.mint_by_hand(made.principal)
    made.run(timedelta(days=75))
    assert held(made).reason is Reason.SLOTS_FULL

    made.destination.make_current_by_hand(FOLLOWER, before)
    made.run(timedelta(days=1))
    assert carried(made) == made.stored.current_key_id
    assert held(made).reason is Reason.SLOTS_FULL


def test_a_write_whose_outcome_nobody_can_tell_keeps_no_rotation_from_its_start() -> None:
    unread = replace(SECOND, kind="not-configured", name="elsewhere")
    made = estate(FOLLOWER, unread)
    made.look()
    made.clock.advance(timedelta(days=1))
    now = made.clock.now()
    lost = Intent(
        effect=Effect.FOLLOW, made_at=now, not_after=now, key_id=made.old.key_id, place="elsewhere"
    )
    session = Session(made.parts(), claimed(made))
    session.commit(credential=replace(session.credential, intent=lost))
    made.journal.release(session.claim)
    made.destination.objects.pop(FOLLOWER.id)
    made.destination.create_by_hand(FOLLOWER, "{}")
    made.destination.objects[FOLLOWER.id].owner = made.terms.owner
    made.due()

    assert phase(made) is Phase.PROMOTED
    made.run(timedelta(hours=3))
    assert carried(made) == made.stored.current_key_id
    assert meant(made) == lost


@pytest.mark.parametrize("is_named", [True, False], ids=["swapped", "moved"])
def test_a_destination_that_policy_names_in_mid_rotation_is_not_left_with_the_old_key(
    is_named: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    made = estate()
    made.destination.objects[FOLLOWER.id].deletion_scheduled = True
    made.due()
    made.destination.objects[FOLLOWER.id].deletion_scheduled = False
    made.terms = replace(made.terms, followers=(made.ref,) if is_named else ())
    made.register(replace(made.credential(), destination=FOLLOWER))
    made.run(timedelta(days=20))

    assert phase(made) is Phase.COMPLETED
    assert carried(made) == made.stored.current_key_id
    assert made.stored.hold is None


def test_the_plan_tells_of_the_rotation_that_is_due_whatever_a_follower_lacks() -> None:
    made = estate()
    made.look()
    made.clock.advance(timedelta(days=80))
    made.terms = replace(made.terms, followers=(FOLLOWER, SECOND))
    assert isinstance(planning.ask(Session(made.parts(), claimed(made))), Start)


def test_a_follower_that_somebody_takes_back_again_and_again_is_told_and_then_left_alone() -> None:
    made = estate()
    before = made.destination.objects[FOLLOWER.id].current
    assert before is not None
    made.due()
    for _ in range(30):
        made.destination.make_current_by_hand(FOLLOWER, before)
        made.run(timedelta(hours=2))

    assert phase(made) is Phase.PROMOTED
    assert held(made).reason is Reason.FOLLOWER_DRIFT
    assert "see what else writes to it" in held(made).detail
    assert made.actions().count("outcome key.follow success") == 9
    assert made.old.key_id in made.enabled()

    made.run(timedelta(days=30))
    assert phase(made) is Phase.COMPLETED
    assert carried(made) == made.stored.current_key_id
