from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from rotator.core.consequences import credential_after, keys_after_effect, keys_after_fact
from rotator.core.reasons import Reason
from rotator.core.rotation import Effect, KeyRecord, Phase, Role, Trigger
from rotator.core.steps import Do, Fact, Record
from rotator.core.transitions import found
from tests.builders import NEW_KEY, OLD_KEY, OLD_VERSION, at, credential, destination, key_record
from tests.core.worlds import STRAY_KEY, TOKEN, open_rotation

if TYPE_CHECKING:
    from rotator.core.ids import KeyId
    from rotator.core.rotation import Rotation

NOW = at(hours=3)
ROTATION = open_rotation(Phase.PROMOTED)
OLD = key_record()
NEW = key_record(key_id=NEW_KEY, role=Role.PENDING)
STRAY = key_record(key_id=STRAY_KEY, role=Role.FOREIGN)


def after_effect(
    effect: Effect,
    key: KeyId | None = None,
    *,
    old: KeyRecord | None = OLD,
    new: KeyRecord | None = NEW,
) -> tuple[KeyRecord, ...]:
    step = Do(effect=effect, key_id=key)
    return keys_after_effect(step, ROTATION, old, new, NOW)


def after_fact(
    fact: Fact, *, old: KeyRecord | None = OLD, new: KeyRecord | None = NEW
) -> tuple[KeyRecord, ...]:
    return keys_after_fact(Record(fact=fact), ROTATION, old, new, (STRAY,), NOW)


PROMOTION = (replace(OLD, role=Role.PREVIOUS), replace(NEW, role=Role.CURRENT))


def test_promotion_makes_the_new_key_current_and_the_old_one_previous() -> None:
    assert after_effect(Effect.PROMOTE) == PROMOTION
    assert after_fact(Fact.FOUND_CURRENT) == PROMOTION
    assert after_effect(Effect.PROMOTE, old=None) == PROMOTION[1:]


def test_a_disabled_key_is_one_that_we_disabled() -> None:
    assert after_effect(Effect.DISABLE_KEY, OLD_KEY) == (
        replace(OLD, enabled=False, disabled_at=NOW),
    )


def test_a_key_that_somebody_else_disabled_carries_no_instant_of_ours() -> None:
    assert after_fact(Fact.FOUND_DISABLED) == (replace(OLD, enabled=False),)


def test_an_enabled_key_is_as_if_it_had_never_been_disabled() -> None:
    off = replace(OLD, enabled=False, disabled_at=at())

    assert after_effect(Effect.ENABLE_KEY, OLD_KEY, old=off) == (OLD,)


@pytest.mark.parametrize(("key", "record"), [(OLD_KEY, OLD), (NEW_KEY, NEW)])
def test_a_deleted_key_is_gone_whichever_of_the_two_it_was(key: KeyId, record: KeyRecord) -> None:
    gone = replace(record, role=Role.GONE, enabled=False, gone_at=NOW)

    assert after_effect(Effect.DELETE_KEY, key) == (gone,)


def test_a_key_that_was_found_gone_is_gone() -> None:
    assert after_fact(Fact.FOUND_GONE) == (
        replace(OLD, role=Role.GONE, enabled=False, gone_at=NOW),
    )


def test_the_key_of_an_abandoned_rotation_is_to_be_discarded() -> None:
    assert after_fact(Fact.ABANDONED) == (replace(NEW, role=Role.DISCARD),)


def test_a_lost_mint_leaves_suspects_on_a_timer_of_their_own() -> None:
    assert after_fact(Fact.MINT_LOST) == (
        replace(STRAY, role=Role.SUSPECT, suspect_since=NOW, rotation_id=ROTATION.id),
    )


def test_an_old_key_that_somebody_enabled_is_as_if_it_had_never_been_disabled() -> None:
    off = replace(OLD, enabled=False, disabled_at=at())

    assert after_fact(Fact.FOUND_ENABLED, old=off) == (OLD,)


def test_a_rollback_by_hand_gives_the_keys_each_others_part() -> None:
    assert after_fact(Fact.FOUND_REVERSED) == PROMOTION


def test_a_released_key_is_a_persons_and_no_orphan_for_whoever_finds_our_mark_on_it() -> None:
    left = replace(OLD, role=Role.FOREIGN, suspect_since=NOW)

    assert after_fact(Fact.RELEASED) == (left,)


def test_both_keys_are_left_to_a_person_where_consumers_read_neither_for_certain() -> None:
    withdrawn = replace(ROTATION, promoted_at=None)

    left = keys_after_fact(Record(fact=Fact.RELEASED), withdrawn, OLD, NEW, (), NOW)

    assert [(item.key_id, item.role) for item in left] == [
        (OLD_KEY, Role.FOREIGN),
        (NEW_KEY, Role.FOREIGN),
    ]


@pytest.mark.parametrize(
    "effect",
    [Effect.PREPARE, Effect.STAGE, Effect.VERIFY, Effect.UNSTAGE, Effect.CREATE_KEY],
)
def test_other_effects_change_no_key(effect: Effect) -> None:
    assert after_effect(effect) == ()


@pytest.mark.parametrize("effect", [Effect.DISABLE_KEY, Effect.ENABLE_KEY, Effect.DELETE_KEY])
def test_a_key_without_a_record_changes_none(effect: Effect) -> None:
    assert after_effect(effect, OLD_KEY, old=None) == ()


@pytest.mark.parametrize(
    "fact",
    [
        Fact.FOUND_GONE,
        Fact.FOUND_DISABLED,
        Fact.FOUND_ENABLED,
        Fact.ABANDONED,
        Fact.REBASED,
        Fact.FOUND_STAGED,
        Fact.RELEASED,
    ],
)
def test_a_fact_about_a_key_without_a_record_changes_none(fact: Fact) -> None:
    assert after_fact(fact, old=None, new=None) == ()


def test_the_credential_follows_the_promotion_once() -> None:
    before = credential(due_at=at(days=1))

    after = credential_after(before, ROTATION)

    assert (after.current_key_id, after.current_version) == (NEW_KEY, TOKEN)
    assert after.due_at is None
    assert credential_after(after, ROTATION) is after


def test_what_is_current_is_found_out_anew_after_a_release_that_could_not_know() -> None:
    promoted = open_rotation(Phase.PROMOTED)
    known = found(promoted, Fact.RELEASED, NOW)
    unknown = found(replace(promoted, promoted_at=None), Fact.RELEASED, NOW)
    before = credential(current_key_id=NEW_KEY)

    assert credential_after(before, known) is before
    after = credential_after(before, unknown)
    assert (after.current_key_id, after.current_version) == (None, None)


class TestAnOrderedRotation:
    """Whoever ordered it wants it done, not tried."""

    @staticmethod
    def failed(trigger: Trigger, reason: Reason = Reason.VERIFY_FAILED) -> Rotation:
        return open_rotation(Phase.ROLLED_BACK, trigger=trigger, abandoned=reason)

    @pytest.mark.parametrize("trigger", [Trigger.MANUAL, Trigger.TAINT])
    def test_one_that_was_rolled_back_is_ordered_again(self, trigger: Trigger) -> None:
        assert credential_after(credential(), self.failed(trigger)).requested is trigger

    @pytest.mark.parametrize("trigger", [Trigger.AGE, Trigger.DRIFT])
    def test_what_nobody_ordered_is_not(self, trigger: Trigger) -> None:
        assert credential_after(credential(), self.failed(trigger)).requested is None

    @pytest.mark.parametrize("reason", [Reason.ABORTED, Reason.REPORT_ONLY])
    def test_one_that_was_given_up_on_purpose_is_not(self, reason: Reason) -> None:
        assert credential_after(credential(), self.failed(Trigger.TAINT, reason)).requested is None

    @pytest.mark.parametrize(
        ("first", "then"), [(Trigger.TAINT, Trigger.MANUAL), (Trigger.MANUAL, Trigger.TAINT)]
    )
    def test_a_compromised_key_stays_the_more_urgent_of_two_orders(
        self, first: Trigger, then: Trigger
    ) -> None:
        ordered = credential(requested=then)

        assert credential_after(ordered, self.failed(first)).requested is Trigger.TAINT


def test_a_suspects_watch_begins_not_before_its_birth() -> None:
    born = replace(STRAY, created_at=at(days=1))

    (suspect,) = keys_after_fact(Record(fact=Fact.MINT_LOST), ROTATION, OLD, NEW, (born,), NOW)

    assert suspect.suspect_since == at(days=1)


@pytest.mark.parametrize("phase", [Phase.VERIFIED, Phase.ROLLED_BACK, Phase.DISABLED])
def test_no_other_phase_changes_the_credential(phase: Phase) -> None:
    before = credential()

    after = credential_after(before, open_rotation(phase))

    assert after is before
    assert after.current_version == OLD_VERSION


def test_a_version_in_an_object_that_policy_has_left_is_not_the_credentials() -> None:
    moved = credential(destination=destination("elsewhere"))

    after = credential_after(moved, ROTATION)

    assert (after.current_key_id, after.current_version) == (NEW_KEY, None)
    unplaced = credential_after(credential(destination=None), ROTATION)
    assert unplaced.current_version == TOKEN
