"""One picture a day, by whichever replica is first, and never in the way of anything."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from rotator.core.events import AuditAction, Stage
from rotator.core.ids import AccountId
from rotator.core.pictures import digest, from_text
from rotator.core.picturing import Surroundings
from rotator.errors import TamperError, UnavailableError
from rotator.reconcile.picturing import Pictures
from rotator.testing.manual_clock import ManualClock, SeededChance
from rotator.testing.memory_evidence import QuietTelemetry
from rotator.testing.memory_journal import MemoryJournal
from rotator.testing.memory_snapshots import MemorySnapshots
from tests.builders import at, credential

if TYPE_CHECKING:
    from rotator.core.events import AuditRecord, Scalar
    from rotator.core.ids import Instant
    from rotator.core.snapshots import StoredSnapshot
    from rotator.errors import RotatorError
    from rotator.ports.journal import Journal


class FailingSnapshots(MemorySnapshots):
    """Fails for as long as it is told to."""

    failure: RotatorError | None = None
    is_blind = False

    def snapshot_at(self, at: Instant) -> StoredSnapshot | None:
        return None if self.is_blind else super().snapshot_at(at)

    def save_snapshot(self, snapshot: StoredSnapshot, record: AuditRecord) -> bool:
        if self.failure is not None:
            raise self.failure
        return super().save_snapshot(snapshot, record)


@dataclass
class Telling(QuietTelemetry):
    """Remembers what was logged."""

    told: list[str] = field(default_factory=list)

    def log(self, level: str, event: str, /, **fields: Scalar) -> None:
        del fields
        self.told.append(f"{level} {event}")


@dataclass
class Replicas:
    """Several takers on one journal."""

    journal: MemoryJournal = field(default_factory=lambda: MemoryJournal(SeededChance(1)))
    clock: ManualClock = field(default_factory=lambda: ManualClock(at(hours=1)))
    telemetry: Telling = field(default_factory=Telling)
    failed: dict[tuple[str, str], str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.snapshots = FailingSnapshots(self.journal)

    def make(self, seed: int = 2) -> Pictures:
        return Pictures(
            journal=self.journal,
            snapshots=self.snapshots,
            clock=self.clock,
            chance=SeededChance(seed),
            telemetry=self.telemetry,
            surroundings=lambda: Surroundings(
                log="rotator",
                owner="tests",
                mode="enforce",
                policy="7bd1",
                inspect_interval=timedelta(hours=6),
                max_age=lambda _: timedelta(days=90),
                places=(),
                failed=self.failed,
            ),
            keep=timedelta(days=30),
        )

    def kept(self) -> StoredSnapshot | None:
        return self.snapshots.snapshot_at(at(days=1000))


@pytest.fixture
def replicas() -> Replicas:
    return Replicas()


def keep(journal: Journal, *names: str, inspected: bool = True) -> None:
    """Register principals that somebody looked at, or nobody yet."""
    for name in names:
        looked_at = at(hours=0.5) if inspected else None
        journal.register(credential(name, inspected_at=looked_at))


def test_a_picture_is_kept_with_a_record_that_has_its_hash(replicas: Replicas) -> None:
    keep(replicas.journal, "ci-one", "ci-two")

    replicas.make().keep_one_a_day(is_complete=True)

    kept = replicas.kept()
    assert kept is not None
    (record,) = replicas.journal.unsealed(limit=9)
    assert (record.action, record.stage) == (AuditAction.INVENTORY_SNAPSHOT, Stage.EVENT)
    assert record.evidence == {
        "day": "2026-01-01",
        "sha256": digest(kept.body),
        "accounts": 0,
        "unread": 0,
        "credentials": 2,
        "keys": 0,
    }
    assert record.at == kept.taken_at == at(hours=1)
    assert from_text(kept.body) == replicas.make().now()


def test_there_is_one_picture_a_day_whoever_takes_it(replicas: Replicas) -> None:
    first, second = replicas.make(2), replicas.make(3)

    for taker in (first, second, first, replicas.make(4)):
        replicas.clock.advance(timedelta(hours=1))
        taker.keep_one_a_day(is_complete=True)
    assert len(replicas.journal.unsealed(limit=9)) == 1

    replicas.clock.advance_to(at(days=1))
    first.keep_one_a_day(is_complete=True)
    assert len(replicas.journal.unsealed(limit=9)) == 2


def test_a_replica_that_comes_second_in_the_same_moment_writes_nothing(
    replicas: Replicas,
) -> None:
    taker = replicas.make(3)
    replicas.make(2).keep_one_a_day(is_complete=True)
    # It looked before the other one had written.
    replicas.snapshots.is_blind = True

    taker.keep_one_a_day(is_complete=True)

    assert len(replicas.journal.unsealed(limit=9)) == 1
    assert replicas.telemetry.told == ["info snapshot kept"]


def test_a_picture_waits_for_every_account_and_every_principal(replicas: Replicas) -> None:
    taker = replicas.make()

    taker.keep_one_a_day(is_complete=False)
    assert replicas.kept() is None
    keep(replicas.journal, "ci-new", inspected=False)
    taker.keep_one_a_day(is_complete=True)
    assert replicas.kept() is None


def test_from_noon_a_picture_waits_for_nobody(replicas: Replicas) -> None:
    keep(replicas.journal, "ci-new", inspected=False)
    replicas.failed[("aws-iam", AccountId("444455556666"))] = "access_denied"
    replicas.clock.advance_to(at(hours=12))

    replicas.make().keep_one_a_day(is_complete=False)

    kept = replicas.kept()
    assert kept is not None
    unread = from_text(kept.body).unread
    assert unread is not None
    assert [scan.code for scan in unread] == ["access_denied"]


def test_a_failure_is_told_and_tried_again(replicas: Replicas) -> None:
    taker = replicas.make()
    replicas.snapshots.failure = UnavailableError("the disk is full")

    taker.keep_one_a_day(is_complete=True)
    assert replicas.telemetry.told == ["error snapshot not kept"]
    replicas.snapshots.failure = None
    taker.keep_one_a_day(is_complete=True)

    assert replicas.kept() is not None


def test_what_must_stop_the_process_stops_it(replicas: Replicas) -> None:
    replicas.snapshots.failure = TamperError("the chain does not verify")

    with pytest.raises(TamperError):
        replicas.make().keep_one_a_day(is_complete=True)


def test_old_pictures_are_dropped_with_the_next_one(replicas: Replicas) -> None:
    taker = replicas.make()
    for day in (0, 1, 31):
        replicas.clock.advance_to(at(days=day, hours=2))
        taker.keep_one_a_day(is_complete=True)

    assert replicas.snapshots.snapshot_at(at(days=0.9)) is None
    assert replicas.snapshots.snapshot_at(at(days=1.9)) is not None


def test_a_picture_of_now_is_not_kept(replicas: Replicas) -> None:
    row = credential()
    replicas.journal.register(replace(row, inspected_at=None))

    taken = replicas.make().now()

    assert [item.principal for item in taken.credentials] == ["ci-deployer"]
    assert replicas.kept() is None
