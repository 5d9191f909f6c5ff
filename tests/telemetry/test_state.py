"""State metrics: the journal in numbers, as it is at the moment of the scrape."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from prometheus_client import generate_latest

from rotator.core.ids import AccountId, KeyId
from rotator.core.notices import Delivery
from rotator.core.reasons import Reason, is_hold
from rotator.core.rotation import Action, Hold, Phase, Role
from rotator.core.tallies import Tally
from rotator.errors import UnavailableError
from rotator.telemetry.metrics import STATE_METRICS
from rotator.telemetry.prometheus import PrometheusTelemetry
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
    sealed,
)
from rotator.testing.manual_clock import ManualClock
from rotator.testing.memory_tallies import MemoryTallies
from rotator.testing.tallies_contract import store
from tests.telemetry.exports import CHANNEL, LOG, WORKSPACE, export, state_of, value

if TYPE_CHECKING:
    from rotator.core.tallies import Question
    from tests.telemetry.exports import Told

PLACE = {"provider": PROVIDER, "account": ACCOUNT, "rule": "defaults"}
CLIENT_KEYS = "cipherstash-client-key"


class Down:
    """A journal that cannot be read."""

    def tally(self, question: Question) -> Tally:
        del question
        raise UnavailableError("the disk is gone")


class Stuck:
    """A journal that does not answer before it is let go; it counts who asked."""

    def __init__(self) -> None:
        self.free = threading.Event()
        self.asked = 0

    def tally(self, question: Question) -> Tally:
        del question
        self.asked += 1
        self.free.wait()
        return Tally()


def state_lines(telemetry: PrometheusTelemetry) -> list[str]:
    """Read what is exported of keys, rotations and evidence, which is the same everywhere."""
    text = generate_latest(telemetry.registry).decode()
    names = tuple(metric.name for metric in STATE_METRICS)
    return [line for line in text.splitlines() if line.startswith(names)]


@pytest.fixture
def telemetry() -> PrometheusTelemetry:
    return PrometheusTelemetry(ManualClock(EPOCH), is_strict=True)


@pytest.fixture
def told(telemetry: PrometheusTelemetry) -> Told:
    return state_of(telemetry)


def test_existing_keys_are_counted_by_role(telemetry: PrometheusTelemetry, told: Told) -> None:
    of = credential()
    store(
        told.journal,
        of,
        key_record(of, KeyId("AKIA1")),
        key_record(of, KeyId("AKIA2"), role=Role.GONE),
        key_record(of, KeyId("AKIA3"), role=Role.PREVIOUS, gone_at=EPOCH),
    )

    assert value(telemetry, "rotator_keys", **PLACE, role="current") == 1
    assert value(telemetry, "rotator_keys", **PLACE, role="previous") == 0
    assert value(telemetry, "rotator_keys", **PLACE, role="gone") is None


def test_compliance_splits_the_keys_in_scope(telemetry: PrometheusTelemetry, told: Told) -> None:
    """One young, one too old, one not seen for long, one credential without a key."""
    for name, born, seen in (
        ("young", at(days=-30), EPOCH),
        ("old", at(days=-91), EPOCH),
        ("unseen", at(days=-30), at(days=-1)),
    ):
        of = credential(name)
        store(told.journal, of, key_record(of, created_at=born, seen_at=seen))
    store(told.journal, credential("bare"))
    reported = credential("reported", action=Action.REPORT)
    keys = [key_record(reported, KeyId(str(n)), role=Role.FOREIGN) for n in range(2)]
    store(told.journal, reported, *keys)

    found = {
        status: value(telemetry, "rotator_key_compliance", **PLACE, status=status)
        for status in ("compliant", "breach", "unknown", "reported")
    }
    assert found == {"compliant": 1, "breach": 1, "unknown": 2, "reported": 2}


def test_keys_are_counted_by_age(telemetry: PrometheusTelemetry, told: Told) -> None:
    for days in (10, 30, 31, 400):
        of = credential(f"{days}")
        store(told.journal, of, key_record(of, created_at=at(days=-days)))

    of_account = {"provider": PROVIDER, "account": ACCOUNT}
    found = [
        value(telemetry, "rotator_key_ages", **of_account, days=days)
        for days in ("30", "60", "90", "180", "365", "+Inf")
    ]
    assert found == [2, 3, 3, 3, 3, 4]


def test_open_rotations_are_counted_by_phase(telemetry: PrometheusTelemetry, told: Told) -> None:
    first, second = credential("first"), credential("second")
    store(told.journal, first, run=rotation(first, phase=Phase.PROMOTED, phase_since=at(days=-2)))
    store(told.journal, second, run=rotation(second, phase=Phase.COMPLETED))

    name, of = "rotator_rotations_open", {"provider": PROVIDER}
    assert value(telemetry, name, **of, phase="promoted") == 1
    assert value(telemetry, name, **of, phase="halted") == 0
    assert value(telemetry, name, **of, phase="completed") is None
    name = "rotator_rotation_phase_since_timestamp_seconds"
    assert value(telemetry, name, **of, phase="promoted") == at(days=-2).timestamp()
    assert value(telemetry, name, **of, phase="halted") is None


def test_held_and_failing_credentials_are_counted(
    telemetry: PrometheusTelemetry, told: Told
) -> None:
    store(told.journal, credential(hold=Hold(reason=Reason.DRIFT, since=EPOCH)))
    store(told.journal, credential("second", hold=Hold(reason=Reason.NOT_DUE, since=EPOCH)))
    store(told.journal, credential("third", failures=2, principal=principal(provider=CLIENT_KEYS)))

    name = "rotator_credentials_held"
    assert value(telemetry, name, provider=PROVIDER, reason="drift") == 1
    assert value(telemetry, name, provider=CLIENT_KEYS, reason="drift") == 0
    for reason in Reason:
        shown = value(telemetry, name, provider=PROVIDER, reason=reason.value)
        assert (shown is not None) == is_hold(reason)
    name = "rotator_credentials_failing"
    assert value(telemetry, name, **PLACE) == 0
    assert value(telemetry, name, **PLACE | {"provider": CLIENT_KEYS}) == 1


def test_the_oldest_key_is_the_oldest_that_is_enabled_and_ours(
    telemetry: PrometheusTelemetry, told: Told
) -> None:
    of = credential()
    store(
        told.journal,
        of,
        key_record(of, KeyId("AKIA1"), created_at=at(days=-30)),
        key_record(of, KeyId("AKIA2"), created_at=at(days=-20), role=Role.PREVIOUS),
        key_record(of, KeyId("AKIA3"), created_at=at(days=-90), role=Role.FOREIGN),
        key_record(of, KeyId("AKIA4"), created_at=at(days=-80), enabled=False, role=Role.PENDING),
        key_record(of, KeyId("AKIA5"), created_at=at(days=-70), gone_at=EPOCH, role=Role.PENDING),
    )

    name = "rotator_oldest_key_created_timestamp_seconds"
    assert value(telemetry, name, **PLACE) == at(days=-30).timestamp()
    name = "rotator_earliest_deadline_timestamp_seconds"
    assert value(telemetry, name, **PLACE) == at(days=60).timestamp()


def test_reported_keys_have_no_deadline_and_no_rotation(
    telemetry: PrometheusTelemetry, told: Told
) -> None:
    of = credential(action=Action.REPORT, due_at=at(days=1))
    store(told.journal, of, key_record(of, created_at=at(days=-300), expires_at=at(days=2)))

    for name in ("earliest_deadline", "next_rotation", "earliest_expiry"):
        assert value(telemetry, f"rotator_{name}_timestamp_seconds", **PLACE) is None


def test_the_earliest_times_of_a_rule_are_exported(
    telemetry: PrometheusTelemetry, told: Told
) -> None:
    for name, days in (("a", 9), ("b", 7)):
        of = credential(name, due_at=at(days=days))
        store(told.journal, of, key_record(of, expires_at=at(days=days + 10)))
    elsewhere = credential(principal=principal(account=AccountId("other")), due_at=at(days=-1))
    store(told.journal, elsewhere)

    name = "rotator_next_rotation_timestamp_seconds"
    assert value(telemetry, name, **PLACE) == at(days=7).timestamp()
    assert value(telemetry, name, **PLACE | {"account": "other"}) == at(days=-1).timestamp()
    name = "rotator_earliest_expiry_timestamp_seconds"
    assert value(telemetry, name, **PLACE) == at(days=17).timestamp()
    assert value(telemetry, name, **PLACE | {"account": "other"}) is None


def test_a_rule_that_rotates_some_and_reports_others_is_one_series(
    telemetry: PrometheusTelemetry, told: Told
) -> None:
    for name, action in (("a", Action.ROTATE), ("b", Action.REPORT)):
        of = credential(name, action=action)
        store(told.journal, of, key_record(of))

    assert value(telemetry, "rotator_keys", **PLACE, role="current") == 2
    assert generate_latest(telemetry.registry).count(b'role="current"') == 1


def test_a_series_ends_with_what_it_tells_of(telemetry: PrometheusTelemetry, told: Told) -> None:
    before = told.journal.backup()
    store(told.journal, credential(due_at=at(days=1)))
    assert value(telemetry, "rotator_next_rotation_timestamp_seconds", **PLACE) is not None

    told.journal.restore(before)

    assert value(telemetry, "rotator_next_rotation_timestamp_seconds", **PLACE) is None


def test_an_account_counts_as_confirmed_only_while_a_person_says_so(
    telemetry: PrometheusTelemetry, told: Told
) -> None:
    store(told.journal, credential())
    place = {"provider": PROVIDER, "account": ACCOUNT}
    confirmed = []
    for number, said in enumerate((True, False)):
        confirmed.append(value(telemetry, "rotator_account_confirmed", **place))
        told.journal.save_account(account(is_confirmed=said), audit_record(number))
        confirmed.append(value(telemetry, "rotator_account_confirmed", **place))

    assert confirmed == [0, 1, 1, 0]


def test_one_word_about_a_workspace_confirms_both_kinds_of_its_keys(
    telemetry: PrometheusTelemetry, told: Told
) -> None:
    workspace = AccountId(WORKSPACE)
    for provider in ("cipherstash-access-key", CLIENT_KEYS):
        store(told.journal, credential(principal=principal(provider=provider, account=workspace)))
    place = {"provider": "cipherstash", "account": WORKSPACE}
    name = "rotator_account_confirmed"
    assert value(telemetry, name, **place) == 0

    told.journal.save_account(account(provider="cipherstash", id=workspace), audit_record(0))

    assert value(telemetry, name, **place) == 1
    assert value(telemetry, name, **place | {"provider": CLIENT_KEYS}) is None


def test_the_chain_is_measured_by_its_records(telemetry: PrometheusTelemetry, told: Told) -> None:
    for number in range(3):
        told.journal.save_account(account(), audit_record(number))
    told.journal.seal(((an_id("audit/0"), sealed(0)), (an_id("audit/1"), sealed(1))))

    assert value(telemetry, "rotator_audit_chain_records", log=LOG) == 2
    assert value(telemetry, "rotator_audit_waiting_records", log=LOG) == 1


def test_what_waits_for_a_channel_that_is_no_more_alarms_nobody(
    telemetry: PrometheusTelemetry, told: Told
) -> None:
    told.note("former", "a")

    for name in ("waiting", "given_up", "oldest_timestamp_seconds"):
        assert value(telemetry, f"rotator_notifications_{name}", channel="former") is None


def test_notices_are_counted_by_channel_also_where_there_are_none(
    telemetry: PrometheusTelemetry,
) -> None:
    told = state_of(telemetry, channels=("chat", CHANNEL))
    told.note("chat", "a")
    lost = told.note("chat", "b")
    told.outbox.settle(replace(lost, delivery=Delivery.GIVEN_UP))

    for name, of_chat in (("waiting", 1), ("given_up", 1)):
        assert value(telemetry, f"rotator_notifications_{name}", channel="chat") == of_chat
        assert value(telemetry, f"rotator_notifications_{name}", channel=CHANNEL) == 0
    name = "rotator_notifications_oldest_timestamp_seconds"
    assert value(telemetry, name, channel="chat") == EPOCH.timestamp()
    assert value(telemetry, name, channel=CHANNEL) is None


def test_a_journal_that_cannot_be_read_leaves_the_other_metrics(
    telemetry: PrometheusTelemetry,
) -> None:
    export(telemetry, Down())

    assert value(telemetry, "rotator_journal_readable") == 0
    assert value(telemetry, "rotator_audit_chain_records", log=LOG) is None
    assert value(telemetry, "rotator_heartbeats_total", outcome="success") == 0


def test_a_journal_that_does_not_answer_holds_up_no_scrape_and_is_asked_once(
    telemetry: PrometheusTelemetry,
) -> None:
    journal = Stuck()
    export(telemetry, journal, patience=timedelta(milliseconds=20))

    assert value(telemetry, "rotator_journal_readable") == 0
    assert value(telemetry, "rotator_journal_readable") == 0
    assert journal.asked == 1

    journal.free.set()


def test_a_journal_that_answers_again_is_asked_again(telemetry: PrometheusTelemetry) -> None:
    journal = Stuck()
    journal.free.set()
    export(telemetry, journal)

    assert value(telemetry, "rotator_journal_readable") == 1
    assert value(telemetry, "rotator_journal_readable") == 1
    assert journal.asked == 2


def test_two_replicas_export_the_same() -> None:
    replicas = [PrometheusTelemetry(ManualClock(EPOCH), is_strict=True) for _ in range(2)]
    shared = state_of(replicas[0])
    export(replicas[1], MemoryTallies(shared.journal, shared.outbox))
    of = credential(due_at=at(days=1))
    store(shared.journal, of, key_record(of), run=rotation(of))

    first, second = (state_lines(replica) for replica in replicas)
    assert first == second
    assert any(line.startswith("rotator_keys{") for line in first)
