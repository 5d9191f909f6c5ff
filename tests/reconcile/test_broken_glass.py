"""One rotation goes on though evidence cannot be kept, and nothing else does."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from rotator.core.events import AuditAction, Stage
from rotator.core.orders import Pause
from rotator.core.reasons import Reason
from rotator.core.rotation import Phase, Trigger
from rotator.core.terms import Mode, Terms
from rotator.reconcile.orders import order
from tests.reconcile.estate import LIMITS
from tests.reconcile.office import Office

if TYPE_CHECKING:
    import pytest

    from rotator.core.ids import Instant

HOUR = timedelta(hours=1)
ENDS = {"create_key", "disable_key", "delete_key"}


def broken(office: Office) -> Office:
    parts, reason = office.process, "laptop stolen"
    order(parts, office.stored, Trigger.BREAK_GLASS, operator="ann", reason=reason)
    return office


def test_broken_glass_replaces_and_ends_a_key_though_nothing_is_kept() -> None:
    office = Office()
    office.gate.blocked = True
    broken(office).live(HOUR)

    assert office.newest.phase is Phase.COMPLETED
    assert not office.provider.use(office.old)
    assert office.consume()


def test_broken_glass_is_written_down_under_the_operators_name_and_told_at_once() -> None:
    office = Office()
    office.gate.blocked = True
    broken(office)

    (given,) = office.records(AuditAction.OPERATOR_BREAK_GLASS, Stage.EVENT)
    assert (given.actor, given.reason) == ("operator:ann", "ordered: laptop stolen")
    assert given.max_age == "90d"
    assert [it["action"] for it in office.said("glass broken")] == ["operator.break_glass"]


def test_every_record_of_that_rotation_says_late_until_evidence_is_kept_again() -> None:
    office = Office()
    office.gate.blocked = True
    broken(office).live(HOUR)
    rotation = office.newest.id
    records = [it for it in office.journal.unsealed(limit=10_000) if it.rotation_id == rotation]

    assert records
    assert all(it.evidence.get("late") is True for it in records)
    told = [it["action"] for it in office.said("glass broken")]
    assert {"key.create", "key.disable", "key.delete"} <= set(told)


def test_broken_glass_is_for_one_rotation_and_the_next_one_waits_again() -> None:
    office = Office()
    office.gate.blocked = True
    broken(office).live(HOUR)
    office.ordered(Trigger.TAINT).live(HOUR)

    assert office.wire.sent.count("create_key") == 1
    assert office.stored.hold is not None
    assert office.stored.hold.reason is Reason.AUDIT_BLOCKED


def test_broken_glass_does_nothing_else_than_a_taint_where_nothing_is_blocked() -> None:
    office = Office()
    broken(office).live(HOUR)

    assert office.newest.phase is Phase.COMPLETED
    assert not any("late" in it.evidence for it in office.journal.unsealed(limit=10_000))
    assert len(office.said("glass broken")) == 1


def test_nothing_is_asked_of_the_journal_between_a_mint_and_its_safety(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    office = Office()
    asked_after: list[str] = []

    def blocked(now: Instant) -> bool:
        del now
        asked_after.extend(office.wire.sent[-1:])
        return True

    monkeypatch.setattr(office.gate, "is_blocked", blocked)
    broken(office).live(HOUR)

    assert office.newest.phase is Phase.COMPLETED
    assert {"create_key", "mark_key"}.isdisjoint(asked_after)


def test_broken_glass_breaks_no_pause() -> None:
    office = Office()
    office.gate.blocked = True
    office.journal.pause(Pause(operator="bob", reason="a freeze", since=office.clock.now()))
    broken(office).live(HOUR)

    assert "create_key" not in office.wire.sent
    assert office.stored.hold is not None
    assert office.stored.hold.reason is Reason.PAUSED


def test_broken_glass_changes_nothing_in_plan_mode() -> None:
    office = Office(terms=Terms(limits=LIMITS, mode=Mode.PLAN))
    office.gate.blocked = True
    broken(office).live(HOUR)

    assert "create_key" not in office.wire.sent
    assert office.consume()


def test_broken_glass_starts_nothing_that_the_journal_does_not_take_in() -> None:
    office = Office()
    broken(office)
    office.journal.is_down = True
    office.live(HOUR)

    assert ENDS.isdisjoint(office.wire.sent)
