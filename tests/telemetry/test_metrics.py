"""Metrics: counters by name, and state read when it is asked for."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING, NoReturn

import pytest
from prometheus_client import generate_latest
from structlog.testing import capture_logs

from rotator.core.ids import AccountId, KeyId
from rotator.core.reasons import Reason, is_hold
from rotator.core.rotation import Action, Credential, Hold, Phase, Role
from rotator.core.terms import Mode
from rotator.errors import UnavailableError
from rotator.ports.journal import Change
from rotator.telemetry.metrics import METRICS, WORK_METRICS, Kind
from rotator.telemetry.prometheus import PrometheusTelemetry
from rotator.telemetry.state import ProcessCollector, StateCollector
from rotator.testing.builders import (
    ACCOUNT,
    EPOCH,
    PROVIDER,
    account,
    an_id,
    at,
    audit_record,
    credential,
    key_record,
    principal,
    rotation,
)
from rotator.testing.manual_clock import ManualClock, SeededChance
from rotator.testing.memory_journal import MemoryJournal

if TYPE_CHECKING:
    from rotator.core.rotation import KeyRecord, Rotation

PLACE = {"provider": PROVIDER, "account": ACCOUNT}
MAX_AGE = timedelta(days=90)
WORKSPACE = "ZVATKW3VHMFG27DY"
CLIENT_KEYS = "cipherstash-client-key"


class DownJournal(MemoryJournal):
    """A journal that cannot be read."""

    def credentials(self) -> NoReturn:
        raise UnavailableError("the disk is gone")


@pytest.fixture
def telemetry() -> PrometheusTelemetry:
    return PrometheusTelemetry(ManualClock(EPOCH), is_strict=True)


@pytest.fixture
def journal(telemetry: PrometheusTelemetry) -> MemoryJournal:
    journal = MemoryJournal(SeededChance())
    telemetry.registry.register(StateCollector(journal, max_age=lambda _: MAX_AGE))
    return journal


def store(
    journal: MemoryJournal,
    of: Credential,
    *keys: KeyRecord,
    run: Rotation | None = None,
) -> None:
    """Register a credential and write its rows, as passes would."""
    journal.register(of)
    lease_until = at(minutes=1)
    claim = journal.acquire(of.id, now=EPOCH, lease_until=lease_until)
    assert claim is not None
    change = Change(credential=of, now=EPOCH, lease_until=lease_until, rotation=run, keys=keys)
    journal.release(journal.commit(claim, change))


def value(telemetry: PrometheusTelemetry, name: str, **labels: str) -> float | None:
    return telemetry.registry.get_sample_value(name, labels)


def exported(telemetry: PrometheusTelemetry) -> dict[str, tuple[str, set[tuple[str, ...]]]]:
    """Name every exported family with its type and the label names of its samples."""
    families = {}
    for family in telemetry.registry.collect():
        suffix = "_total" if family.type == "counter" else ""
        labels = {tuple(sample.labels) for sample in family.samples}
        families[f"{family.name}{suffix}"] = (family.type, labels)
    return families


def watch_process(telemetry: PrometheusTelemetry, *, is_blocked: bool = False) -> None:
    telemetry.registry.register(
        ProcessCollector(
            version="1.2.3",
            mode=lambda: Mode.PLAN,
            is_audit_blocked=lambda: is_blocked,
            last_scan_at=telemetry.last_scan_at,
            root_keys=lambda: {AccountId("111122223333"): 1},
            lacks=lambda: {("111122223333", "rotate"): True, ("111122223333", "scan"): False},
            scan_failures=lambda: {(CLIENT_KEYS, WORKSPACE): "payment_required"},
            findings=lambda: {(WORKSPACE, "client_crosses"): 2},
        )
    )


def test_a_count_raises_its_counter_by_one(telemetry: PrometheusTelemetry) -> None:
    telemetry.count("rotations", provider=PROVIDER, outcome="completed")
    telemetry.count("rotations", provider=PROVIDER, outcome="completed")

    labels = {"provider": PROVIDER, "outcome": "completed"}
    assert value(telemetry, "rotator_rotations_total", **labels) == 2


def test_an_unknown_counter_is_a_mistake(telemetry: PrometheusTelemetry) -> None:
    with pytest.raises(KeyError):
        telemetry.count("no_such_thing")


def test_a_label_that_is_not_in_the_table_is_a_mistake(telemetry: PrometheusTelemetry) -> None:
    with pytest.raises(ValueError, match="label names"):
        telemetry.count("scans", outcome="success", key_id="AKIA")


def test_a_mistake_is_only_logged_in_production() -> None:
    with capture_logs() as lines:
        PrometheusTelemetry(ManualClock(EPOCH)).count("no_such_thing")

    assert lines == [
        {"event": "metric not counted", "metric": "no_such_thing", "log_level": "error"}
    ]


def test_a_line_that_cannot_be_written_stops_nobody(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        PrometheusTelemetry(ManualClock(EPOCH)).log("no such level", "key created")

    assert [record.message for record in caplog.records] == ["log line lost"]


def test_a_line_that_cannot_be_written_is_a_mistake(telemetry: PrometheusTelemetry) -> None:
    with pytest.raises(KeyError):
        telemetry.log("no such level", "key created")


def test_a_feature_that_is_off_is_exported_beside_those_that_work(
    telemetry: PrometheusTelemetry,
) -> None:
    watch_process(telemetry)

    place = {"account": "111122223333"}
    assert value(telemetry, "rotator_permission_missing", feature="rotate", **place) == 1
    assert value(telemetry, "rotator_permission_missing", feature="scan", **place) == 0


def test_scans_are_exported_before_the_first_one(telemetry: PrometheusTelemetry) -> None:
    assert value(telemetry, "rotator_scans_total", outcome="success") == 0
    assert value(telemetry, "rotator_scans_total", outcome="failure") == 0


def test_the_last_good_scan_is_remembered_by_the_clock(telemetry: PrometheusTelemetry) -> None:
    watch_process(telemetry)
    telemetry.count("scans", outcome="failure")
    assert telemetry.last_scan_at() is None
    assert value(telemetry, "rotator_last_scan_timestamp_seconds") is None

    telemetry.count("scans", outcome="success")

    assert telemetry.last_scan_at() == EPOCH
    assert value(telemetry, "rotator_last_scan_timestamp_seconds") == EPOCH.timestamp()


def test_no_created_series_is_exported(telemetry: PrometheusTelemetry) -> None:
    telemetry.count("scans", outcome="success")

    assert b"_created{" not in generate_latest(telemetry.registry)


def test_the_process_tells_version_mode_and_gate(telemetry: PrometheusTelemetry) -> None:
    watch_process(telemetry, is_blocked=True)

    assert value(telemetry, "rotator_build_info", version="1.2.3") == 1
    assert value(telemetry, "rotator_mode_info", mode="plan") == 1
    assert value(telemetry, "rotator_audit_blocked") == 1


def test_existing_keys_are_counted_by_role(
    telemetry: PrometheusTelemetry, journal: MemoryJournal
) -> None:
    of = credential()
    store(
        journal,
        of,
        key_record(of, KeyId("AKIA1")),
        key_record(of, KeyId("AKIA2"), role=Role.GONE),
        key_record(of, KeyId("AKIA3"), role=Role.PREVIOUS, gone_at=EPOCH),
    )

    assert value(telemetry, "rotator_keys", **PLACE, role="current") == 1
    assert value(telemetry, "rotator_keys", **PLACE, role="previous") == 0
    assert value(telemetry, "rotator_keys", **PLACE, role="gone") is None


def test_open_rotations_are_counted_by_phase(
    telemetry: PrometheusTelemetry, journal: MemoryJournal
) -> None:
    first, second = credential("first"), credential("second")
    store(journal, first, run=rotation(first, phase=Phase.PROMOTED))
    store(journal, second, run=rotation(second, phase=Phase.COMPLETED))

    assert value(telemetry, "rotator_rotations_open", phase="promoted") == 1
    assert value(telemetry, "rotator_rotations_open", phase="halted") == 0
    assert value(telemetry, "rotator_rotations_open", phase="completed") is None


def test_held_credentials_are_counted_by_reason(
    telemetry: PrometheusTelemetry, journal: MemoryJournal
) -> None:
    store(journal, credential(hold=Hold(reason=Reason.DRIFT, since=EPOCH)))
    store(journal, credential("second"))

    name = "rotator_credentials_held"
    assert value(telemetry, name, provider=PROVIDER, reason="drift") == 1
    for reason in Reason:
        shown = value(telemetry, name, provider=PROVIDER, reason=reason.value)
        assert (shown is not None) == is_hold(reason)


def test_holds_of_one_provider_are_not_counted_for_another(
    telemetry: PrometheusTelemetry, journal: MemoryJournal
) -> None:
    elsewhere = principal(provider=CLIENT_KEYS)
    store(journal, credential(hold=Hold(reason=Reason.DRIFT, since=EPOCH)))
    store(journal, credential(principal=elsewhere))

    name = "rotator_credentials_held"
    assert value(telemetry, name, provider=PROVIDER, reason="drift") == 1
    assert value(telemetry, name, provider=CLIENT_KEYS, reason="drift") == 0


def test_the_oldest_key_is_the_oldest_that_is_enabled_and_ours(
    telemetry: PrometheusTelemetry, journal: MemoryJournal
) -> None:
    of = credential()
    store(
        journal,
        of,
        key_record(of, KeyId("AKIA1"), created_at=at(days=-30)),
        key_record(of, KeyId("AKIA2"), created_at=at(days=-20), role=Role.PREVIOUS),
        key_record(of, KeyId("AKIA3"), created_at=at(days=-90), role=Role.FOREIGN),
        key_record(of, KeyId("AKIA4"), created_at=at(days=-80), enabled=False),
        key_record(of, KeyId("AKIA5"), created_at=at(days=-70), gone_at=EPOCH),
    )

    name = "rotator_oldest_key_created_timestamp_seconds"
    assert value(telemetry, name, **PLACE) == at(days=-30).timestamp()


def test_the_next_rotation_is_the_earliest_of_an_account(
    telemetry: PrometheusTelemetry, journal: MemoryJournal
) -> None:
    store(journal, credential("a", due_at=at(days=9)))
    store(journal, credential("b", due_at=at(days=7)))
    store(journal, credential("c", due_at=at(days=1), action=Action.REPORT))
    store(journal, credential("d", due_at=None))
    elsewhere = principal(account=AccountId("other"))
    store(journal, credential(principal=elsewhere, due_at=at(days=-1)))

    name = "rotator_next_rotation_timestamp_seconds"
    assert value(telemetry, name, **PLACE) == at(days=7).timestamp()
    assert value(telemetry, name, provider=PROVIDER, account="other") == at(days=-1).timestamp()


def test_the_deadline_is_that_of_the_first_managed_key_to_outgrow_policy(
    telemetry: PrometheusTelemetry, journal: MemoryJournal
) -> None:
    rotated, reported = credential(), credential("reported", action=Action.REPORT)
    store(
        journal,
        rotated,
        key_record(rotated, KeyId("AKIA1"), created_at=at(days=-30)),
        key_record(rotated, KeyId("AKIA2"), created_at=at(days=-95), role=Role.PREVIOUS),
        key_record(rotated, KeyId("AKIA3"), created_at=at(days=-99), role=Role.FOREIGN),
    )
    store(journal, reported, key_record(reported, created_at=at(days=-300)))

    name = "rotator_earliest_deadline_timestamp_seconds"
    assert value(telemetry, name, **PLACE) == at(days=-5).timestamp()


def test_the_earliest_end_is_that_of_a_key_that_consumers_read(
    telemetry: PrometheusTelemetry, journal: MemoryJournal
) -> None:
    rotated, reported = credential(), credential("reported", action=Action.REPORT)
    later, without = credential("later"), credential("without")
    store(
        journal,
        rotated,
        key_record(rotated, expires_at=at(days=9)),
        key_record(rotated, KeyId("AKIA2"), role=Role.PREVIOUS, expires_at=at(days=2)),
    )
    store(journal, later, key_record(later, expires_at=at(days=20)))
    store(journal, without, key_record(without))
    store(journal, reported, key_record(reported, expires_at=at(days=-3)))

    name = "rotator_earliest_expiry_timestamp_seconds"
    assert value(telemetry, name, **PLACE) == at(days=9).timestamp()


def test_a_scan_that_failed_is_exported_with_the_code_of_its_failure(
    telemetry: PrometheusTelemetry,
) -> None:
    watch_process(telemetry)

    failure = {"account": WORKSPACE, "code": "payment_required"}
    assert value(telemetry, "rotator_scan_failed", provider=CLIENT_KEYS, **failure) == 1


def test_what_is_wrong_with_a_workspace_is_counted_by_its_kind(
    telemetry: PrometheusTelemetry,
) -> None:
    watch_process(telemetry)

    kind = {"kind": "client_crosses"}
    assert value(telemetry, "rotator_workspace_findings", account=WORKSPACE, **kind) == 2


def test_a_series_ends_with_what_it_tells_of(
    telemetry: PrometheusTelemetry, journal: MemoryJournal
) -> None:
    before = journal.backup()
    store(journal, credential(due_at=at(days=1)))
    assert value(telemetry, "rotator_next_rotation_timestamp_seconds", **PLACE) is not None

    journal.restore(before)

    assert value(telemetry, "rotator_next_rotation_timestamp_seconds", **PLACE) is None


def test_a_journal_that_cannot_be_read_leaves_the_other_metrics(
    telemetry: PrometheusTelemetry,
) -> None:
    telemetry.registry.register(
        StateCollector(DownJournal(SeededChance()), max_age=lambda _: MAX_AGE)
    )

    assert value(telemetry, "rotator_journal_readable") == 0
    assert value(telemetry, "rotator_rotations_open", phase="planned") is None
    assert value(telemetry, "rotator_scans_total", outcome="success") == 0


def test_an_account_counts_as_confirmed_only_while_a_person_says_so(
    telemetry: PrometheusTelemetry, journal: MemoryJournal
) -> None:
    store(journal, credential())
    confirmed = []
    for number, said in enumerate((True, False)):
        confirmed.append(value(telemetry, "rotator_account_confirmed", **PLACE))
        journal.save_account(account(is_confirmed=said), audit_record(number))
        confirmed.append(value(telemetry, "rotator_account_confirmed", **PLACE))

    assert confirmed == [0, 1, 1, 0]


def test_one_word_about_a_workspace_confirms_both_kinds_of_its_keys(
    telemetry: PrometheusTelemetry, journal: MemoryJournal
) -> None:
    workspace = AccountId(WORKSPACE)
    for provider in ("cipherstash-access-key", CLIENT_KEYS):
        of = principal(provider=provider, account=workspace)
        store(journal, credential(principal=of))
    place = {"provider": "cipherstash", "account": WORKSPACE}
    assert value(telemetry, "rotator_account_confirmed", **place) == 0

    journal.save_account(account(provider="cipherstash", id=workspace), audit_record(0))

    assert value(telemetry, "rotator_account_confirmed", **place) == 1
    assert (
        value(telemetry, "rotator_account_confirmed", **place | {"provider": CLIENT_KEYS}) is None
    )


def test_exactly_the_metrics_of_the_table_are_exported(
    telemetry: PrometheusTelemetry, journal: MemoryJournal
) -> None:
    watch_process(telemetry)
    for metric in WORK_METRICS:
        telemetry.count(metric.short_name, **dict.fromkeys(metric.labels, "x"))
    telemetry.count("scans", outcome="success")
    of = credential(due_at=EPOCH + timedelta(days=1))
    store(journal, of, key_record(of, expires_at=at(days=9)))

    assert exported(telemetry) == {
        metric.name: (metric.kind.value, {metric.labels}) for metric in METRICS
    }


def test_no_metric_carries_an_id(telemetry: PrometheusTelemetry, journal: MemoryJournal) -> None:
    of = credential()
    store(journal, of, key_record(of, KeyId("AKIASECRETIVE")), run=rotation(of))

    text = generate_latest(telemetry.registry).decode()

    assert "AKIA" not in text
    assert of.id not in text
    assert an_id("x") not in text


def test_names_say_what_they_are() -> None:
    for metric in METRICS:
        assert metric.name.startswith("rotator_")
        assert metric.name.endswith("_total") == (metric.kind is Kind.COUNTER)
        assert not metric.meaning.endswith(".")
