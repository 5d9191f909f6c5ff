from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from rotator.core.ids import Instant
from rotator.core.reasons import Reason
from rotator.core.rotation import Action, Effect, Phase, Role, Trigger
from rotator.core.terms import Grace, IfStillUsed, Mode, Terms
from rotator.errors import ConflictError, UnavailableError
from rotator.reconcile.parts import Budget
from rotator.testing.fake_provider import FakeProvider
from rotator.testing.wire import Failure
from tests.reconcile.estate import LIMITS, Estate

if TYPE_CHECKING:
    from rotator.core.facts import KeyListing, Principal
    from rotator.core.ids import KeyId, RotationId
    from rotator.core.rotation import Claim
    from rotator.core.secret import KeyMaterial, MintedKey
    from rotator.ports.journal import Change
    from rotator.ports.provider import Verdict

if TYPE_CHECKING:
    from rotator.core.secret import KeyMaterial


def test_an_old_key_is_replaced_published_kept_and_deleted_without_one_refusal() -> None:
    estate = Estate()
    refusals = 0
    for _ in range(160):
        estate.run(timedelta(hours=12))
        refusals += not estate.consume()

    assert refusals == 0
    assert estate.newest.phase is Phase.COMPLETED
    assert estate.old.key_id not in estate.enabled()
    assert estate.enabled() == {estate.stored.current_key_id}


def test_every_effect_has_its_intent_in_the_audit_before_its_outcome() -> None:
    estate = Estate()
    estate.run(timedelta(days=80))

    actions = estate.actions()
    for effect in ("key.create", "key.stage", "key.verify", "key.promote", "key.disable"):
        intent = actions.index(f"intent {effect} pending")
        assert intent < actions.index(f"outcome {effect} success")
    assert "event rotation.finish success" in actions


def test_a_missing_secret_is_made_only_where_the_rule_says_so() -> None:
    without = Estate(is_published=False)
    assert without.look().hold is not None
    assert without.stored.hold is not None
    assert without.stored.hold.reason is Reason.DESTINATION_MISSING

    estate = Estate(is_published=False, create=True)
    estate.run(timedelta(days=80), until=Phase.PROMOTED)
    content = json.loads(estate.destination.read(estate.ref))
    assert content["AccessKeyId"] == estate.stored.current_key_id != estate.old.key_id


def test_other_fields_of_the_secret_survive_a_merge() -> None:
    estate = Estate(merge=True)
    estate.due()
    assert json.loads(estate.destination.read(estate.ref))["note"] == "kept"


def test_a_lost_answer_of_a_mint_leaves_no_orphan_and_mints_once_at_a_time() -> None:
    estate = Estate()
    estate.wire.break_next("create_key", Failure.LOST_ANSWER)
    estate.run(timedelta(days=110))

    assert estate.wire.sent.count("create_key") == 2
    assert estate.newest.phase is Phase.COMPLETED
    lost, good = estate.journal.rotations()[1], estate.journal.rotations()[0]
    assert (lost.phase, lost.outcome) == (Phase.ROLLED_BACK, "outcome_lost")
    assert estate.enabled() == {good.new_key_id}


def test_a_suspect_that_is_used_is_a_strangers_for_ever() -> None:
    estate = Estate()
    estate.wire.break_next("create_key", Failure.LOST_REQUEST)
    estate.run(timedelta(days=80), until=Phase.PLANNED)
    human = estate.provider.mint_by_hand(estate.principal)
    estate.clock.advance(timedelta(hours=1))
    estate.run(timedelta(days=1))
    assert estate.provider.use(human)
    estate.run(timedelta(days=30))

    record = next(item for item in estate.journal.keys() if item.key_id == human.key_id)
    assert record.role is Role.FOREIGN
    assert human.key_id in estate.enabled()
    assert estate.stored.hold is not None
    assert estate.stored.hold.reason is Reason.SLOTS_FULL


def test_a_suspect_that_may_not_be_disabled_never_stops_the_credentials_own_work() -> None:
    estate = Estate()
    estate.wire.break_next("create_key", Failure.LOST_ANSWER)
    estate.wire.break_next("disable_key", Failure.DENIED, times=3)
    estate.run(timedelta(days=80), until=Phase.ROLLED_BACK)
    estate.run(timedelta(days=1, hours=2))
    assert estate.wire.sent.count("disable_key") >= 1
    assert estate.stored.hold is not None
    assert estate.stored.hold.reason is Reason.SLOTS_FULL
    assert estate.consume()

    estate.run(timedelta(days=30))
    assert estate.enabled() == {estate.stored.current_key_id}


def test_an_unused_suspect_is_disabled_then_deleted_and_both_are_announced() -> None:
    estate = Estate()
    estate.wire.break_next("create_key", Failure.LOST_ANSWER)
    estate.wire.break_next("disable_key", Failure.LOST_ANSWER)
    estate.run(timedelta(days=100))

    actions = estate.actions()
    assert "event key.suspect success" in actions
    assert actions.index("intent key.disable pending") < actions.index("intent key.delete pending")


def test_a_journal_that_cannot_write_after_the_mint_does_not_lose_the_key() -> None:
    estate = Estate()
    commit = estate.journal.commit
    state = {"armed": True}

    def failing(claim: Claim, change: Change) -> Claim:
        made = change.rotation is not None and change.rotation.phase is Phase.CREATED
        if state["armed"] and made:
            raise UnavailableError("the disk is full", code="disk_full")
        return commit(claim, change)

    estate.journal.commit = failing  # type: ignore[method-assign]
    estate.run(timedelta(days=69), consuming=True)
    estate.run(timedelta(days=6), until=Phase.PLANNED)
    minted = [act.key for act in estate.wire.acts if act.verb == "create_key"][1]
    state["armed"] = False
    estate.run(timedelta(days=2), until=Phase.PROMOTED)

    assert estate.newest.phase is Phase.PROMOTED
    assert estate.newest.new_key_id == minted
    assert estate.wire.sent.count("create_key") == 1


def test_a_replica_that_lost_its_lease_in_the_mint_deletes_the_key_that_only_it_holds() -> None:
    estate = Estate()
    commit = estate.journal.commit
    state = {"armed": True}

    def fenced(claim: Claim, change: Change) -> Claim:
        made = change.rotation is not None and change.rotation.phase is Phase.CREATED
        if state["armed"] and made:
            state["armed"] = False
            raise ConflictError("another owner")
        return commit(claim, change)

    estate.journal.commit = fenced  # type: ignore[method-assign]
    estate.run(timedelta(days=80), until=Phase.PLANNED)
    assert estate.enabled() == {estate.old.key_id}
    estate.run(timedelta(days=20))
    assert estate.enabled() == {estate.stored.current_key_id}


def test_nothing_is_minted_that_could_not_be_stored_for_lack_of_budget() -> None:
    estate = Estate(budget=Budget(rate=0.00001, burst=3, per_rotation=3))
    taken = estate.journal.reserve(
        estate.ref.account,
        3,
        now=Instant(estate.clock.now() + timedelta(days=67)),
        rate=0.00001,
        burst=3,
    )
    assert taken is None
    estate.run(timedelta(days=70), until=Phase.PLANNED)
    assert estate.newest.phase is Phase.PLANNED
    assert "create_key" not in estate.wire.sent
    promoted = estate.run(timedelta(days=7), until=Phase.PROMOTED)
    assert promoted is not None
    assert promoted.phase is Phase.PROMOTED


def test_without_evidence_nothing_is_minted_and_no_old_key_is_switched_off() -> None:
    estate = Estate()
    estate.gate.blocked = True
    estate.run(timedelta(days=80))
    assert "create_key" not in estate.wire.sent
    assert estate.stored.hold is not None
    assert estate.stored.hold.reason is Reason.AUDIT_BLOCKED

    estate.gate.blocked = False
    estate.run(timedelta(days=2), until=Phase.PROMOTED)
    estate.gate.blocked = True
    estate.run(timedelta(days=6))
    assert estate.old.key_id in estate.enabled()


def test_a_key_that_is_never_accepted_is_discarded_and_the_old_one_kept() -> None:
    estate = Estate()
    estate.provider.habits = replace(estate.provider.habits, activation_lag=timedelta(days=30))
    estate.run(timedelta(days=72))

    newest = estate.journal.rotations()[-1]
    assert (newest.phase, newest.outcome) == (Phase.ROLLED_BACK, "verify_failed")
    assert estate.old.key_id in estate.enabled()
    assert estate.consume()


def test_a_foreign_write_before_promote_is_never_overwritten() -> None:
    estate = Estate()
    provider_verify = estate.provider.verify
    state = {"armed": True}

    def verify(principal: Principal, material: KeyMaterial) -> Verdict:
        if state["armed"]:
            state["armed"] = False
            estate.destination.write_by_hand(estate.ref, json.dumps({"AccessKeyId": "AKIAHUMAN"}))
        return provider_verify(principal, material)

    estate.provider.verify = verify  # type: ignore[method-assign]
    estate.run(timedelta(days=80), consuming=False)

    assert json.loads(estate.destination.read(estate.ref))["AccessKeyId"] == "AKIAHUMAN"
    assert estate.stored.hold is not None
    assert estate.stored.hold.reason is Reason.DRIFT
    assert estate.enabled() == {estate.old.key_id}


def test_a_sibling_edit_between_two_passes_is_merged_and_not_lost() -> None:
    estate = Estate(merge=True)
    estate.run(timedelta(days=60))
    estate.destination.write_by_hand(estate.ref, estate.content(estate.old, note="edited"))
    estate.run(timedelta(days=20), until=Phase.PROMOTED)
    assert json.loads(estate.destination.read(estate.ref))["note"] == "edited"


def test_a_destination_rolled_back_in_quarantine_gets_its_key_back_at_once() -> None:
    estate = Estate()
    rotation = estate.run(timedelta(days=90), until=Phase.DISABLED)
    assert rotation is not None
    assert rotation.base_version is not None
    assert estate.old.key_id not in estate.enabled()

    estate.destination.make_current_by_hand(estate.ref, rotation.base_version)
    estate.run(timedelta(hours=2), consuming=False)
    assert estate.old.key_id in estate.enabled()
    assert estate.consume()
    assert estate.stored.hold is not None
    assert estate.stored.hold.reason is Reason.ROLLED_BACK_BY_HAND


def test_an_old_key_that_stays_in_use_is_kept_and_the_hold_names_its_user() -> None:
    estate = Estate()
    estate.due()
    for _ in range(40):
        estate.provider.use(estate.old, service="sqs")
        estate.run(timedelta(hours=12))

    assert estate.old.key_id in estate.enabled()
    assert estate.stored.hold is not None
    assert estate.stored.hold.reason is Reason.STILL_USED
    assert "sqs" in estate.stored.hold.detail


def test_a_rule_may_say_that_a_key_still_in_use_is_switched_off_after_the_longest_grace() -> None:
    grace = Grace(if_still_used=IfStillUsed.DISABLE)
    estate = Estate(terms=Terms(limits=LIMITS, grace=grace))
    estate.due()
    promoted_at = estate.newest.promoted_at
    assert promoted_at is not None
    while estate.clock.now() < promoted_at + grace.max_period:
        estate.provider.use(estate.old)
        estate.run(timedelta(hours=6))
        if estate.clock.now() < promoted_at + grace.max_period:
            assert estate.old.key_id in estate.enabled()
    estate.run(timedelta(hours=12))
    assert estate.old.key_id not in estate.enabled()


def test_plan_mode_changes_nothing_at_all() -> None:
    estate = Estate(terms=Terms(limits=LIMITS, mode=Mode.PLAN))
    estate.run(timedelta(days=100))
    changing = {"create_key", "disable_key", "delete_key", "stage", "promote", "prepare"}
    assert not changing & set(estate.wire.sent)
    assert estate.rotation is None


def test_an_ordered_rotation_starts_at_once_and_keeps_every_guard() -> None:
    estate = Estate()
    estate.look()
    assert estate.journal.request(estate.stored.id, Trigger.MANUAL, now=estate.clock.now())
    estate.look()
    assert estate.newest.trigger is Trigger.MANUAL
    assert estate.newest.phase is Phase.PROMOTED
    assert estate.stored.requested is None
    assert estate.old.key_id in estate.enabled()


def test_a_transient_failure_backs_off_and_a_success_forgets_it() -> None:
    estate = Estate()
    estate.wire.break_next("list_keys", Failure.UNAVAILABLE, times=3)
    first = estate.look()
    assert (first.failures, first.last_error) == (1, "unavailable")
    assert timedelta(seconds=30) <= first.next_at - estate.clock.now() <= timedelta(minutes=1)
    estate.run(timedelta(hours=1))
    assert (estate.stored.failures, estate.stored.last_error) == (0, "")


def test_a_denied_effect_is_a_hold_for_a_person_and_is_tried_again_later() -> None:
    estate = Estate()
    estate.wire.break_next("create_key", Failure.DENIED)
    estate.run(timedelta(days=80), until=Phase.PLANNED)
    assert estate.stored.hold is not None
    assert estate.stored.hold.reason is Reason.ACCESS_DENIED
    estate.run(timedelta(days=2), until=Phase.PROMOTED)
    assert estate.newest.phase is Phase.PROMOTED


def test_a_planned_rotation_follows_policy_to_another_destination() -> None:
    estate = Estate()
    estate.gate.blocked = True
    estate.run(timedelta(days=80), until=Phase.PLANNED)
    estate.gate.blocked = False
    moved = replace(estate.ref, name="iam/elsewhere", create=True)
    estate.register(replace(estate.credential(), destination=moved))
    estate.run(timedelta(days=1), until=Phase.PROMOTED, consuming=False)
    assert estate.newest.destination == moved


def test_a_planned_rotation_ends_when_policy_only_reports() -> None:
    estate = Estate()
    estate.wire.break_next("create_key", Failure.DENIED)
    estate.run(timedelta(days=80), until=Phase.PLANNED)
    estate.register(replace(estate.credential(), action=Action.REPORT, destination=None))
    estate.run(timedelta(hours=1))
    assert (estate.newest.phase, estate.newest.outcome) == (Phase.ROLLED_BACK, "report_only")
    assert estate.stored.hold is None


def test_a_lease_lost_in_mid_pass_writes_nothing_more() -> None:
    estate = Estate()
    original = estate.provider.list_keys

    def stealing(principal: Principal) -> KeyListing:
        later = Instant(estate.clock.now() + timedelta(minutes=3))
        estate.clock.advance_to(later)
        until = Instant(later + timedelta(minutes=2))
        assert estate.journal.acquire(estate.stored.id, now=later, lease_until=until)
        return original(principal)

    before = estate.stored
    estate.provider.list_keys = stealing  # type: ignore[method-assign]
    assert estate.look() == before


def test_lost_answers_of_every_effect_after_the_mint_are_looked_up_and_not_repeated() -> None:
    for method in ("stage", "promote", "disable_key", "delete_key", "unstage"):
        estate = Estate()
        estate.wire.break_next(method, Failure.LOST_ANSWER)
        estate.run(timedelta(days=85))
        assert estate.newest.phase is Phase.COMPLETED, method
        assert estate.enabled() == {estate.stored.current_key_id}, method
        assert len(estate.journal.rotations()) == 1, method


def test_a_verification_that_cannot_be_made_is_tried_again_from_the_stored_secret() -> None:
    estate = Estate()
    estate.wire.break_next("verify", Failure.UNAVAILABLE, times=200)
    estate.run(timedelta(days=85))
    assert estate.newest.phase is Phase.COMPLETED
    assert estate.wire.sent.count("create_key") == 1
    assert "read_staged" in estate.wire.sent


class _Quota(FakeProvider):
    """A principal whose last slot is taken by somebody between the listing and the mint."""

    def create_key(
        self,
        principal: Principal,
        rotation: RotationId,
        *,
        replaces: KeyId | None,
        not_after: Instant,
    ) -> MintedKey:
        if len(self.list_keys(principal).keys) == 1:
            self.mint_by_hand(principal)
        return super().create_key(principal, rotation, replaces=replaces, not_after=not_after)


def test_a_slot_taken_at_the_last_moment_is_a_hold_and_no_key_is_removed_for_it() -> None:
    estate = Estate(provider_type=_Quota)
    estate.run(timedelta(days=80), until=Phase.PLANNED)
    assert estate.stored.hold is not None
    assert estate.stored.hold.reason is Reason.SLOTS_FULL
    assert len(estate.enabled()) == 2
    intent = estate.newest.intent
    assert intent is None or intent.effect is not Effect.DELETE_KEY
