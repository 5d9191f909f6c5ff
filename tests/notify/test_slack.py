"""Slack: within Block Kit's limits, and nothing that others chose is markup."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from rotator.core.notices import Notice, Severity
from rotator.core.secret import Secret
from rotator.notify.channel import Verdict
from rotator.notify.slack import Slack, message
from rotator.testing.builders import at
from rotator.testing.manual_clock import ManualClock
from tests.notify.bench import Receiver, client, reply

NOTICE = Notice(
    kind="credential.held",
    severity=Severity.WARN,
    at=at(days=1),
    summary="ci-deployer in 111122223333 is on hold",
    provider="aws-iam",
    account="111122223333",
    principal="ci-deployer",
    owner="team-payments",
    key="AKIA…0001",
    actor="operator:ann",
    reason="access_denied",
    what_next="it goes on by itself",
    next_at=at(days=2),
    who_acts="the operators of rotator",
    command="rotator doctor principal ci-deployer",
    runbook="RotatorOldKeyStillUsed",
)
EVIL = "<!channel> <https://evil.example|click> *bold* `x` @here &amp; <@U1>"


def texts(value: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - any JSON
    """Find every text object of a message."""
    if isinstance(value, dict):
        inner = [text for item in value.values() for text in texts(item)]
        return [value, *inner] if value.get("type") in {"plain_text", "mrkdwn"} else inner
    return [text for item in value for text in texts(item)] if isinstance(value, list) else []


def check_limits(made: dict[str, Any]) -> None:
    """Check what Slack's reference says of blocks."""
    assert len(made["blocks"]) <= 50
    for block in made["blocks"]:
        match block["type"]:
            case "header":
                assert 1 <= len(block["text"]["text"]) <= 150
                assert block["text"]["type"] == "plain_text"
            case "section":
                assert ("text" in block) or ("fields" in block)
                if "text" in block:
                    assert 1 <= len(block["text"]["text"]) <= 3000
                assert len(block.get("fields", ())) <= 10
                assert all(1 <= len(item["text"]) <= 2000 for item in block.get("fields", ()))
            case "context":
                assert 1 <= len(block["elements"]) <= 10
            case other:
                pytest.fail(f"a block of the type {other}")


def test_a_message_says_everything_that_a_person_needs() -> None:
    made = message(NOTICE)
    shown = "\n".join(text["text"] for text in texts(made))

    check_limits(made)
    for wanted in (
        "rotator WARN: credential held",
        "ci-deployer in 111122223333 (aws-iam)",
        "team-payments",
        "AKIA…0001",
        "access_denied",
        "it goes on by itself, not before 2026-01-03 00:00 UTC",
        "the operators of rotator",
        "rotator doctor principal ci-deployer",
        "operator:ann",
        "RotatorOldKeyStillUsed",
    ):
        assert wanted in shown


def test_nothing_that_others_chose_is_markup() -> None:
    made = message(replace(NOTICE, principal=EVIL, reason=EVIL, summary=EVIL, items=(EVIL,)))

    assert {text["type"] for text in texts(made)} == {"plain_text"}
    assert "<" not in str(made["text"])
    assert "&lt;!channel&gt;" in str(made["text"])
    assert made["mrkdwn"] is False


@pytest.mark.parametrize("count", [0, 1, 41, 400])
def test_long_messages_keep_to_the_limits(count: int) -> None:
    made = message(replace(NOTICE, summary="s" * 4000, items=("i" * 299,) * count))

    check_limits(made)
    assert json.dumps(made).count("iii") == 0 if count == 0 else "iii" in json.dumps(made)


def test_a_bare_notice_has_no_empty_block() -> None:
    check_limits(message(Notice(kind="a.b", severity=Severity.INFO, at=at(days=1), summary="x")))


@pytest.mark.parametrize(("status", "code"), [(200, ""), (403, "forbidden"), (404, "not_found")])
def test_it_is_posted_to_the_secret_url(status: int, code: str) -> None:
    receiver, clock = Receiver(answers=[reply(status)]), ManualClock()
    with receiver.served(clock) as url, client(url, clock) as made:
        slack = Slack(made, Secret(f"{url}/services/T0/B0/token"))
        assert slack.tell("msg-1", NOTICE) == Verdict(code=code)

    (got,) = receiver.got
    assert got.path == "/services/T0/B0/token"
    assert json.loads(got.body) == message(NOTICE)
