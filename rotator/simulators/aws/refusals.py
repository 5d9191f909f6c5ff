"""Errors of AWS itself, before an operation is reached, in each protocol's words."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import Enum
from uuid import uuid4
from xml.sax.saxutils import escape

_XMLNS = {
    "iam": "https://iam.amazonaws.com/doc/2010-05-08/",
    "sts": "https://sts.amazonaws.com/doc/2011-06-15/",
}


@dataclass(frozen=True, slots=True)
class _Words:
    query: tuple[int, str]
    json: tuple[int, str]
    message: str


class Refusal(Enum):
    """Why a call is refused; IAM and STS speak XML, Secrets Manager JSON."""

    UNSIGNED = _Words(
        (403, "MissingAuthenticationToken"),
        (400, "MissingAuthenticationTokenException"),
        "Missing Authentication Token",
    )
    UNKNOWN_KEY = _Words(
        (403, "InvalidClientTokenId"),
        (400, "UnrecognizedClientException"),
        "The security token included in the request is invalid.",
    )
    WRONG_SIGNATURE = _Words(
        (403, "SignatureDoesNotMatch"),
        (400, "InvalidSignatureException"),
        "The request signature we calculated does not match the signature you provided. "
        "Check your AWS Secret Access Key and signing method.",
    )
    # The words differ from a wrong signature's, the code does not.
    STALE_SIGNATURE = _Words(
        (403, "SignatureDoesNotMatch"),
        (400, "InvalidSignatureException"),
        "Signature expired: it is now outside of the time for which a signature is valid.",
    )
    EXPIRED = _Words(
        (403, "ExpiredToken"),
        (400, "ExpiredTokenException"),
        "The security token included in the request is expired",
    )
    DENIED = _Words(
        (403, "AccessDenied"),
        (400, "AccessDeniedException"),
        "The principal is not authorized to perform this operation",
    )
    THROTTLED = _Words((400, "Throttling"), (400, "ThrottlingException"), "Rate exceeded")
    FAILED = _Words(
        (500, "ServiceFailure"),
        (500, "InternalServiceError"),
        "The request processing has failed because of an unknown error.",
    )
    NOT_SIMULATED = _Words(
        (400, "InvalidAction"),
        (400, "UnknownOperationException"),
        "This operation is not simulated",
    )


def error_answer(service: str, refusal: Refusal, message: str = "") -> tuple[int, str, str, bytes]:
    """Render a refusal, with a message of its own or with the usual one.

    Returns:
        HTTP status, error code, content type, body.
    """
    words = refusal.value
    text = message or words.message
    if service not in _XMLNS:
        status, code = words.json
        told = json.dumps({"__type": code, "message": text})
        return status, code, "application/x-amz-json-1.1", told.encode()
    status, code = words.query
    sender = "Receiver" if status >= 500 else "Sender"  # noqa: PLR2004 - HTTP's own boundary
    body = (
        f'<ErrorResponse xmlns="{_XMLNS[service]}"><Error><Type>{sender}</Type>'
        f"<Code>{code}</Code><Message>{escape(text)}</Message></Error>"
        f"<RequestId>{uuid4()}</RequestId></ErrorResponse>"
    )
    return status, code, "text/xml", body.encode()
