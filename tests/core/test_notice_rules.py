"""Which lines people are told of, and that nothing in a notice can harm them."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from rotator.core.chain import GENESIS, seal
from rotator.core.events import AuditAction, Stage
from rotator.core.notice_lines import About, AuditLine, read_line
from rotator.core.notice_rules import (
    HOLD_RUNBOOKS,
    RUNBOOKS,
    change_of,
    notice_of,
    policy_changed,
    policy_of,
)
from rotator.core.notices import (
    LONGEST_TEXT,
    Notice,
    Severity,
    body_of,
    discreet,
    harmless,
    read_body,
    shortened,
)
from rotator.core.reasons import Reason, explain
from rotator.core.transitions import RELEASED, REVERSED
from tests.builders import NEW_KEY, OLD_KEY, an_id, at, audit_record, credential

FOLDER = Path(__file__).parents[2] / "docs" / "runbooks"
ABOUT = About(owner="team-payments", grace=timedelta(days=1), quarantine=timedelta(days=2))
RECORDED = audit_record().subject
assert RECORDED is not None
SUBJECT = replace(RECORDED, key_id=OLD_KEY)
STRANGER = "AKIARTX3GSDSQZ3QQMRE"


def line(action: AuditAction, **changes: Any) -> AuditLine:  # noqa: ANN401 - any field of a record
    """Seal a record and read it back."""
    given = {"stage": Stage.OUTCOME, "outcome": "success", "subject": SUBJECT, **changes}
    record = audit_record("it", action=action, **given)
    return read_line(seal(record, seq=7, prev=GENESIS.hash, log="tests").line)


def told(action: AuditAction, **changes: Any) -> Notice:  # noqa: ANN401 - any field of a record
    notice = notice_of(line(action, **changes), ABOUT)
    assert notice is not None
    return notice


ROTATION = {"rotation_id": an_id("r"), "new_key_id": NEW_KEY}


@pytest.mark.parametrize(
    ("action", "changes", "kind", "severity"),
    [
        (AuditAction.KEY_PROMOTE, ROTATION, "key.published", "INFO"),
        (AuditAction.KEY_DISABLE, ROTATION, "key.disabled", "INFO"),
        (AuditAction.KEY_DISABLE, {}, "key.disabled", "WARN"),
        (AuditAction.KEY_ENABLE, ROTATION, "key.enabled", "WARN"),
        (AuditAction.KEY_DELETE, {}, "key.deleted", "INFO"),
        (AuditAction.KEY_ADOPT, {}, "key.adopted", "INFO"),
        (AuditAction.KEY_SUSPECT, {}, "key.suspected", "WARN"),
        (AuditAction.ROTATION_HOLD, {"reason": "drift: x"}, "credential.held", "WARN"),
        (AuditAction.ROTATION_HOLD, {"reason": "later_word"}, "credential.held", "WARN"),
        (AuditAction.ROTATION_HOLD, {"reason": "still_used"}, "key.still_used", "WARN"),
        (AuditAction.HOLD_LIFT, {"reason": "drift"}, "hold.lifted", "INFO"),
        (AuditAction.ROTATION_HALT, {"reason": "reenabled: x"}, "rotation.halted", "ERROR"),
        (AuditAction.ROTATION_HALT, {"reason": "later_word: x"}, "rotation.halted", "ERROR"),
        (AuditAction.ROTATION_FINISH, {"reason": "completed"}, "rotation.completed", "INFO"),
        (AuditAction.ROTATION_FINISH, {"reason": REVERSED}, "rotation.reversed", "WARN"),
        (AuditAction.ROTATION_FINISH, {"reason": RELEASED}, "rotation.released", "WARN"),
        (AuditAction.ROTATION_FINISH, {"reason": "verify_failed"}, "rotation.failed", "WARN"),
        (AuditAction.ROTATION_FINISH, {"reason": "later_word"}, "rotation.failed", "WARN"),
        (AuditAction.DESTINATION_DRIFT, {}, "destination.drifted", "WARN"),
        (AuditAction.JOURNAL_REBUILD, {}, "journal.rebuilt", "WARN"),
        (AuditAction.AUDIT_GAP, {"subject": None}, "audit.gapped", "ERROR"),
        (AuditAction.OPERATOR_ROTATE, {}, "operator.acted", "INFO"),
        (AuditAction.OPERATOR_ABORT, {"outcome": "failure"}, "operator.refused", "WARN"),
        (AuditAction.OPERATOR_PAUSE, {"subject": None}, "pause.set", "WARN"),
        (AuditAction.OPERATOR_UNPAUSE, {"subject": None}, "pause.lifted", "INFO"),
        (AuditAction.OPERATOR_CONFIRM_ACCOUNT, {"subject": None}, "account.confirmed", "INFO"),
        (AuditAction.OPERATOR_WITHDRAW_ACCOUNT, {"subject": None}, "account.withdrawn", "WARN"),
        (AuditAction.OPERATOR_BREAK_GLASS, {}, "operator.broke_glass", "ERROR"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_people_are_told(
    action: AuditAction, changes: dict[str, Any], kind: str, severity: str
) -> None:
    notice = told(action, **changes)

    assert (notice.kind, notice.severity) == (kind, severity)
    assert notice.record == 7
    assert notice.summary
    assert OLD_KEY not in body_of(notice)
    assert NEW_KEY not in body_of(notice)
    assert notice.owner in {"", "team-payments"}


@pytest.mark.parametrize(
    ("action", "changes"),
    [
        (AuditAction.KEY_PROMOTE, {"outcome": "failure"}),
        (AuditAction.KEY_PROMOTE, {"outcome": "unknown"}),
        (AuditAction.KEY_PROMOTE, {"outcome": "pending"}),
        (AuditAction.OPERATOR_REVOKE_KEY, {"outcome": "pending"}),
        (AuditAction.KEY_STAGE, {}),
        (AuditAction.REQUEST_SEND, {}),
        (AuditAction.HOLD_LIFT, {"reason": "paused"}),
        (AuditAction.DAEMON_START, {"subject": None}),
        (AuditAction.NOTIFICATION_FAIL, {"subject": None}),
        (AuditAction.OPERATOR_TEST_PROVIDER, {}),
        (AuditAction.KEY_DELETE, ROTATION),
    ],
    ids=str,
)
def test_what_nobody_needs_to_be_told(action: AuditAction, changes: dict[str, Any]) -> None:
    assert notice_of(line(action, **changes), ABOUT) is None


def test_the_end_of_an_old_key_is_told_by_its_rotation_and_a_discarded_one_by_itself() -> None:
    same = replace(SUBJECT, key_id=NEW_KEY)
    notice = told(AuditAction.KEY_DELETE, subject=same, **ROTATION)

    assert "which nobody reads" in notice.summary


def test_it_says_when_the_old_key_is_ended_at_the_earliest() -> None:
    published = told(AuditAction.KEY_PROMOTE, at=at(days=10), **ROTATION)
    disabled = told(AuditAction.KEY_DISABLE, at=at(days=10), **ROTATION)

    assert published.next_at == at(days=11)
    assert disabled.next_at == at(days=12)
    assert told(AuditAction.KEY_DISABLE, at=at(days=10)).next_at is None


def test_a_later_releases_action_is_left_out() -> None:
    text = json.dumps({"seq": 1, "time": "2026-01-01T00:00:00Z", "action": "key.sing", "target": 5})
    read = read_line(text)

    assert read.action is None
    assert notice_of(read, ABOUT) is None
    assert read.credential is None
    assert change_of(read) == "record\n"


def test_a_line_names_its_credential_as_the_journal_does() -> None:
    assert line(AuditAction.KEY_ADOPT).credential == credential().id


def test_what_wants_a_person_names_its_runbook() -> None:
    assert told(AuditAction.ROTATION_HALT, reason="x").runbook == "RotatorRotationHalted"
    assert told(AuditAction.KEY_PROMOTE, **ROTATION).runbook == ""


def test_a_pause_says_of_what_and_an_account_which() -> None:
    pause = told(
        AuditAction.OPERATOR_PAUSE, subject=None, actor="operator:ann", evidence={"scope": "all"}
    )
    account = told(
        AuditAction.OPERATOR_CONFIRM_ACCOUNT,
        subject=None,
        actor="operator:ann",
        evidence={"account": "111122223333"},
    )

    assert pause.summary == "ann ordered: pause (all)"
    assert account.summary == "ann ordered: confirm account (111122223333)"
    assert account.account == "111122223333"
    assert told(AuditAction.OPERATOR_PAUSE, subject=None).summary.endswith("ordered: pause")


@pytest.mark.parametrize(
    ("changes", "before", "now"),
    [
        ({"policy": "bb", "reason": "sha256 cc"}, "aa", "bb"),
        ({"reason": "sha256 cc"}, "aa", "cc"),
        ({"reason": "sha256 aa"}, "aa", ""),
    ],
    ids=["stamped", "told", "same"],
)
def test_another_policy(changes: dict[str, Any], before: str, now: str) -> None:
    loaded = line(AuditAction.POLICY_LOAD, subject=None, **changes)
    notice = policy_changed(loaded, before)

    assert (notice is not None) is bool(now)
    assert notice is None or now in notice.summary
    assert policy_of(loaded) == (now or before)


def test_only_the_loading_of_a_policy_says_which_is_in_force() -> None:
    assert policy_of(line(AuditAction.KEY_ADOPT, policy="bb")) == ""
    assert policy_changed(line(AuditAction.KEY_ADOPT, policy="bb"), "aa") is None


def test_names_that_others_chose_are_harmless() -> None:
    evil = "a\x1b[31m\n\u202eb" + "x" * 400
    notice = told(
        AuditAction.ROTATION_HOLD,
        subject=replace(SUBJECT, principal=evil),
        reason=f"drift: {evil}",
        rule=evil,
    )

    for text in (notice.summary, notice.principal, notice.reason, notice.rule, notice.command):
        assert text.isprintable()
        assert len(text) <= LONGEST_TEXT


def test_a_command_quotes_a_name_that_a_shell_would_run() -> None:
    notice = told(AuditAction.KEY_ADOPT, subject=replace(SUBJECT, principal="a; rm -rf ~"))

    assert notice.command == "rotator doctor principal 'a; rm -rf ~'"


@pytest.mark.parametrize(
    ("key", "shown"),
    [("AKIAIOSFODNN7EXAMPLE", "AKIA…MPLE"), ("short", "…hort"), ("", ""), ("a\n", "…a")],
)
def test_a_key_is_recognised_and_not_found_by_what_is_shown(key: str, shown: str) -> None:
    assert shortened(key) == shown


def test_short_texts_are_kept_as_they_are() -> None:
    assert harmless("a  b\tc") == "a b c"
    assert len(harmless("x" * 999)) == LONGEST_TEXT


def test_a_body_is_read_as_it_was_written() -> None:
    notice = replace(told(AuditAction.KEY_PROMOTE, **ROTATION), items=("a", "b"))

    assert read_body(body_of(notice)) == notice
    assert read_body(body_of(replace(notice, next_at=None))).next_at is None


def test_a_later_releases_body_can_be_read() -> None:
    fields = json.loads(body_of(told(AuditAction.KEY_ADOPT)))
    del fields["items"]

    assert read_body(json.dumps({**fields, "mood": "good"})).kind == "key.adopted"
    assert read_body(json.dumps({**fields, "severity": "FATAL"})).severity is Severity.WARN


def test_every_hold_has_words() -> None:
    for reason in Reason:
        notice = told(AuditAction.ROTATION_HOLD, reason=reason.value)
        assert notice.severity is not Severity.INFO
        assert explain(reason) in notice.summary or len(notice.summary) == LONGEST_TEXT


@pytest.mark.parametrize(
    ("reason", "runbook", "severity"),
    [
        (Reason.QUIET_UNPROVEN, "RotatorGraceOverrun", "WARN"),
        (Reason.CURRENT_KEY_GONE, "RotatorConsumersBroken", "ERROR"),
        (Reason.OLD_KEY_LIVES, "RotatorOldKeyLives", "ERROR"),
        (Reason.PAUSED, "RotatorHeldTooLong", "WARN"),
    ],
)
def test_a_hold_names_the_runbook_of_its_reason(
    reason: Reason, runbook: str, severity: str
) -> None:
    notice = told(AuditAction.ROTATION_HOLD, reason=f"{reason}: detail")

    assert (notice.runbook, notice.severity) == (runbook, severity)


@pytest.mark.parametrize(
    "reason",
    [
        f"slots_full: {OLD_KEY} (current), {STRANGER} (foreign, enabled, made 2025-10-13)",
        f"quiet_unproven: {STRANGER}",
        "use_unknown: 2cf69777-a49b-491f-95b3-7d85ee01b7d9",
        "current_key_gone: key_ctmownblu44x2qd4",
    ],
)
def test_no_reason_carries_the_whole_id_of_a_key(reason: str) -> None:
    shown = told(AuditAction.ROTATION_HOLD, reason=reason).reason

    assert not {OLD_KEY, STRANGER, *reason.split()[1:2]} & set(re.split(r"[ ,]+", shown))
    assert "…" in shown


def test_what_is_no_id_of_a_key_is_told_whole() -> None:
    reason = (
        "still_used: last used 2026-01-10 00:00 UTC by secretsmanager eu-central-1 (iam/orders)"
    )

    assert told(AuditAction.ROTATION_HOLD, reason=reason).reason == reason


def test_an_id_of_another_form_is_cut_where_the_record_names_it() -> None:
    assert discreet("gone: tok/en/without/digits", "tok/en/without/digits") == "gone: tok/…gits"
    assert discreet("gone on 2026-01-12: 12", "12") == "gone on 2026-01-12: 12"


def test_a_new_key_is_not_called_the_old_one() -> None:
    """The outcome of a promotion is about the new key."""
    same = replace(SUBJECT, key_id=NEW_KEY)

    notice = told(AuditAction.KEY_PROMOTE, subject=same, **ROTATION)

    assert shortened(NEW_KEY) in notice.summary
    assert shortened(NEW_KEY) not in notice.what_next


@pytest.mark.parametrize("name", sorted({*RUNBOOKS.values(), *HOLD_RUNBOOKS.values()}))
def test_every_runbook_that_is_named_exists(name: str) -> None:
    assert (FOLDER / f"{name}.md").is_file()
