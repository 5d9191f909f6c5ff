"""Audit lines as events of the Open Cybersecurity Schema Framework, for a SIEM.

Every line becomes one event of class Entity Management (3004) of OCSF 1.8.0. The line
itself is in it, byte for byte, so that the chain can be verified from the copy too.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from rotator.core.audit_lines import read_record, time_of
from rotator.core.chain import leaf_hash
from rotator.core.events import AuditAction
from rotator.core.ids import instant

if TYPE_CHECKING:
    from collections.abc import Mapping

VERSION = "1.8.0"
"""The release of the schema that the events are of."""

_CATEGORY = 3
_CLASS = 3004
_SHA_256 = 3
_OTHER = 99
_SERVICE_USER = (4, "Service")
_PERSON = (1, "User")
_MILLISECOND = timedelta(milliseconds=1)
_UNIX_EPOCH = instant(datetime(1970, 1, 1, tzinfo=UTC))


class Activity(IntEnum):
    """What an event of the class says was done to the entity."""

    CREATE = 1
    READ = 2
    UPDATE = 3
    DELETE = 4
    ENROLL = 6
    UNENROLL = 7
    ENABLE = 8
    DISABLE = 9
    ACTIVATE = 10
    DEACTIVATE = 11
    SUSPEND = 12
    RESUME = 13
    OTHER = _OTHER


class Severity(IntEnum):
    """How much work an event means for somebody."""

    INFORMATIONAL = 1
    LOW = 2
    MEDIUM = 3
    HIGH = 4
    CRITICAL = 5


ACTIVITIES: Mapping[AuditAction, Activity] = MappingProxyType(
    {
        AuditAction.KEY_CREATE: Activity.CREATE,
        AuditAction.KEY_STAGE: Activity.UPDATE,
        AuditAction.KEY_VERIFY: Activity.READ,
        AuditAction.KEY_PROMOTE: Activity.ACTIVATE,
        AuditAction.KEY_UNSTAGE: Activity.UPDATE,
        AuditAction.KEY_DISABLE: Activity.DISABLE,
        AuditAction.KEY_ENABLE: Activity.ENABLE,
        AuditAction.KEY_DELETE: Activity.DELETE,
        AuditAction.KEY_ADOPT: Activity.ENROLL,
        AuditAction.KEY_SUSPECT: Activity.READ,
        AuditAction.DESTINATION_PREPARE: Activity.UPDATE,
        AuditAction.ROTATION_START: Activity.OTHER,
        AuditAction.ROTATION_HOLD: Activity.SUSPEND,
        AuditAction.ROTATION_HALT: Activity.SUSPEND,
        AuditAction.ROTATION_ABANDON: Activity.OTHER,
        AuditAction.ROTATION_FINISH: Activity.OTHER,
        AuditAction.OPERATOR_ROTATE: Activity.OTHER,
        AuditAction.DAEMON_START: Activity.ACTIVATE,
        AuditAction.DAEMON_STOP: Activity.DEACTIVATE,
        AuditAction.POLICY_LOAD: Activity.UPDATE,
        AuditAction.OPERATOR_RESUME: Activity.RESUME,
        AuditAction.OPERATOR_ABORT: Activity.OTHER,
        AuditAction.OPERATOR_ROLLBACK: Activity.UPDATE,
        AuditAction.OPERATOR_ENABLE: Activity.ENABLE,
        AuditAction.OPERATOR_PAUSE: Activity.SUSPEND,
        AuditAction.OPERATOR_UNPAUSE: Activity.RESUME,
        AuditAction.DESTINATION_DRIFT: Activity.READ,
        AuditAction.OPERATOR_CONFIRM_ACCOUNT: Activity.ENROLL,
        AuditAction.OPERATOR_WITHDRAW_ACCOUNT: Activity.UNENROLL,
        AuditAction.JOURNAL_REBUILD: Activity.UPDATE,
        AuditAction.OPERATOR_CREATE_KEY: Activity.CREATE,
        AuditAction.OPERATOR_REVOKE_KEY: Activity.DELETE,
        AuditAction.OPERATOR_CREATE_KEYSET: Activity.CREATE,
        AuditAction.OPERATOR_GRANT_KEYSET: Activity.UPDATE,
        AuditAction.OPERATOR_REVOKE_KEYSET: Activity.UPDATE,
        AuditAction.OPERATOR_ENABLE_KEYSET: Activity.ENABLE,
        AuditAction.OPERATOR_DISABLE_KEYSET: Activity.DISABLE,
        AuditAction.OPERATOR_CREATE_CLIENT: Activity.CREATE,
        AuditAction.OPERATOR_DELETE_CLIENT: Activity.DELETE,
        AuditAction.KEY_GRANT: Activity.UPDATE,
        AuditAction.KEY_FOLLOW: Activity.UPDATE,
        AuditAction.CONSUMER_REFRESH: Activity.UPDATE,
        AuditAction.CONSUMER_RESTART: Activity.UPDATE,
        AuditAction.OPERATOR_TEST_PROVIDER: Activity.OTHER,
        AuditAction.OPERATOR_BREAK_GLASS: Activity.OTHER,
        AuditAction.INVENTORY_SNAPSHOT: Activity.READ,
        AuditAction.NOTIFICATION_FAIL: Activity.OTHER,
        AuditAction.AUDIT_GAP: Activity.OTHER,
        AuditAction.REQUEST_SEND: Activity.OTHER,
        AuditAction.HOLD_LIFT: Activity.RESUME,
    }
)
"""The activity of every action; `OTHER` where the class has no word for it."""

_SEVERITIES: Mapping[AuditAction, Severity] = MappingProxyType(
    {
        AuditAction.AUDIT_GAP: Severity.CRITICAL,
        AuditAction.OPERATOR_BREAK_GLASS: Severity.HIGH,
        AuditAction.KEY_SUSPECT: Severity.HIGH,
        AuditAction.DESTINATION_DRIFT: Severity.HIGH,
        AuditAction.ROTATION_HALT: Severity.HIGH,
        AuditAction.JOURNAL_REBUILD: Severity.MEDIUM,
        AuditAction.NOTIFICATION_FAIL: Severity.MEDIUM,
        AuditAction.ROTATION_HOLD: Severity.LOW,
        AuditAction.ROTATION_ABANDON: Severity.LOW,
    }
)
"""Actions that are news by themselves; the others are routine unless they failed."""

_STATUSES: Mapping[str, tuple[int, str]] = MappingProxyType(
    {"success": (1, "Success"), "failure": (2, "Failure"), "unknown": (0, "Unknown")}
)
_ENTITIES: Mapping[str, str] = MappingProxyType(
    {
        "daemon": "rotator daemon",
        "policy": "rotation policy",
        "journal": "rotator journal",
        "audit": "audit log",
        "notification": "notification",
        "inventory": "key inventory",
    }
)
"""What a record without a key is about, by the first word of its action."""

_CLOUDS: Mapping[str, str] = MappingProxyType({"aws": "AWS", "cipherstash": "CipherStash"})
"""Vendors as the cloud profile names them, by the first word of a provider's name."""


def to_ocsf(line: str) -> dict[str, Any]:
    """Turn one line of the log into one event of class 3004.

    An action of a later release becomes activity `OTHER` with its own name.

    Raises:
        ValueError: The line is not a record of our schema.
    """
    record = read_record(line)
    action = str(record["action"])
    activity = _activity(action)
    cloud = _cloud(record)
    event = {
        "activity_id": activity.value,
        "activity_name": action if activity is Activity.OTHER else activity.name.capitalize(),
        "category_uid": _CATEGORY,
        "category_name": "Identity & Access Management",
        "class_uid": _CLASS,
        "class_name": "Entity Management",
        "type_uid": _CLASS * 100 + activity.value,
        "type_name": f"Entity Management: {activity.name.capitalize()}",
        **_severity(action, str(record["outcome"])),
        **_status(record),
        "time": (time_of(record) - _UNIX_EPOCH) // _MILLISECOND,
        "message": f"{action} {record['stage']}: {record['outcome']}",
        "comment": record["reason"],
        "metadata": _metadata(record, line, with_cloud=cloud is not None),
        "actor": _actor(str(record["actor"])),
        "entity": _entity(record, action),
        "cloud": cloud,
        "raw_data": line,
        "raw_data_size": len(line.encode()),
        "raw_data_hash": {
            "algorithm_id": _SHA_256,
            "algorithm": "SHA-256",
            "value": hashlib.sha256(line.encode()).hexdigest(),
        },
        "unmapped": {
            name: record[name]
            for name in ("stage", "prev", "rotation", "policy", "evidence", "calls", "source")
        },
    }
    return _told(event)


def _activity(action: str) -> Activity:
    try:
        return ACTIVITIES[AuditAction(action)]
    except ValueError:
        return Activity.OTHER


def _severity(action: str, outcome: str) -> dict[str, Any]:
    found = {known.value: value for known, value in _SEVERITIES.items()}.get(
        action, Severity.INFORMATIONAL
    )
    if outcome in {"failure", "unknown"}:
        found = max(found, Severity.MEDIUM)
    return {"severity_id": found.value, "severity": found.name.capitalize()}


def _status(record: Mapping[str, Any]) -> dict[str, Any]:
    outcome = str(record["outcome"])
    status_id, status = _STATUSES.get(outcome, (_OTHER, outcome))
    detail = record["reason"] if outcome == "failure" else None
    return {
        "status_id": status_id,
        "status": status,
        "status_code": record["error"],
        "status_detail": detail,
    }


def _metadata(record: Mapping[str, Any], line: str, *, with_cloud: bool) -> dict[str, Any]:
    return {
        "version": VERSION,
        "profiles": ["cloud"] if with_cloud else None,
        "product": {
            "name": "rotator",
            "vendor_name": "rotator",
            "version": record["source"].get("version"),
        },
        "uid": leaf_hash(line),
        "original_event_uid": record["id"],
        "sequence": record["seq"],
        "correlation_uid": record["rotation"].get("id"),
        "event_code": record["action"],
        "log_name": record["log"],
        "log_version": record["schema"],
        "original_time": record["time"],
    }


def _actor(actor: str) -> dict[str, Any]:
    kind, _, name = actor.partition(":")
    type_id, type_name = _PERSON if kind == "operator" else _SERVICE_USER
    user = {"name": name or actor, "uid": actor, "type_id": type_id, "type": type_name}
    return {"app_name": "rotator", "user": user}


def _entity(record: Mapping[str, Any], action: str) -> dict[str, Any]:
    target = record["target"]
    made = record["rotation"].get("new_key_id") if action in _ABOUT_THE_NEW_KEY else None
    data = {"target": record["target"], "destination": record["destination"]}
    return {
        "type_id": _OTHER,
        "type": _entity_type(record, action),
        "name": target.get("principal") or _account(record) or record["log"],
        "uid": made or target.get("key_id"),
        "data": data,
    }


_ABOUT_THE_NEW_KEY = frozenset(
    action.value
    for action in (
        AuditAction.KEY_CREATE,
        AuditAction.KEY_GRANT,
        AuditAction.KEY_FOLLOW,
        AuditAction.KEY_STAGE,
        AuditAction.KEY_VERIFY,
        AuditAction.KEY_PROMOTE,
    )
)


def _entity_type(record: Mapping[str, Any], action: str) -> str:
    provider = str(record["target"].get("provider") or "")
    if provider == "aws-iam":
        return "AWS IAM Access Key"
    if provider:
        return f"{provider} key"
    return _ENTITIES.get(action.partition(".")[0], "account")


def _cloud(record: Mapping[str, Any]) -> dict[str, Any] | None:
    """Name the vendor and the account; None where a record is not about a vendor's."""
    provider = str(record["target"].get("provider") or "")
    if not provider:
        return None
    vendor = _CLOUDS.get(provider.partition("-")[0], provider)
    account = _account(record)
    return {"provider": vendor, "account": {"uid": account} if account else None}


def _account(record: Mapping[str, Any]) -> str | None:
    account = record["target"].get("account") or record["evidence"].get("account")
    return str(account) if account else None


def _told(value: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what says nothing: the schema has no nulls."""
    shorter = {
        name: _told(item) if isinstance(item, dict) else item for name, item in value.items()
    }
    return {name: item for name, item in shorter.items() if item not in (None, {}, [], "")}
