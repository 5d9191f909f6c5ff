"""When a row may be claimed, and what a claim is after a commit.

Timers and leases hold values that only a wrong clock writes; those count as passed.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from rotator.core.rotation import Claim

if TYPE_CHECKING:
    from rotator.core.ids import Instant, KeyId
    from rotator.core.rotation import Credential, KeyRecord, Rotation

LONGEST_WAIT = timedelta(hours=36)
"""Everything is looked at again after this at the latest, whatever it waits for."""

FARTHEST_TIMER = timedelta(hours=48)
"""A timer further ahead was set by a wrong clock and counts as due."""

FARTHEST_LEASE = timedelta(hours=1)
"""A lease that ends further ahead is worth an attempt to acquire.

Whoever lists due rows does not know how long leases are; whoever acquires does.
"""


def has_timer_passed(next_at: Instant, now: Instant) -> bool:
    """Whether a row is due; a clock that once jumped ahead cannot freeze it for months."""
    return next_at <= now or next_at > now + FARTHEST_TIMER


def is_lease_free(lease_until: Instant | None, now: Instant, farthest: timedelta) -> bool:
    """Whether nobody holds a lease, or it ends further ahead than leases can."""
    return lease_until is None or lease_until <= now or lease_until > now + farthest


def renewed(
    claim: Claim,
    *,
    lease_until: Instant,
    credential: Credential,
    rotation: Rotation | None,
    keys: tuple[KeyRecord, ...],
) -> Claim:
    """Return a claim as it is after its owner committed these rows.

    Args:
        claim: The claim before the commit.
        lease_until: The lease after it.
        credential: The credential as written.
        rotation: The rotation as written; None if the commit left it alone.
        keys: The key records as written; the others stay.
    """
    latest = rotation or claim.rotation
    records = {item.key_id: item for item in (*claim.keys, *keys)}
    return Claim(
        token=claim.token,
        lease_until=lease_until,
        credential=credential,
        rotation=latest if latest is not None and latest.is_open else None,
        keys=tuple(sorted(records.values(), key=key_order)),
    )


def key_order(record: KeyRecord) -> tuple[Instant, KeyId]:
    """Order key records oldest first."""
    return record.created_at, record.key_id
