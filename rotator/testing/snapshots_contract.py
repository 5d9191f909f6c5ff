"""The contract of `rotator.ports.snapshots.Snapshots`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from rotator.core.chain import GENESIS, seal
from rotator.core.snapshots import StoredSnapshot
from rotator.errors import InvariantError
from rotator.testing.builders import at, audit_record

if TYPE_CHECKING:
    from rotator.ports.journal import AuditQueue
    from rotator.ports.snapshots import Snapshots


@dataclass(frozen=True, slots=True)
class Kept:
    """Pictures, and the queue of their records."""

    snapshots: Snapshots
    queue: AuditQueue


class SnapshotsContract:
    """Pictures of days, each with its record.

    A subclass has a fixture `kept` that gives each test a place without pictures.
    """

    def test_a_picture_comes_back_as_it_was_kept(self, kept: Kept) -> None:
        """Also one with letters of every kind, and of any length."""
        of_day = snapshot(1, body='{"name":"Zo\u00eb \U0001f511"}' * 1000)

        assert kept.snapshots.save_snapshot(of_day, audit_record())
        assert kept.snapshots.snapshot_at(of_day.taken_at) == of_day

    def test_a_picture_and_its_record_are_written_together(self, kept: Kept) -> None:
        """A record that is refused keeps its picture out."""
        kept.snapshots.save_snapshot(snapshot(1), audit_record(1))

        assert kept.queue.unsealed(limit=9) == (audit_record(1),)
        with pytest.raises(InvariantError):
            kept.snapshots.save_snapshot(snapshot(2), audit_record(1))
        assert kept.snapshots.snapshot_at(at(days=9)) == snapshot(1)

    def test_one_picture_is_kept_for_a_day(self, kept: Kept) -> None:
        """The first one; nothing is written of another."""
        kept.snapshots.save_snapshot(snapshot(1), audit_record(1))

        assert not kept.snapshots.save_snapshot(snapshot(1, body="{}"), audit_record(2))
        assert kept.snapshots.snapshot_at(at(days=9)) == snapshot(1)
        assert kept.queue.unsealed(limit=9) == (audit_record(1),)

    def test_the_newest_picture_until_an_instant_is_found(self, kept: Kept) -> None:
        """One that was taken at the instant itself counts; without any there is none."""
        for day in (2, 1, 4):
            kept.snapshots.save_snapshot(snapshot(day), audit_record(day))

        assert kept.snapshots.snapshot_at(at(hours=23)) is None
        assert kept.snapshots.snapshot_at(at(days=2)) == snapshot(2)
        assert kept.snapshots.snapshot_at(at(days=3.9)) == snapshot(2)
        assert kept.snapshots.snapshot_at(at(days=400)) == snapshot(4)

    def test_the_record_of_a_picture_is_found_once_it_is_sealed(self, kept: Kept) -> None:
        """Of each picture its own, and of an unknown one none."""
        places = []
        for day in (1, 2):
            record = audit_record(day)
            kept.snapshots.save_snapshot(snapshot(day), record)
            places.append(seal(record, seq=day - 1, prev=GENESIS.hash, log="tests"))
        assert kept.snapshots.attesting(snapshot(2)) is None

        kept.queue.seal(((audit_record(1).id, places[0]), (audit_record(2).id, places[1])))

        assert kept.snapshots.attesting(snapshot(1)) == places[0]
        assert kept.snapshots.attesting(snapshot(2)) == places[1]
        assert kept.snapshots.attesting(snapshot(3)) is None

    def test_old_pictures_are_forgotten_and_their_records_stay(self, kept: Kept) -> None:
        """What was taken at the instant itself is not before it."""
        for day in (1, 2, 3):
            kept.snapshots.save_snapshot(snapshot(day), audit_record(day))

        assert kept.snapshots.drop_snapshots(at(days=2)) == 1
        assert kept.snapshots.drop_snapshots(at(days=2)) == 0
        assert kept.snapshots.snapshot_at(at(days=1)) is None
        assert kept.snapshots.snapshot_at(at(days=9)) == snapshot(3)
        assert len(kept.queue.unsealed(limit=9)) == len((1, 2, 3))


def snapshot(day: int, *, body: str = '{"a":1}') -> StoredSnapshot:
    """Build the picture that was taken so many days after `EPOCH`."""
    taken_at = at(days=day)
    return StoredSnapshot(
        day=taken_at.date().isoformat(), taken_at=taken_at, body=body, sha256=f"{day:064x}"
    )
