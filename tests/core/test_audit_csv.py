"""Audit lines as rows for a spreadsheet, where a cell must never become a formula."""

from __future__ import annotations

import json

import pytest

from rotator.core.audit_csv import COLUMNS, harmless, to_row
from rotator.core.chain import canonical, leaf_hash
from rotator.core.events import AuditAction, ProviderCall, Stage
from rotator.testing.builders import NEW_KEY, audit_record
from tests.core.exported import ROTATION, a_line, line_of, outcome_of


def cells(line: str) -> dict[str, str]:
    return dict(zip(COLUMNS, to_row(line), strict=True))


def test_a_row_holds_everything_that_a_record_says() -> None:
    line = line_of(outcome_of(AuditAction.KEY_CREATE))
    row = cells(line)

    assert row["seq"] == "7"
    assert row["time"] == "2026-01-02T00:00:00.000Z"
    assert (row["action"], row["stage"], row["outcome"]) == ("key.create", "outcome", "success")
    assert (row["new_key_id"], row["rotation"], row["trigger"]) == (NEW_KEY, ROTATION, "age")
    assert (row["rule"], row["max_age"], row["policy_sha256"]) == ("pci", "90d", "7bd1")
    assert row["evidence"] == '{"attempts": 3, "old_last_used": null}'
    assert row["calls"] == "iam:CreateAccessKey ok r-1"
    assert (row["host"], row["release"]) == ("rotator-0", "1.4.0")
    assert row["hash"] == leaf_hash(line)


def test_what_a_record_does_not_say_is_an_empty_cell() -> None:
    row = cells(line_of(audit_record(subject=None, action=AuditAction.DAEMON_START)))

    assert all(row[name] == "" for name in ("provider", "key_id", "rotation", "evidence", "calls"))


def test_a_failed_call_shows_its_code() -> None:
    calls = (
        ProviderCall(service="iam", operation="CreateAccessKey", code="timeout"),
        ProviderCall(service="iam", operation="ListAccessKeys", request_id="r-2"),
    )
    row = cells(a_line(stage=Stage.OUTCOME, calls=calls))

    assert row["calls"] == "iam:CreateAccessKey timeout; iam:ListAccessKeys ok r-2"


def test_a_forged_call_is_shown_as_it_is() -> None:
    forged = json.loads(a_line()) | {"calls": [{"service": 1, "code": 5, "request_id": ["r"]}]}

    assert cells(canonical(forged))["calls"] == "1: 5 ['r']"


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "  ="])
def test_a_cell_never_begins_a_formula(start: str) -> None:
    text = f"{start}cmd|' /C calc'!A0"

    assert harmless(text) == f"'{text}"
    assert cells(a_line(reason=text))["reason"] == f"'{text}"


def test_other_cells_are_left_as_they_are() -> None:
    assert harmless("svc-payments") == "svc-payments"
    assert harmless("") == ""


def test_the_columns_are_stable() -> None:
    assert COLUMNS[:6] == ("seq", "time", "stage", "action", "outcome", "actor")
    assert len(COLUMNS) == len(set(COLUMNS)) == 28
