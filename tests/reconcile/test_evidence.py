"""What a record says, and what happens when it cannot be written (invariant I7)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from rotator.core.events import FINGERPRINT, AuditAction, Stage
from rotator.core.orders import Verb
from rotator.core.reasons import Reason
from rotator.core.rotation import Effect, Phase
from rotator.errors import ConflictError, OutcomeUnknownError, RotatorError, UnavailableError
from rotator.reconcile.instructions import instruct
from rotator.testing.wire import Failure
from tests.reconcile.office import Office

if TYPE_CHECKING:
    from collections.abc import Callable

    from rotator.core.rotation import Claim
    from rotator.ports.journal import Change

HOUR = timedelta(hours=1)
ENDS = {"create_key", "disable_key", "delete_key"}


def intends(effect: Effect) -> Callable[[Change], RotatorError | None]:
    """Refuse the commit of an effect's intent."""

    def refused(change: Change) -> RotatorError | None:
        intent = change.rotation.intent if change.rotation else None
        is_it = intent is not None and intent.effect is effect
        return UnavailableError("the disk is full") if is_it else None

    return refused


def keeps_the_key(error: RotatorError) -> Callable[[Change], RotatorError | None]:
    """Refuse the commit of a mint's outcome."""
    return lambda change: (
        error if change.rotation and change.rotation.phase is Phase.CREATED else None
    )


# --------------------------------------------------------------- operations 3.5, row by row


@pytest.mark.parametrize("effect", [Effect.CREATE_KEY, Effect.DISABLE_KEY, Effect.DELETE_KEY])
def test_an_intent_that_cannot_be_written_is_not_acted_upon_and_the_rotation_waits(
    effect: Effect,
) -> None:
    office = Office().ordered()
    office.journal.refuses = intends(effect)
    office.live(timedelta(days=6))

    assert effect.value not in office.wire.sent
    assert office.newest.is_open
    assert office.consume()


@pytest.mark.parametrize("error", [UnavailableError("full"), OutcomeUnknownError("lost")])
def test_an_outcome_that_cannot_be_written_after_create_goes_on_to_stage(
    error: RotatorError,
) -> None:
    office = Office().ordered()
    office.journal.refuses = keeps_the_key(error)
    office.pass_()

    assert [verb for verb in office.wire.sent if verb in {"create_key", "stage"}] == [
        "create_key",
        "stage",
    ]
    assert office.process.late.is_waiting
    (minted, stored) = office.said("audit record not written yet")
    assert (minted["action"], stored["action"]) == ("key.create", "key.stage")
    assert minted["request_ids"]


def test_while_an_outcome_waits_in_memory_nothing_new_is_started() -> None:
    office = Office().ordered()
    office.journal.refuses = keeps_the_key(UnavailableError("full"))
    office.pass_()
    office.journal.is_down = True
    office.live(HOUR)

    assert office.process.late.is_waiting
    assert office.wire.sent.count("create_key") == 1


def test_while_a_record_waits_no_key_is_ended_though_the_journal_takes_everything_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    office = Office().ordered()
    office.live(HOUR)
    told = office.records(AuditAction.KEY_PROMOTE)
    office.process.late.keep(told, office.telemetry, office.chance)

    def refused(_: object) -> None:
        raise UnavailableError("the disk is full")

    monkeypatch.setattr(office.journal, "append", refused)
    office.live(timedelta(days=6))

    assert {"disable_key", "delete_key"}.isdisjoint(office.wire.sent)
    assert office.stored.hold is not None
    assert office.stored.hold.reason is Reason.AUDIT_BLOCKED


def test_an_intent_that_was_not_written_is_never_told_of_as_if_it_had_been() -> None:
    office = Office().ordered()
    office.journal.refuses = intends(Effect.CREATE_KEY)
    office.pass_()
    office.journal.refuses = lambda _: None
    office.live(HOUR)

    intents = office.records(AuditAction.KEY_CREATE, Stage.INTENT)
    assert [it.evidence.get("late") for it in intents] == [None]


def test_a_record_that_waited_is_written_as_late_when_the_journal_is_back() -> None:
    office = Office().ordered()
    office.journal.refuses = keeps_the_key(UnavailableError("full"))
    office.pass_()
    office.journal.refuses = lambda _: None
    office.live(HOUR)

    late = [it for it in office.records(AuditAction.KEY_CREATE) if it.evidence.get("late")]
    assert [it.outcome for it in late] == ["success"]
    assert late[0].evidence[FINGERPRINT] == "hmac-sha256:k1:00ff"
    assert not office.process.late.is_waiting
    assert office.newest.phase is Phase.PROMOTED


def test_a_late_record_whose_writing_got_no_answer_holds_up_nothing_and_is_written_anew() -> None:
    office = Office().ordered()
    office.journal.refuses = keeps_the_key(UnavailableError("full"))
    office.pass_()
    office.journal.refuses = lambda _: None
    office.journal.loses_answers = True
    office.live(HOUR)

    late = [it for it in office.journal.unsealed(limit=10_000) if it.evidence.get("late")]
    # The first ones may have been written, so the journal would refuse their ids for ever.
    assert len({it.id for it in late}) == len(late) == 4
    assert not office.process.late.is_waiting
    assert office.newest.phase is Phase.PROMOTED


def test_an_outcome_that_was_written_after_all_holds_up_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    office = Office().ordered()
    lost: list[Change] = []
    commit = office.journal.commit

    def committed(claim: Claim, change: Change) -> Claim:
        after = commit(claim, change)
        if not lost and keeps_the_key(UnavailableError("any"))(change):
            lost.append(change)
            raise OutcomeUnknownError("the connection was lost in the commit")
        return after

    monkeypatch.setattr(office.journal, "commit", committed)
    office.live(HOUR)

    assert lost
    assert not office.process.late.is_waiting
    assert office.newest.phase is Phase.PROMOTED


def test_a_key_that_another_replica_will_never_know_is_discarded_and_told_of() -> None:
    office = Office().ordered()
    office.journal.refuses = keeps_the_key(ConflictError("the lease is gone"))
    office.pass_()
    office.journal.refuses = lambda _: None
    office.pass_()

    (deleted,) = office.records(AuditAction.KEY_DELETE)
    assert (deleted.outcome, deleted.evidence) == ("success", {"late": True})


def test_a_key_that_could_not_be_discarded_leaves_a_record_without_a_result() -> None:
    office = Office().ordered()
    office.journal.refuses = keeps_the_key(ConflictError("the lease is gone"))
    office.wire.break_next("delete_key", Failure.UNAVAILABLE)
    office.pass_()
    office.journal.refuses = lambda _: None
    office.pass_()

    assert office.records(AuditAction.KEY_DELETE)[0].outcome == "unknown"


@pytest.mark.parametrize("phase", [Phase.PLANNED, Phase.PROMOTED, Phase.DISABLED])
def test_sinks_that_are_blocked_hold_back_starts_disables_and_deletes(phase: Phase) -> None:
    office = Office().ordered()
    while office.rotation is None or office.rotation.phase is not phase:
        if phase is Phase.PLANNED:
            break
        office.live(HOUR)
    office.gate.blocked = True
    before = [verb for verb in office.wire.sent if verb in ENDS]
    office.live(timedelta(days=4))

    assert [verb for verb in office.wire.sent if verb in ENDS] == before
    assert office.stored.hold is not None
    assert office.stored.hold.reason is Reason.AUDIT_BLOCKED

    office.gate.blocked = False
    office.live(timedelta(days=7))
    assert office.newest.phase is Phase.COMPLETED


def test_sinks_that_are_blocked_let_a_new_key_be_stored_and_promoted() -> None:
    office = Office().ordered()
    office.wire.break_next("stage", Failure.THROTTLED)
    create = office.provider.create_key

    def minting(*args: object, **kwargs: object) -> object:
        office.gate.blocked = True
        return create(*args, **kwargs)  # type: ignore[arg-type]

    office.provider.create_key = minting  # type: ignore[method-assign,assignment]
    office.wire.break_next("promote", Failure.THROTTLED)
    office.live(HOUR)

    assert office.gate.blocked
    assert office.newest.phase in {Phase.PROMOTED, Phase.ROLLED_BACK}
    assert len(office.enabled()) == (2 if office.newest.phase is Phase.PROMOTED else 1)


# --------------------------------------------------------------------- what a record says


def test_a_record_names_every_request_since_the_one_before_it() -> None:
    office = Office().ordered()
    office.live(timedelta(days=4))
    (intent,) = office.records(AuditAction.KEY_CREATE, Stage.INTENT)
    (outcome,) = office.records(AuditAction.KEY_CREATE)
    ids = [call.request_id for it in office.journal.unsealed(limit=10_000) for call in it.calls]

    assert "list_keys" in {call.operation for call in intent.calls}
    assert [call.operation for call in outcome.calls] == ["create_key"]
    assert len(ids) == len(set(ids))


def test_what_was_sent_in_another_pass_is_not_in_the_next_ones_records() -> None:
    office = Office()
    office.provider.list_keys(office.principal)
    office.ordered().pass_()
    first = office.records(AuditAction.ROTATION_START, Stage.EVENT)[0]

    assert [call.operation for call in first.calls].count("list_keys") <= 1


def test_every_record_of_a_credential_says_how_old_its_key_may_get() -> None:
    office = Office().ordered()
    office.live(timedelta(days=4))

    assert {it.max_age for it in office.journal.unsealed(limit=10_000)} == {"90d"}


def test_the_outcome_of_a_mint_tells_by_what_its_secret_is_recognised() -> None:
    office = Office().ordered()
    office.live(HOUR)
    (outcome,) = office.records(AuditAction.KEY_CREATE)
    others = [it for it in office.journal.unsealed(limit=10_000) if it != outcome]

    assert outcome.evidence[FINGERPRINT] == "hmac-sha256:k1:00ff"
    assert not any(FINGERPRINT in it.evidence for it in others)


def test_the_record_of_an_end_says_what_allowed_it() -> None:
    office = Office().ordered()
    office.live(timedelta(days=6))
    disabled, deleted = (
        office.records(action, Stage.INTENT)[0]
        for action in (AuditAction.KEY_DISABLE, AuditAction.KEY_DELETE)
    )

    assert disabled.evidence["allowed_by"] == "silence"
    assert deleted.evidence["promoted_at"] == disabled.evidence["promoted_at"]
    assert {"old_last_used", "old_quiet_for"} <= disabled.evidence.keys()


def test_an_order_that_is_refused_is_in_the_log_as_denied() -> None:
    office = Office().ordered()
    office.live(timedelta(days=6))
    over = office.newest
    instruct(
        office.process, office.stored, Verb.ABORT, operator="ann", reason="stop", rotation=over
    )
    office.pass_()

    given, denied = office.records(AuditAction.OPERATOR_ABORT, Stage.EVENT)
    assert (given.outcome, denied.outcome) == ("success", "failure")
    assert denied.actor == "operator:ann"
    assert denied.reason == "this rotation is not open any more"


def test_effects_are_timed_by_provider_and_effect() -> None:
    office = Office().ordered()
    office.live(HOUR)

    timed = {labels["effect"] for name, _, labels in office.telemetry.durations}
    assert {"create_key", "stage", "verify", "promote"} <= timed
