from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from rotator.core.events import AuditAction
from rotator.core.reasons import Reason
from rotator.core.rotation import Action, Hold, Phase
from rotator.errors import UnavailableError
from rotator.reconcile.planning import PlanRow
from tests.builders import ACCOUNT, EPOCH, OLD_KEY, at, credential, key_record, rotation
from tests.cli.desk import Desk
from tests.settings.files import CONFIGURATION, Files

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

NOW = at(days=40)
"""The desk's time."""


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """Give a desk whose account nobody has confirmed."""
    return Desk(tmp_path, is_confirmed=False)


def row(name: str, what: str, when: float | None = None, reason: str = "why") -> PlanRow:
    """Build one row of a plan; `when` counts days from now."""
    return PlanRow(
        account=ACCOUNT,
        principal=name,
        rule="ci",
        key_id=OLD_KEY,
        created_at=EPOCH,
        age=timedelta(days=40),
        when=None if when is None else at(days=40 + when),
        what=what,
        reason=reason,
        is_held=what == "hold",
        destination=f"iam/{name}",
    )


ROWS = (
    row("ci-deployer", "rotate", 0),
    row("ci-batch", "rotate", 0),
    row("ci-young", "wait", 20),
    row("ci-newborn", "wait", 60),
    row("ci-unread", "wait"),
    row("ci-open", "rotation promoted", 1),
    row("ci-full", "hold", reason="every key slot is taken"),
    row("jane", "report"),
    row("ci-deployer", "leave alone"),
)


def confirmations(desk: Desk) -> list[tuple[bool, str, str]]:
    return [(it.is_confirmed, it.operator, it.reason) for it in desk.app.journal.accounts()]


def test_a_confirmation_is_shown_then_asked_then_written(
    desk: Desk, golden: Callable[[str, str], None]
) -> None:
    desk.app.rows = ROWS
    desk.can_ask = True

    result = desk.run("accounts", "confirm", ACCOUNT, "--reason", "ticket 1", answer="y\n")

    assert result.exit_code == 0
    assert confirmations(desk) == [(True, "ann", "ticket 1")]
    (record,) = desk.app.journal.unsealed(limit=10)
    assert record.action is AuditAction.OPERATOR_CONFIRM_ACCOUNT
    assert (record.actor, record.reason) == ("operator:ann", "ticket 1")
    assert record.evidence == {"provider": "aws-iam", "account": ACCOUNT}
    golden("tests/golden/accounts_confirm.txt", result.stdout)


def test_an_account_without_anything_to_do_says_so(desk: Desk) -> None:
    result = desk.run("accounts", "confirm", ACCOUNT, "--yes")

    assert result.exit_code == 0
    assert "no key is rotated at once" in result.stdout
    assert "held" not in result.stdout


def test_no_is_no(desk: Desk) -> None:
    desk.can_ask = True

    assert desk.run("accounts", "confirm", ACCOUNT, answer="n\n").exit_code == 1
    assert desk.app.journal.accounts() == ()


def test_where_nobody_can_be_asked_consent_is_given_beforehand(desk: Desk) -> None:
    assert desk.run("accounts", "confirm", ACCOUNT).exit_code == 2
    assert desk.app.journal.accounts() == ()
    assert desk.run("accounts", "confirm", "prod", "--yes").exit_code == 0
    assert confirmations(desk) == [(True, "ann", "")]


@pytest.mark.parametrize("command", ["confirm", "withdraw"])
def test_an_unknown_account_is_refused_with_the_known_ones(desk: Desk, command: str) -> None:
    result = desk.run("accounts", command, "999900001111", "--yes")

    assert result.exit_code == 2
    assert f"{ACCOUNT} (prod)" in result.stderr
    assert desk.app.journal.accounts() == ()


def test_a_principal_with_two_keys_is_held_once(desk: Desk) -> None:
    held = PlanRow(
        account=ACCOUNT, principal="crowded", rule="ci", key_id=OLD_KEY, created_at=EPOCH,
        age=timedelta(days=40), when=None, what="hold", reason="publish one", is_held=True,
    )  # fmt: skip
    desk.app.rows = (held, held)

    shown = desk.run("accounts", "confirm", ACCOUNT, "--yes").stdout
    assert "1 for a person: crowded: publish one\n" in shown


@pytest.mark.parametrize("command", ["confirm", "withdraw"])
def test_where_there_is_no_journal_nobody_is_asked_first(desk: Desk, command: str) -> None:
    desk.app.missing = UnavailableError("there is no journal yet", hint="rotator db upgrade")

    result = desk.run("accounts", command, ACCOUNT, "--yes")

    assert result.exit_code == 1
    assert "there is no journal yet" in result.stderr
    assert result.stdout == ""


def test_a_second_confirmation_changes_nothing_and_says_whose_the_first_was(desk: Desk) -> None:
    desk.confirm(ACCOUNT)

    again = desk.run("accounts", "confirm", ACCOUNT)
    for_machines = desk.run("accounts", "confirm", ACCOUNT, "--json")

    assert again.stdout == "nothing to do: ann confirmed it, 2026-01-01 00:00Z\n"
    assert json.loads(for_machines.stdout)["plan"] is None
    assert "plan" not in " ".join(desk.app.calls)
    assert desk.app.journal.unsealed(limit=10) == ()


def test_machines_get_what_was_confirmed_and_what_it_lets_begin(desk: Desk) -> None:
    desk.app.rows = ROWS

    made = json.loads(desk.run("accounts", "confirm", ACCOUNT, "--yes", "--json").stdout)

    assert made["isConfirmed"]
    assert made["plan"] == {
        "rotatedNow": 2,
        "rotatedIn30Days": 1,
        "later": 2,
        "underWay": 1,
        "held": 1,
        "reported": 2,
        "firstRotationAt": "2026-02-10T00:00:00Z",
        "destinations": ["iam/ci-batch", "iam/ci-deployer", "iam/ci-young"],
    }


def test_under_plan_mode_by_configuration_a_confirmation_says_that_it_waits(desk: Desk) -> None:
    Files(desk.folder).write(CONFIGURATION)

    result = desk.run("accounts", "confirm", ACCOUNT, "--yes")

    assert "the configuration says `mode: plan`" in result.stdout
    assert "set `mode: enforce` and restart" in result.stdout
    assert "plan: by configuration" in desk.run("accounts", "list").stdout


def test_a_withdrawal_is_said_then_asked_then_written(
    desk: Desk, golden: Callable[[str, str], None]
) -> None:
    desk.confirm(ACCOUNT)
    busy = credential("ci")
    desk.keep(busy, rotation=rotation(busy, phase=Phase.PROMOTED))
    desk.can_ask = True

    result = desk.run("accounts", "withdraw", ACCOUNT, "--reason", "audit", answer="y\n")

    assert result.exit_code == 0
    assert confirmations(desk) == [(False, "ann", "audit")]
    record = desk.app.journal.unsealed(limit=10)[-1]
    assert record.action is AuditAction.OPERATOR_WITHDRAW_ACCOUNT
    golden("tests/golden/accounts_withdraw.txt", result.stdout)


def test_a_withdrawn_account_can_be_confirmed_again(desk: Desk) -> None:
    desk.confirm(ACCOUNT)

    withdrawn = json.loads(desk.run("accounts", "withdraw", ACCOUNT, "--yes", "--json").stdout)
    desk.run("accounts", "confirm", ACCOUNT, "--yes")

    assert not withdrawn["isConfirmed"]
    assert confirmations(desk) == [(True, "ann", "")]


def test_accounts_are_listed_with_their_mode(
    desk: Desk, golden: Callable[[str, str], None]
) -> None:
    held = Hold(reason=Reason.SLOTS_FULL, since=EPOCH)
    for kept in (
        credential("ci", due_at=EPOCH),
        credential("web", due_at=at(days=90)),
        credential("full", hold=held, current_key_id=None),
        credential("jane", action=Action.REPORT, current_key_id=None),
    ):
        desk.keep(kept)
    before = desk.run("accounts", "list").stdout
    desk.run("accounts", "withdraw", ACCOUNT, "--reason", "later", "--yes")
    withdrawn = desk.run("accounts", "list").stdout
    desk.run("accounts", "confirm", ACCOUNT, "--yes")

    golden(
        "tests/golden/accounts_list.txt",
        before + withdrawn + desk.run("accounts", "list").stdout,
    )
    golden("tests/golden/accounts_list.json", desk.run("accounts", "list", "--json").stdout)


@pytest.mark.parametrize("command", ["keys", "rotations"])
def test_wherever_keys_or_rotations_are_listed_an_unconfirmed_account_is_named(
    desk: Desk, command: str
) -> None:
    busy = credential("ci")
    desk.keep(busy, keys=(key_record(busy),), rotation=rotation(busy, phase=Phase.PROMOTED))
    words = f"plan mode: account {ACCOUNT} is not confirmed"

    unconfirmed = desk.run(command, "list").stdout
    desk.run("accounts", "confirm", ACCOUNT, "--yes")

    assert words in unconfirmed
    assert words not in desk.run(command, "list").stdout
