"""Webhooks on the wire: signed as Standard Webhooks says, bodies as CloudEvents says."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from datetime import datetime, timedelta

import pytest

from rotator.core.notices import Notice, Severity
from rotator.core.secret import Secret
from rotator.errors import RejectedError
from rotator.notify.channel import Verdict
from rotator.notify.cloud_events import cloud_event
from rotator.notify.webhook import Webhook
from rotator.testing.builders import at
from rotator.testing.manual_clock import ManualClock
from tests.notify.bench import Receiver, client, reply

KEY = b"0123456789abcdef0123456789abcdef"
SECRET = "whsec_" + base64.b64encode(KEY).decode()
NEXT = "whsec_" + base64.b64encode(KEY[::-1]).decode()
NOTICE = Notice(
    kind="key.disabled",
    severity=Severity.INFO,
    at=at(days=1),
    summary="key AKIA…0001 of ci-deployer in 111122223333 was disabled",
    provider="aws-iam",
    account="111122223333",
    principal="ci-deployer",
    key="AKIA…0001",
    what_next="it is deleted",
    next_at=at(days=3),
    record=41,
)


def is_signed(headers: dict[str, str], body: bytes, secret: str) -> bool:
    """Check as a receiver does that knows the specification and not our code."""
    key = base64.b64decode(secret.split("_", 1)[1])
    content = b".".join(
        [headers["webhook-id"].encode(), headers["webhook-timestamp"].encode(), body]
    )
    wanted = base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
    given = [part.split(",", 1) for part in headers["webhook-signature"].split(" ")]
    return any(
        version == "v1" and hmac.compare_digest(signature, wanted) for version, signature in given
    )


def told(receiver: Receiver, *secrets: str, times: int = 1) -> list[Verdict]:
    clock = ManualClock(at(days=2))
    with receiver.served(clock) as url, client(url, clock) as made:
        hook = Webhook(
            made,
            Secret(f"{url}/hook?token=hidden"),
            [Secret(secret) for secret in secrets or (SECRET,)],
            clock=clock,
            log="tests",
        )
        return [hook.tell("msg-1", NOTICE) for _ in range(times)]


def test_a_receiver_can_check_the_signature() -> None:
    receiver = Receiver()

    assert told(receiver) == [Verdict()]

    (got,) = receiver.got
    assert (got.method, got.path, got.query) == ("POST", "/hook", "token=hidden")
    assert got.headers["webhook-id"] == "msg-1"
    assert int(got.headers["webhook-timestamp"]) == int(at(days=2).timestamp())
    assert is_signed(dict(got.headers), got.body, SECRET)
    assert not is_signed(dict(got.headers), got.body + b" ", SECRET)
    assert not is_signed(dict(got.headers), got.body, NEXT)


def test_while_a_secret_is_replaced_receivers_know_either() -> None:
    receiver = Receiver()
    told(receiver, NEXT, SECRET)

    (got,) = receiver.got
    assert is_signed(dict(got.headers), got.body, SECRET)
    assert is_signed(dict(got.headers), got.body, NEXT)


def test_the_body_is_a_cloud_event() -> None:
    receiver = Receiver()
    told(receiver)

    (got,) = receiver.got
    event = json.loads(got.body)
    assert got.headers["content-type"] == "application/cloudevents+json"
    assert event["specversion"] == "1.0"
    assert event["id"] == "msg-1"
    assert event["source"] == "/rotator/tests"
    assert event["type"] == "dev.rotator.key.disabled.v1"
    assert datetime.fromisoformat(event["time"]) == at(days=1)
    assert event["subject"] == "aws-iam/111122223333/ci-deployer"
    assert event["sequence"] == "000000000041"
    assert (event["severitytext"], event["severitynumber"]) == ("INFO", 9)
    assert event["data"]["nextAt"] == "2026-01-04T00:00:00.000Z"
    assert event["data"]["key"] == "AKIA…0001"
    assert all(re.fullmatch("[a-z0-9]{1,20}", name) for name in event), "attribute names"
    assert "" not in event["data"].values()


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        (reply(204), Verdict()),
        (reply(410), Verdict(code="gone", is_final=True)),
        (reply(404), Verdict(code="not_found")),
        (reply(302, location="https://elsewhere.example/"), Verdict(code="redirected")),
        (
            reply(503, retry_after="120"),
            Verdict(code="status_503", retry_after=timedelta(minutes=2)),
        ),
        (
            reply(429, retry_after="60"),
            Verdict(code="throttled", retry_after=timedelta(minutes=1)),
        ),
    ],
    ids=["no content", "gone", "not found", "redirected", "down", "throttled"],
)
def test_what_an_answer_means(answer: object, verdict: Verdict) -> None:
    receiver = Receiver(answers=[answer])  # type: ignore[list-item]

    assert told(receiver) == [verdict]
    assert len(receiver.got) == 1


def test_of_a_digest_there_are_lines_and_no_subject() -> None:
    notice = Notice(
        kind="digest.ahead", severity=Severity.WARN, at=at(), summary="2 keys", items=("a", "b")
    )
    event = cloud_event("msg-2", notice, "tests")

    assert event["data"] == {"summary": "2 keys", "actor": "daemon", "items": ["a", "b"]}
    assert not {"subject", "sequence"} & event.keys()


def test_nobody_there_is_a_failure_and_no_exception() -> None:
    receiver, clock = Receiver(), ManualClock()
    with receiver.served(clock) as url:
        pass
    with client(url, clock) as made:
        hook = Webhook(made, Secret(url), [Secret(SECRET)], clock=clock, log="tests")
        assert hook.tell("msg-1", NOTICE) == Verdict(code="connect_failed")


def test_a_private_address_is_refused_unless_the_channel_allows_it() -> None:
    clock, receiver = ManualClock(), Receiver()
    with receiver.served(clock) as url:
        inside = url.replace("http:", "https:")
        with client(inside, clock, allow_private=False) as made:
            hook = Webhook(made, Secret(inside), [Secret(SECRET)], clock=clock, log="tests")
            assert hook.tell("msg-1", NOTICE) == Verdict(code="address_refused")
    assert receiver.got == []


@pytest.mark.parametrize(
    "secret", ["", "plain", "whsec_", "whsec_%%%", "whsec_c2hvcnQ=", "x" + SECRET]
)
def test_a_secret_that_cannot_sign_is_refused_and_not_repeated(secret: str) -> None:
    clock = ManualClock()
    with client("http://127.0.0.1:1", clock) as made, pytest.raises(RejectedError) as caught:
        Webhook(made, Secret("http://127.0.0.1:1"), [Secret(secret)], clock=clock, log="tests")
    assert caught.value.code == "bad_secret"
    assert not secret or f" {secret} " not in str(caught.value)
