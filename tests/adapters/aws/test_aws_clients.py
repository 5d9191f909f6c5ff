"""The clients: whom they act as, where they go, how often they try, what they refuse."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from types import SimpleNamespace
from typing import TYPE_CHECKING

import boto3
import botocore.session
import pytest
from pydantic import ValidationError

from rotator import __version__
from rotator.clients.aws import AwsClients, Purpose
from rotator.clients.aws_calls import provider_time
from rotator.clients.aws_config import AwsAccount, AwsConfig
from rotator.core.ids import AccountId, KeyId, RotationId
from rotator.core.secret import KeyMaterial, Secret
from rotator.errors import (
    AccessDeniedError,
    ConflictError,
    NotFoundError,
    OutcomeUnknownError,
    RejectedError,
    RotatorError,
    ThrottledError,
    UnavailableError,
)
from rotator.providers.aws_iam import AwsIamConfig, AwsIamProvider
from rotator.simulators.aws.shapes import FaultKind, FaultRule
from rotator.simulators.clock import SteppedClock
from tests.adapters.aws.cloud import ACCOUNT, OTHER_ACCOUNT, REGION
from tests.adapters.aws.leaks import shown
from tests.builders import EPOCH

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.adapters.aws.cloud import Cloud

MATERIAL = KeyMaterial(key_id=KeyId("AKIA" + "A" * 16), secret=Secret("x"))
ROTATION = RotationId("00000000-0000-0000-0000-0000000a11ce")
ROLE = f"arn:aws:iam::{OTHER_ACCOUNT}:role/keys/rotator"
MARKER = "marker+in/the+body"


@pytest.fixture
def provider(cloud: Cloud) -> AwsIamProvider:
    cloud.warm()
    return AwsIamProvider(AwsIamConfig(), cloud.clients)


@pytest.fixture
def answering() -> Iterator[Callable[[int, bytes], str]]:
    """A server that gives every request the answer that the test chose."""
    chosen: dict[str, tuple[int, bytes]] = {}

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            status, body = chosen["answer"]
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()

    def choose(status: int, body: bytes) -> str:
        chosen["answer"] = status, body
        return f"http://127.0.0.1:{server.server_port}"

    yield choose
    server.shutdown()
    thread.join()
    server.server_close()


# ------------------------------------------------------------------ where, and who


def test_every_client_goes_where_the_configuration_says(cloud: Cloud) -> None:
    clients = cloud.clients
    made = [
        *(clients.iam(ACCOUNT, purpose) for purpose in Purpose),
        clients.secrets(ACCOUNT, REGION),
        clients.probe(REGION, MATERIAL),
    ]

    assert {client.meta.endpoint_url for client in made} == {cloud.aws.url}
    assert cloud.aws.url.startswith("http://127.0.0.1:")


def test_the_endpoint_of_one_service_wins(cloud: Cloud) -> None:
    clients = cloud.new_clients(endpoint_urls={"secretsmanager": "http://127.0.0.1:9"})

    assert clients.iam(ACCOUNT, Purpose.SCAN).meta.endpoint_url == cloud.aws.url
    assert clients.secrets(ACCOUNT, REGION).meta.endpoint_url == "http://127.0.0.1:9"


def test_the_environments_endpoints_work_where_none_is_configured(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", cloud.aws.url)
    monkeypatch.setenv("AWS_ENDPOINT_URL_SECRETS_MANAGER", "http://127.0.0.1:9")
    clients = cloud.new_clients(endpoint_url=None)

    assert clients.iam(ACCOUNT, Purpose.SCAN).meta.endpoint_url == cloud.aws.url
    assert clients.secrets(ACCOUNT, REGION).meta.endpoint_url == "http://127.0.0.1:9"


def test_secrets_are_regional_and_default_to_the_accounts_region(cloud: Cloud) -> None:
    clients = cloud.new_clients(accounts={ACCOUNT: {"region": "eu-west-1"}})

    assert clients.secrets(ACCOUNT, "us-west-2").meta.region_name == "us-west-2"
    assert clients.secrets(ACCOUNT, "").meta.region_name == "eu-west-1"
    assert clients.iam(ACCOUNT, Purpose.SCAN).meta.region_name == "eu-west-1"


def test_threads_share_one_client_for_each_purpose(cloud: Cloud) -> None:
    cloud.warm()
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: cloud.clients.iam(ACCOUNT, Purpose.MINT), range(32)))

    assert len({id(client) for client in made}) == 1
    assert made[0] is not cloud.clients.iam(ACCOUNT, Purpose.SCAN)


def test_an_account_that_is_not_configured_is_refused(cloud: Cloud) -> None:
    with pytest.raises(RejectedError) as caught:
        cloud.clients.iam(OTHER_ACCOUNT, Purpose.SCAN)

    assert caught.value.code == "unknown_account"


def test_our_own_identity_is_never_used_for_another_account(cloud: Cloud) -> None:
    clients = cloud.new_clients(accounts={OTHER_ACCOUNT: {}})

    with pytest.raises(AccessDeniedError) as caught:
        clients.iam(OTHER_ACCOUNT, Purpose.SCAN)

    assert caught.value.code == "wrong_account"
    assert [call.operation for call in cloud.calls()] == ["GetCallerIdentity"]


def test_our_own_identity_is_asked_for_its_account_once(cloud: Cloud) -> None:
    for purpose in Purpose:
        cloud.clients.iam(ACCOUNT, purpose)
    cloud.clients.secrets(ACCOUNT, REGION)

    assert len(cloud.calls("GetCallerIdentity")) == 1


def test_a_process_without_credentials_is_denied(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID", raising=False)
    config = AwsConfig(accounts={ACCOUNT: AwsAccount()}, endpoint_url=cloud.aws.url)
    clients = AwsClients(config, cloud.clock)

    with pytest.raises(AccessDeniedError):
        clients.iam(ACCOUNT, Purpose.SCAN)


def test_an_account_with_a_role_is_entered_by_it(cloud: Cloud) -> None:
    cloud.aws.seed(OTHER_ACCOUNT)
    clients = cloud.new_clients(accounts={OTHER_ACCOUNT: {"roleArn": ROLE}})
    iam = clients.iam(OTHER_ACCOUNT, Purpose.SCAN)
    clients.run(lambda: iam.list_users(), subject="test")

    assumed, listed = cloud.calls()
    assert (assumed.operation, assumed.account_id) == ("AssumeRole", ACCOUNT)
    assert (listed.operation, listed.account_id) == ("ListUsers", OTHER_ACCOUNT)


def test_a_role_is_assumed_again_before_its_session_ends(cloud: Cloud) -> None:
    cloud.aws.seed(OTHER_ACCOUNT)
    clients = cloud.new_clients(accounts={OTHER_ACCOUNT: {"roleArn": ROLE}})
    first = clients.iam(OTHER_ACCOUNT, Purpose.SCAN)

    cloud.clock.sleep(timedelta(minutes=45).total_seconds())
    assert clients.iam(OTHER_ACCOUNT, Purpose.SCAN) is first
    cloud.clock.sleep(timedelta(minutes=10).total_seconds())
    second = clients.iam(OTHER_ACCOUNT, Purpose.SCAN)
    cloud.clock.sleep(timedelta(minutes=10).total_seconds())

    assert second is not first
    assert clients.run(lambda: second.list_users()["Users"], subject="test") == []
    assert len(cloud.calls("AssumeRole")) == 2


def test_a_role_that_may_not_be_assumed_is_named(cloud: Cloud) -> None:
    clients = cloud.new_clients(accounts={OTHER_ACCOUNT: {"roleArn": ROLE}})

    with (
        cloud.failing(FaultKind.ACCESS_DENIED),
        pytest.raises(AccessDeniedError) as caught,
    ):
        clients.iam(OTHER_ACCOUNT, Purpose.MINT)

    assert caught.value.subject == ROLE


def test_a_role_of_another_account_is_a_fault_of_the_configuration() -> None:
    with pytest.raises(ValidationError, match="another account"):
        AwsConfig.model_validate({"accounts": {ACCOUNT: {"roleArn": ROLE}}})


def test_the_configuration_is_frozen_and_knows_its_fields() -> None:
    with pytest.raises(ValidationError):
        AwsConfig.model_validate({"acounts": {}})
    with pytest.raises(ValidationError):
        AwsConfig().read_only = True  # type: ignore[misc]
    assert AwsConfig().region_of("999999999999") == "us-east-1"


# ---------------------------------------------------------------- how often it tries


def test_each_purpose_names_its_retry_mode(cloud: Cloud) -> None:
    clients = cloud.new_clients(attempts=4, max_pool_connections=32)
    modes = {
        purpose: (
            clients.iam(ACCOUNT, purpose).meta.config.retries["mode"],
            clients.iam(ACCOUNT, purpose).meta.config.retries["total_max_attempts"],
        )
        for purpose in Purpose
    }

    assert modes == {
        Purpose.SCAN: ("adaptive", 4),
        Purpose.MUTATE: ("standard", 4),
        Purpose.MINT: ("standard", 1),
    }
    assert clients.iam(ACCOUNT, Purpose.MINT).meta.config.read_timeout == 15
    assert clients.iam(ACCOUNT, Purpose.MINT).meta.config.max_pool_connections == 32
    assert clients.secrets(ACCOUNT, REGION).meta.config.retries["mode"] == "standard"


@pytest.mark.parametrize(
    "kind", [FaultKind.LOSE_ANSWER, FaultKind.LOSE_REQUEST, FaultKind.SERVER_ERROR]
)
def test_a_mint_is_one_request_whatever_becomes_of_it(
    cloud: Cloud, provider: AwsIamProvider, kind: FaultKind
) -> None:
    user = cloud.new_user()
    with cloud.failing(kind), pytest.raises(OutcomeUnknownError):
        provider.create_key(user, ROTATION, not_after=cloud.soon())

    assert len(cloud.calls("CreateAccessKey")) == 1
    assert len(cloud.user(user.name).keys) == (1 if kind is FaultKind.LOSE_ANSWER else 0)


def test_a_throttled_mint_is_not_tried_again_either(
    cloud: Cloud, provider: AwsIamProvider
) -> None:
    user = cloud.new_user()
    with cloud.failing(FaultKind.THROTTLE), pytest.raises(ThrottledError):
        provider.create_key(user, ROTATION, not_after=cloud.soon())

    assert len(cloud.calls("CreateAccessKey")) == 1


def test_a_mint_that_is_answered_too_late_is_unknown(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rotator.clients.aws._MINT_READ_TIMEOUT_SECONDS", 0.2)
    cloud.warm()
    user = cloud.new_user()
    cloud.aws.add_fault(
        FaultRule(kind=FaultKind.DELAY_ANSWER, operation="CreateAccessKey", seconds=0.6)
    )

    with pytest.raises(OutcomeUnknownError):
        AwsIamProvider(AwsIamConfig(), cloud.clients).create_key(
            user, ROTATION, not_after=cloud.soon()
        )

    assert len(cloud.calls("CreateAccessKey")) == 1


def test_a_mint_that_reached_nobody_surely_made_nothing(cloud: Cloud) -> None:
    cloud.warm()
    user = cloud.new_user()
    clients = cloud.new_clients(endpoint_urls={"iam": "http://127.0.0.1:9"})

    with pytest.raises(UnavailableError):
        AwsIamProvider(AwsIamConfig(), clients).create_key(user, ROTATION, not_after=cloud.soon())


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, f"<html><p>{MARKER}</html>"),
        (200, f"<CreateAccessKeyResponse><Other>{MARKER}</Other></CreateAccessKeyResponse>"),
        (
            200,
            "<CreateAccessKeyResponse><CreateAccessKeyResult><AccessKey>"
            f"<AccessKeyId>AKIA</AccessKeyId><SecretAccessKey>{MARKER}</SecretAccessKey>"
            "<CreateDate>not a date</CreateDate>"
            "</AccessKey></CreateAccessKeyResult></CreateAccessKeyResponse>",
        ),
        (200, ""),
        (502, f"<html>{MARKER}</html>"),
        (500, f"{MARKER} &"),
    ],
)
def test_an_answer_that_cannot_be_read_is_unknown_and_is_not_quoted(
    cloud: Cloud, answering: Callable[[int, bytes], str], status: int, body: str
) -> None:
    user = cloud.new_user()
    clients = cloud.new_clients(endpoint_urls={"iam": answering(status, body.encode())})
    provider = AwsIamProvider(AwsIamConfig(), clients)

    with pytest.raises(OutcomeUnknownError) as caught:
        provider.create_key(user, ROTATION, not_after=cloud.soon())

    assert MARKER not in shown(caught.value)
    assert caught.value.__context__ is None


def test_a_listing_that_cannot_be_read_is_transient(
    cloud: Cloud, answering: Callable[[int, bytes], str]
) -> None:
    clients = cloud.new_clients(endpoint_urls={"iam": answering(200, b"<html>")}, attempts=1)

    with pytest.raises(UnavailableError):
        list(AwsIamProvider(AwsIamConfig(), clients).principals(ACCOUNT))


def test_a_change_is_tried_again_after_a_server_error(
    cloud: Cloud, provider: AwsIamProvider
) -> None:
    user = cloud.new_user(keys=[{}])
    key = KeyId(cloud.user(user.name).keys[0].access_key_id)
    cloud.fault(FaultKind.SERVER_ERROR, times=1)

    provider.disable_key(user, key, not_after=cloud.soon())

    assert cloud.user(user.name).keys[0].status == "Inactive"
    assert [call.status for call in cloud.calls("UpdateAccessKey")] == [500, 200]


def test_a_change_whose_answer_got_lost_is_unknown_whatever_its_repeat_is_told(
    cloud: Cloud, provider: AwsIamProvider
) -> None:
    user = cloud.new_user(keys=[{}])
    key = KeyId(cloud.user(user.name).keys[0].access_key_id)
    cloud.fault(FaultKind.LOSE_ANSWER, times=1)
    cloud.fault(FaultKind.THROTTLE)

    with pytest.raises(OutcomeUnknownError):
        provider.disable_key(user, key, not_after=cloud.soon())


# --------------------------------------------------------------------- what it refuses


def test_nothing_is_sent_after_its_time(cloud: Cloud, provider: AwsIamProvider) -> None:
    user = cloud.new_user()
    with pytest.raises(ConflictError) as caught:
        provider.create_key(user, ROTATION, not_after=cloud.soon(-1))

    assert caught.value.code == "too_late"
    assert cloud.calls() == []


def test_the_last_instant_is_still_in_time(cloud: Cloud, provider: AwsIamProvider) -> None:
    provider.create_key(cloud.new_user(), ROTATION, not_after=cloud.clock.now())

    assert len(cloud.calls("CreateAccessKey")) == 1


@pytest.mark.parametrize(
    ("first", "expected"),
    [(FaultKind.THROTTLE, ConflictError), (FaultKind.LOSE_ANSWER, OutcomeUnknownError)],
)
def test_a_repeat_after_its_time_is_not_sent_either(
    cloud: Cloud,
    provider: AwsIamProvider,
    monkeypatch: pytest.MonkeyPatch,
    first: FaultKind,
    expected: type[RotatorError],
) -> None:
    user = cloud.new_user(keys=[{}])
    key = KeyId(cloud.user(user.name).keys[0].access_key_id)
    cloud.fault(first, times=1)

    def pause(seconds: float) -> None:
        cloud.clock.sleep(120)

    monkeypatch.setattr("botocore.endpoint.time", SimpleNamespace(sleep=pause))
    with pytest.raises(expected):
        provider.delete_key(user, key, not_after=cloud.soon())

    assert len(cloud.calls("DeleteAccessKey")) == 1


def test_a_read_only_process_sends_no_change(cloud: Cloud) -> None:
    user = cloud.new_user(keys=[{}])
    key = KeyId(cloud.user(user.name).keys[0].access_key_id)
    clients = cloud.new_clients(read_only=True)
    provider = AwsIamProvider(AwsIamConfig(), clients)
    secrets = clients.secrets(ACCOUNT, REGION)
    cloud.aws.clear_calls()

    changes: list[Callable[[], object]] = [
        lambda: provider.create_key(user, ROTATION, not_after=cloud.soon()),
        lambda: provider.delete_key(user, key, not_after=cloud.soon()),
        lambda: provider.disable_key(user, key, not_after=cloud.soon()),
        lambda: provider.mark_key(user, key, ROTATION),
        lambda: secrets.create_secret(Name="x"),
        lambda: secrets.put_secret_value(SecretId="x", SecretString="y"),
    ]
    for change in changes:
        with pytest.raises(RejectedError) as caught:
            change()
        assert caught.value.code == "read_only"
    assert cloud.calls() == []
    assert provider.list_keys(user).ids == (key,)


# ------------------------------------------------------------------- what it leaves behind


def test_the_user_agent_names_us_and_a_mints_rotation(
    cloud: Cloud, provider: AwsIamProvider
) -> None:
    user = cloud.new_user()
    provider.create_key(user, ROTATION, not_after=cloud.soon())
    provider.list_keys(user)

    minted, *others = cloud.calls()
    assert f"rotator/{__version__}" in minted.user_agent
    assert minted.user_agent.endswith(f"rotation/{ROTATION}")
    assert all(f"rotator/{__version__}" in call.user_agent for call in others)
    assert not any("rotation/" in call.user_agent for call in others)


def test_every_call_is_told_with_its_request(cloud: Cloud, provider: AwsIamProvider) -> None:
    user = cloud.new_user()
    cloud.told.calls.clear()
    provider.create_key(user, ROTATION, not_after=cloud.soon())
    with pytest.raises(NotFoundError):
        provider.enable_key(user, KeyId("AKIA" + "B" * 16), not_after=cloud.soon())
    with cloud.failing(FaultKind.LOSE_ANSWER), pytest.raises(OutcomeUnknownError):
        provider.create_key(user, ROTATION, not_after=cloud.soon())

    assert [call[:3] for call in cloud.told.calls] == [
        ("iam", "CreateAccessKey", ""),
        ("iam", "UpdateAccessKey", "NoSuchEntity"),
        ("iam", "CreateAccessKey", "ConnectionClosedError"),
    ]
    assert cloud.told.calls[-1][3] == ""
    assert all(call[4] >= 0 for call in cloud.told.calls)


def test_no_secret_is_logged_even_at_debug(
    cloud: Cloud, caplog: pytest.LogCaptureFixture
) -> None:
    user = cloud.new_user()
    with caplog.at_level(logging.DEBUG):
        provider = AwsIamProvider(AwsIamConfig(), cloud.new_clients())
        minted = provider.create_key(user, ROTATION, not_after=cloud.soon())
        cloud.settle()
        provider.verify(user, minted.material)

    assert minted.material.secret.reveal() not in caplog.text


def test_clients_can_be_used_outside_of_a_run(cloud: Cloud) -> None:
    assert cloud.clients.iam(ACCOUNT, Purpose.SCAN).list_users()["Users"] == []


def test_the_providers_time_is_its_date_header() -> None:
    answer = {"ResponseMetadata": {"HTTPHeaders": {"date": "Thu, 01 Jan 2026 00:00:00 GMT"}}}

    assert provider_time(answer) == EPOCH
    with pytest.raises(LookupError):
        provider_time({"ResponseMetadata": {"HTTPHeaders": {}}})
    with pytest.raises(ValueError, match="date"):
        provider_time({"ResponseMetadata": {"HTTPHeaders": {"date": "yesterday"}}})


def test_clients_without_a_session_take_the_processes_own(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin = cloud.seeded.admin
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", admin.access_key_id)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", admin.secret_access_key)
    config = AwsConfig(accounts={ACCOUNT: AwsAccount()}, endpoint_url=cloud.aws.url)
    clients = AwsClients(config, cloud.clock)

    assert clients.iam(ACCOUNT, Purpose.SCAN).list_users()["Users"] == []
