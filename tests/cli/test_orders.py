"""Orders about rotations and keys: said first, then asked, then written."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from rotator.core.events import AuditAction
from rotator.core.ids import KeyId
from rotator.core.orders import Order, Pause, Verb
from rotator.core.reasons import Reason
from rotator.core.rotation import Hold, Phase, Role
from tests.builders import EPOCH, NEW_KEY, OLD_KEY, an_id, at, credential, key_record, rotation
from tests.settings.files import CONFIGURATION, Files

if TYPE_CHECKING:
    from collections.abc import Callable

    from rotator.core.rotation import Rotation
    from tests.cli.desk import Desk

WHY = ("--reason", "ticket 123")
SUSPECT = KeyId("AKIASUSPECT000000003")
STRANGER = KeyId("AKIASTRANGER00000004")
GONE = KeyId("AKIAGONE000000000005")


def halt(desk: Desk, reason: Reason = Reason.REENABLED) -> Rotation:
    """Keep a rotation that halted in quarantine."""
    one = credential("ci", hold=Hold(reason=reason, since=at(days=38), detail=OLD_KEY))
    disabled = rotation(one, phase=Phase.DISABLED, disabled_at=at(days=37))
    made = replace(
        disabled,
        phase=Phase.HALTED,
        phase_since=at(days=38),
        halted_from=Phase.DISABLED,
        halt_reason=reason,
    )
    is_on = reason is Reason.REENABLED
    keys = (
        key_record(one, role=Role.PREVIOUS, enabled=is_on, disabled_at=at(days=37)),
        key_record(one, NEW_KEY),
        key_record(one, SUSPECT, role=Role.SUSPECT, enabled=False, disabled_at=at(days=39)),
        key_record(one, STRANGER, role=Role.FOREIGN, enabled=False),
        key_record(one, GONE, role=Role.GONE, enabled=False),
    )
    desk.keep(one, keys=keys, rotation=made)
    return made


def given(desk: Desk) -> Order | None:
    (row,) = desk.app.journal.credentials()
    return row.order


@pytest.mark.parametrize("verb", ["resume", "abort", "rollback"])
def test_an_order_is_said_then_asked_then_written(
    desk: Desk, verb: str, golden: Callable[[str, str], None]
) -> None:
    made = halt(desk)
    desk.can_ask = True

    result = desk.run("rotations", verb, made.id[:8], *WHY, answer="y\n")

    assert result.exit_code == 0
    order = given(desk)
    assert order is not None
    assert (order.verb, order.operator, order.reason) == (Verb(verb), "ann", "ticket 123")
    assert (order.rotation_id, order.key_id) == (made.id, None)
    assert desk.app.calls[-1] == f"{verb} by ann"
    golden(f"tests/golden/order_{verb}.txt", result.stdout)


def test_the_order_is_in_the_audit_queue_under_the_operators_name(desk: Desk) -> None:
    made = halt(desk)

    desk.run("rotations", "abort", made.id, *WHY, "--yes")

    (record,) = desk.app.journal.unsealed(limit=10)
    assert record.action is AuditAction.OPERATOR_ABORT
    assert record.actor == "operator:ann"
    assert record.rotation_id == made.id
    assert record.reason == "ordered: ticket 123"
    assert record.evidence == {"order": getattr(given(desk), "id", None)}


def test_no_is_no(desk: Desk) -> None:
    made = halt(desk)
    desk.can_ask = True

    result = desk.run("rotations", "rollback", made.id, *WHY, answer="n\n")

    assert result.exit_code == 1
    assert given(desk) is None
    assert desk.app.journal.unsealed(limit=10) == ()


def test_where_nobody_can_be_asked_nothing_is_done_without_consent(desk: Desk) -> None:
    made = halt(desk)

    result = desk.run("rotations", "abort", made.id, *WHY)

    assert result.exit_code == 2
    assert "add --yes" in result.stderr
    assert given(desk) is None


@pytest.mark.parametrize("words", [[], ["--reason", " "]])
def test_an_order_needs_a_reason(desk: Desk, words: list[str]) -> None:
    made = halt(desk)

    result = desk.run("rotations", "abort", made.id, *words, "--yes")

    assert result.exit_code == 2
    assert "--reason" in result.stderr
    assert given(desk) is None


def test_machines_get_the_order_as_json_and_nothing_else(desk: Desk) -> None:
    made = halt(desk)

    result = desk.run("rotations", "resume", made.id, *WHY, "--yes", "--json")

    told = json.loads(result.stdout)
    assert told["verb"] == "resume"
    assert told["rotationId"] == made.id
    assert told["operator"] == "ann"
    assert told["givenAt"] == "2026-02-10T00:00:00Z"
    assert "whole new grace period" in told["effect"]
    assert "whole new grace period" in result.stderr


def test_an_order_replaces_an_older_one_and_says_so(desk: Desk) -> None:
    made = halt(desk)
    desk.run("rotations", "abort", made.id, *WHY, "--yes")

    result = desk.run("rotations", "resume", made.id, *WHY, "--yes")

    assert "the order to abort by ann, not carried out yet" in result.stdout
    order = given(desk)
    assert order is not None
    assert order.verb is Verb.RESUME


def test_an_order_under_a_pause_says_what_still_waits(desk: Desk) -> None:
    made = halt(desk)
    desk.app.journal.pause(Pause(operator="bob", reason="incident", since=EPOCH))

    result = desk.run("rotations", "resume", made.id, *WHY, "--yes")

    assert "everything: nothing is disabled or deleted yet" in result.stdout


def test_resuming_after_a_use_says_when_the_key_is_deleted(desk: Desk) -> None:
    made = halt(desk, Reason.USED_WHILE_DISABLED)

    result = desk.run("rotations", "resume", made.id, *WHY, "--yes")

    assert f"{OLD_KEY} is deleted at 2026-02-10 00:00Z at the earliest" in result.stdout


def test_resuming_what_was_ordered_to_end_at_once_promises_no_quarantine(desk: Desk) -> None:
    made = halt(desk, Reason.USED_WHILE_DISABLED)
    hasty = replace(made, disabled_at=at(days=39), expedited_at=at(days=36))
    desk.keep(desk.app.journal.credentials()[0], rotation=hasty)

    result = desk.run("rotations", "resume", made.id, *WHY, "--yes")

    assert f"{OLD_KEY} is deleted at 2026-02-10 00:00Z at the earliest" in result.stdout


def test_resuming_after_another_halt_promises_no_time(desk: Desk) -> None:
    made = halt(desk, Reason.INVARIANT)

    result = desk.run("rotations", "resume", made.id, *WHY, "--yes")

    assert "at the earliest" not in result.stdout


# --------------------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("verb", "changes", "words"),
    [
        ("resume", {"phase": Phase.PROMOTED}, "not halted, it is promoted"),
        ("resume", {"phase": Phase.COMPLETED}, "the rotation is over: rotated"),
        ("abort", {"phase": Phase.ROLLED_BACK}, "the rotation is over: rolled_back"),
        ("rollback", {"phase": Phase.COMPLETED}, "rotator keys rotate ci"),
        ("abort", {"phase": Phase.STAGED, "abandoned": Reason.DRIFT}, "rolled back already"),
    ],
)
def test_what_is_known_to_be_refused_is_refused_at_once(
    desk: Desk, verb: str, changes: dict[str, object], words: str
) -> None:
    one = credential("ci")
    made = rotation(one, **changes)  # type: ignore[arg-type]
    desk.keep(one, rotation=made)

    result = desk.run("rotations", verb, made.id[:8], *WHY, "--yes")

    assert result.exit_code == 1
    assert words in result.stderr
    assert result.stdout == ""
    assert given(desk) is None


def test_a_rollback_to_a_key_that_is_gone_is_refused(desk: Desk) -> None:
    one = credential("ci")
    made = rotation(one, phase=Phase.DISABLED)
    desk.keep(one, keys=(key_record(one, role=Role.GONE, enabled=False),), rotation=made)

    result = desk.run("rotations", "rollback", made.id, *WHY, "--yes")

    assert result.exit_code == 1
    assert f"the old key {OLD_KEY} is gone" in result.stderr


def test_a_rollback_before_promotion_is_said_to_be_an_abort(desk: Desk) -> None:
    one = credential("ci")
    made = rotation(one, phase=Phase.STAGED)
    desk.keep(one, rotation=made)

    result = desk.run("rotations", "rollback", made.id, *WHY, "--yes")

    assert result.exit_code == 0
    assert "so this is an abort" in result.stdout


def test_orders_in_plan_mode_are_refused_because_they_would_fire_later(desk: Desk) -> None:
    made = halt(desk)
    Files(desk.folder).write(CONFIGURATION)

    result = desk.run("rotations", "resume", made.id, *WHY, "--yes")

    assert result.exit_code == 1
    assert "mode: enforce" in result.stderr
    assert given(desk) is None


def test_a_rotation_that_nobody_knows_is_refused(desk: Desk) -> None:
    result = desk.run("rotations", "abort", "zzz", *WHY, "--yes")

    assert result.exit_code == 1
    assert "rotator rotations list" in result.stderr


# ------------------------------------------------------------------------ keys enable


def test_the_old_key_of_a_rotation_is_enabled_on_order(
    desk: Desk, golden: Callable[[str, str], None]
) -> None:
    made = halt(desk, Reason.USED_WHILE_DISABLED)

    result = desk.run("keys", "enable", OLD_KEY, *WHY, "--yes")

    assert result.exit_code == 0
    order = given(desk)
    assert order is not None
    assert (order.verb, order.rotation_id, order.key_id) == (Verb.ENABLE, made.id, OLD_KEY)
    golden("tests/golden/order_enable.txt", result.stdout)


def test_a_suspect_that_we_disabled_is_enabled_on_order(desk: Desk) -> None:
    halt(desk)

    result = desk.run("keys", "enable", SUSPECT, *WHY, "--yes")

    assert result.exit_code == 0
    order = given(desk)
    assert order is not None
    assert (order.rotation_id, order.key_id) == (None, SUSPECT)
    assert "counts as a person's" in result.stdout
    assert "rotator keys list" in result.stdout


@pytest.mark.parametrize(
    ("key", "words"),
    [
        (OLD_KEY, "enabled already"),
        (GONE, "the key is gone"),
        (STRANGER, "rotator did not disable this key"),
        ("AKIANOBODY", "no such key is known"),
    ],
)
def test_any_other_key_is_refused(desk: Desk, key: str, words: str) -> None:
    halt(desk)

    result = desk.run("keys", "enable", key, *WHY, "--yes")

    assert result.exit_code == 1
    assert words in result.stderr
    assert given(desk) is None


def test_a_pending_order_is_shown_where_people_look(desk: Desk) -> None:
    made = halt(desk)
    order = Order(
        id=an_id("order"),
        verb=Verb.RESUME,
        operator="ann",
        reason="fine",
        given_at=at(days=39),
        rotation_id=made.id,
    )
    desk.app.journal.instruct(made.credential_id, order)

    shown = desk.run("rotations", "show", made.id)

    assert "ann ordered resume at 2026-02-09 00:00Z (fine)" in shown.stdout
    assert "reenabled, order: resume" in desk.run("rotations", "list").stdout
    assert "halted: reenabled, order: resume" in desk.run("keys", "list").stdout
    (row,) = json.loads(desk.run("rotations", "list", "--json").stdout)
    assert row["order"] == "resume"
