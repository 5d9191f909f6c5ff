"""What vouches for a stored picture: its audit record, and the checkpoint that covers that."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rotator.core.chain import leaf_hash
from rotator.core.events import AuditAction
from rotator.core.pictures import digest
from rotator.errors import TamperError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rotator.core.checkpoint import Checkpoint
    from rotator.core.events import SealedRecord
    from rotator.core.snapshots import StoredSnapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class Attestation:
    """What a report that rests on a stored picture names as its ground.

    Attributes:
        day: The picture's day in UTC.
        sha256: The picture's hash.
        seq: Number of its audit record; None while it has none.
        record_hash: That record's hash in the chain.
        checkpoint: The first checkpoint that covers the record, so that a later one
            does not change a report; None while none does.
    """

    day: str
    sha256: str
    seq: int | None = None
    record_hash: str | None = None
    checkpoint: Checkpoint | None = None


def attest(
    snapshot: StoredSnapshot, record: SealedRecord | None, checkpoints: Iterable[Checkpoint]
) -> Attestation:
    """Compare a picture with its audit record, and find what covers that.

    Args:
        snapshot: The picture as it is kept.
        record: Its sealed record; None while it is not sealed.
        checkpoints: Every checkpoint of the log, in any order.

    Raises:
        TamperError: The picture is not the one that the record tells of.
    """
    found = digest(snapshot.body)
    if found != snapshot.sha256 or (record and not _tells_of(record, snapshot.day, found)):
        raise TamperError(
            f"the picture of {snapshot.day} is not the one that its audit record tells of",
            code="picture_changed",
            hint="somebody changed it; `rotator audit verify` tells whether the log is whole",
        )
    if record is None:
        return Attestation(day=snapshot.day, sha256=found)
    covering = [item for item in checkpoints if item.size > record.seq]
    return Attestation(
        day=snapshot.day,
        sha256=found,
        seq=record.seq,
        record_hash=record.hash,
        checkpoint=min(covering, key=lambda item: item.size, default=None),
    )


def _tells_of(record: SealedRecord, day: str, sha256: str) -> bool:
    fields = json.loads(record.line)
    told = fields.get("evidence") or {}
    return (
        leaf_hash(record.line) == record.hash
        and fields.get("action") == AuditAction.INVENTORY_SNAPSHOT.value
        and (told.get("day"), told.get("sha256")) == (day, sha256)
    )
