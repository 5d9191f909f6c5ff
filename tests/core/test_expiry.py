"""Keys that their provider ends by itself: replaced before, and cleaned up after."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rotator.core import expiry
from rotator.core.before import jitter_fraction
from rotator.core.diagnosis import Chart
from rotator.core.doctor import examine
from rotator.core.drift import Drift, Memory, look
from rotator.core.facts import DestinationState, Known, LastUsed, Unreadable, What
from rotator.core.idle import Adopt, Rest, Start, due_at, next_for_idle
from rotator.core.inventory import seen as recorded
from rotator.core.machine import describe_keys, next_step
from rotator.core.reasons import Reason
from rotator.core.rotation import Effect, Phase, Role, Trigger
from rotator.core.steps import Do, Fact, Record, Wait
from rotator.core.terms import Mode, Terms, Traits
from tests.builders import EPOCH, NEW_KEY, OLD_KEY, at, credential, key_record
from tests.core.worlds import (
    DENIED,
    STRAY_KEY,
    TOKEN,
    asks_for,
    effect_of,
    key,
    listing,
    open_rotation,
    reason_of,
    seen,
    state,
    used,
)

if TYPE_CHECKING:
    from rotator.core.doctor import Examination
    from rotator.core.facts import KeyInfo, KeyListing
    from rotator.core.idle import IdleStep
    from rotator.core.ids import Instant
    from rotator.core.rotation import Rotation
    from rotator.core.steps import Step

ADOPTED = credential()
TERMS = Terms(traits=Traits(keys_expire=True, marks_keys=True))
GRACE, SCHEDULE = TERMS.grace, TERMS.schedule
FRACTION = jitter_fraction(ADOPTED.id, OLD_KEY)
ENDED = key(expires_at=at(hours=-1))
BEHIND = Memory(records=(key_record(expires_at=at(hours=-1)),))


def idle(keys: KeyListing, now: Instant = EPOCH, memory: Memory | None = None) -> IdleStep:
    shown = seen(keys=keys, destination=state())
    return next_for_idle(ADOPTED, shown, TERMS, now, memory=memory or Memory())


class TestWhenItIsReplaced:
    def test_a_key_is_out_of_use_a_day_before_its_end(self) -> None:
        assert expiry.out_of_use_by(key(), TERMS) is None
        assert expiry.out_of_use_by(key(expires_at=at(days=60)), TERMS) == at(days=59)

    @pytest.mark.parametrize(
        ("traits", "days"),
        [
            (Traits(max_keys=2), 60 - 9),
            (Traits(max_keys=None), 60 - 1),
            (Traits(max_keys=2, marks_keys=True), 60 - 1),
        ],
        ids=["unmarked and limited", "unlimited", "marked"],
    )
    def test_there_is_time_for_a_lost_mint_to_free_the_slot_again(
        self, traits: Traits, days: int
    ) -> None:
        assert expiry.out_of_use_by(key(expires_at=at(days=60)), Terms(traits=traits)) == at(
            days=days
        )

    def test_of_a_short_life_a_quarter_is_the_margin(self) -> None:
        short = key(created_at=EPOCH, expires_at=at(hours=8))

        assert expiry.out_of_use_by(short, TERMS) == at(hours=6)
        assert expiry.out_of_use_by(replace(short, created_at=at(days=1)), TERMS) == at(hours=8)

    @given(life=st.integers(1, 400), age=st.integers(0, 400))
    def test_the_longest_grace_ends_with_a_day_to_spare_and_nothing_is_put_off(
        self, life: int, age: int
    ) -> None:
        created = at(days=-age)
        plain = key(created_at=created)
        ending = replace(plain, expires_at=at(days=life - age))

        due = due_at(ADOPTED, ending, TERMS)

        assert due <= due_at(ADOPTED, plain, TERMS)
        margin = min(timedelta(days=1), timedelta(days=life) / 4)
        assert due + GRACE.max_period + margin <= at(days=life - age)

    def test_keys_that_end_together_are_not_all_replaced_at_once(self) -> None:
        ends = at(days=20)
        many = [credential(f"svc-{number}") for number in range(50)]

        due = {due_at(item, key(expires_at=ends), TERMS) for item in many}

        assert len(due) == len(many)
        assert max(due) - min(due) > SCHEDULE.jitter / 2
        assert max(due) <= ends - GRACE.max_period - expiry.MARGIN

    def test_one_that_is_replaced_early_says_when_it_expires_and_rests_till_then(self) -> None:
        ending = key(expires_at=at(days=30))

        rest = idle(listing(ending))

        assert isinstance(rest, Rest)
        assert rest.due_at == at(days=16) + SCHEDULE.jitter * FRACTION
        assert rest.wait.reason is Reason.NOT_DUE
        assert f"{OLD_KEY} expires at {at(days=30):%Y-%m-%d %H:%M} UTC" in rest.wait.detail

    def test_one_that_ends_long_after_policy_replaces_it_is_as_any_other(self) -> None:
        rest = idle(listing(key(expires_at=at(days=300))))

        assert isinstance(rest, Rest)
        assert rest.wait.detail == ""
        assert rest.due_at == due_at(ADOPTED, key(), TERMS)

    def test_one_that_has_too_little_time_left_is_replaced_at_once(self) -> None:
        ending = key(expires_at=at(days=5))

        assert idle(listing(ending)) == Start(
            trigger=Trigger.EXPIRY, due_at=due_at(ADOPTED, ending, TERMS)
        )

    def test_one_that_is_old_as_well_is_replaced_for_its_age(self) -> None:
        answer = idle(listing(key(created_at=at(days=-80), expires_at=at(days=60))))

        assert isinstance(answer, Start)
        assert answer.trigger is Trigger.AGE


class TestOneThatHasExpired:
    """It is refused already: no drift, and no reason to wait."""

    @pytest.mark.parametrize(
        ("keys", "memory"),
        [
            (listing(ENDED), Memory()),
            (listing(replace(ENDED, enabled=False)), Memory()),
            (listing(), BEHIND),
        ],
        ids=["listed", "listed as disabled", "listed no more"],
    )
    def test_it_is_replaced_at_once(self, keys: KeyListing, memory: Memory) -> None:
        assert idle(keys, memory=memory) == Start(trigger=Trigger.EXPIRED, due_at=EPOCH)

    def test_one_that_is_listed_no_more_before_its_end_is_for_a_person(self) -> None:
        memory = Memory(records=(key_record(expires_at=at(hours=1)),))

        answer = idle(listing(), memory=memory)

        assert isinstance(answer, Rest)
        assert answer.wait.reason is Reason.CURRENT_KEY_GONE

    def test_an_order_keeps_its_name(self) -> None:
        ordered = replace(ADOPTED, requested=Trigger.TAINT)
        shown = seen(keys=listing(ENDED), destination=state())

        answer = next_for_idle(ordered, shown, TERMS, EPOCH)

        assert answer == Start(trigger=Trigger.TAINT, due_at=EPOCH)

    def test_nothing_starts_in_plan_mode_or_without_a_slot(self) -> None:
        shown = seen(keys=listing(ENDED, key(STRAY_KEY)), destination=state())
        planned = next_for_idle(ADOPTED, shown, replace(TERMS, mode=Mode.PLAN), EPOCH)
        full = next_for_idle(ADOPTED, shown, TERMS, EPOCH)

        assert isinstance(planned, Rest)
        assert planned.wait.reason is Reason.PLAN_MODE
        assert isinstance(full, Rest)
        assert full.wait.reason is Reason.SLOTS_FULL
        assert "(expired, made" in full.wait.detail

    def test_consumers_who_read_another_expired_key_are_refused(self) -> None:
        shown = seen(destination=state(TOKEN), published=STRAY_KEY)
        memory = Memory(records=(key_record(expires_at=at(hours=-1)),))

        found = look(ADOPTED, memory, listing(replace(ENDED, key_id=STRAY_KEY)), shown, TERMS)

        assert isinstance(found, Drift)
        assert found.is_dead
        assert found.adopt is None
        assert f"{STRAY_KEY}, a key of this principal that has expired" in found.detail
        assert f"{OLD_KEY} in version" in found.detail
        assert found.detail.endswith("which has expired")

    def test_one_that_is_published_is_adopted_so_that_it_can_be_replaced(self) -> None:
        fresh = replace(ADOPTED, current_key_id=None, current_version=None)
        shown = seen(keys=listing(ENDED), destination=state(), published=OLD_KEY)

        assert isinstance(next_for_idle(fresh, shown, TERMS, EPOCH), Adopt)


class TestTheOldKeyBeforeTheMint:
    @pytest.mark.parametrize("old", [(), (replace(ENDED, enabled=False),), (ENDED,)])
    @pytest.mark.parametrize("trigger", [Trigger.AGE, Trigger.EXPIRY, Trigger.MANUAL])
    def test_one_that_expires_between_start_and_mint_does_not_hold_the_rotation_up(
        self, old: tuple[KeyInfo, ...], trigger: Trigger
    ) -> None:
        planned = open_rotation(trigger=trigger)
        shown = seen(keys=listing(*old), destination=state())
        shown = replace(shown, old_expires_at=at(hours=-1))

        assert effect_of(next_step(planned, shown, TERMS, EPOCH)) is Effect.CREATE_KEY

    def test_one_that_is_gone_before_its_end_holds_it_as_ever(self) -> None:
        shown = seen(keys=listing(), destination=state())
        shown = replace(shown, old_expires_at=at(hours=1))

        held = next_step(open_rotation(trigger=Trigger.EXPIRY), shown, TERMS, EPOCH)

        assert reason_of(held) is Reason.CURRENT_KEY_GONE

    def test_a_rotation_for_an_expired_key_never_waits_for_it_to_be_listed(self) -> None:
        shown = seen(keys=listing(), destination=state())

        step = next_step(open_rotation(trigger=Trigger.EXPIRED), shown, TERMS, EPOCH)

        assert effect_of(step) is Effect.CREATE_KEY


VERIFIED = open_rotation(Phase.VERIFIED)
NEEDED = timedelta(hours=24 + 48 + 24)


def promoting(
    *keys: KeyInfo, terms: Terms = TERMS, rotation: Rotation = VERIFIED, in_hand: bool = True
) -> Step:
    shown = seen(keys=listing(*keys), destination=state(), in_hand=in_hand)
    return next_step(rotation, shown, terms, EPOCH)


class TestTheNewKey:
    """One that the provider ends too soon would be an outage."""

    def test_it_is_listed_before_it_is_promoted_where_keys_end(self) -> None:
        shown = seen(destination=state(), in_hand=True)

        assert asks_for(next_step(VERIFIED, shown, TERMS, EPOCH)) is What.KEYS
        assert effect_of(next_step(VERIFIED, shown, Terms(), EPOCH)) is Effect.PROMOTE

    @pytest.mark.parametrize(
        ("life", "can_disable"),
        [(NEEDED, True), (timedelta(hours=48), False)],
        ids=["with a quarantine", "without"],
    )
    def test_it_must_live_through_this_retirement_and_its_successors_grace(
        self, life: timedelta, *, can_disable: bool
    ) -> None:
        terms = replace(TERMS, traits=replace(TERMS.traits, can_disable=can_disable))
        until = replace(key(NEW_KEY), expires_at=EPOCH + life)
        short = replace(until, expires_at=EPOCH + life - timedelta(seconds=1))

        kept = promoting(key(), until, terms=terms)
        given_up = promoting(key(), short, terms=terms)

        assert effect_of(kept) is Effect.PROMOTE
        assert isinstance(given_up, Record)
        assert (given_up.fact, given_up.reason) == (Fact.ABANDONED, Reason.EXPIRES_TOO_SOON)
        assert given_up.evidence == {
            "new_key_expires_at": short.expires_at.isoformat(),  # type: ignore[union-attr]
            "needed_until": (EPOCH + life).isoformat(),
        }

    @pytest.mark.parametrize(
        ("old", "trigger"),
        [
            ((key(),), Trigger.TAINT),
            ((), Trigger.EXPIRED),
            ((key(enabled=False),), Trigger.DRIFT),
            ((key(expires_at=at(hours=2)),), Trigger.EXPIRY),
            ((ENDED,), Trigger.EXPIRED),
        ],
        ids=["compromised", "gone", "disabled", "ends no later", "expired"],
    )
    def test_it_is_promoted_all_the_same_where_it_is_better_than_what_consumers_read(
        self, old: tuple[KeyInfo, ...], trigger: Trigger
    ) -> None:
        rotation = replace(VERIFIED, trigger=trigger)

        step = promoting(*old, key(NEW_KEY, expires_at=at(hours=2)), rotation=rotation)

        assert effect_of(step) is Effect.PROMOTE

    @pytest.mark.parametrize("trigger", Trigger)
    def test_one_that_has_ended_already_is_never_promoted(self, trigger: Trigger) -> None:
        rotation = replace(VERIFIED, trigger=trigger)

        step = promoting(ENDED, key(NEW_KEY, expires_at=EPOCH), rotation=rotation)

        assert reason_of(step) is Reason.EXPIRES_TOO_SOON

    def test_its_end_is_written_down_by_the_providers_word(self) -> None:
        long = promoting(key(), key(NEW_KEY, expires_at=at(days=120)))
        early = promoting(key(), key(NEW_KEY, expires_at=at(days=20)))
        endless = promoting(key(), key(NEW_KEY))

        assert isinstance(long, Do)
        assert dict(long.evidence) == {"new_key_expires_at": at(days=120).isoformat()}
        assert isinstance(early, Do)
        assert early.evidence[expiry.ENDS_EARLY] == at(days=67 + 6 + 7).isoformat()
        assert isinstance(endless, Do)
        assert dict(endless.evidence) == {}

    def test_one_that_is_not_listed_yet_is_waited_for(self) -> None:
        rotation = replace(VERIFIED, verified_at=EPOCH)

        assert reason_of(promoting(key(), rotation=rotation)) is Reason.SETTLING

    def test_both_times_are_named_for_whoever_has_to_help(self) -> None:
        rotation = replace(VERIFIED, verified_at=EPOCH)
        record = key_record(key_id=NEW_KEY, expires_at=at(hours=2))

        detail = expiry.refused_detail(rotation, record, TERMS)

        assert f"{at(hours=2):%Y-%m-%d %H:%M} UTC" in detail
        assert f"{EPOCH + NEEDED:%Y-%m-%d %H:%M} UTC" in detail
        assert expiry.refused_detail(rotation, None, TERMS) == ""
        assert expiry.refused_detail(rotation, key_record(), TERMS) == ""


PROMOTED = open_rotation(Phase.PROMOTED)
AFTER_GRACE = at(hours=24)
IN_USE = used(at(hours=23))


def retiring(
    old: KeyInfo,
    *,
    refused: bool | Unreadable | None = None,
    now: Instant = AFTER_GRACE,
    terms: Terms = TERMS,
    old_use: LastUsed | Unreadable = IN_USE,
    shown: DestinationState | None = None,
) -> Step:
    observation = seen(
        destination=shown or state(TOKEN),
        keys=listing(old, key(NEW_KEY), now=now),
        old_use=old_use,
    )
    if refused is not None:
        tried = refused if isinstance(refused, Unreadable) else Known(refused)
        observation = replace(observation, old_refused=tried)
    return next_step(PROMOTED, observation, terms, now)


class TestAnOldKeyThatExpiresInItsGrace:
    """Nobody can use it, so it is only cleaned up; but never on the listing's word alone."""

    def test_the_shortest_grace_is_waited_out_all_the_same(self) -> None:
        waiting = retiring(ENDED, refused=True, now=at(hours=23))

        assert waiting == Wait(until=AFTER_GRACE, reason=Reason.GRACE)

    def test_it_is_tried_once_before_it_is_deleted(self) -> None:
        assert asks_for(retiring(ENDED)) is What.OLD_REFUSED

    @pytest.mark.parametrize("can_disable", [True, False])
    @pytest.mark.parametrize("can_report_use", [True, False])
    def test_one_that_is_refused_is_deleted_however_lately_it_was_used(
        self, *, can_disable: bool, can_report_use: bool
    ) -> None:
        traits = Traits(can_disable=can_disable, can_report_use=can_report_use)

        step = retiring(ENDED, refused=True, terms=Terms(traits=traits))

        assert isinstance(step, Do)
        assert (step.effect, step.key_id) == (Effect.DELETE_KEY, OLD_KEY)
        refused = {"old_key_expired": True, "old_key_refused": True, "allowed_by": "expiry"}
        assert refused.items() <= step.evidence.items()

    def test_the_way_back_to_it_is_closed_first(self) -> None:
        base = PROMOTED.base_version
        step = retiring(ENDED, refused=True, shown=state(TOKEN, previous=base))

        assert effect_of(step) is Effect.UNSTAGE

    def test_plan_mode_deletes_nothing(self) -> None:
        terms = replace(TERMS, mode=Mode.PLAN)

        assert reason_of(retiring(ENDED, refused=True, terms=terms)) is Reason.PLAN_MODE

    @pytest.mark.parametrize("tried", [False, DENIED], ids=["let in", "cannot be tried"])
    @pytest.mark.parametrize("old_use", [IN_USE, DENIED], ids=["in use", "unreadable"])
    def test_without_its_refusal_the_guard_stands_as_ever(
        self, *, tried: bool | Unreadable, old_use: LastUsed | Unreadable
    ) -> None:
        with_end = retiring(ENDED, refused=tried, old_use=old_use)
        without = retiring(key(), old_use=old_use)

        assert with_end == without

    def test_one_that_has_not_expired_is_never_tried(self) -> None:
        assert retiring(key(expires_at=at(days=2))) == retiring(key())

    def test_nothing_is_taken_while_the_new_key_has_expired(self) -> None:
        shown = seen(
            destination=state(TOKEN),
            keys=listing(key(), key(NEW_KEY, expires_at=EPOCH), now=AFTER_GRACE),
        )

        held = next_step(PROMOTED, shown, TERMS, AFTER_GRACE)

        assert reason_of(held) is Reason.NEW_KEY_GONE
        assert isinstance(held, Wait)
        assert held.detail == f"{NEW_KEY} expired at {EPOCH:%Y-%m-%d %H:%M} UTC"


def examined(step: Start | Rest | Step, phase: Phase | None, *keys: KeyInfo) -> Examination:
    rotation = open_rotation(phase) if phase else None
    chart = Chart(
        credential=ADOPTED,
        terms=TERMS,
        now=EPOCH,
        step=step,
        rotation=rotation,
        rotations=(rotation,) if rotation else (),
        listing=Known(listing(*keys)),
        published=Known(NEW_KEY if phase is Phase.PROMOTED else OLD_KEY),
    )
    return examine(chart)


WAITING = Wait(until=at(hours=5), reason=Reason.GRACE)
STARTING = Start(trigger=Trigger.EXPIRED, due_at=EPOCH)


class TestWhatTheDoctorSays:
    def test_a_key_with_an_end_is_told_with_it(self) -> None:
        (found,) = examined(STARTING, None, key(expires_at=at(days=9))).keys

        assert any("ends it by itself at" in line for line in found.evidence)
        assert "expired" not in found.meaning

    def test_an_expired_current_key_is_refused_already(self) -> None:
        (idling,) = examined(STARTING, None, ENDED).keys
        rotating = examined(Do(effect=Effect.STAGE), Phase.CREATED, ENDED).keys[0]

        assert "it expired at" in idling.meaning
        assert "a rotation replaces it" in idling.prospect.text
        assert rotating.prospect.text.startswith("it is refused already; ")

    def test_an_expired_previous_key_goes_when_its_grace_is_over(self) -> None:
        old, _ = examined(WAITING, Phase.PROMOTED, ENDED, key(NEW_KEY)).keys

        assert "if it is refused when it is tried" in old.prospect.text
        assert old.prospect.is_leaving

    def test_a_strangers_expired_key_is_never_called_safe_to_delete_unseen(self) -> None:
        stray = replace(ENDED, key_id=STRAY_KEY)
        found = examined(STARTING, None, key(), stray)

        assert "If it is refused, nobody can use it" in found.keys[1].advice.text
        assert found.safe_to_delete == ()


class TestTheRecords:
    def test_the_end_is_kept_as_it_is_listed(self) -> None:
        first = recorded(
            ADOPTED.id, (), listing(key(expires_at=at(days=9))), EPOCH, lag=timedelta(0)
        )
        moved = recorded(
            ADOPTED.id, first, listing(key(expires_at=at(days=5))), EPOCH, lag=timedelta(0)
        )
        unlisted = recorded(ADOPTED.id, moved, listing(), EPOCH, lag=timedelta(0))

        assert [item.expires_at for item in (*first, *moved)] == [at(days=9), at(days=5)]
        assert first[0].role is Role.FOREIGN
        assert not unlisted
        assert moved[0].has_expired(at(days=5))
        assert not moved[0].has_expired(at(days=4))

    def test_a_key_is_told_as_enabled_disabled_or_expired(self) -> None:
        told = describe_keys(listing(key(), key(STRAY_KEY, enabled=False), ENDED))

        assert "(enabled, made" in told
        assert "(disabled, made" in told
        assert "(expired, made" in told

    def test_whoever_has_no_end_is_told_of_none(self) -> None:
        assert expiry.told(None, EPOCH) == ""
        assert expiry.told(key(), EPOCH) == ""
