"""A call: how often it is tried, when it is refused, what it leaves behind."""

from __future__ import annotations

import logging
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from rotator import __version__
from rotator.clients.aws_calls import provider_time
from rotator.core.ids import KeyId, RotationId
from rotator.errors import (
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
from tests.adapters.aws.cloud import ACCOUNT, REGION
from tests.adapters.aws.leaks import shown
from tests.builders import EPOCH

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.adapters.aws.cloud import Cloud

ROTATION = RotationId("00000000-0000-0000-0000-0000000a11ce")
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


# ---------------------------------------------------------------- how often it tries


@pytest.mark.parametrize(
    "kind", [FaultKind.LOSE_ANSWER, FaultKind.LOSE_REQUEST, FaultKind.SERVER_ERROR]
)
def test_a_mint_is_one_request_whatever_becomes_of_it(
    cloud: Cloud, provider: AwsIamProvider, kind: FaultKind
) -> None:
    user = cloud.new_user()
    with cloud.failing(kind), pytest.raises(OutcomeUnknownError):
        provider.create_key(user, ROTATION, replaces=None, not_after=cloud.soon())

    assert len(cloud.calls("CreateAccessKey")) == 1
    assert len(cloud.user(user.name).keys) == (1 if kind is FaultKind.LOSE_ANSWER else 0)


def test_a_throttled_mint_is_not_tried_again_either(cloud: Cloud, provider: AwsIamProvider) -> None:
    user = cloud.new_user()
    with cloud.failing(FaultKind.THROTTLE), pytest.raises(ThrottledError):
        provider.create_key(user, ROTATION, replaces=None, not_after=cloud.soon())

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
            user, ROTATION, replaces=None, not_after=cloud.soon()
        )

    assert len(cloud.calls("CreateAccessKey")) == 1


def test_a_mint_that_reached_nobody_surely_made_nothing(cloud: Cloud) -> None:
    cloud.warm()
    user = cloud.new_user()
    clients = cloud.new_clients(endpoint_urls={"iam": "http://127.0.0.1:9"})

    with pytest.raises(UnavailableError):
        AwsIamProvider(AwsIamConfig(), clients).create_key(
            user, ROTATION, replaces=None, not_after=cloud.soon()
        )


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, f"<html><p>{MARKER}</html>"),
        (200, f"<CreateAccessKeyResponse><Other>{MARKER}</Other></CreateAccessKeyResponse>"),
        (
            200,
            (
                "<CreateAccessKeyResponse><CreateAccessKeyResult><AccessKey>"
                f"<AccessKeyId>AKIA</AccessKeyId><SecretAccessKey>{MARKER}</SecretAccessKey>"
                "<CreateDate>not a date</CreateDate>"
                "</AccessKey></CreateAccessKeyResult></CreateAccessKeyResponse>"
            ),
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
        provider.create_key(user, ROTATION, replaces=None, not_after=cloud.soon())

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
        provider.create_key(user, ROTATION, replaces=None, not_after=cloud.soon(-1))

    assert caught.value.code == "too_late"
    assert cloud.calls() == []


def test_the_last_instant_is_still_in_time(cloud: Cloud, provider: AwsIamProvider) -> None:
    provider.create_key(cloud.new_user(), ROTATION, replaces=None, not_after=cloud.clock.now())

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
        lambda: provider.create_key(user, ROTATION, replaces=None, not_after=cloud.soon()),
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
    provider.create_key(user, ROTATION, replaces=None, not_after=cloud.soon())
    provider.list_keys(user)

    minted, *others = cloud.calls()
    assert f"rotator/{__version__}" in minted.user_agent
    assert minted.user_agent.endswith(f"rotation/{ROTATION}")
    assert all(f"rotator/{__version__}" in call.user_agent for call in others)
    assert not any("rotation/" in call.user_agent for call in others)


def test_every_call_is_told_with_its_request(cloud: Cloud, provider: AwsIamProvider) -> None:
    user = cloud.new_user()
    cloud.told.calls.clear()
    cloud.told.changes.clear()
    provider.list_keys(user)
    assert not cloud.told.changes
    cloud.told.calls.clear()
    provider.create_key(user, ROTATION, replaces=None, not_after=cloud.soon())
    with pytest.raises(NotFoundError):
        provider.enable_key(user, KeyId("AKIA" + "B" * 16), not_after=cloud.soon())
    with cloud.failing(FaultKind.LOSE_ANSWER), pytest.raises(OutcomeUnknownError):
        provider.create_key(user, ROTATION, replaces=None, not_after=cloud.soon())

    assert [call[:3] for call in cloud.told.calls] == [
        ("iam", "CreateAccessKey", ""),
        ("iam", "UpdateAccessKey", "NoSuchEntity"),
        ("iam", "CreateAccessKey", "ConnectionClosedError"),
    ]
    assert cloud.told.calls[-1][3] == ""
    assert cloud.told.changes == [call[1] for call in cloud.told.calls]
    assert all(call[4] >= 0 for call in cloud.told.calls)


def test_no_secret_is_logged_even_at_debug(cloud: Cloud, caplog: pytest.LogCaptureFixture) -> None:
    user = cloud.new_user()
    with caplog.at_level(logging.DEBUG):
        provider = AwsIamProvider(AwsIamConfig(), cloud.new_clients())
        minted = provider.create_key(user, ROTATION, replaces=None, not_after=cloud.soon())
        cloud.settle()
        provider.verify(user, minted.material)

    assert minted.material.secret.reveal() not in caplog.text


def test_the_providers_time_is_its_date_header() -> None:
    answer = {"ResponseMetadata": {"HTTPHeaders": {"date": "Thu, 01 Jan 2026 00:00:00 GMT"}}}

    assert provider_time(answer) == EPOCH
    with pytest.raises(LookupError):
        provider_time({"ResponseMetadata": {"HTTPHeaders": {}}})
    with pytest.raises(ValueError, match="date"):
        provider_time({"ResponseMetadata": {"HTTPHeaders": {"date": "yesterday"}}})
