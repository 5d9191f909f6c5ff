"""Process metrics: what only this process knows."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from rotator.core.standing import AuditStanding
from rotator.telemetry.prometheus import PrometheusTelemetry
from rotator.testing.builders import EPOCH, PROVIDER, at
from rotator.testing.manual_clock import ManualClock
from tests.telemetry.exports import LOG, WORKSPACE, value, watch_process


@pytest.fixture
def telemetry() -> PrometheusTelemetry:
    return PrometheusTelemetry(ManualClock(EPOCH), is_strict=True)


def test_the_process_tells_version_mode_policy_and_gate(telemetry: PrometheusTelemetry) -> None:
    watch_process(telemetry, is_audit_blocked=lambda: True)

    assert value(telemetry, "rotator_build_info", version="1.2.3") == 1
    assert value(telemetry, "rotator_mode_info", mode="plan") == 1
    assert value(telemetry, "rotator_policy_info", sha256="c0ffeec0ffee") == 1
    assert value(telemetry, "rotator_audit_blocked") == 1


def test_a_gate_that_does_not_answer_holds_up_no_scrape_and_counts_as_shut(
    telemetry: PrometheusTelemetry,
) -> None:
    free = threading.Event()
    watch_process(telemetry, patience=timedelta(0), is_audit_blocked=lambda: not free.wait())

    assert value(telemetry, "rotator_audit_blocked") == 1
    assert value(telemetry, "rotator_build_info", version="1.2.3") == 1
    free.set()


def test_the_audit_log_is_told_of_as_it_stands(telemetry: PrometheusTelemetry) -> None:
    watch_process(telemetry)

    assert value(telemetry, "rotator_audit_sink_records", log=LOG, sink="file") == 7
    assert value(telemetry, "rotator_audit_sink_records", log=LOG, sink="s3") is None
    assert value(telemetry, "rotator_audit_sink_failing", log=LOG, sink="file") == 0
    assert value(telemetry, "rotator_audit_sink_failing", log=LOG, sink="s3") == 1
    assert value(telemetry, "rotator_audit_checkpoint_records", log=LOG) == 5
    signed = value(telemetry, "rotator_audit_last_checkpoint_timestamp_seconds", log=LOG)
    assert signed == at(minutes=-1).timestamp()
    assert value(telemetry, "rotator_audit_chain_valid", log=LOG) == 1
    verified = value(telemetry, "rotator_audit_last_verified_timestamp_seconds", log=LOG)
    assert verified == at(hours=-1).timestamp()


@pytest.mark.parametrize(
    "name",
    [
        "checkpoint_records",
        "last_checkpoint_timestamp_seconds",
        "chain_valid",
        "last_verified_timestamp_seconds",
    ],
)
def test_what_is_not_known_yet_of_the_log_is_absent(
    telemetry: PrometheusTelemetry, name: str
) -> None:
    watch_process(telemetry, audit=lambda: AuditStanding(log=LOG))

    assert value(telemetry, f"rotator_audit_{name}", log=LOG) is None


def test_a_log_that_does_not_verify_is_told_as_zero(telemetry: PrometheusTelemetry) -> None:
    watch_process(telemetry, audit=lambda: AuditStanding(log=LOG, is_valid=False))

    assert value(telemetry, "rotator_audit_chain_valid", log=LOG) == 0


def test_the_clock_is_compared_once_a_provider_told_its_time(
    telemetry: PrometheusTelemetry,
) -> None:
    watch_process(telemetry)

    assert value(telemetry, "rotator_clock_skew_seconds") == -2


def test_an_unknown_clock_is_absent(telemetry: PrometheusTelemetry) -> None:
    watch_process(telemetry, skew=lambda: None)

    assert value(telemetry, "rotator_clock_skew_seconds") is None


def test_what_scans_saw_is_exported_by_account(telemetry: PrometheusTelemetry) -> None:
    watch_process(telemetry)

    place = {"provider": PROVIDER, "account": "111122223333"}
    assert value(telemetry, "rotator_last_scan_timestamp_seconds", **place) == EPOCH.timestamp()
    failure = {"account": WORKSPACE, "code": "payment_required"}
    failed = {"provider": "cipherstash-client-key", **failure}
    assert value(telemetry, "rotator_scan_failed", **failed) == 1
    assert value(telemetry, "rotator_root_keys", account="111122223333") == 1
    kind = {"account": WORKSPACE, "kind": "client_crosses"}
    assert value(telemetry, "rotator_workspace_findings", **kind) == 2


def test_a_feature_that_is_off_is_exported_beside_those_that_work(
    telemetry: PrometheusTelemetry,
) -> None:
    watch_process(telemetry)

    place = {"account": "111122223333"}
    assert value(telemetry, "rotator_permission_missing", feature="rotate", **place) == 1
    assert value(telemetry, "rotator_permission_missing", feature="scan", **place) == 0
