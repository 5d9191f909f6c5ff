"""A notice as a CloudEvent 1.0.2 in structured JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from rotator.core.ids import Instant
    from rotator.core.notices import Notice

CONTENT_TYPE: Final = "application/cloudevents+json"
_NUMBERS: Final = {"INFO": 9, "WARN": 13, "ERROR": 17}
"""OpenTelemetry's numbers of the severities."""


def cloud_event(notice_id: str, notice: Notice, log: str) -> dict[str, object]:
    """Write a notice as an event.

    Args:
        notice_id: The event's id, the same in every try.
        notice: What to tell.
        log: The audit log's name, which tells installations apart.
    """
    event: dict[str, object] = {
        "specversion": "1.0",
        "id": notice_id,
        "source": f"/rotator/{log}",
        "type": f"dev.rotator.{notice.kind}.v1",
        "time": _time(notice.at),
        "datacontenttype": "application/json",
        "severitytext": notice.severity.value,
        "severitynumber": _NUMBERS[notice.severity],
        "data": _data(notice),
    }
    if notice.principal:
        event["subject"] = f"{notice.provider}/{notice.account}/{notice.principal}"
    if notice.record is not None:
        event["sequence"] = f"{notice.record:012d}"
    return event


def _data(notice: Notice) -> dict[str, object]:
    values: dict[str, object] = {
        "summary": notice.summary,
        "provider": notice.provider,
        "account": notice.account,
        "principal": notice.principal,
        "rule": notice.rule,
        "owner": notice.owner,
        "key": notice.key,
        "destination": notice.destination,
        "actor": notice.actor,
        "reason": notice.reason,
        "next": notice.what_next,
        "nextAt": _time(notice.next_at) if notice.next_at else "",
        "whoActs": notice.who_acts,
        "command": notice.command,
        "runbook": notice.runbook,
        "rotation": notice.rotation,
        "auditRecord": notice.record,
        "items": list(notice.items),
    }
    return {name: value for name, value in values.items() if value not in ("", None, [])}


def _time(at: Instant) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
