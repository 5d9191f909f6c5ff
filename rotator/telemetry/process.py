"""Process metrics: what only this process knows, asked at scrape time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from prometheus_client.registry import Collector

from rotator.errors import RotatorError
from rotator.telemetry import metrics
from rotator.telemetry.bounded import Bounded
from rotator.telemetry.families import earliest, gauge_family

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from prometheus_client.core import GaugeMetricFamily

    from rotator.core.ids import AccountId, Instant
    from rotator.core.standing import AuditStanding
    from rotator.core.terms import Mode
    from rotator.telemetry.families import Labels

PATIENCE = timedelta(seconds=2)
"""How long a scrape waits for the gate of evidence, which asks the journal; with the
patience of the state metrics it is still less than Prometheus's ten seconds."""

_DIGITS = 12
"""Of the policy's SHA-256; enough to tell one from another, and few enough to read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """What is exported, and the questions that are asked at each scrape.

    Attributes:
        version: The version that runs.
        policy: The SHA-256 of the policy in force, in hexadecimal digits.
        is_policy_refused: Whether the policy file holds something else, which is not used.
        mode: The mode in force.
        is_audit_blocked: Whether the gate of evidence is shut.
        audit: How the audit log stands.
        last_scans: When each provider's last good scan of an account ended.
        skew: How far a provider's clock is ahead of ours; None while unknown.
        root_keys: How many keys each account's root has.
        lacks: Of each account and feature, whether the feature is off.
        scan_failures: Our code for each provider and account whose last scan failed.
        findings: How many findings of each kind each workspace has: account, kind.
    """

    version: str
    policy: Callable[[], str]
    is_policy_refused: Callable[[], bool]
    mode: Callable[[], Mode]
    is_audit_blocked: Callable[[], bool]
    audit: Callable[[], AuditStanding]
    last_scans: Callable[[], Mapping[tuple[str, str], Instant]]
    skew: Callable[[], timedelta | None]
    root_keys: Callable[[], Mapping[AccountId, int]]
    lacks: Callable[[], Mapping[tuple[str, str], bool]]
    scan_failures: Callable[[], Mapping[tuple[str, str], str]]
    findings: Callable[[], Mapping[tuple[str, str], int]]


class ProcessCollector(Collector):
    """Exports what only this process knows."""

    def __init__(self, sources: Sources, *, patience: timedelta = PATIENCE) -> None:
        """Take what to ask, and how long a scrape waits for the gate of evidence."""
        self._ask = sources
        self._gate = Bounded(sources.is_audit_blocked, limit=patience)

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Ask, and export the answers."""
        ask = self._ask
        yield gauge_family(metrics.BUILD_INFO, {(ask.version,): 1})
        yield gauge_family(metrics.MODE_INFO, {(ask.mode().value,): 1})
        yield gauge_family(metrics.POLICY_INFO, {(ask.policy()[:_DIGITS],): 1})
        yield gauge_family(metrics.POLICY_REFUSED, {(): float(ask.is_policy_refused())})
        yield gauge_family(metrics.AUDIT_BLOCKED, {(): float(self._is_blocked())})
        yield from _of_audit(ask.audit())
        yield from _of_accounts(ask)
        skew = ask.skew()
        known: dict[Labels, float] = {} if skew is None else {(): skew.total_seconds()}
        yield gauge_family(metrics.CLOCK_SKEW, known)

    def _is_blocked(self) -> bool:
        """Whether the gate is shut; a journal that does not answer in time shuts it (I8)."""
        try:
            return self._gate.answer()
        except RotatorError:
            return True


def _of_accounts(ask: Sources) -> Iterator[GaugeMetricFamily]:
    yield gauge_family(metrics.LAST_SCAN, earliest(ask.last_scans().items()))
    failures = ask.scan_failures()
    yield gauge_family(metrics.SCAN_FAILED, {(*at, code): 1 for at, code in failures.items()})
    roots = ask.root_keys()
    yield gauge_family(metrics.ROOT_KEYS, {(account,): n for account, n in roots.items()})
    yield gauge_family(metrics.PERMISSION_MISSING, ask.lacks())
    yield gauge_family(metrics.WORKSPACE_FINDINGS, ask.findings())


def _of_audit(audit: AuditStanding) -> Iterator[GaugeMetricFamily]:
    """Export how the log stands; what is not known yet is absent."""
    log = audit.log
    records: dict[Labels, float] = {
        (log, sink.name): sink.records for sink in audit.sinks if sink.records is not None
    }
    yield gauge_family(metrics.AUDIT_SINK_RECORDS, records)
    failing: dict[Labels, float] = {
        (log, sink.name): float(sink.is_failing) for sink in audit.sinks
    }
    yield gauge_family(metrics.AUDIT_SINK_FAILING, failing)
    covered = {} if audit.checkpoint_records is None else {(log,): audit.checkpoint_records}
    yield gauge_family(metrics.AUDIT_CHECKPOINT_RECORDS, covered)
    yield gauge_family(metrics.AUDIT_LAST_CHECKPOINT, earliest([((log,), audit.checkpoint_at)]))
    valid = {} if audit.is_valid is None else {(log,): float(audit.is_valid)}
    yield gauge_family(metrics.AUDIT_CHAIN_VALID, valid)
    yield gauge_family(metrics.AUDIT_LAST_VERIFIED, earliest([((log,), audit.verified_at)]))
