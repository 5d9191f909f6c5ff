"""One record of AWS CloudTrail, as far as it is compared with our own log."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from rotator.core.ids import instant

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rotator.core.ids import Instant

READING = ("Get", "BatchGet", "List", "Describe", "Lookup", "Simulate", "Generate", "Validate")
"""How the names of AWS's operations begin that change nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrailEvent:
    """What one record tells.

    Attributes:
        request_id: AWS's id of the request; empty for events that are none.
        identity: The role or user that sent it, as an ARN; a session's role.
        session: The session or user itself, as an ARN.
        subject: The user or the secret that it names; empty when it names none.
        error: AWS's error code; empty when it succeeded. An attempt counts, too.
        is_reading: Whether it changed nothing.
    """

    request_id: str
    at: Instant
    service: str
    operation: str
    account: str
    region: str
    identity: str
    session: str
    subject: str
    error: str
    is_reading: bool

    def __str__(self) -> str:
        """Name it so that it can be found in the trail."""
        about = f" {self.subject}" if self.subject else ""
        code = f", refused: {self.error}" if self.error else ""
        return f"{self.operation}{about} by {self.session or 'nobody named'}{code}"


def read_event(record: Mapping[str, Any]) -> TrailEvent:
    """Read one record as CloudTrail delivers it.

    Raises:
        ValueError: It is none.
    """
    try:
        source, operation = record["eventSource"], record["eventName"]
        at = instant(datetime.fromisoformat(record["eventTime"]))
        identity = record.get("userIdentity") or {}
        session = str(identity.get("arn") or identity.get("invokedBy") or "")
        issuer = (identity.get("sessionContext") or {}).get("sessionIssuer") or {}
        return TrailEvent(
            request_id=str(record.get("requestID") or ""),
            at=at,
            service=source.partition(".")[0],
            operation=operation,
            account=str(record.get("recipientAccountId") or identity.get("accountId") or ""),
            region=str(record.get("awsRegion") or ""),
            identity=str(issuer.get("arn") or session),
            session=session,
            subject=_subject(record.get("requestParameters") or {}),
            error=str(record.get("errorCode") or ""),
            is_reading=bool(record.get("readOnly")) or operation.startswith(READING),
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        msg = "this is not a record of CloudTrail's"
        raise ValueError(msg) from error


def _subject(parameters: Mapping[str, Any]) -> str:
    found = (parameters.get(name) for name in ("userName", "secretId", "name"))
    return next((str(name) for name in found if name), "")
