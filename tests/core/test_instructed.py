"""Orders about an open rotation: what each does from each phase, and what it waits for."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from rotator.core.facts import Observation, Unreadable, What
from rotator.core.instructed import is_about, next_for_order
from rotator.core.orders import Verb
from rotator.core.reasons import Reason
from rotator.core.rotation import UNPROMOTED_PHASES, Effect, Phase
from rotator.core.steps import Do, Fact, Lift, Obey, Record, Refuse, Wait
from rotator.core.terms import Terms, Traits
from rotator.core.transitions import halted
from tests.builders import NEW_KEY, OLD_KEY, OLD_VERSION, at, intent, order, rotation
from tests.core.worlds import (
    DENIED,
    SIBLING_VERSION,
    STRAY_KEY,
    TOKEN,
    asks_for,
    both,
    effect_of,
    key,
    listing,
    open_rotation,
    reason_of,
    seen,
    state,
)

if TYPE_CHECKING:
    from rotator.core.facts import DestinationState
    from rotator.core.ids import VersionId
    from rotator.core.orders import Order
    from rotator.core.rotation import Rotation
    from rotator.core.steps import OrderStep

NOW = at(days=2)
GONE = Unreadable("principal_replaced")
STORED = state(TOKEN, versions=frozenset({OLD_VERSION, TOKEN}), previous=OLD_VERSION)
PROMOTED = (Phase.PROMOTED, Phase.DISABLED)
ENABLE = order(Verb.ENABLE, key_id=OLD_KEY, rotation_id=rotation().id)


def step(
    given: Order | Verb, of: Rotation, observation: Observation | None = None, **terms: object
) -> OrderStep:
    """Ask what comes next for an order about a rotation."""
    made = order(given, rotation_id=of.id) if isinstance(given, Verb) else given
    return next_for_order(
        made,
        of,
        observation or Observation(),
        replace(Terms(), **terms),  # type: ignore[arg-type] # any field
        NOW,
    )


def shown(**readings: object) -> Observation:
    """Show both keys, enabled, and a destination that carries the new one."""
    whole = {"keys": both(NOW), "destination": STORED, **readings}
    return seen(**whole)  # type: ignore[arg-type] # any reading


def old_key_off() -> Observation:
    """Show the old key disabled."""
    return shown(keys=listing(key(enabled=False), key(NEW_KEY), now=NOW))


def stopped(phase: Phase, reason: Reason = Reason.INVARIANT, **changes: object) -> Rotation:
    """Build a rotation that halted in a phase."""
    return halted(open_rotation(phase, **changes), at(days=1), reason, "why")


class TestAboutWhat:
    def test_an_order_is_about_the_rotation_that_it_names(self) -> None:
        assert is_about(order(rotation_id=rotation().id), rotation())
        assert not is_about(order(rotation_id=rotation(name="other").id), rotation())

    def test_an_order_to_enable_is_about_the_rotation_whose_old_key_it_names(self) -> None:
        assert is_about(order(Verb.ENABLE, key_id=OLD_KEY), rotation())
        assert not is_about(order(Verb.ENABLE, key_id=STRAY_KEY), rotation())
        assert not is_about(order(Verb.ABORT, key_id=OLD_KEY), rotation())


class TestResume:
    @pytest.mark.parametrize("reason", [Reason.REENABLED, Reason.ENABLED_BY_OPERATOR])
    def test_no_grace_begins_by_a_clock_that_the_provider_contradicts(self, reason: Reason) -> None:
        halt = stopped(Phase.DISABLED, reason)
        ahead = shown(keys=both(at(days=2, minutes=6)))

        assert asks_for(step(Verb.RESUME, halt)) is What.KEYS
        assert reason_of(step(Verb.RESUME, halt, ahead)) is Reason.CLOCK_SKEW

    def test_a_listing_that_is_refused_keeps_nobody_in_a_halt(self) -> None:
        halt = stopped(Phase.DISABLED, Reason.REENABLED)

        assert isinstance(step(Verb.RESUME, halt, shown(keys=DENIED)), Obey)

    @pytest.mark.parametrize("phase", [Phase.CREATED, *PROMOTED])
    def test_a_halt_is_left_to_where_it_came_from_without_a_reading(self, phase: Phase) -> None:
        obeyed = step(Verb.RESUME, stopped(phase))

        assert isinstance(obeyed, Obey)
        assert (obeyed.rotation.phase, obeyed.rotation.halt_reason) == (phase, None)
        assert obeyed.fact is None

    def test_an_open_intent_is_answered_after_the_halt_not_before(self) -> None:
        opened = stopped(Phase.PROMOTED, intent=intent(Effect.DISABLE_KEY, key_id=OLD_KEY))

        obeyed = step(Verb.RESUME, opened)

        assert isinstance(obeyed, Obey)
        assert obeyed.rotation.intent == opened.intent

    def test_a_key_that_somebody_enabled_gets_a_fresh_grace(self) -> None:
        obeyed = step(Verb.RESUME, stopped(Phase.DISABLED, Reason.REENABLED), shown())

        assert isinstance(obeyed, Obey)
        assert obeyed.fact is Fact.FOUND_ENABLED
        assert (obeyed.rotation.phase, obeyed.rotation.promoted_at) == (Phase.PROMOTED, NOW)

    def test_a_rotation_that_an_order_led_out_of_its_halt_is_resumed_as_a_halted_one(self) -> None:
        left = open_rotation(Phase.PROMOTED, halt_reason=Reason.ENABLED_BY_OPERATOR)

        obeyed = step(Verb.RESUME, left, shown())

        assert isinstance(obeyed, Obey)
        assert obeyed.rotation.promoted_at == NOW

    def test_a_rotation_that_is_not_halted_needs_no_order_to_go_on(self) -> None:
        assert isinstance(step(Verb.RESUME, open_rotation(Phase.PROMOTED)), Refuse)


class TestAbort:
    @pytest.mark.parametrize("verb", [Verb.ABORT, Verb.ROLLBACK])
    @pytest.mark.parametrize("phase", sorted(UNPROMOTED_PHASES))
    @pytest.mark.parametrize("is_halted", [False, True])
    def test_before_promotion_the_rotation_is_abandoned(
        self, verb: Verb, phase: Phase, *, is_halted: bool
    ) -> None:
        of = stopped(phase) if is_halted else open_rotation(phase)

        obeyed = step(verb, of)

        assert isinstance(obeyed, Obey)
        assert obeyed.fact is Fact.ABANDONED
        assert obeyed.rotation.abandoned is Reason.ABORTED
        is_over = phase is Phase.PLANNED
        assert obeyed.rotation.phase is (Phase.ROLLED_BACK if is_over else phase)
        assert obeyed.rotation.halt_reason is None

    @pytest.mark.parametrize("phase", PROMOTED)
    @pytest.mark.parametrize("is_halted", [False, True])
    def test_after_promotion_the_old_key_is_left_as_it_stands_without_a_reading(
        self, phase: Phase, *, is_halted: bool
    ) -> None:
        of = stopped(phase) if is_halted else open_rotation(phase)

        obeyed = step(Verb.ABORT, of)

        assert isinstance(obeyed, Obey)
        assert obeyed.fact is Fact.RELEASED
        assert (obeyed.rotation.phase, obeyed.rotation.outcome) == (Phase.COMPLETED, "released")

    def test_a_rotation_that_goes_back_already_is_not_given_up_twice(self) -> None:
        going_back = open_rotation(Phase.STAGED, abandoned=Reason.VERIFY_FAILED)

        assert isinstance(step(Verb.ABORT, going_back), Refuse)

    def test_a_rotation_that_halted_on_its_way_back_goes_on_back(self) -> None:
        obeyed = step(Verb.ABORT, stopped(Phase.STAGED, abandoned=Reason.VERIFY_FAILED))

        assert isinstance(obeyed, Obey)
        assert obeyed.fact is None
        assert (obeyed.rotation.phase, obeyed.rotation.abandoned) == (
            Phase.STAGED,
            Reason.VERIFY_FAILED,
        )

    def test_an_open_intent_is_answered_first(self) -> None:
        opened = open_rotation(Phase.PROMOTED, intent=intent(Effect.DISABLE_KEY, key_id=OLD_KEY))

        assert asks_for(step(Verb.ABORT, opened)) is What.KEYS
        done = step(Verb.ABORT, opened, old_key_off())
        assert done == Record(fact=Fact.INTENT_DONE)

    def test_a_halt_is_left_before_an_intent_is_answered(self) -> None:
        opened = stopped(Phase.PROMOTED, intent=intent(Effect.DISABLE_KEY, key_id=OLD_KEY))

        assert asks_for(step(Verb.ABORT, opened)) is What.KEYS
        assert step(Verb.ABORT, opened, old_key_off()) == Lift()

    def test_nothing_is_released_while_a_request_of_ours_may_land(self) -> None:
        landing = open_rotation(Phase.PROMOTED, landing_until=at(days=3))

        assert step(Verb.ABORT, landing) == Wait(until=at(days=3), reason=Reason.SETTLING)
        assert isinstance(step(Verb.ABORT, replace(landing, landing_until=NOW)), Obey)

    @pytest.mark.parametrize("reading", [DENIED, GONE])
    def test_after_promotion_an_intent_that_cannot_be_answered_is_not_waited_for(
        self, reading: Unreadable
    ) -> None:
        opened = stopped(Phase.DISABLED, intent=intent(Effect.DELETE_KEY))

        obeyed = step(Verb.ABORT, opened, seen(keys=reading))

        assert isinstance(obeyed, Obey)
        assert obeyed.fact is Fact.RELEASED
        assert obeyed.rotation.intent is None

    def test_before_it_settled_even_that_intent_is_waited_for(self) -> None:
        opened = stopped(Phase.DISABLED, intent=intent(Effect.DELETE_KEY, not_after=NOW))

        assert isinstance(step(Verb.ABORT, opened, seen(keys=GONE)), Wait)

    def test_a_mint_that_cannot_be_answered_is_over_only_if_its_principal_is(self) -> None:
        opened = stopped(Phase.PLANNED, intent=intent(Effect.CREATE_KEY))

        denied = step(Verb.ABORT, opened, seen(keys=DENIED, destination=state()))
        over = step(Verb.ABORT, opened, seen(keys=GONE, destination=state()))

        assert reason_of(denied) is Reason.ACCESS_DENIED
        assert isinstance(over, Obey)
        assert over.rotation.phase is Phase.ROLLED_BACK


@pytest.mark.parametrize("verb", [Verb.ROLLBACK, Verb.ENABLE])
def test_nobody_waits_to_go_back_to_a_key_whose_delete_was_answered(verb: Verb) -> None:
    made = intent(Effect.DELETE_KEY, key_id=OLD_KEY, is_answered=True)
    opened = open_rotation(Phase.DISABLED, intent=made)

    refused = step(ENABLE if verb is Verb.ENABLE else verb, opened)

    assert isinstance(refused, Refuse)
    assert refused.why == f"{OLD_KEY} is deleted; order a new rotation instead"


class TestEnable:
    def test_a_disabled_old_key_is_enabled(self) -> None:
        given = step(ENABLE, open_rotation(Phase.DISABLED), old_key_off())

        assert isinstance(given, Do)
        assert (given.effect, given.key_id) == (Effect.ENABLE_KEY, OLD_KEY)

    def test_a_key_that_we_disabled_is_enabled_though_a_stale_listing_shows_it_on(self) -> None:
        given = step(ENABLE, open_rotation(Phase.DISABLED), shown())

        assert effect_of(given) is Effect.ENABLE_KEY

    def test_a_key_that_somebody_disabled_after_promotion_is_enabled_too(self) -> None:
        assert effect_of(step(ENABLE, open_rotation(Phase.PROMOTED), old_key_off())) is (
            Effect.ENABLE_KEY
        )

    def test_a_halt_is_left_before_the_call(self) -> None:
        assert step(ENABLE, stopped(Phase.DISABLED), old_key_off()) == Lift()

    def test_it_is_seen_to_be_on_only_after_a_listing_can_be_believed(self) -> None:
        just_now = open_rotation(Phase.PROMOTED, enabled_at=NOW)

        assert reason_of(step(ENABLE, just_now, shown())) is Reason.SETTLING
        assert reason_of(step(ENABLE, just_now, old_key_off())) is Reason.SETTLING

    def test_then_the_rotation_halts_and_its_grace_starts_anew(self) -> None:
        enabled = open_rotation(Phase.PROMOTED, enabled_at=at(days=1), promoted_at=None)

        obeyed = step(ENABLE, enabled, shown())

        assert isinstance(obeyed, Obey)
        assert obeyed.rotation.phase is Phase.HALTED
        assert obeyed.rotation.halt_reason is Reason.ENABLED_BY_OPERATOR
        assert (obeyed.rotation.halted_from, obeyed.rotation.promoted_at) == (Phase.PROMOTED, NOW)

    def test_a_key_that_is_deleted_cannot_be_enabled(self) -> None:
        only_new = shown(keys=listing(key(NEW_KEY), now=NOW))

        assert isinstance(step(ENABLE, open_rotation(Phase.DISABLED), only_new), Refuse)

    def test_the_new_key_and_a_key_before_promotion_are_not_ours_to_enable(self) -> None:
        other = replace(ENABLE, key_id=NEW_KEY)

        assert isinstance(step(other, open_rotation(Phase.DISABLED), shown()), Refuse)
        assert isinstance(step(ENABLE, open_rotation(Phase.STAGED), shown()), Refuse)

    def test_a_provider_that_switches_no_keys_is_not_asked_to(self) -> None:
        fixed = step(
            ENABLE,
            open_rotation(Phase.PROMOTED),
            old_key_off(),
            traits=Traits(can_disable=False),
        )

        assert isinstance(fixed, Refuse)

    def test_a_listing_is_asked_for_and_a_refused_one_is_waited_for(self) -> None:
        of = open_rotation(Phase.DISABLED)

        assert asks_for(step(ENABLE, of)) is What.KEYS
        assert reason_of(step(ENABLE, of, seen(keys=DENIED))) is Reason.ACCESS_DENIED
        assert isinstance(step(ENABLE, of, seen(keys=GONE)), Refuse)

    def test_nothing_is_enabled_while_a_disable_of_ours_may_land(self) -> None:
        landing = open_rotation(Phase.DISABLED, landing_until=at(days=3))

        assert reason_of(step(ENABLE, landing, old_key_off())) is Reason.SETTLING

    def test_an_open_disable_is_answered_first_and_not_waited_for_without_its_principal(
        self,
    ) -> None:
        opened = open_rotation(Phase.PROMOTED, intent=intent(Effect.DISABLE_KEY, key_id=OLD_KEY))

        assert step(ENABLE, opened, old_key_off()) == Record(fact=Fact.INTENT_DONE)
        assert isinstance(step(ENABLE, opened, seen(keys=GONE)), Refuse)


class TestRollback:
    @pytest.mark.parametrize("phase", PROMOTED)
    def test_destination_and_keys_are_read_first(self, phase: Phase) -> None:
        of = open_rotation(phase)

        assert asks_for(step(Verb.ROLLBACK, of)) is What.DESTINATION
        assert asks_for(step(Verb.ROLLBACK, of, seen(destination=STORED))) is What.KEYS

    def test_the_version_before_is_promoted_by_compare_and_swap(self) -> None:
        given = step(Verb.ROLLBACK, open_rotation(Phase.PROMOTED), shown())

        assert isinstance(given, Do)
        assert (given.effect, given.version) == (Effect.PROMOTE, OLD_VERSION)

    def test_a_disabled_old_key_is_enabled_before_and_that_is_waited_out(self) -> None:
        off = step(Verb.ROLLBACK, open_rotation(Phase.DISABLED), old_key_off())
        just_on = open_rotation(Phase.PROMOTED, enabled_at=NOW, promoted_at=None)
        waiting = step(Verb.ROLLBACK, just_on, shown())
        settled = replace(just_on, enabled_at=NOW - timedelta(minutes=1))

        assert effect_of(off) is Effect.ENABLE_KEY
        assert reason_of(waiting) is Reason.SETTLING
        assert effect_of(step(Verb.ROLLBACK, settled, shown())) is Effect.PROMOTE

    def test_a_halt_is_left_for_the_calls_and_not_for_the_readings(self) -> None:
        of = stopped(Phase.DISABLED, Reason.USED_WHILE_DISABLED)

        assert asks_for(step(Verb.ROLLBACK, of)) is What.DESTINATION
        assert step(Verb.ROLLBACK, of, old_key_off()) == Lift()

    @pytest.mark.parametrize(
        "there",
        [
            state(None, exists=False),
            state(TOKEN, deletion_scheduled=True),
            state(TOKEN, owner="another"),
            state(TOKEN, native_rotation=True),
            state(TOKEN),
        ],
        ids=["missing", "scheduled", "foreign", "native", "version before is gone"],
    )
    def test_a_destination_that_cannot_go_back_refuses(self, there: DestinationState) -> None:
        given = step(Verb.ROLLBACK, open_rotation(Phase.PROMOTED), shown(destination=there))

        assert isinstance(given, Refuse)

    def test_a_deleted_old_key_refuses(self) -> None:
        only_new = shown(keys=listing(key(NEW_KEY), now=NOW))

        refused = step(Verb.ROLLBACK, open_rotation(Phase.DISABLED), only_new)

        assert isinstance(refused, Refuse)
        assert "deleted" in refused.why

    def test_a_version_that_nobody_knows_to_carry_the_old_key_refuses(self) -> None:
        empty = open_rotation(Phase.PROMOTED, old_version=None)

        assert isinstance(step(Verb.ROLLBACK, empty, shown()), Refuse)
        back_and_forth = replace(empty, reversed_at=at(days=1))
        assert effect_of(step(Verb.ROLLBACK, back_and_forth, shown())) is Effect.PROMOTE

    def test_nobodys_edit_is_undone(self) -> None:
        edited = state(SIBLING_VERSION, versions=STORED.versions)
        of = open_rotation(Phase.PROMOTED)

        asked = step(Verb.ROLLBACK, of, shown(destination=edited))
        refused = step(Verb.ROLLBACK, of, shown(destination=edited, published=NEW_KEY))
        found = replace(of, new_version=SIBLING_VERSION)
        was_theirs = step(Verb.ROLLBACK, found, shown(destination=edited))

        assert asks_for(asked) is What.PUBLISHED
        assert isinstance(refused, Refuse)
        assert isinstance(was_theirs, Refuse)

    @pytest.mark.parametrize("current", [OLD_VERSION, SIBLING_VERSION])
    def test_a_rollback_by_hand_is_accepted_without_a_promote(self, current: VersionId) -> None:
        there = replace(STORED, current=current)
        of = open_rotation(Phase.PROMOTED, promoted_at=None)

        obeyed = step(Verb.ROLLBACK, of, shown(destination=there, published=OLD_KEY))

        assert isinstance(obeyed, Obey)
        assert obeyed.fact is Fact.FOUND_REVERSED
        assert (obeyed.rotation.new_key_id, obeyed.rotation.new_version) == (OLD_KEY, current)

    def test_an_empty_version_that_was_made_current_again_is_no_rollback(self) -> None:
        empty = open_rotation(Phase.PROMOTED, old_version=None)
        there = replace(STORED, current=OLD_VERSION)

        refused = step(Verb.ROLLBACK, empty, shown(destination=there, published=None))

        assert isinstance(refused, Refuse)

    def test_what_cannot_be_read_is_waited_for(self) -> None:
        of = open_rotation(Phase.PROMOTED)

        assert reason_of(step(Verb.ROLLBACK, of, seen(destination=DENIED))) is Reason.ACCESS_DENIED
        assert reason_of(step(Verb.ROLLBACK, of, shown(keys=DENIED))) is Reason.ACCESS_DENIED
        assert reason_of(step(Verb.ROLLBACK, of, shown(keys=both(at())))) is Reason.CLOCK_SKEW
        assert isinstance(step(Verb.ROLLBACK, of, shown(keys=GONE)), Refuse)

    @pytest.mark.parametrize("phase", PROMOTED)
    def test_it_waits_until_nothing_of_ours_can_land(self, phase: Phase) -> None:
        landing = open_rotation(phase, landing_until=at(days=3))

        assert step(Verb.ROLLBACK, landing, shown()) == Wait(
            until=at(days=3), reason=Reason.SETTLING
        )

    def test_a_frozen_replicas_open_disable_is_waited_out_before_anything_else(self) -> None:
        """Its request may be sent until `not_after`, and land a signature window later."""
        frozen = intent(Effect.DISABLE_KEY, made_at=NOW, not_after=NOW + timedelta(minutes=2))
        opened = open_rotation(Phase.PROMOTED, intent=frozen)

        waiting = step(Verb.ROLLBACK, opened, shown())

        assert isinstance(waiting, Wait)
        assert waiting.until >= NOW + timedelta(minutes=7)
