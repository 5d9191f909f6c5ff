"""What takes the daily pictures of the inventory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rotator.core.picturing import Surroundings
from rotator.core.policy import recalled
from rotator.reconcile.picturing import Pictures
from rotator.settings.adapters import places

if TYPE_CHECKING:
    from datetime import timedelta

    from rotator.core.rotation import Credential
    from rotator.journal.journal import SqlJournal
    from rotator.reconcile.parts import Parts
    from rotator.reconcile.watches import RootWatch, ScanWatch
    from rotator.settings.settings import Settings


def pictures(
    settings: Settings,
    journal: SqlJournal,
    parts: Parts,
    roots: RootWatch,
    scans: ScanWatch | None,
) -> Pictures:
    """Make what takes pictures of the inventory.

    Args:
        settings: What the two files say.
        journal: Where the pictures are kept.
        parts: The clock, and where it is told what was done.
        roots: How many keys the roots have, as far as that was read.
        scans: Which scans failed; None where nobody scans.
    """

    def max_age(credential: Credential) -> timedelta:
        return recalled(settings.policy, credential.principal, credential.rule).schedule.max_age

    def surroundings() -> Surroundings:
        return Surroundings(
            log=settings.log_name,
            owner=settings.owner,
            mode=settings.mode.value,
            policy=settings.policy_digest,
            inspect_interval=settings.limits.inspect_interval,
            max_age=max_age,
            places=places(settings),
            failed=None if scans is None else scans.failed,
            root_keys=roots.counts,
        )

    return Pictures(
        journal=journal,
        snapshots=journal,
        clock=parts.clock,
        chance=parts.chance,
        telemetry=parts.telemetry,
        surroundings=surroundings,
        keep=settings.audit.snapshot_period,
    )
