"""What an installation tells of itself: metrics, logs, and the sealed records."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rotator import __version__
from rotator.audit.file_sink import FileSink
from rotator.audit.sealer import Sealer
from rotator.core.policy import recalled
from rotator.telemetry.prometheus import PrometheusTelemetry
from rotator.telemetry.state import ProcessCollector, StateCollector

if TYPE_CHECKING:
    from datetime import timedelta

    from rotator.core.rotation import Credential
    from rotator.journal.journal import SqlJournal
    from rotator.ports.clock import Clock
    from rotator.reconcile.permits import PermissionBook
    from rotator.reconcile.watches import RootWatch, ScanWatch
    from rotator.settings.settings import Settings


def evidence(
    settings: Settings,
    journal: SqlJournal,
    clock: Clock,
    roots: RootWatch,
    permits: PermissionBook,
    scans: ScanWatch,
) -> tuple[PrometheusTelemetry, Sealer]:
    """Make what counts and what seals; both read the journal."""
    telemetry = PrometheusTelemetry(clock)
    sealer = Sealer(
        journal,
        [FileSink(settings.audit_file)],
        log_name=settings.log_name,
        lag_limit=settings.limits.audit_lag,
        telemetry=telemetry,
    )

    def max_age(credential: Credential) -> timedelta:
        return recalled(settings.policy, credential.principal, credential.rule).schedule.max_age

    telemetry.registry.register(StateCollector(journal, max_age=max_age))
    telemetry.registry.register(
        ProcessCollector(
            version=__version__,
            mode=lambda: settings.mode,
            is_audit_blocked=lambda: sealer.is_blocked(clock.now()),
            last_scan_at=telemetry.last_scan_at,
            root_keys=lambda: roots.counts,
            lacks=permits.lacks,
            scan_failures=lambda: scans.failed,
            findings=lambda: scans.findings,
        )
    )
    return telemetry, sealer
