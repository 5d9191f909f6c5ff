"""A compliance report for machines: JSON with everything, CSV with a row for each line."""

from __future__ import annotations

import base64
import csv
from io import StringIO
from typing import TYPE_CHECKING, Final

from rotator.cli.printing import json_text
from rotator.core.controls import CONTROLS

if TYPE_CHECKING:
    from rotator.core.attestation import Attestation
    from rotator.core.compliance import Line, Part, Report
    from rotator.core.controls import Control
    from rotator.core.ids import Instant

SCHEMA: Final = "rotator.report.compliance/v1"

COLUMNS: Final = (
    "as_of", "picture_sha256", "audit_record", "section", "status", "provider", "account",
    "account_name", "principal", "contact", "rule", "key_id", "role", "created_at", "age_days",
    "limit_days", "last_used_at", "since", "detail",
)  # fmt: skip
"""The columns of the CSV form, in order."""

_FORMULA = "=+-@\t\r\uff1d\uff0b\uff0d\uff20"


def as_json(report: Report, attested: Attestation | None) -> str:
    """Write a report as JSON; lengths of time are seconds."""
    picture, counts = report.picture, report.summary
    value = {
        "schema": SCHEMA,
        "asOf": picture.taken_at,
        "installation": picture.owner,
        "log": picture.log,
        "mode": picture.mode,
        "policySha256": picture.policy,
        "accounts": [
            {
                "provider": item.provider,
                "id": item.id,
                "name": item.name or None,
                "isConfirmed": item.is_confirmed,
            }
            for item in picture.accounts
        ],
        "evidence": _evidence(attested),
        "summary": {
            "inScope": counts.in_scope,
            "compliant": counts.compliant,
            "breach": counts.breach,
            "unknown": counts.unknown,
            "excepted": counts.excepted,
            "reported": counts.reported,
            "findings": counts.findings,
            "accountsNotRead": counts.unread,
            "keysOfUnknownUse": counts.use_unknown,
        },
        "sections": {
            _camel(part): [_line(line) for line in lines] for part, lines in report.sections.items()
        },
        "controls": [_control(control) for control in CONTROLS],
    }
    return json_text(value) + "\n"


def as_csv(report: Report, attested: Attestation | None) -> str:
    """Write a report as CSV after RFC 4180, in which no cell is a formula."""
    told = StringIO()
    writer = csv.writer(told)
    writer.writerow(COLUMNS)
    picture = report.picture
    sha256, seq = (attested.sha256, attested.seq) if attested else ("", None)
    ground = (_moment(picture.taken_at), sha256, "" if seq is None else str(seq))
    for part, lines in report.sections.items():
        writer.writerows([*ground, part.value, *map(harmless, _cells(line))] for line in lines)
    return told.getvalue()


def harmless(cell: str) -> str:
    """Keep a spreadsheet from taking a text for a formula."""
    return f"'{cell}" if cell.startswith(tuple(_FORMULA)) else cell


def _evidence(attested: Attestation | None) -> dict[str, object] | None:
    if attested is None:
        return None
    checkpoint = attested.checkpoint
    return {
        "day": attested.day,
        "sha256": attested.sha256,
        "seq": attested.seq,
        "recordHash": attested.record_hash,
        "checkpoint": checkpoint
        and {
            "origin": checkpoint.origin,
            "size": checkpoint.size,
            "root": base64.b64encode(checkpoint.root).decode(),
        },
    }


def _line(line: Line) -> dict[str, object]:
    return {
        "status": line.status.value,
        "provider": line.provider,
        "account": line.account,
        "accountName": line.account_name or None,
        "principal": line.principal or None,
        "contact": line.contact or None,
        "rule": line.rule or None,
        "keyId": line.key_id or None,
        "role": line.role or None,
        "createdAt": line.created_at,
        "age": line.age,
        "limit": line.limit,
        "lastUsedAt": line.last_used_at,
        "since": line.since,
        "detail": line.detail or None,
    }


def _cells(line: Line) -> tuple[str, ...]:
    return (
        line.status.value,
        line.provider,
        line.account,
        line.account_name,
        line.principal,
        line.contact,
        line.rule,
        line.key_id,
        line.role,
        _moment(line.created_at),
        "" if line.age is None else str(line.age.days),
        "" if line.limit is None else str(line.limit.days),
        _moment(line.last_used_at),
        _moment(line.since),
        line.detail,
    )


def _control(control: Control) -> dict[str, object]:
    return {
        "framework": control.framework,
        "version": control.version,
        "number": control.number,
        "text": control.text,
        "section": _camel(control.part),
        "grade": control.grade.value,
        "note": control.note or None,
        "isConfirmed": control.is_confirmed,
    }


def _camel(part: Part) -> str:
    first, *rest = part.value.split("_")
    return first + "".join(word.capitalize() for word in rest)


def _moment(at: Instant | None) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z") if at else ""
