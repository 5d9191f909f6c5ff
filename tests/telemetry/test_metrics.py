"""What is counted as work is done, and the table of everything that is exported."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from prometheus_client import generate_latest
from structlog.testing import capture_logs

from rotator.core.ids import AccountId
from rotator.core.rotation import Phase
from rotator.telemetry.metric import Kind
from rotator.telemetry.metrics import METRICS, WORK_METRICS
from rotator.telemetry.prometheus import PrometheusTelemetry
from rotator.testing.builders import EPOCH, PROVIDER, at, credential, key_record, rotation
from rotator.testing.manual_clock import ManualClock
from rotator.testing.tallies_contract import store
from tests.telemetry.exports import CHANNEL, exported, state_of, value, watch_process

if TYPE_CHECKING:
    from tests.telemetry.exports import Told

OURS = "rotator_"
SCAN = {"provider": PROVIDER, "account": "111122223333"}
ROTATION = {**SCAN, "trigger": "age", "outcome": "rotated"}


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(EPOCH)


@pytest.fixture
def telemetry(clock: ManualClock) -> PrometheusTelemetry:
    return PrometheusTelemetry(clock, is_strict=True)


@pytest.fixture
def told(telemetry: PrometheusTelemetry) -> Told:
    return state_of(telemetry)


def test_a_count_raises_its_counter_by_one(telemetry: PrometheusTelemetry) -> None:
    telemetry.count("rotations", **ROTATION)
    telemetry.count("rotations", **ROTATION)

    assert value(telemetry, "rotator_rotations_total", **ROTATION) == 2


def test_a_duration_falls_into_its_bucket(telemetry: PrometheusTelemetry) -> None:
    for seconds in (0.7, 61.0):
        telemetry.observe("scan_duration", seconds, provider=PROVIDER)

    name, of = "rotator_scan_duration_seconds", {"provider": PROVIDER}
    assert value(telemetry, f"{name}_bucket", **of, le="1.0") == 1
    assert value(telemetry, f"{name}_bucket", **of, le="+Inf") == 2
    assert value(telemetry, f"{name}_sum", **of) == pytest.approx(61.7)


def test_an_unknown_name_is_a_mistake(telemetry: PrometheusTelemetry) -> None:
    with pytest.raises(KeyError):
        telemetry.count("no_such_thing")
    with pytest.raises(KeyError):
        telemetry.observe("no_such_thing", 1)


def test_a_label_that_is_not_in_the_table_is_a_mistake(telemetry: PrometheusTelemetry) -> None:
    with pytest.raises(ValueError, match="label names"):
        telemetry.count("heartbeats", outcome="success", key_id="AKIA")


def test_a_mistake_is_only_logged_in_production(clock: ManualClock) -> None:
    telemetry = PrometheusTelemetry(clock)

    with capture_logs() as lines:
        telemetry.count("no_such_thing")
        telemetry.observe("scan_duration", 1, account="?")

    assert [(line["event"], line["metric"]) for line in lines] == [
        ("metric not counted", "no_such_thing"),
        ("duration not counted", "scan_duration"),
    ]


def test_a_line_that_cannot_be_written_stops_nobody(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        PrometheusTelemetry(ManualClock(EPOCH)).log("no such level", "key created")

    assert [record.message for record in caplog.records] == ["log line lost"]


def test_a_line_that_cannot_be_written_is_a_mistake(telemetry: PrometheusTelemetry) -> None:
    with pytest.raises(KeyError):
        telemetry.log("no such level", "key created")


def test_what_is_known_in_advance_is_exported_before_the_first_time(
    telemetry: PrometheusTelemetry,
) -> None:
    assert value(telemetry, "rotator_heartbeats_total", outcome="success") == 0
    assert value(telemetry, "rotator_heartbeats_total", outcome="failure") == 0


def test_the_last_good_scan_of_each_account_is_remembered(
    telemetry: PrometheusTelemetry, clock: ManualClock
) -> None:
    telemetry.count("scans", **SCAN, outcome="failure")
    assert telemetry.last_scan_at() is None

    telemetry.count("scans", **SCAN, outcome="success")
    clock.advance(timedelta(minutes=1))
    telemetry.count("scans", **SCAN | {"account": "other"}, outcome="success")
    telemetry.count("scans", **SCAN, outcome="failure")

    assert telemetry.last_scans() == {
        (PROVIDER, SCAN["account"]): EPOCH,
        (PROVIDER, "other"): at(minutes=1),
    }
    assert telemetry.last_scan_at() == at(minutes=1)


def test_no_created_series_is_exported(telemetry: PrometheusTelemetry) -> None:
    telemetry.count("rotations", **ROTATION)
    telemetry.observe("scan_duration", 1, provider=PROVIDER)

    assert b"_created" not in generate_latest(telemetry.registry)


def test_the_process_itself_is_exported_as_everywhere(telemetry: PrometheusTelemetry) -> None:
    names = exported(telemetry)

    assert "python_info" in names
    assert "process_start_time_seconds" in names


def test_exactly_the_metrics_of_the_table_are_exported(
    telemetry: PrometheusTelemetry, told: Told
) -> None:
    watch_process(telemetry)
    for metric in WORK_METRICS:
        labels = dict.fromkeys(metric.labels, "x")
        if metric.kind is Kind.HISTOGRAM:
            telemetry.observe(metric.short_name, 1, **labels)
        else:
            telemetry.count(metric.short_name, **labels)
    of = credential(due_at=at(days=1))
    store(told.journal, of, key_record(of, expires_at=at(days=9)), run=rotation(of))
    told.note(CHANNEL)

    found = {name: what for name, what in exported(telemetry).items() if name.startswith(OURS)}
    assert found == {metric.name: (metric.kind.value, {metric.labels}) for metric in METRICS}


def test_no_metric_carries_an_id(telemetry: PrometheusTelemetry, told: Told) -> None:
    of = credential()
    store(told.journal, of, key_record(of), run=rotation(of, phase=Phase.STAGED))

    text = generate_latest(telemetry.registry).decode()

    assert "AKIA" not in text
    assert of.id not in text
    assert rotation(of).id not in text


def test_an_account_that_cannot_be_scanned_is_told_by_its_code(
    telemetry: PrometheusTelemetry,
) -> None:
    watch_process(telemetry, scan_failures=lambda: {(PROVIDER, AccountId("1")): "denied"})

    place = {"provider": PROVIDER, "account": "1", "code": "denied"}
    assert value(telemetry, "rotator_scan_failed", **place) == 1


def test_names_say_what_they_are() -> None:
    for metric in METRICS:
        assert metric.name.startswith(OURS)
        assert metric.name.endswith("_total") == (metric.kind is Kind.COUNTER)
        assert bool(metric.buckets) == (metric.kind is Kind.HISTOGRAM)
        assert "le" not in metric.labels
        assert not metric.meaning.endswith(".")
