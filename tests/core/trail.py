"""Records of CloudTrail in the form in which it delivers them, made up for tests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rotator.core.chain import seal
from rotator.core.events import AuditAction, ProviderCall, Stage
from rotator.core.ids import RotationId
from rotator.testing.builders import ACCOUNT, at, audit_record, credential
from tests.core.make_chain_vectors import LOG

if TYPE_CHECKING:
    from rotator.core.ids import Instant

ROLE = f"arn:aws:iam::{ACCOUNT}:role/rotator"
SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/rotator/pod-a"
THIEF = f"arn:aws:iam::{ACCOUNT}:user/mallory"
PRINCIPAL = credential().principal.name
SECRET = "payments/api"
ARN = f"arn:aws:secretsmanager:eu-central-1:{ACCOUNT}:secret:{SECRET}-a1B2c3"


def session() -> dict[str, Any]:
    """Describe our own session, as CloudTrail does one of a role."""
    issuer = {"type": "Role", "arn": ROLE, "accountId": ACCOUNT, "userName": "rotator"}
    return {
        "type": "AssumedRole",
        "arn": SESSION,
        "accountId": ACCOUNT,
        "sessionContext": {"sessionIssuer": issuer},
    }


def user(arn: str = THIEF) -> dict[str, Any]:
    """Describe a user."""
    return {"type": "IAMUser", "arn": arn, "accountId": ACCOUNT}


def iam_event(
    request_id: str,
    operation: str = "UpdateAccessKey",
    *,
    when: Instant | None = None,
    **changes: Any,  # noqa: ANN401 - a record's fields
) -> dict[str, Any]:
    """Make one record about a key of `PRINCIPAL`, sent by us."""
    made = {
        "eventVersion": "1.11",
        "userIdentity": session(),
        "eventTime": f"{when or at(days=1):%Y-%m-%dT%H:%M:%SZ}",
        "eventSource": "iam.amazonaws.com",
        "eventName": operation,
        "awsRegion": "us-east-1",
        "sourceIPAddress": "192.0.2.1",
        "userAgent": "Boto3/1.40",
        "requestParameters": {"userName": PRINCIPAL, "accessKeyId": "AKIA"},
        "responseElements": None,
        "requestID": request_id,
        "eventID": f"event-{request_id}",
        "readOnly": False,
        "eventType": "AwsApiCall",
        "recipientAccountId": ACCOUNT,
    }
    return {**made, **changes}


def secret_event(request_id: str, **changes: Any) -> dict[str, Any]:  # noqa: ANN401
    """Make one record about a version of `SECRET`, sent by us."""
    parameters = {"secretId": ARN, "clientRequestToken": "t"}
    of_secret = {
        "eventSource": "secretsmanager.amazonaws.com",
        "awsRegion": "eu-central-1",
        "requestParameters": parameters,
    }
    operation = changes.pop("operation", "PutSecretValue")
    return iam_event(request_id, operation, **{**of_secret, **changes})


def edges(region: str = "us-east-1") -> list[dict[str, Any]]:
    """Make what a trail tells of others, two days on both sides of `EPOCH` + 1 day."""
    return [
        iam_event(
            f"read-{region}-{day}",
            "ListUsers",
            when=at(days=day),
            readOnly=True,
            awsRegion=region,
            userIdentity=user(),
        )
        for day in (-1, 3)
    ]


def our_line(
    seq: int,
    *calls: tuple[str, str, str],
    action: AuditAction = AuditAction.KEY_DISABLE,
    **changes: Any,  # noqa: ANN401 - a record's fields
) -> str:
    """Seal an outcome that names calls: service, operation and request id."""
    named = tuple(
        ProviderCall(service=service, operation=operation, request_id=request_id)
        for service, operation, request_id in calls
    )
    given = {
        "at": at(days=1, seconds=1),
        "stage": Stage.OUTCOME,
        "outcome": "success",
        "action": action,
        "calls": named,
        "rotation_id": RotationId("rotation"),
        "destination": SECRET,
    }
    record = audit_record(seq, **{**given, **changes})
    return seal(record, seq=seq, prev="0" * 64, log=LOG).line


def our_intent(seq: int, action: AuditAction, **changes: Any) -> str:  # noqa: ANN401
    """Seal an intent."""
    given = {"stage": Stage.INTENT, "outcome": "pending", "at": at(days=1, seconds=-1)}
    return our_line(seq, action=action, **{**given, **changes})
