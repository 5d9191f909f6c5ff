"""The credential report: made when there is none, read as it is, and never guessed at."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.stub import Stubber

from rotator.clients.aws_report import credential_report, parse_report
from rotator.core.ids import Instant
from rotator.errors import AccessDeniedError, ThrottledError, UnavailableError
from rotator.providers.aws_iam import AwsIamConfig, AwsIamProvider
from rotator.simulators.aws.shapes import FaultKind
from tests.adapters.aws.cloud import ACCOUNT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_iam import IAMClient

    from tests.adapters.aws.cloud import Cloud

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
HEADER = (
    "user,arn,password_enabled,access_key_1_active,access_key_1_last_rotated,"
    "access_key_2_active,access_key_2_last_rotated"
)
MADE = "2026-01-02T03:04:05+00:00"


def row(name: str, *, password: str = "false", first: str = "false,N/A", second: str = "") -> str:
    return (
        f"{name},arn:aws:iam::{ACCOUNT}:user/svc/{name},{password},{first},{second or 'false,N/A'}"
    )


def report(*rows: str) -> str:
    return "\n".join((HEADER, *rows)) + "\n"


# ---------------------------------------------------------------------------- parsing


def test_a_slot_holds_a_key_if_it_is_active_or_has_a_date() -> None:
    text = report(
        row("none"),
        row("active", first=f"true,{MADE}"),
        row("off", first=f"false,{MADE}"),
        row("undated", second="true,N/A"),
        row("unclear", first="no_information,N/A"),
        row("two", first=f"true,{MADE}", second="false,2025-01-01T00:00:00+00:00"),
    )

    found = parse_report(text, Instant(NOW)).principals

    assert {name: item.keys for name, item in found.items()} == {
        "none": 0,
        "active": 1,
        "off": 1,
        "undated": 1,
        "unclear": 1,
        "two": 2,
    }
    assert found["two"].oldest_at == datetime(2025, 1, 1, tzinfo=UTC)
    assert found["undated"].oldest_at is None


def test_names_with_odd_characters_are_read() -> None:
    names = ["a.b@example.com", "x=y", "+plus", "under_score", "dash-"]
    quoted = f'"a,b","arn:aws:iam::{ACCOUNT}:user/svc/a,b",true,false,N/A,false,N/A'
    text = report(*map(row, names), quoted)

    found = parse_report(text, Instant(NOW)).principals

    assert set(found) == {*names, "a,b"}
    assert found["a,b"].has_password


def test_a_line_whose_columns_are_shifted_says_nothing() -> None:
    shifted = f"a,b,arn:aws:iam::{ACCOUNT}:user/svc/a,b,true,false,N/A,false,N/A"
    dropped = f"a,{ACCOUNT},arn:aws:iam::{ACCOUNT}:user/svc/x,false,N/A,false,N/A"
    torn = '"a'
    huge = '"' + "a" * 200_000

    found = parse_report(report(shifted, dropped, torn, huge, row("ci")), Instant(NOW))

    assert set(found.principals) == {"ci"}


def test_root_is_no_user_and_its_keys_are_counted() -> None:
    root = f"<root_account>,arn:aws:iam::{ACCOUNT}:root,not_supported,true,{MADE},false,N/A"

    found = parse_report(report(root), Instant(NOW))

    assert found.root_keys == 1
    assert found.principals == {}


def test_a_report_without_its_columns_is_none() -> None:
    with pytest.raises(LookupError):
        parse_report("user,arn\nci,arn:aws:iam::1:user/ci\n", Instant(NOW))
    with pytest.raises(ValueError, match="month"):
        parse_report(report(row("ci", first="true,2026-99-99")), Instant(NOW))
    assert parse_report("", Instant(NOW)).principals == {}


# ---------------------------------------------------------------------------- getting


class Desk:
    """An IAM client whose answers are written down beforehand."""

    def __init__(self) -> None:
        self.client: IAMClient = boto3.client(
            "iam", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x"
        )
        self.stub = Stubber(self.client)
        self.pauses: list[float] = []

    def has(self, age: timedelta) -> Desk:
        answer: dict[str, Any] = {
            "Content": report(row("ci")).encode(),
            "ReportFormat": "text/csv",
            "GeneratedTime": NOW - age,
            "ResponseMetadata": {"HTTPHeaders": {"date": format_datetime(NOW, usegmt=True)}},
        }
        self.stub.add_response("get_credential_report", answer)
        return self

    def has_none(self, code: str = "ReportNotPresent") -> Desk:
        self.stub.add_client_error("get_credential_report", code)
        return self

    def makes_one(self) -> Desk:
        self.stub.add_response("generate_credential_report", {"State": "STARTED"})
        return self

    def makes_none(self, code: str) -> Desk:
        self.stub.add_client_error("generate_credential_report", code)
        return self

    def taken(self) -> timedelta:
        """Get a report, and tell its age; every answer must have been asked for."""
        with self.stub:
            found = credential_report(self.client, self.pauses.append)
            self.stub.assert_no_pending_responses()
        return NOW - found.taken_at


@pytest.fixture
def desk() -> Iterator[Desk]:
    made = Desk()
    yield made
    made.client.close()


def test_a_report_that_exists_is_taken_as_it_is(desk: Desk) -> None:
    assert desk.has(3 * HOUR).taken() == 3 * HOUR
    assert desk.pauses == []


@pytest.mark.parametrize("code", ["ReportNotPresent", "ReportExpired", "ReportInProgress"])
def test_one_is_made_and_waited_for_where_there_is_none(desk: Desk, code: str) -> None:
    desk.has_none(code).makes_one().has_none("ReportInProgress").has(timedelta(0))

    assert desk.taken() == timedelta(0)
    assert desk.pauses == [2.0]


def test_one_that_is_too_old_is_made_anew(desk: Desk) -> None:
    assert desk.has(5 * HOUR).makes_one().has(5 * HOUR).has(timedelta(0)).taken() == timedelta(0)


@pytest.mark.parametrize("code", ["LimitExceeded", "Throttling"])
def test_an_old_one_is_better_than_none_where_aws_makes_no_other(desk: Desk, code: str) -> None:
    assert desk.has(5 * HOUR).makes_none(code).taken() == 5 * HOUR


def test_it_is_not_waited_for_for_ever(desk: Desk) -> None:
    desk.has_none().makes_one()
    for _ in range(8):
        desk.has_none("ReportInProgress")

    with pytest.raises(UnavailableError) as caught:
        desk.taken()
    assert caught.value.code == "report_not_ready"
    assert sum(desk.pauses) == 16


def test_a_refusal_to_make_one_is_told(desk: Desk) -> None:
    with pytest.raises(UnavailableError):
        desk.has_none().makes_none("LimitExceeded").taken()


# ------------------------------------------------------------------------- through AWS


@pytest.fixture
def provider(cloud: Cloud) -> AwsIamProvider:
    cloud.warm()
    return AwsIamProvider(AwsIamConfig(), cloud.clients)


def test_the_first_look_at_an_account_takes_three_calls_and_the_next_ones_one(
    cloud: Cloud, provider: AwsIamProvider
) -> None:
    user = cloud.new_user(keys=[{}, {"status": "Inactive"}])

    found = provider.survey(ACCOUNT)
    first = [call.operation for call in cloud.calls()]
    provider.survey(ACCOUNT)

    assert found.principals[user.name].keys == 2
    assert first[0] == "GetCredentialReport"
    assert first[1] == "GenerateCredentialReport"
    assert len(cloud.calls()) == len(first) + 1


def test_root_keys_of_an_account_are_seen(cloud: Cloud, provider: AwsIamProvider) -> None:
    cloud.aws.seed(ACCOUNT, root_key_active=True)

    assert provider.survey(ACCOUNT).root_keys == 1


def test_a_process_that_only_reads_may_have_a_report_made(cloud: Cloud) -> None:
    clients = cloud.new_clients(read_only=True)

    assert AwsIamProvider(AwsIamConfig(), clients).survey(ACCOUNT).root_keys == 0


@pytest.mark.parametrize("operation", ["GetCredentialReport", "GenerateCredentialReport"])
def test_a_denied_report_is_access_denied(
    cloud: Cloud, provider: AwsIamProvider, operation: str
) -> None:
    cloud.fault(FaultKind.ACCESS_DENIED, operation)

    with pytest.raises(AccessDeniedError):
        provider.survey(ACCOUNT)


def test_a_throttled_report_is_throttled(cloud: Cloud, provider: AwsIamProvider) -> None:
    cloud.fault(FaultKind.THROTTLE, "GetCredentialReport")

    with pytest.raises(ThrottledError):
        provider.survey(ACCOUNT)
