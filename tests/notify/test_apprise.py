"""Apprise on the wire: with its own plug-in for JSON, against a real server."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from rotator.core.notices import Notice, Severity
from rotator.core.secret import Secret
from rotator.errors import RejectedError
from rotator.notify.channel import Verdict
from rotator.testing.builders import at
from rotator.testing.manual_clock import ManualClock
from tests.notify.bench import Receiver, reply

if TYPE_CHECKING:
    from rotator.notify.apprise import AppriseChannel

pytest.importorskip("apprise", reason="the extra `apprise` is not installed")

# One of Apprise's plug-ins imports it, where Python still has it.
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")

NOTICE = Notice(
    kind="rotation.halted",
    severity=Severity.ERROR,
    at=at(days=1),
    summary="the rotation of ci-deployer in 111122223333 stands still",
    command="rotator rotations list",
    items=("one", "two"),
)


def channel(url: str) -> AppriseChannel:
    from rotator.notify.apprise import AppriseChannel  # noqa: PLC0415 - the package is an extra

    return AppriseChannel(Secret(url))


@pytest.mark.parametrize(
    ("status", "verdict"), [(200, Verdict()), (500, Verdict(code="apprise_failed"))]
)
def test_people_are_told_in_words(status: int, verdict: Verdict) -> None:
    receiver = Receiver(answers=[reply(status)])
    with receiver.served(ManualClock()) as url:
        made = channel(url.replace("http:", "json:") + "/told")
        assert made.tell("msg-1", NOTICE) == verdict

    (got,) = receiver.got
    body = json.loads(got.body)
    assert body["title"] == "rotator ERROR: rotation halted"
    assert body["type"] == "failure"
    assert body["message"].splitlines() == [
        "the rotation of ci-deployer in 111122223333 stands still",
        "one",
        "two",
        "Type: rotator rotations list",
        "2026-01-02 00:00 UTC",
    ]


@pytest.mark.parametrize("name", ["@everyone", "@Here", "<!channel>", "<@U024BE7LH>", "<#C024>"])
def test_a_principals_name_calls_nobody(name: str) -> None:
    receiver = Receiver()
    with receiver.served(ManualClock()) as url:
        made = channel(url.replace("http:", "json:"))
        made.tell("msg-1", replace(NOTICE, principal=name, reason="ask team@example.com"))

    message = json.loads(receiver.got[0].body)["message"]
    assert name not in message
    assert name[1:] in message, "it is readable as it was"
    assert "team@example.com" in message


def test_an_unknown_service_is_refused_without_its_url() -> None:
    with pytest.raises(RejectedError) as caught:
        channel("nonsense-that-holds-a-token")
    assert "token" not in caught.value.diagnostics()


def test_apprise_logs_nothing() -> None:
    channel("json://127.0.0.1:1")
    assert not logging.getLogger("apprise").isEnabledFor(logging.CRITICAL)


def test_whatever_a_plug_in_raises_is_a_failure() -> None:
    made = channel("json://127.0.0.1:1")

    def broken(**_: object) -> bool:
        raise OSError

    made._service.notify = broken  # a plug-in that breaks
    assert made.tell("msg-1", NOTICE) == Verdict(code="apprise_failed")
