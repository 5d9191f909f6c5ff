"""What an installation tells of itself: metrics, logs, and the sealed records."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rotator import __version__
from rotator.core.tallies import TRUSTED_INSPECTIONS, age_limits
from rotator.telemetry.process import ProcessCollector, Sources
from rotator.telemetry.prometheus import PrometheusTelemetry
from rotator.telemetry.state import StateCollector
from rotator.wiring.sealing import audit_sealer

if TYPE_CHECKING:
    from contextlib import ExitStack

    from rotator.audit.sealer import Sealer
    from rotator.journal.journal import SqlJournal
    from rotator.ports.clock import Clock
    from rotator.reconcile.permits import PermissionBook
    from rotator.reconcile.watches import RootWatch, ScanWatch, SkewWatch
    from rotator.settings.settings import Settings


def evidence(
    settings: Settings,
    journal: SqlJournal,
    clock: Clock,
    roots: RootWatch,
    permits: PermissionBook,
    scans: ScanWatch,
    *,
    skew: SkewWatch,
    stack: ExitStack,
) -> tuple[PrometheusTelemetry, Sealer]:
    """Make what counts and what seals; both read the journal."""
    telemetry = PrometheusTelemetry(clock)
    sealer = audit_sealer(settings, journal, clock, telemetry, stack)

    telemetry.registry.register(
        StateCollector(
            journal,
            clock,
            limits=lambda: age_limits(settings.policy),
            stale_after=settings.limits.inspect_interval * TRUSTED_INSPECTIONS,
            log=settings.log_name,
            channels=[channel.name for channel in settings.notifications.channels],
        )
    )
    telemetry.registry.register(
        ProcessCollector(
            Sources(
                version=__version__,
                policy=lambda: settings.policy_digest,
                is_policy_refused=lambda: settings.in_force.is_refused,
                mode=lambda: settings.mode,
                is_audit_blocked=lambda: sealer.is_blocked(clock.now()),
                audit=sealer.standing,
                last_scans=telemetry.last_scans,
                skew=lambda: skew.latest,
                root_keys=lambda: roots.counts,
                lacks=permits.lacks,
                scan_failures=lambda: scans.failed,
                findings=lambda: scans.findings,
            )
        )
    )
    return telemetry, sealer
