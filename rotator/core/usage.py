"""How a key is used over time, from readings that show only its last use.

A reading at `t1` that shows a last use at `u1` proves silence from `u1` to `t1`.
If a later reading shows a later use, that silence was a pause in the key's life
and not its end: the longest such pause is the key's habit.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rotator.core.facts import LastUsed
    from rotator.core.ids import Instant
    from rotator.core.rotation import KeyRecord


def with_use(record: KeyRecord, use: LastUsed, now: Instant, *, interval: timedelta) -> KeyRecord:
    """Write a reading into a key's record.

    Args:
        record: The key as known so far.
        use: What the provider says now.
        now: When it said so.
        interval: How often we read; a pause may have ended up to this much
            later than the last reading inside it.
    """
    seen = replace(
        record,
        last_used_at=use.at,
        last_used_service=use.service,
        last_used_region=use.region,
        use_read_at=now,
    )
    before, read_at = record.last_used_at, record.use_read_at
    if use.at is None or before is None or read_at is None or use.at <= before:
        return seen
    pause = min(use.at - before, max(read_at - before, timedelta(0)) + interval)
    return replace(seen, longest_gap=max(pause, record.longest_gap or timedelta(0)))
