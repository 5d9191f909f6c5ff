"""Audit lines as OCSF events, held against the published schema of class 3004."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from rotator.core.chain import leaf_hash
from rotator.core.events import AuditAction, Stage, Subject
from rotator.core.ids import AccountId, CredentialId, KeyId
from rotator.core.ocsf import ACTIVITIES, Activity, to_ocsf
from rotator.testing.builders import ACCOUNT, NEW_KEY, audit_record
from tests.core.exported import ROTATION, a_line, line_of, outcome_of
from tests.core.make_chain_vectors import RECORDS
from tests.gates.tree import ROOT

SCHEMA = json.loads(
    (ROOT / "tests" / "fixtures" / "ocsf" / "entity_management-1.8.0.schema.json").read_text()
)
VALIDATOR = Draft202012Validator(SCHEMA)
OUTCOMES = ("pending", "success", "failure", "unknown")


def faults(event: dict[str, Any]) -> list[str]:
    return [f"{error.json_path}: {error.message}" for error in VALIDATOR.iter_errors(event)]


def deed(action: AuditAction) -> str:
    evidence = {"account": "vault", "deed": "d-1", "keyset": "k-1"}
    record = audit_record(
        action.value, action=action, actor="operator:ann", subject=None, evidence=evidence
    )
    return line_of(record)


@pytest.mark.parametrize("action", list(AuditAction))
def test_every_action_becomes_a_valid_event_whatever_came_of_it(action: AuditAction) -> None:
    lines = [
        line_of(outcome_of(action, outcome=outcome, error="throttled")) for outcome in OUTCOMES
    ]
    events = [to_ocsf(line) for line in [*lines, deed(action)]]

    assert [faults(event) for event in events] == [[]] * len(events)


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.action.value)
def test_the_golden_records_become_valid_events(record: Any) -> None:  # noqa: ANN401
    assert faults(to_ocsf(line_of(record))) == []


def test_the_schema_refuses_what_is_not_of_the_class() -> None:
    event = to_ocsf(a_line())
    for wrong in (
        {**event, "key_id": "AKIA"},
        {**event, "activity_id": 14, "type_uid": 300414},
        {**event, "time": "2026-01-01T00:00:00Z"},
        {**event, "entity": {"type_id": 99}},
        {name: value for name, value in event.items() if name != "metadata"},
        {name: value for name, value in event.items() if name != "cloud"},
    ):
        assert faults(wrong), wrong


def test_every_action_of_the_closed_list_has_an_activity() -> None:
    assert set(ACTIVITIES) == set(AuditAction)


def test_an_event_says_what_was_done_to_which_key_of_whom() -> None:
    event = to_ocsf(line_of(outcome_of(AuditAction.KEY_CREATE)))

    assert (event["activity_id"], event["activity_name"]) == (1, "Create")
    assert (event["type_uid"], event["type_name"]) == (300401, "Entity Management: Create")
    assert event["entity"]["uid"] == NEW_KEY
    assert event["entity"]["type"] == "AWS IAM Access Key"
    assert event["cloud"] == {"provider": "AWS", "account": {"uid": ACCOUNT}}
    assert event["metadata"]["profiles"] == ["cloud"]
    assert event["metadata"]["sequence"] == 7
    assert event["metadata"]["correlation_uid"] == ROTATION
    assert event["time"] == 1_767_312_000_000
    assert event["comment"] == "older than 80d"


def test_the_chain_can_be_verified_from_the_copy() -> None:
    line = line_of(RECORDS[0])
    event = json.loads(json.dumps(to_ocsf(line), ensure_ascii=False))

    assert event["raw_data"] == line
    assert event["raw_data_hash"]["value"] == hashlib.sha256(line.encode()).hexdigest()
    assert event["raw_data_size"] == len(line.encode())
    assert event["metadata"]["uid"] == leaf_hash(line)


@pytest.mark.parametrize(
    ("outcome", "status", "severity"),
    [
        ("pending", (99, "pending"), "Informational"),
        ("success", (1, "Success"), "Informational"),
        ("failure", (2, "Failure"), "Medium"),
        ("unknown", (0, "Unknown"), "Medium"),
    ],
)
def test_an_outcome_is_a_status_and_a_failure_is_graver(
    outcome: str, status: tuple[int, str], severity: str
) -> None:
    event = to_ocsf(line_of(outcome_of(AuditAction.KEY_DELETE, outcome=outcome, error="denied")))

    assert (event["status_id"], event["status"]) == status
    assert event["severity"] == severity
    assert event["status_code"] == "denied"
    assert event.get("status_detail") == ("older than 80d" if outcome == "failure" else None)


def test_news_for_the_security_team_is_graver_than_routine() -> None:
    def severity(action: AuditAction) -> int:
        return int(to_ocsf(a_line(action=action, outcome="success"))["severity_id"])

    assert severity(AuditAction.AUDIT_GAP) > severity(AuditAction.KEY_SUSPECT)
    assert severity(AuditAction.KEY_SUSPECT) > severity(AuditAction.ROTATION_HOLD)
    assert severity(AuditAction.ROTATION_HOLD) > severity(AuditAction.KEY_STAGE)


def test_a_person_and_the_daemon_are_told_apart() -> None:
    person = to_ocsf(a_line(actor="operator:ann"))["actor"]["user"]
    daemon = to_ocsf(a_line())["actor"]["user"]

    assert person == {"name": "ann", "uid": "operator:ann", "type_id": 1, "type": "User"}
    assert daemon == {"name": "daemon", "uid": "daemon", "type_id": 4, "type": "Service"}


def test_a_record_about_no_key_names_what_it_is_about() -> None:
    start = to_ocsf(a_line(action=AuditAction.DAEMON_START, stage=Stage.EVENT, subject=None))
    keyset = to_ocsf(deed(AuditAction.OPERATOR_CREATE_KEYSET))

    assert start["entity"]["type"] == "rotator daemon"
    assert start["entity"]["name"] == start["metadata"]["log_name"]
    assert "cloud" not in start
    assert (keyset["entity"]["type"], keyset["entity"]["name"]) == ("account", "vault")


def test_a_key_of_another_vendor_is_named_after_its_provider() -> None:
    subject = Subject(
        provider="sendgrid",
        account=AccountId(""),
        principal="mailer",
        credential_id=CredentialId("c"),
        key_id=KeyId("k"),
    )
    event = to_ocsf(a_line(subject=subject))

    assert event["entity"]["type"] == "sendgrid key"
    assert event["cloud"] == {"provider": "sendgrid"}
    assert faults(event) == []


def test_an_action_of_a_later_release_keeps_its_own_name() -> None:
    line = a_line().replace("key.create", "key.bless")
    event = to_ocsf(line)

    assert (event["activity_id"], event["activity_name"]) == (Activity.OTHER, "key.bless")
    assert faults(event) == []


@pytest.mark.parametrize(
    "line",
    [
        "",
        "[" * 100_000,
        "[]",
        '{"schema":"other/v1"}',
        '{"schema":"rotator.audit/v1","seq":1}',
        a_line().replace('"seq":7', '"seq":"7"'),
        a_line().replace('"calls":[]', '"calls":["x"]'),
        a_line().replace('"calls":[]', '"calls":{"x":1}'),
        a_line().replace('"evidence":{}', '"evidence":"x"'),
        a_line().replace("2026-01-01T00:00:00.000Z", "yesterday"),
        a_line().replace("2026-01-01T00:00:00.000Z", "2026-01-01T00:00:00"),
    ],
    ids=[
        "empty",
        "deep",
        "list",
        "schema",
        "fields",
        "seq",
        "call",
        "calls",
        "section",
        "time",
        "zone",
    ],
)
def test_what_is_not_a_record_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        to_ocsf(line)
