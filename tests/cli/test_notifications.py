"""`rotator notifications`: what waits, whether a channel works, and telling again."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from rotator.core.events import AuditAction
from rotator.errors import UnavailableError
from rotator.notify.channel import Verdict
from rotator.testing.builders import NEW_KEY
from tests.notify.bench import Bench, Listener, done

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cli.desk import Desk

DOWN = Verdict(code="status_503")
GONE = Verdict(code="gone", is_final=True)


@pytest.fixture
def bench(desk: Desk) -> Bench:
    """Give a desk with two channels: one fails, one is gone."""
    made = Bench(
        {"platform": Listener([DOWN]), "security": Listener([GONE])},
        journal=desk.app.journal,
        clock=desk.app.clock,
    )
    desk.app.notices = made.notices
    made.start()
    return made


@pytest.fixture
def told(bench: Bench) -> Bench:
    """Let something happen, of which nobody could be told."""
    bench.seal(done("live", AuditAction.KEY_PROMOTE, new_key_id=NEW_KEY))
    bench.notices.go()
    return bench


@pytest.mark.usefixtures("told")
def test_what_waits_and_what_was_given_up_is_listed(
    desk: Desk, golden: Callable[[str, str], None]
) -> None:
    shown = desk.run("notifications", "list")

    assert shown.exit_code == 0
    golden("tests/golden/notifications_list.txt", shown.stdout)
    golden(
        "tests/golden/notifications_list.json", desk.run("notifications", "list", "--json").stdout
    )


@pytest.mark.usefixtures("told")
def test_only_what_was_given_up_can_be_listed(desk: Desk) -> None:
    (row,) = json.loads(desk.run("notifications", "list", "--given-up", "--json").stdout)

    assert (row["channel"], row["isGivenUp"], row["nextTryAt"]) == ("security", True, None)


@pytest.mark.usefixtures("bench")
def test_where_nothing_waits_it_is_said(desk: Desk) -> None:
    assert desk.run("notifications", "list").stdout == "nothing waits to be told\n"
    assert desk.run("notifications", "list", "--given-up").stdout == "no notice was given up\n"
    assert desk.run("notifications", "retry").stdout == "nothing waits to be told\n"


@pytest.mark.usefixtures("bench")
def test_a_channel_is_tried_out_and_its_answer_is_told(desk: Desk) -> None:
    failed = desk.run("notifications", "test", "platform")
    fine = desk.run("notifications", "test", "platform")

    assert (failed.exit_code, failed.stderr) == (1, "not told: platform answered status_503\n")
    assert (fine.exit_code, fine.stdout) == (0, "told: platform took the test notice\n")


@pytest.mark.usefixtures("bench")
def test_machines_get_the_answer_too(desk: Desk) -> None:
    failed = desk.run("notifications", "test", "security", "--json")

    assert failed.exit_code == 1
    assert json.loads(failed.stdout) == {"channel": "security", "isTold": False, "error": "gone"}


@pytest.mark.usefixtures("bench")
@pytest.mark.parametrize("command", ["test", "retry"])
def test_an_unknown_channel_is_refused_with_the_known_ones(desk: Desk, command: str) -> None:
    result = desk.run("notifications", command, "nobody")

    assert result.exit_code == 1
    assert "known are platform, security" in result.stderr


def test_what_was_given_up_is_tried_again(desk: Desk, told: Bench) -> None:
    one = desk.run("notifications", "retry", "security")
    both = json.loads(desk.run("notifications", "retry", "--json").stdout)
    told.clock.sleep(300)
    told.notices.go()

    assert one.stdout == "1 notice will be tried at the next round\n"
    assert both == {"channel": None, "retried": 2}
    assert told.outbox.waiting() == ()


@pytest.mark.usefixtures("told")
def test_all_channels_are_told_again_at_once(desk: Desk) -> None:
    again = desk.run("notifications", "retry")

    assert again.stdout == "2 notices will be tried at the next round\n"


@pytest.mark.usefixtures("bench")
def test_without_a_journal_nothing_is_retried(desk: Desk) -> None:
    desk.app.missing = UnavailableError("there is no journal yet", hint="rotator db upgrade")

    assert desk.run("notifications", "retry").exit_code == 1
