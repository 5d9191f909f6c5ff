"""What each of AWS's errors means to us, row by row."""

from __future__ import annotations

import pytest
from botocore import exceptions as vendor
from botocore.parsers import ResponseParserError

from rotator.clients.aws_errors import (
    CAUGHT,
    ERRORS,
    FAILURES,
    is_definite_answer,
    is_definite_failure,
    translate,
)
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
from tests.adapters.aws.leaks import shown

CODES: dict[type[RotatorError], str] = {
    ThrottledError: """Throttling ThrottlingException ThrottledException RequestThrottled
        RequestThrottledException RequestLimitExceeded TooManyRequestsException
        PriorRequestNotComplete SlowDown""",
    UnavailableError: """ConcurrentModification EntityTemporarilyUnmodifiable
        ConditionalRequestConflict""",
    AccessDeniedError: """AccessDenied AccessDeniedException AuthFailure ExpiredToken
        ExpiredTokenException IncompleteSignature InvalidAccessKeyId InvalidClientTokenId
        InvalidSignatureException MissingAuthenticationToken
        MissingAuthenticationTokenException NotAuthorized OptInRequired
        RegionDisabledException RequestExpired SignatureDoesNotMatch
        UnrecognizedClientException""",
    NotFoundError: "NoSuchEntity NoSuchEntityException NoSuchKey ResourceNotFoundException",
    QuotaExceededError: "LimitExceeded LimitExceededException",
    ConflictError: "PreconditionFailed PreconditionNotMetException",
    RejectedError: """DecryptionFailure EncryptionFailure EntityAlreadyExists InvalidAction
        InvalidInput InvalidParameterException InvalidRequestException
        MalformedPolicyDocumentException NoSuchBucket ResourceExistsException
        UnknownOperationException ValidationError ValidationException""",
}
ROWS = [(code, kind) for kind, codes in CODES.items() for code in codes.split()]

REASON = ConnectionResetError("marker-in-the-cause")
NOT_SENT: list[Exception] = [
    vendor.ConnectTimeoutError(endpoint_url="u", error=REASON),
    vendor.EndpointConnectionError(endpoint_url="u", error=REASON),
    vendor.ProxyConnectionError(proxy_url="u", error=REASON),
]
SENT: list[Exception] = [
    vendor.ReadTimeoutError(endpoint_url="u", error=REASON),
    vendor.ConnectionClosedError(endpoint_url="u", request=None, error=REASON),
    vendor.SSLError(endpoint_url="u", error=REASON),
    vendor.HTTPClientError(error=REASON),
    vendor.ResponseStreamingError(error=REASON),
    ResponseParserError("marker-in-the-body"),
    KeyError("AccessKey"),
    ValueError("marker-in-the-body"),
]
OURS: list[tuple[Exception, type[RotatorError]]] = [
    (vendor.NoCredentialsError(), AccessDeniedError),
    (vendor.PartialCredentialsError(provider="env", cred_var="x"), AccessDeniedError),
    (vendor.UnauthorizedSSOTokenError(), AccessDeniedError),
    (vendor.TokenRetrievalError(provider="p", error_msg="m"), AccessDeniedError),
    (vendor.CredentialRetrievalError(provider="p", error_msg="m"), UnavailableError),
    (vendor.MetadataRetrievalError(error_msg="m"), UnavailableError),
    (vendor.ParamValidationError(report="marker-in-the-report"), RejectedError),
    (vendor.NoRegionError(), RejectedError),
]


def answer(code: str, status: int = 400, said: str = "marker-in-the-prose") -> vendor.ClientError:
    return vendor.ClientError(
        {
            "Error": {"Code": code, "Message": said},
            "ResponseMetadata": {
                "HTTPStatusCode": status,
                "RequestId": "req-1",
                "HTTPHeaders": {},
                "HostId": "",
                "RetryAttempts": 0,
            },
        },
        "CreateAccessKey",
    )


def ours(error: Exception, *, is_outcome_open: bool = False) -> RotatorError:
    assert isinstance(error, CAUGHT)
    return translate(
        error,
        operation="iam:CreateAccessKey",
        subject="alice",
        is_outcome_open=is_outcome_open,
    )


def test_every_code_of_the_table_is_spelt_out_here() -> None:
    assert dict(ROWS) == ERRORS


@pytest.mark.parametrize(("code", "kind"), ROWS)
def test_a_code_means_one_class(code: str, kind: type[RotatorError]) -> None:
    error = ours(answer(code))

    assert type(error) is kind
    assert error.code == kind.default_code
    assert error.subject == "alice"


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("SignatureDoesNotMatch", "Signature expired: marker is now earlier than"),
        ("InvalidSignatureException", "Signature not yet current: marker is still later than"),
        ("RequestExpired", "Request has expired. marker"),
    ],
)
def test_a_signature_of_the_wrong_time_blames_the_clock_and_no_permission(
    code: str, said: str
) -> None:
    error = ours(answer(code, 403, said))

    assert type(error) is UnavailableError
    assert (error.code, error.hint) == ("clock_skew", "set this host's clock by NTP")
    assert "marker" not in shown(error)


def test_a_mint_without_an_answer_stays_open_whatever_the_clock_says() -> None:
    late = answer("SignatureDoesNotMatch", 403, "Signature expired: marker")

    assert type(ours(late, is_outcome_open=True)) is OutcomeUnknownError


def test_a_message_names_operation_code_and_request_and_nothing_else() -> None:
    error = ours(answer("LimitExceeded", 409))

    assert str(error) == "iam:CreateAccessKey failed: LimitExceeded (request req-1)"
    assert "marker" not in shown(error)


def test_a_denial_says_what_to_grant() -> None:
    assert "iam:CreateAccessKey" in ours(answer("AccessDenied", 403)).hint


@pytest.mark.parametrize(
    "theirs",
    [answer("ExpiredToken", 403), answer("InvalidClientTokenId", 403), vendor.NoCredentialsError()],
)
def test_a_refused_identity_is_not_told_to_get_permissions(theirs: Exception) -> None:
    assert ours(theirs).hint == "give rotator credentials that work and have not expired"


def test_an_endpoint_that_is_not_reached_says_where_to_look() -> None:
    error = ours(vendor.EndpointConnectionError(endpoint_url="https://nowhere"))

    assert "aws.endpointUrl" in error.hint


@pytest.mark.parametrize(
    ("status", "kind"),
    [(500, UnavailableError), (503, UnavailableError), (429, ThrottledError), (418, RejectedError)],
)
def test_an_unknown_code_goes_by_its_status(status: int, kind: type[RotatorError]) -> None:
    assert type(ours(answer("Unheard", status))) is kind


def test_an_answer_without_a_code_names_its_status() -> None:
    assert str(ours(answer("", 502))) == "iam:CreateAccessKey failed: status 502 (request req-1)"


@pytest.mark.parametrize("error", [*NOT_SENT, *SENT], ids=lambda error: type(error).__name__)
def test_no_answer_to_a_reading_is_transient(error: Exception) -> None:
    assert type(ours(error)) is UnavailableError
    assert "marker" not in shown(ours(error))


@pytest.mark.parametrize(("error", "kind"), OURS, ids=lambda item: getattr(item, "__name__", ""))
def test_a_fault_on_our_side_is_told_apart(error: Exception, kind: type[RotatorError]) -> None:
    assert type(ours(error)) is kind
    assert "marker" not in shown(ours(error))


def test_every_kind_of_failure_is_tried_here() -> None:
    tried = {
        next(kind for kind in FAILURES if isinstance(error, kind))
        for error in (*NOT_SENT, *SENT, *(error for error, _ in OURS))
    }

    assert tried == set(FAILURES)


@pytest.mark.parametrize("error", NOT_SENT, ids=lambda error: type(error).__name__)
def test_what_never_connected_surely_did_nothing(error: Exception) -> None:
    assert is_definite_failure(error)


@pytest.mark.parametrize("error", SENT, ids=lambda error: type(error).__name__)
def test_what_broke_off_may_have_done_something(error: Exception) -> None:
    assert not is_definite_failure(error)


@pytest.mark.parametrize(
    ("status", "code", "is_definite"),
    [
        (200, "", True),
        (400, "Throttling", True),
        (403, "AccessDenied", True),
        (503, "SlowDown", True),
        (500, "ServiceFailure", False),
        (503, "", False),
    ],
)
def test_a_server_error_is_no_definite_answer(status: int, code: str, *, is_definite: bool) -> None:
    assert is_definite_answer(status, code) is is_definite


@pytest.mark.parametrize("error", [answer("Throttling"), answer("Unheard", 500), *SENT])
def test_an_open_outcome_stays_unknown_whatever_came_later(error: Exception) -> None:
    assert type(ours(error, is_outcome_open=True)) is OutcomeUnknownError


def test_what_does_not_exist_now_is_believed_even_then() -> None:
    assert type(ours(answer("NoSuchEntity", 404), is_outcome_open=True)) is NotFoundError
