"""Every metric of rotator, in one table; `docs/metrics.md` is compared with it.

No label ever holds a key id: it changes with each rotation, so that series would
never end, and it identifies a key. Ages are exported as timestamps, so that a
stuck exporter shows.
"""

from __future__ import annotations

from rotator.telemetry.metric import counter, gauge, histogram

_PLACE = ("provider", "account", "rule")
_LOG = ("log",)
_CHANNEL = ("channel",)

KEYS = gauge(
    "rotator_keys",
    (*_PLACE, "role"),
    "Keys that exist at the provider, by what they are to rotator",
)
KEY_COMPLIANCE = gauge(
    "rotator_key_compliance",
    (*_PLACE, "status"),
    "Keys in scope, `compliant`, in `breach` of the age limit or `unknown`; others are `reported`",
)
KEY_AGES = gauge(
    "rotator_key_ages",
    ("provider", "account", "days"),
    "Enabled keys that rotator manages and that are no older than so many days; `+Inf` is all",
)
CREDENTIALS_FAILING = gauge(
    "rotator_credentials_failing",
    _PLACE,
    "Credentials whose last try failed",
)
ROTATIONS_OPEN = gauge(
    "rotator_rotations_open",
    ("provider", "phase"),
    "Rotations that still have something ahead of them, by phase",
)
ROTATION_PHASE_SINCE = gauge(
    "rotator_rotation_phase_since_timestamp_seconds",
    ("provider", "phase"),
    "Since when the open rotation that is longest in a phase has been in it",
)
CREDENTIALS_HELD = gauge(
    "rotator_credentials_held",
    ("provider", "reason"),
    "Credentials that wait for something out of the ordinary, by reason",
)
OLDEST_KEY_CREATED = gauge(
    "rotator_oldest_key_created_timestamp_seconds",
    _PLACE,
    "When the oldest enabled key that rotator manages was made",
)
NEXT_ROTATION = gauge(
    "rotator_next_rotation_timestamp_seconds",
    _PLACE,
    "When the earliest next rotation is due; in the past when one is overdue",
)
EARLIEST_DEADLINE = gauge(
    "rotator_earliest_deadline_timestamp_seconds",
    _PLACE,
    "When the first managed key gets older than policy allows; in the past when one is",
)
EARLIEST_EXPIRY = gauge(
    "rotator_earliest_expiry_timestamp_seconds",
    _PLACE,
    "When a provider ends the first key that consumers read by itself; past when it did",
)
ACCOUNT_CONFIRMED = gauge(
    "rotator_account_confirmed",
    ("provider", "account"),
    "1 if a person confirmed the account, 0 while it is in plan mode for want of that",
)
AUDIT_CHAIN_RECORDS = gauge(
    "rotator_audit_chain_records",
    _LOG,
    "Records in the audit chain; it never shrinks",
)
AUDIT_WAITING_RECORDS = gauge(
    "rotator_audit_waiting_records",
    _LOG,
    "Audit records that wait for their place in the chain",
)
NOTIFICATIONS_WAITING = gauge(
    "rotator_notifications_waiting",
    _CHANNEL,
    "Notices that are still to be told, by channel",
)
NOTIFICATIONS_GIVEN_UP = gauge(
    "rotator_notifications_given_up",
    _CHANNEL,
    "Notices that nobody was told of, given up after many tries and kept for a retry by hand",
)
NOTIFICATIONS_OLDEST = gauge(
    "rotator_notifications_oldest_timestamp_seconds",
    _CHANNEL,
    "When the oldest notice that is still to be told was made",
)
JOURNAL_READABLE = gauge(
    "rotator_journal_readable",
    (),
    "1 if the journal could be read for this scrape, else 0 and no state is exported",
)

STATE_METRICS = (
    KEYS,
    KEY_COMPLIANCE,
    KEY_AGES,
    CREDENTIALS_FAILING,
    ROTATIONS_OPEN,
    ROTATION_PHASE_SINCE,
    CREDENTIALS_HELD,
    OLDEST_KEY_CREATED,
    NEXT_ROTATION,
    EARLIEST_DEADLINE,
    EARLIEST_EXPIRY,
    ACCOUNT_CONFIRMED,
    AUDIT_CHAIN_RECORDS,
    AUDIT_WAITING_RECORDS,
    NOTIFICATIONS_WAITING,
    NOTIFICATIONS_GIVEN_UP,
    NOTIFICATIONS_OLDEST,
    JOURNAL_READABLE,
)
"""Read from the journal at the moment of a scrape; every replica exports the same."""

AUDIT_BLOCKED = gauge(
    "rotator_audit_blocked",
    (),
    "1 while audit records wait too long for a durable sink, so that nothing is started",
)
AUDIT_SINK_RECORDS = gauge(
    "rotator_audit_sink_records",
    ("log", "sink"),
    "Records that are durable in a sink; absent while the sink has never answered",
)
AUDIT_SINK_FAILING = gauge(
    "rotator_audit_sink_failing",
    ("log", "sink"),
    "1 if the sink refused, or was too slow, when it was last written",
)
AUDIT_CHECKPOINT_RECORDS = gauge(
    "rotator_audit_checkpoint_records",
    _LOG,
    "Records that the newest signed checkpoint covers",
)
AUDIT_LAST_CHECKPOINT = gauge(
    "rotator_audit_last_checkpoint_timestamp_seconds",
    _LOG,
    "When the newest checkpoint was signed",
)
AUDIT_CHAIN_VALID = gauge(
    "rotator_audit_chain_valid",
    _LOG,
    "1 if the last verification of the audit log found no fault, else 0; absent before the first",
)
AUDIT_LAST_VERIFIED = gauge(
    "rotator_audit_last_verified_timestamp_seconds",
    _LOG,
    "When the audit log was last verified",
)
MODE_INFO = gauge(
    "rotator_mode_info",
    ("mode",),
    "Always 1; the mode in force, `plan` or `enforce`",
)
BUILD_INFO = gauge(
    "rotator_build_info",
    ("version",),
    "Always 1; the version that runs",
)
POLICY_INFO = gauge(
    "rotator_policy_info",
    ("sha256",),
    "Always 1; the first twelve digits of the SHA-256 of the policy in force",
)
POLICY_REFUSED = gauge(
    "rotator_policy_refused",
    (),
    "1 while the policy file is faulty or cannot be read, so that an older policy is in force",
)
LAST_SCAN = gauge(
    "rotator_last_scan_timestamp_seconds",
    ("provider", "account"),
    "When this process last finished a scan of the account without a failure",
)
SCAN_FAILED = gauge(
    "rotator_scan_failed",
    ("provider", "account", "code"),
    "1 while the last scan of an account failed, by rotator's code of the failure",
)
CLOCK_SKEW = gauge(
    "rotator_clock_skew_seconds",
    (),
    "How far a provider's clock is ahead of ours, where they differ most; absent while unknown",
)
PERMISSION_MISSING = gauge(
    "rotator_permission_missing",
    ("account", "feature"),
    "1 while a feature is off in an account because an action that it needs is denied",
)
ROOT_KEYS = gauge(
    "rotator_root_keys",
    ("account",),
    "Keys of an account's root, as the last scan's credential report shows; delete them",
)
WORKSPACE_FINDINGS = gauge(
    "rotator_workspace_findings",
    ("account", "kind"),
    "What the last scan found wrong with a CipherStash workspace's environments, by kind",
)

PROCESS_METRICS = (
    AUDIT_BLOCKED,
    AUDIT_SINK_RECORDS,
    AUDIT_SINK_FAILING,
    AUDIT_CHECKPOINT_RECORDS,
    AUDIT_LAST_CHECKPOINT,
    AUDIT_CHAIN_VALID,
    AUDIT_LAST_VERIFIED,
    MODE_INFO,
    BUILD_INFO,
    POLICY_INFO,
    POLICY_REFUSED,
    LAST_SCAN,
    SCAN_FAILED,
    CLOCK_SKEW,
    PERMISSION_MISSING,
    ROOT_KEYS,
    WORKSPACE_FINDINGS,
)
"""What one process knows, asked at the moment of a scrape."""

LOG_MESSAGES = counter(
    "rotator_log_messages_total",
    ("level",),
    "Log lines written, by level",
    known=(("debug",), ("info",), ("warning",), ("error",), ("critical",)),
)
"""Counted where lines are written, also those of libraries."""

WORK_METRICS = (
    counter(
        "rotator_rotations_total",
        ("provider", "account", "trigger", "outcome"),
        "Rotations that ended, by what they were started for and how they ended",
    ),
    counter(
        "rotator_key_ends_total",
        ("provider", "proof"),
        "Old keys that ended, proved by being `refused` or by the `listing-only`",
    ),
    counter(
        "rotator_effect_failures_total",
        ("provider", "effect", "code"),
        "Effects on a provider's credentials that failed, by rotator's code of the failure",
    ),
    counter(
        "rotator_provider_calls_total",
        ("operation", "code"),
        "Calls to providers and destinations, by operation and code of the answer",
    ),
    counter(
        "rotator_scans_total",
        ("provider", "account", "outcome"),
        "Scans of an account, `success` or `failure`",
    ),
    counter(
        "rotator_audit_records_total",
        ("sink", "outcome"),
        "Audit records made durable (`success`), and writes refused (`failure`), by sink",
    ),
    counter(
        "rotator_notifications_total",
        ("channel", "outcome"),
        "Tries to tell a notice, by channel: `told`, `retried` later or `given_up`",
    ),
    counter(
        "rotator_heartbeats_total",
        ("outcome",),
        "Heartbeats sent after scans that succeeded everywhere, `success` or `failure`",
        known=(("success",), ("failure",)),
    ),
    counter(
        "rotator_engine_faults_total",
        ("job", "fault"),
        "Jobs of the engine that `crashed`, were `missed` or `overlapped` their next start",
    ),
    counter(
        "rotator_policy_reloads_total",
        ("outcome",),
        "Changes of the policy file: `loaded`, `refused` for faults, or `unreadable`",
        known=(("loaded",), ("refused",), ("unreadable",)),
    ),
    counter(
        "rotator_http_requests_total",
        ("route", "code"),
        "Requests that the web server answered; paths that it does not have are `other`",
    ),
    histogram(
        "rotator_scan_duration_seconds",
        ("provider",),
        "How long the scan of one account took",
        (0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600),
    ),
    histogram(
        "rotator_effect_duration_seconds",
        ("provider", "effect"),
        "How long one effect of a rotation took, whatever came of it",
        (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60),
    ),
    histogram(
        "rotator_provider_call_duration_seconds",
        ("operation",),
        "How long a provider or a destination took to answer one call",
        (0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
    ),
    histogram(
        "rotator_audit_write_duration_seconds",
        ("sink",),
        "How long a sink took until what it was given was durable",
        (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
    ),
)
"""Counted as work is done, by short name, through the `Telemetry` port."""

METRICS = (*STATE_METRICS, *PROCESS_METRICS, *WORK_METRICS, LOG_MESSAGES)
"""Everything that is exported; beside it stand `python_info` and `process_*`."""
