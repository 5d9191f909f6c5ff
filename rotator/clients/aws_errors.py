"""What AWS's errors mean to us: a table, and the one rule that is no table.

The rule: a call that may change something, and of which an attempt left us and
got no definite answer, has an unknown outcome, whatever a later attempt said.
Only "no such thing" is believed even then, for it is a fact about the present.

Messages name service, operation, error code and request id. What AWS says in
prose is dropped, and so are the exceptions of botocore: validation errors repeat
the values that were sent, and parser errors repeat the body that came back.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    CredentialRetrievalError,
    EndpointConnectionError,
    HTTPClientError,
    MetadataRetrievalError,
    NoCredentialsError,
    PartialCredentialsError,
    ProxyConnectionError,
    SSLError,
    SSOError,
    TokenRetrievalError,
)
from botocore.parsers import ResponseParserError

from rotator.errors import (
    AccessDeniedError,
    ConflictError,
    NotFoundError,
    OutcomeUnknownError,
    QuotaExceededError,
    RejectedError,
    RotatorError,
    ThrottledError,
    UnavailableError,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

_SERVER_ERROR = 500
_TOO_MANY_REQUESTS = 429

ERRORS: Mapping[str, type[RotatorError]] = MappingProxyType(
    {
        "Throttling": ThrottledError,
        "ThrottlingException": ThrottledError,
        "ThrottledException": ThrottledError,
        "RequestThrottled": ThrottledError,
        "RequestThrottledException": ThrottledError,
        "RequestLimitExceeded": ThrottledError,
        "TooManyRequestsException": ThrottledError,
        "PriorRequestNotComplete": ThrottledError,
        "SlowDown": ThrottledError,
        # IAM's 409s for "wait until the other change is through": nothing was done.
        "ConcurrentModification": UnavailableError,
        "EntityTemporarilyUnmodifiable": UnavailableError,
        "AccessDenied": AccessDeniedError,
        "AccessDeniedException": AccessDeniedError,
        "AuthFailure": AccessDeniedError,
        "ExpiredToken": AccessDeniedError,
        "ExpiredTokenException": AccessDeniedError,
        "IncompleteSignature": AccessDeniedError,
        "InvalidAccessKeyId": AccessDeniedError,
        "InvalidClientTokenId": AccessDeniedError,
        "InvalidSignatureException": AccessDeniedError,
        "MissingAuthenticationToken": AccessDeniedError,
        "MissingAuthenticationTokenException": AccessDeniedError,
        "NotAuthorized": AccessDeniedError,
        "OptInRequired": AccessDeniedError,
        "RegionDisabledException": AccessDeniedError,
        "RequestExpired": AccessDeniedError,
        "SignatureDoesNotMatch": AccessDeniedError,
        "UnrecognizedClientException": AccessDeniedError,
        "NoSuchEntity": NotFoundError,
        "NoSuchEntityException": NotFoundError,
        "ResourceNotFoundException": NotFoundError,
        "LimitExceeded": QuotaExceededError,
        # Secrets Manager's hard limits; botocore takes the name for throttling.
        "LimitExceededException": QuotaExceededError,
        "PreconditionNotMetException": ConflictError,
        # S3's: an object of that name exists; another is being written just now; no bucket.
        "PreconditionFailed": ConflictError,
        "ConditionalRequestConflict": UnavailableError,
        "NoSuchKey": NotFoundError,
        "NoSuchBucket": RejectedError,
        "DecryptionFailure": RejectedError,
        "EncryptionFailure": RejectedError,
        "EntityAlreadyExists": RejectedError,
        "InvalidAction": RejectedError,
        "InvalidInput": RejectedError,
        "InvalidParameterException": RejectedError,
        "InvalidRequestException": RejectedError,
        "MalformedPolicyDocumentException": RejectedError,
        "ResourceExistsException": RejectedError,
        "UnknownOperationException": RejectedError,
        "ValidationError": RejectedError,
        "ValidationException": RejectedError,
    }
)
"""AWS's error codes and our classes; a code that is missing here goes by its status."""

FAILURES: Mapping[type[Exception], type[RotatorError]] = MappingProxyType(
    {
        NoCredentialsError: AccessDeniedError,
        PartialCredentialsError: AccessDeniedError,
        SSOError: AccessDeniedError,
        TokenRetrievalError: AccessDeniedError,
        CredentialRetrievalError: UnavailableError,
        MetadataRetrievalError: UnavailableError,
        ConnectTimeoutError: UnavailableError,
        EndpointConnectionError: UnavailableError,
        ProxyConnectionError: UnavailableError,
        SSLError: UnavailableError,
        HTTPClientError: UnavailableError,
        ResponseParserError: UnavailableError,
        # botocore found our own request wrong: a parameter, a region, a service.
        BotoCoreError: RejectedError,
        # An answer that parses but is not this operation's.
        LookupError: UnavailableError,
        ValueError: UnavailableError,
    }
)
"""Exceptions without an answer of AWS's and our classes; the first that fits counts."""

CAUGHT: tuple[type[Exception], ...] = (RotatorError, ClientError, *FAILURES)
"""Everything that a call of botocore may raise, our own hooks' refusals included."""

_SIGNATURE_CODES = frozenset(
    {"SignatureDoesNotMatch", "InvalidSignatureException", "RequestExpired"}
)
_NOT_KNOWN = frozenset(
    {
        "AuthFailure",
        "ExpiredToken",
        "ExpiredTokenException",
        "IncompleteSignature",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "MissingAuthenticationToken",
        "MissingAuthenticationTokenException",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)
"""Codes that say who asks is not known, and nothing about what may be done."""

_WRONG_TIMES = ("Signature expired", "Signature not yet current", "Request has expired")
_CLOCK_HINT = "set this host's clock by NTP"
_NEVER_CONNECTED = (ConnectTimeoutError, EndpointConnectionError, ProxyConnectionError)


def error_code(error: ClientError) -> str:
    """Return AWS's own error code; empty when the answer has none."""
    return str(error.response.get("Error", {}).get("Code", ""))


def is_clock_error(error: ClientError) -> bool:
    """Whether AWS found the signature's time wrong: it says nothing of key or permission."""
    said = str(error.response.get("Error", {}).get("Message", ""))
    return error_code(error) in _SIGNATURE_CODES and said.startswith(_WRONG_TIMES)


def is_definite_answer(status: int, code: str) -> bool:
    """Whether an answer says for sure if the call took effect; most 5xx do not."""
    return status < _SERVER_ERROR or ERRORS.get(code) is ThrottledError


def is_definite_failure(error: Exception) -> bool:
    """Whether a failed attempt surely never reached AWS."""
    return isinstance(error, _NEVER_CONNECTED)


def translate(
    error: Exception, *, operation: str, subject: str, is_outcome_open: bool
) -> RotatorError:
    """Turn one of `CAUGHT` into our own error, with nothing of its text.

    Args:
        error: What botocore raised.
        operation: Service and operation, such as ``iam:CreateAccessKey``.
        subject: What the call was about.
        is_outcome_open: The call may change something, and an attempt left us
            without a definite answer.
    """
    kind, what, request = _reading(error)
    if is_outcome_open and kind is not NotFoundError:
        kind = OutcomeUnknownError
    suffix = f" (request {request})" if request else ""
    msg = f"{operation} failed: {what}{suffix}"
    if isinstance(error, ClientError) and is_clock_error(error) and kind is UnavailableError:
        return kind(msg, subject=subject, code="clock_skew", hint=_CLOCK_HINT)
    return kind(msg, subject=subject, hint=_hint(error, kind, operation))


def _hint(error: Exception, kind: type[RotatorError], operation: str) -> str:
    if isinstance(error, _NEVER_CONNECTED):
        return "see that this host reaches AWS, and what `aws.endpointUrl` says"
    if kind is not AccessDeniedError:
        return ""
    if not isinstance(error, ClientError) or error_code(error) in _NOT_KNOWN:
        return "give rotator credentials that work and have not expired"
    return f"let rotator's own identity do {operation}"


def _reading(error: Exception) -> tuple[type[RotatorError], str, str]:
    """Class, name and request id of an error."""
    if not isinstance(error, ClientError):
        kind = next(ours for theirs, ours in FAILURES.items() if isinstance(error, theirs))
        return kind, type(error).__name__, ""
    metadata = error.response.get("ResponseMetadata", {})
    status, code = int(metadata.get("HTTPStatusCode", 0)), error_code(error)
    if is_clock_error(error):
        return UnavailableError, code, str(metadata.get("RequestId", ""))
    kind = ERRORS.get(code) or _by_status(status)
    return kind, code or f"status {status}", str(metadata.get("RequestId", ""))


def _by_status(status: int) -> type[RotatorError]:
    if status == _TOO_MANY_REQUESTS:
        return ThrottledError
    return UnavailableError if status >= _SERVER_ERROR else RejectedError
