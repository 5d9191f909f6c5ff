"""Five halts: each told in one `rotations show`, and each way out of it walked.

The real shell on fakes and a real SQLite journal; the commands are the real ones.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from rotator.core.reasons import Reason, explain
from rotator.core.rotation import Phase
from rotator.errors import InvariantError
from tests.cli.halting import Case

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from rotator.core.facts import DestinationRef

DAY = timedelta(days=1)
SCREEN = 30
"""Lines at 80 columns in which the situation is told."""


@pytest.fixture
def case(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Case]:
    monkeypatch.setenv("COLUMNS", "80")
    made = Case(tmp_path)
    made.desk.is_terminal = True
    made.estate.clock.advance(70 * DAY)
    made.go_on(20 * DAY, until=Phase.DISABLED)
    assert made.rotation.phase is Phase.DISABLED
    yield made
    made.journal.close()


def reenabled(case: Case) -> None:
    case.go_on(timedelta(hours=6))
    case.estate.provider.switch_by_hand(case.estate.principal, case.estate.old.key_id, on=True)


def used(case: Case) -> None:
    """Let the provider report a use of the old key after it was switched off."""
    case.go_on(timedelta(hours=6))
    key = case.estate.provider.keys[case.estate.old.key_id]
    key.record_use(case.estate.clock.now(), "s3", timedelta(0))


def replaced(case: Case) -> None:
    case.estate.provider.add_principal(case.estate.principal.name)


def enabled_by_us(case: Case) -> None:
    case.order("keys", "enable", case.estate.old.key_id)


def contradicted(case: Case) -> None:
    def describe(ref: DestinationRef) -> None:
        raise InvariantError("two versions are current", subject=ref.name)

    case.estate.destination.describe = describe  # type: ignore[method-assign,assignment]


CAUSES: dict[Reason, Callable[[Case], None]] = {
    Reason.REENABLED: reenabled,
    Reason.USED_WHILE_DISABLED: used,
    Reason.PRINCIPAL_REPLACED: replaced,
    Reason.ENABLED_BY_OPERATOR: enabled_by_us,
    Reason.INVARIANT: contradicted,
}


def halt(case: Case, reason: Reason) -> str:
    """Bring the rotation to a halt, and return what is shown of it."""
    CAUSES[reason](case)
    for _ in range(60):
        case.look()
        if case.rotation.phase is Phase.HALTED:
            break
        case.estate.clock.advance(timedelta(hours=2))
    assert case.rotation.phase is Phase.HALTED
    assert case.rotation.halt_reason is reason
    return case.show()


@pytest.mark.parametrize("reason", list(CAUSES))
def test_a_halt_tells_what_happened_what_is_safe_and_each_way_out_on_one_screen(
    case: Case, reason: Reason
) -> None:
    shown = halt(case, reason)

    told = shown.partition("\nrotation ")[0]
    flat = " ".join(told.split())
    assert explain(reason) in flat
    assert f"rotator rotations resume {case.rotation.id[:8]} --reason WHY" in flat
    assert f"rotator rotations abort {case.rotation.id[:8]} --reason WHY" in flat
    assert "rotator touches no key of this rotation until somebody decides" in flat
    assert len(told.splitlines()) <= SCREEN
    assert max(map(len, told.splitlines())) <= 80


@pytest.mark.parametrize("reason", list(CAUSES))
def test_nothing_happens_to_a_key_while_a_halt_stands(case: Case, reason: Reason) -> None:
    halt(case, reason)
    before = [act.verb for act in case.estate.wire.acts]

    for _ in range(30):
        case.estate.clock.advance(12 * timedelta(hours=1))
        case.look()

    assert [act.verb for act in case.estate.wire.acts] == before
    assert case.rotation.phase is Phase.HALTED


# ------------------------------------------------------------------------- ways out


def test_resuming_retires_a_key_that_somebody_had_enabled_again(case: Case) -> None:
    halt(case, Reason.REENABLED)
    old, new = case.estate.old.key_id, case.rotation.new_key_id

    said = case.order("rotations", "resume", case.rotation.id[:8])

    assert "a whole new grace period" in " ".join(said.split())
    assert case.rotation.phase is Phase.PROMOTED
    case.go_on(timedelta(hours=20))
    assert case.enabled() == {old, new}
    case.go_on(20 * DAY, until=Phase.COMPLETED)
    assert case.rotation.outcome == "completed"
    assert case.enabled() == {new}


def test_resuming_vouches_for_the_uses_of_a_disabled_key(case: Case) -> None:
    halt(case, Reason.USED_WHILE_DISABLED)

    case.order("rotations", "resume", case.rotation.id[:8])

    case.go_on(20 * DAY, until=Phase.COMPLETED)
    assert case.rotation.outcome == "completed"
    assert case.enabled() == {case.rotation.new_key_id}


def test_resuming_for_an_unchanged_cause_halts_again(case: Case) -> None:
    halt(case, Reason.PRINCIPAL_REPLACED)
    since = case.rotation.phase_since
    case.estate.clock.advance(timedelta(hours=1))

    case.order("rotations", "resume", case.rotation.id[:8])

    case.look()
    assert case.rotation.phase is Phase.HALTED
    assert case.rotation.halt_reason is Reason.PRINCIPAL_REPLACED
    assert case.rotation.phase_since > since


def test_resuming_goes_on_once_a_contradiction_is_gone(case: Case) -> None:
    halt(case, Reason.INVARIANT)
    del case.estate.destination.describe

    case.order("rotations", "resume", case.rotation.id[:8])

    case.go_on(20 * DAY, until=Phase.COMPLETED)
    assert case.rotation.outcome == "completed"


@pytest.mark.parametrize(
    "reason", [Reason.REENABLED, Reason.ENABLED_BY_OPERATOR, Reason.USED_WHILE_DISABLED]
)
def test_aborting_leaves_the_old_key_as_it_stands_for_ever(case: Case, reason: Reason) -> None:
    halt(case, reason)
    old, before = case.estate.old.key_id, case.enabled()

    case.order("rotations", "abort", case.rotation.id[:8])

    assert (case.rotation.phase, case.rotation.outcome) == (Phase.COMPLETED, "released")
    case.go_on(30 * DAY)
    assert case.enabled() == before
    assert old in case.estate.provider.keys
    row = next(line for line in case.desk.run("keys", "list").stdout.splitlines() if old in line)
    assert "foreign" in row
    assert "leave alone" in row


@pytest.mark.parametrize("reason", [Reason.PRINCIPAL_REPLACED, Reason.INVARIANT])
def test_aborting_ends_what_cannot_go_on(case: Case, reason: Reason) -> None:
    halt(case, reason)
    sent = len(case.estate.wire.acts)

    case.order("rotations", "abort", case.rotation.id[:8])

    assert case.rotation.phase is Phase.COMPLETED
    assert len(case.estate.wire.acts) == sent


@pytest.mark.parametrize(
    "reason", [Reason.REENABLED, Reason.ENABLED_BY_OPERATOR, Reason.USED_WHILE_DISABLED]
)
def test_rolling_back_makes_the_old_key_current_and_retires_the_new_one_on_resume(
    case: Case, reason: Reason
) -> None:
    halt(case, reason)
    old, new = case.estate.old.key_id, case.rotation.new_key_id

    case.order("rotations", "rollback", case.rotation.id[:8])
    case.go_on(2 * DAY)

    material = case.estate.destination.material(case.estate.ref)
    assert material is not None
    assert material.key_id == old
    assert case.enabled() == {old, new}
    shown = case.show()
    assert "this credential is paused by ann" in " ".join(shown.split())
    assert "rotator resume --principal" in shown
    case.go_on(20 * DAY)
    assert case.enabled() == {old, new}
    name = case.estate.principal.name
    lifted = case.desk.run("resume", "--principal", name, answer="y\n")
    assert lifted.exit_code == 0, lifted.output
    case.go_on(10 * DAY)
    assert case.journal.rotations()[-1].outcome == "reversed"
    assert new not in case.listed()


def test_enabling_the_old_key_is_a_way_out_for_whoever_needs_it(case: Case) -> None:
    halt(case, Reason.USED_WHILE_DISABLED)
    old = case.estate.old.key_id

    case.order("keys", "enable", old)
    case.go_on(DAY)

    assert old in case.enabled()
    assert case.rotation.phase is Phase.HALTED
    assert case.rotation.halt_reason is Reason.ENABLED_BY_OPERATOR


def test_an_order_that_cannot_be_carried_out_says_why_where_it_is_looked_for(case: Case) -> None:
    old = case.estate.old.key_id
    case.estate.provider.delete_by_hand(case.estate.principal, old)

    case.order("rotations", "rollback", case.rotation.id[:8])
    case.go_on(DAY)

    assert "deleted" in case.show()
    assert case.estate.stored.order is None


# -------------------------------------------------------------------------- pauses


def test_a_pause_keeps_the_old_key_until_it_is_lifted(case: Case) -> None:
    old = case.estate.old.key_id
    paused = case.desk.run("pause", "--everything", "--reason", "incident", answer="y\n")
    assert paused.exit_code == 0

    case.go_on(20 * DAY)

    assert old in case.listed()
    assert "somebody paused it" in " ".join(case.show().split())
    assert case.desk.run("resume", "--everything", answer="y\n").exit_code == 0
    case.go_on(5 * DAY, until=Phase.COMPLETED)
    assert case.rotation.phase is Phase.COMPLETED
