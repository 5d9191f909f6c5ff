"""Every metric of rotator, in one table; `docs/metrics.md` is compared with it.

No label ever holds a key id: it changes with each rotation, so that series would
never end, and it identifies a key. Ages are exported as timestamps, so that a
stuck exporter shows.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """A metric's type in the exposition format."""

    COUNTER = "counter"
    GAUGE = "gauge"


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One metric as it is exported.

    Attributes:
        name: Its full name, with prefix and suffix.
        kind: Its type.
        labels: Names of its labels, in order.
        meaning: One sentence without a full stop; also the exporter's help text.
        known: Label values to export from the start, as 0, where they are few.
    """

    name: str
    kind: Kind
    labels: tuple[str, ...]
    meaning: str
    known: tuple[tuple[str, ...], ...] = ()

    @property
    def short_name(self) -> str:
        """The name that callers of `Telemetry.count` use: without prefix and suffix."""
        return self.name.removeprefix("rotator_").removesuffix("_total")


KEYS = Metric(
    name="rotator_keys",
    kind=Kind.GAUGE,
    labels=("provider", "account", "role"),
    meaning="Keys that exist at the provider, by what they are to rotator",
)
ROTATIONS_OPEN = Metric(
    name="rotator_rotations_open",
    kind=Kind.GAUGE,
    labels=("phase",),
    meaning="Rotations that still have something ahead of them, by phase",
)
CREDENTIALS_HELD = Metric(
    name="rotator_credentials_held",
    kind=Kind.GAUGE,
    labels=("provider", "reason"),
    meaning="Credentials that wait for something out of the ordinary, by reason",
)
OLDEST_KEY_CREATED = Metric(
    name="rotator_oldest_key_created_timestamp_seconds",
    kind=Kind.GAUGE,
    labels=("provider", "account"),
    meaning="When the oldest enabled key that rotator manages was made",
)
NEXT_ROTATION = Metric(
    name="rotator_next_rotation_timestamp_seconds",
    kind=Kind.GAUGE,
    labels=("provider", "account"),
    meaning="When the earliest next rotation is due; in the past when one is overdue",
)
EARLIEST_DEADLINE = Metric(
    name="rotator_earliest_deadline_timestamp_seconds",
    kind=Kind.GAUGE,
    labels=("provider", "account"),
    meaning="When the first managed key gets older than policy allows; in the past when one is",
)
EARLIEST_EXPIRY = Metric(
    name="rotator_earliest_expiry_timestamp_seconds",
    kind=Kind.GAUGE,
    labels=("provider", "account"),
    meaning="When a provider ends the first key that consumers read by itself; past when it did",
)
JOURNAL_READABLE = Metric(
    name="rotator_journal_readable",
    kind=Kind.GAUGE,
    labels=(),
    meaning="1 if the journal could be read for this scrape, else 0 and no state is exported",
)
AUDIT_BLOCKED = Metric(
    name="rotator_audit_blocked",
    kind=Kind.GAUGE,
    labels=(),
    meaning="1 while audit records wait too long for a durable sink, so that nothing is started",
)
MODE_INFO = Metric(
    name="rotator_mode_info",
    kind=Kind.GAUGE,
    labels=("mode",),
    meaning="Always 1; the mode in force, `plan` or `enforce`",
)
BUILD_INFO = Metric(
    name="rotator_build_info",
    kind=Kind.GAUGE,
    labels=("version",),
    meaning="Always 1; the version that runs",
)
LAST_SCAN = Metric(
    name="rotator_last_scan_timestamp_seconds",
    kind=Kind.GAUGE,
    labels=(),
    meaning="When this process last finished a scan without a failure",
)

ROOT_KEYS = Metric(
    name="rotator_root_keys",
    kind=Kind.GAUGE,
    labels=("account",),
    meaning="Keys of an account's root, as the last scan's credential report shows; delete them",
)
PERMISSION_MISSING = Metric(
    name="rotator_permission_missing",
    kind=Kind.GAUGE,
    labels=("account", "feature"),
    meaning="1 while a feature is off in an account because an action that it needs is denied",
)

ACCOUNT_CONFIRMED = Metric(
    name="rotator_account_confirmed",
    kind=Kind.GAUGE,
    labels=("provider", "account"),
    meaning="1 if a person confirmed the account, 0 while it is in plan mode for want of that",
)

SCAN_FAILED = Metric(
    name="rotator_scan_failed",
    kind=Kind.GAUGE,
    labels=("provider", "account", "code"),
    meaning="1 while the last scan of an account failed, by rotator's code of the failure",
)
WORKSPACE_FINDINGS = Metric(
    name="rotator_workspace_findings",
    kind=Kind.GAUGE,
    labels=("account", "kind"),
    meaning="What the last scan found wrong with a CipherStash workspace's environments, by kind",
)

STATE_METRICS = (
    KEYS,
    ROTATIONS_OPEN,
    CREDENTIALS_HELD,
    OLDEST_KEY_CREATED,
    NEXT_ROTATION,
    EARLIEST_DEADLINE,
    EARLIEST_EXPIRY,
    JOURNAL_READABLE,
    AUDIT_BLOCKED,
    MODE_INFO,
    ACCOUNT_CONFIRMED,
    BUILD_INFO,
    LAST_SCAN,
    PERMISSION_MISSING,
    ROOT_KEYS,
    SCAN_FAILED,
    WORKSPACE_FINDINGS,
)
"""Read from the journal, or from the process, at the moment of a scrape."""

WORK_METRICS = (
    Metric(
        name="rotator_rotations_total",
        kind=Kind.COUNTER,
        labels=("provider", "outcome"),
        meaning="Rotations that ended, by how they ended",
    ),
    Metric(
        name="rotator_key_ends_total",
        kind=Kind.COUNTER,
        labels=("provider", "proof"),
        meaning="Old keys that ended, proved by being `refused` or by the `listing-only`",
    ),
    Metric(
        name="rotator_effect_failures_total",
        kind=Kind.COUNTER,
        labels=("provider", "effect", "code"),
        meaning="Effects on a provider's credentials that failed, by rotator's code of the failure",
    ),
    Metric(
        name="rotator_provider_calls_total",
        kind=Kind.COUNTER,
        labels=("operation", "code"),
        meaning="Calls to providers and destinations, by operation and code of the answer",
    ),
    Metric(
        name="rotator_scans_total",
        kind=Kind.COUNTER,
        labels=("outcome",),
        meaning="Scans of all accounts, `success` or `failure`",
        known=(("success",), ("failure",)),
    ),
    Metric(
        name="rotator_audit_records_total",
        kind=Kind.COUNTER,
        labels=("sink", "outcome"),
        meaning="Audit records made durable (`success`), and writes refused (`failure`), by sink",
    ),
    Metric(
        name="rotator_engine_faults_total",
        kind=Kind.COUNTER,
        labels=("job", "fault"),
        meaning="Jobs of the engine that `crashed`, were `missed` or `overlapped` their next start",
    ),
)
"""Counted as work is done, by short name, through the `Telemetry` port."""

METRICS = STATE_METRICS + WORK_METRICS
"""Everything that is exported."""
