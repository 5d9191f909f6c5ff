"""One picture of the inventory a day, kept with the audit record that attests it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from rotator.core.events import AuditAction, AuditRecord, Stage
from rotator.core.ids import Instant
from rotator.core.pictures import digest, to_text
from rotator.core.picturing import Rows, picture_of
from rotator.core.snapshots import StoredSnapshot
from rotator.errors import FatalError, RotatorError

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import timedelta

    from rotator.core.pictures import Picture
    from rotator.core.picturing import Surroundings
    from rotator.ports.clock import Chance, Clock
    from rotator.ports.evidence import Telemetry
    from rotator.ports.journal import Journal
    from rotator.ports.snapshots import Snapshots

PATIENCE: Final = 12
"""The hour in UTC from which a day's picture is taken even if an account cannot be read:
a gap of one account in a day's picture is less than a day without one."""


@dataclass(slots=True, kw_only=True)
class Pictures:
    """Takes pictures of the inventory, and keeps one of each day.

    Attributes:
        surroundings: What the journal does not hold, as of now.
        keep: How long a picture is kept.
    """

    journal: Journal
    snapshots: Snapshots
    clock: Clock
    chance: Chance
    telemetry: Telemetry
    surroundings: Callable[[], Surroundings]
    keep: timedelta
    _kept_day: str = field(default="", init=False)

    def now(self) -> Picture:
        """Take a picture of now, and keep nothing."""
        # Keys before credentials: each has one, and no credential ever goes away.
        keys, rotations = self.journal.keys(), self.journal.rotations()
        rows = Rows(
            credentials=self.journal.credentials(),
            keys=keys,
            rotations=rotations,
            accounts=self.journal.accounts(),
        )
        return picture_of(rows, self.surroundings(), at=self.clock.now())

    def keep_one_a_day(self, *, is_complete: bool) -> None:
        """Keep the day's picture unless there is one; a failure is told and tried again.

        Args:
            is_complete: Whether every account could be read. If not, or if a principal
                was never looked at, the day's picture waits for it, but not for ever.
        """
        now = self.clock.now()
        if _day(now) == self._kept_day:
            return
        try:
            if now.hour < PATIENCE and not (is_complete and self._is_all_known()):
                return
            self._keep(now)
        except FatalError:
            raise
        except RotatorError as error:
            self.telemetry.log(
                "error", "snapshot not kept", code=error.code, error=error.diagnostics()
            )
            return
        self._kept_day = _day(now)

    def _is_all_known(self) -> bool:
        return all(row.inspected_at is not None for row in self.journal.credentials())

    def _keep(self, now: Instant) -> None:
        newest = self.snapshots.snapshot_at(now)
        if newest is not None and newest.day == _day(now):
            return
        picture = self.now()
        snapshot = _stored(picture)
        record = _record(picture, snapshot, self.chance.new_id())
        if self.snapshots.save_snapshot(snapshot, record):
            dropped = self.snapshots.drop_snapshots(Instant(now - self.keep))
            self.telemetry.log(
                "info",
                "snapshot kept",
                day=snapshot.day,
                sha256=snapshot.sha256,
                keys=picture.key_count,
                dropped=dropped,
            )


def _stored(picture: Picture) -> StoredSnapshot:
    body = to_text(picture)
    return StoredSnapshot(
        day=_day(picture.taken_at),
        taken_at=picture.taken_at,
        body=body,
        sha256=digest(body),
    )


def _record(picture: Picture, snapshot: StoredSnapshot, record_id: str) -> AuditRecord:
    return AuditRecord(
        id=record_id,
        at=picture.taken_at,
        stage=Stage.EVENT,
        action=AuditAction.INVENTORY_SNAPSHOT,
        outcome="success",
        reason="the picture of the day, from which its report can be made again",
        evidence={
            "day": snapshot.day,
            "sha256": snapshot.sha256,
            "accounts": len(picture.accounts),
            "unread": len(picture.unread or ()),
            "credentials": len(picture.credentials),
            "keys": picture.key_count,
        },
    )


def _day(at: Instant) -> str:
    return at.date().isoformat()
