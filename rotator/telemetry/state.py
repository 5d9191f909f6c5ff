"""State metrics: read at scrape time, so that a series ends with what it tells of."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Protocol

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from rotator.core.accounts import container_of
from rotator.core.ids import Instant
from rotator.core.reasons import Reason, is_hold
from rotator.core.rotation import FINAL_PHASES, Action, Phase, Role
from rotator.errors import RotatorError
from rotator.ports.journal import Accounts, Inventory
from rotator.telemetry import metrics

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from datetime import timedelta

    from rotator.core.accounts import Account
    from rotator.core.ids import AccountId
    from rotator.core.rotation import Credential, KeyRecord, Rotation
    from rotator.core.terms import Mode
    from rotator.telemetry.metrics import Metric

_LIVE_ROLES = tuple(role for role in Role if role is not Role.GONE)
_OPEN_PHASES = tuple(phase for phase in Phase if phase not in FINAL_PHASES)
_HOLDS = tuple(reason for reason in Reason if is_hold(reason))
_MANAGED_ROLES = frozenset({Role.CURRENT, Role.PREVIOUS, Role.PENDING})

_Labels = tuple[str, ...]


class Readable(Accounts, Inventory, Protocol):
    """What of a journal is exported."""


class StateCollector(Collector):
    """Exports what the journal holds, the same from every replica of it."""

    def __init__(self, inventory: Readable, *, max_age: Callable[[Credential], timedelta]) -> None:
        """Take the journal's readable part.

        Args:
            inventory: The journal.
            max_age: How old policy lets the keys of a credential get.
        """
        self._inventory = inventory
        self._max_age = max_age

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Read the journal once; when it cannot be read, say so and nothing else."""
        try:
            families = list(self._families())
        except RotatorError:
            yield _gauge(metrics.JOURNAL_READABLE, {(): 0})
            return
        yield _gauge(metrics.JOURNAL_READABLE, {(): 1})
        yield from families

    def _families(self) -> Iterator[GaugeMetricFamily]:
        # Keys first: each has a credential, and no credential ever goes away.
        keys = self._inventory.keys()
        credentials = self._inventory.credentials()
        yield _gauge(metrics.KEYS, _key_counts(credentials, keys))
        yield _gauge(metrics.ROTATIONS_OPEN, _open_counts(self._inventory.rotations()))
        yield _gauge(metrics.CREDENTIALS_HELD, _hold_counts(credentials))
        yield _gauge(metrics.OLDEST_KEY_CREATED, _earliest(_births(credentials, keys)))
        yield _gauge(metrics.NEXT_ROTATION, _earliest(_due_times(credentials)))
        yield _gauge(metrics.EARLIEST_DEADLINE, _earliest(self._deadlines(credentials, keys)))
        yield _gauge(metrics.EARLIEST_EXPIRY, _earliest(_ends(credentials, keys)))
        said = self._inventory.accounts()
        yield _gauge(metrics.ACCOUNT_CONFIRMED, _confirmations(credentials, said))

    def _deadlines(
        self, credentials: Iterable[Credential], keys: Iterable[KeyRecord]
    ) -> Iterator[tuple[_Labels, Instant]]:
        promised = {item.id: item for item in credentials if item.action is Action.ROTATE}
        for key in _managed(keys):
            credential = promised.get(key.credential_id)
            if credential is not None:
                yield _place(credential), Instant(key.created_at + self._max_age(credential))


def _no_root_keys() -> Mapping[AccountId, int]:
    return {}


def _no_lacks() -> Mapping[tuple[str, str], bool]:
    return {}


def _no_failures() -> Mapping[tuple[str, str], str]:
    return {}


def _no_findings() -> Mapping[tuple[str, str], int]:
    return {}


class ProcessCollector(Collector):
    """Exports what only this process knows."""

    def __init__(
        self,
        *,
        version: str,
        mode: Callable[[], Mode],
        is_audit_blocked: Callable[[], bool],
        last_scan_at: Callable[[], Instant | None],
        root_keys: Callable[[], Mapping[AccountId, int]] = _no_root_keys,
        lacks: Callable[[], Mapping[tuple[str, str], bool]] = _no_lacks,
        scan_failures: Callable[[], Mapping[tuple[str, str], str]] = _no_failures,
        findings: Callable[[], Mapping[tuple[str, str], int]] = _no_findings,
    ) -> None:
        """Take what to export, and the questions to ask at each scrape.

        Args:
            version: The version that runs.
            mode: The mode in force.
            is_audit_blocked: Whether the gate of evidence is shut.
            last_scan_at: When the last good scan ended; None if there was none yet.
            root_keys: How many keys each account's root has.
            lacks: Of each account and feature, whether the feature is off.
            scan_failures: Our code for each provider and account whose last scan failed.
            findings: How many findings of each kind each workspace has: account, kind.
        """
        self._version = version
        self._mode = mode
        self._is_audit_blocked = is_audit_blocked
        self._last_scan_at = last_scan_at
        self._root_keys = root_keys
        self._lacks = lacks
        self._scan_failures = scan_failures
        self._findings = findings

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Ask, and export the answers."""
        yield _gauge(metrics.BUILD_INFO, {(self._version,): 1})
        yield _gauge(metrics.MODE_INFO, {(self._mode().value,): 1})
        yield _gauge(metrics.AUDIT_BLOCKED, {(): float(self._is_audit_blocked())})
        last_scan_at = self._last_scan_at()
        yield _gauge(metrics.LAST_SCAN, {(): last_scan_at.timestamp()} if last_scan_at else {})
        root_keys = self._root_keys()
        yield _gauge(metrics.ROOT_KEYS, {(account,): float(n) for account, n in root_keys.items()})
        lacks: dict[_Labels, float] = {
            place: float(is_off) for place, is_off in self._lacks().items()
        }
        yield _gauge(metrics.PERMISSION_MISSING, lacks)
        failures = self._scan_failures()
        yield _gauge(metrics.SCAN_FAILED, {(*at, code): 1 for at, code in failures.items()})
        found: dict[_Labels, float] = {
            place: float(count) for place, count in self._findings().items()
        }
        yield _gauge(metrics.WORKSPACE_FINDINGS, found)


def _gauge(metric: Metric, values: Mapping[_Labels, float]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(metric.name, metric.meaning, labels=metric.labels)
    for labels, value in values.items():
        family.add_metric(labels, value)
    return family


def _place(credential: Credential) -> tuple[str, str]:
    return (credential.principal.provider, credential.principal.account)


def _confirmations(
    credentials: Iterable[Credential], said: Iterable[Account]
) -> Mapping[_Labels, float]:
    places = map(_place, credentials)
    known: dict[_Labels, float] = {
        (container_of(provider), account): 0 for provider, account in places
    }
    return known | {(row.provider, row.id): float(row.is_confirmed) for row in said}


def _key_counts(
    credentials: Iterable[Credential], keys: Iterable[KeyRecord]
) -> Mapping[_Labels, float]:
    places = {credential.id: _place(credential) for credential in credentials}
    counts: dict[_Labels, float] = {
        (*place, role.value): 0 for place in places.values() for role in _LIVE_ROLES
    }
    for key in keys:
        if key.gone_at is None and key.role is not Role.GONE:
            counts[*places[key.credential_id], key.role.value] += 1
    return counts


def _open_counts(rotations: Iterable[Rotation]) -> Mapping[_Labels, float]:
    counts = Counter(rotation.phase for rotation in rotations)
    return {(phase.value,): counts[phase] for phase in _OPEN_PHASES}


def _hold_counts(credentials: Iterable[Credential]) -> Mapping[_Labels, float]:
    found = [(item.principal.provider, item.hold) for item in credentials]
    counts = Counter((provider, hold.reason) for provider, hold in found if hold)
    providers = {provider for provider, _ in found}
    return {
        (provider, reason.value): counts[provider, reason]
        for provider in sorted(providers)
        for reason in _HOLDS
    }


def _births(
    credentials: Iterable[Credential], keys: Iterable[KeyRecord]
) -> Iterator[tuple[_Labels, Instant]]:
    places = {credential.id: _place(credential) for credential in credentials}
    for key in _managed(keys):
        yield places[key.credential_id], key.created_at


def _ends(
    credentials: Iterable[Credential], keys: Iterable[KeyRecord]
) -> Iterator[tuple[_Labels, Instant]]:
    """Find the ends of keys that consumers read, also of those that are listed no more."""
    promised = {item.id: item for item in credentials if item.action is Action.ROTATE}
    for key in keys:
        credential = promised.get(key.credential_id)
        is_read = credential is not None and credential.current_key_id == key.key_id
        if credential is not None and is_read and key.expires_at is not None:
            yield _place(credential), key.expires_at


def _managed(keys: Iterable[KeyRecord]) -> Iterator[KeyRecord]:
    for key in keys:
        if key.role in _MANAGED_ROLES and key.enabled and key.gone_at is None:
            yield key


def _due_times(credentials: Iterable[Credential]) -> Iterator[tuple[_Labels, Instant]]:
    for credential in credentials:
        if credential.action is Action.ROTATE and credential.due_at is not None:
            yield _place(credential), credential.due_at


def _earliest(times: Iterable[tuple[_Labels, Instant]]) -> Mapping[_Labels, float]:
    found: dict[_Labels, float] = {}
    for place, at in times:
        found[place] = min(at.timestamp(), found.get(place, float("inf")))
    return found
