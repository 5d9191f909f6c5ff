"""Delivery: at least once, bounded, and no channel waits for another."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from rotator.clients.http import HttpClient, HttpConfig
from rotator.core.events import AuditAction
from rotator.core.notices import Delivery
from rotator.core.redelivery import DELAYS
from rotator.core.secret import Secret
from rotator.errors import NotFoundError, UnavailableError
from rotator.notify.channel import Verdict
from rotator.notify.courier import BATCH, LONGEST_REST, ROUND_SECONDS
from rotator.notify.slack import Slack
from rotator.telemetry.clock import monotonic_seconds
from rotator.testing.builders import NEW_KEY, at
from rotator.testing.manual_clock import SeededChance
from tests.notify.bench import Bench, Listener, Receiver, done

if TYPE_CHECKING:
    from rotator.core.notices import Outgoing

DOWN = Verdict(code="status_500")


def started(*listeners: Listener) -> Bench:
    bench = Bench({f"c{number}": it for number, it in enumerate(listeners)})
    bench.start()
    return bench


def happen(bench: Bench, count: int = 1) -> None:
    """Let something happen that is told."""
    first = bench.outbox.noted().until + 1
    bench.seal(
        *(
            done(number, AuditAction.KEY_PROMOTE, new_key_id=NEW_KEY)
            for number in range(first, first + count)
        )
    )


def the_one(bench: Bench) -> Outgoing:
    (item,) = bench.outbox.waiting()
    return item


def test_a_failed_notice_is_tried_again_on_the_schedule_and_then_given_up() -> None:
    listener = Listener([DOWN] * 99)
    bench = started(listener)
    happen(bench)
    bench.notices.go()

    for attempt, delay in enumerate(DELAYS, start=1):
        item = the_one(bench)
        assert item.attempts == attempt
        assert item.next_at == bench.clock.now() + delay
        bench.clock.advance(delay - timedelta(seconds=1))
        bench.notices.courier.go()
        assert the_one(bench).attempts == attempt
        bench.clock.advance(timedelta(seconds=1))
        bench.notices.courier.go()

    assert the_one(bench).delivery is Delivery.GIVEN_UP
    assert len(set(listener.tries)) == 1, "the id is the same in every try"
    assert bench.telemetry.counted("notifications", channel="c0", outcome="retried") == len(DELAYS)
    assert bench.telemetry.counted("notifications", channel="c0", outcome="given_up") == 1
    (record,) = bench.journal.unsealed(limit=9)
    assert record.action is AuditAction.NOTIFICATION_FAIL
    assert (record.outcome, record.error) == ("failure", "status_500")
    assert record.evidence["channel"] == "c0"
    assert record.evidence["kind"] == "key.published"


def test_a_notice_that_was_given_up_is_no_notice_of_its_own() -> None:
    listener = Listener([Verdict(code="gone", is_final=True)])
    bench = started(listener)
    happen(bench)
    bench.notices.go()
    bench.seal()

    bench.notices.go()

    assert len(listener.tries) == 1
    assert the_one(bench).delivery is Delivery.GIVEN_UP


def test_410_ends_the_tries_at_once() -> None:
    listener = Listener([Verdict(code="gone", is_final=True)])
    bench = started(listener)
    happen(bench)

    bench.notices.go()

    assert (the_one(bench).attempts, the_one(bench).last_error) == (1, "gone")


@pytest.mark.parametrize(("asked", "waits"), [(1, 5), (600, 600)])
def test_retry_after_is_honoured_and_never_hastens(asked: int, waits: int) -> None:
    listener = Listener([Verdict(code="throttled", retry_after=timedelta(seconds=asked))])
    bench = started(listener)
    happen(bench)

    bench.notices.go()

    assert the_one(bench).next_at == bench.clock.now() + timedelta(seconds=waits)


def test_a_failing_channel_costs_the_others_nothing() -> None:
    broken, fine = Listener([DOWN] * 99), Listener()
    bench = started(broken, fine)
    happen(bench, 5)

    bench.notices.go()

    assert len(broken.tries) == 1, "the channel rests after its first failure"
    assert len(fine.told) == 5


def test_a_channel_that_rests_goes_on_where_it_was() -> None:
    listener = Listener([DOWN])
    bench = started(listener)
    happen(bench, 3)
    bench.notices.go()
    assert listener.told == []

    bench.clock.advance(DELAYS[0])
    bench.notices.go()

    assert len(listener.told) == 3
    assert bench.outbox.waiting() == ()


def test_a_channel_that_wants_one_notice_much_later_is_told_the_others_before() -> None:
    listener = Listener([Verdict(code="throttled", retry_after=timedelta(hours=6))])
    bench = started(listener)
    happen(bench, 3)
    bench.notices.go()

    bench.clock.advance(LONGEST_REST)
    bench.notices.go()

    assert len(listener.told) == 2
    assert the_one(bench).next_at > bench.clock.now()


def test_a_slow_channel_does_not_keep_the_others_waiting_for_long() -> None:
    slow, fine = Listener(), Listener()
    bench = started(slow, fine)
    slow.on_try = lambda: bench.clock.advance(timedelta(seconds=ROUND_SECONDS))
    happen(bench, 3)

    bench.notices.go()
    assert (len(slow.told), len(fine.told)) == (1, 0)
    bench.notices.go()
    assert len(fine.told) == 3


def test_a_round_tells_a_bounded_number() -> None:
    listener = Listener()
    bench = started(listener)
    happen(bench, BATCH + 1)

    bench.notices.go()
    assert len(listener.told) == BATCH
    bench.notices.go()
    assert len(listener.told) == BATCH + 1


def test_a_server_that_hangs_costs_its_time_out_and_nothing_else() -> None:
    hanging = Receiver(hang=threading.Event())
    fine = Listener()
    bench = Bench({})
    with hanging.served(bench.clock) as url:
        config = HttpConfig(
            origins=(url,), allow_private=True, read_timeout_seconds=0.2, total_seconds=0.3
        )
        http = HttpClient(config, bench.clock, SeededChance(), monotonic=monotonic_seconds)
        bench = Bench({"hangs": Slack(http, Secret(url)), "fine": fine})
        bench.start()
        happen(bench, 4)
        began = monotonic_seconds()
        bench.notices.go()
        took = monotonic_seconds() - began
        http.close()

    assert took < 5, "far less than the server would take"
    assert len(hanging.got) == 1
    assert len(fine.told) == 4
    assert {item.channel for item in bench.outbox.waiting()} == {"hangs"}


def test_a_journal_that_cannot_answer_is_told_of_and_stops_nothing() -> None:
    bench = started(Listener())

    def broken() -> None:
        raise UnavailableError("the journal cannot be read")

    bench.outbox.noted = broken  # type: ignore[method-assign, assignment]
    bench.notices.go()

    assert bench.telemetry.lines[-1][:2] == ("warning", "notices wait")


def test_what_waits_for_a_channel_that_is_no_more_is_given_up() -> None:
    bench = started(Listener([DOWN] * 9))
    happen(bench)
    bench.notices.go()
    after = Bench(
        {"other": Listener()}, journal=bench.journal, outbox=bench.outbox, clock=bench.clock
    )

    bench.clock.advance(timedelta(days=1))
    after.notices.go()
    assert the_one(after).last_error == "no_such_channel"
    assert the_one(after).delivery is Delivery.GIVEN_UP


def test_what_was_told_is_forgotten_after_30_days() -> None:
    bench = started(Listener())
    happen(bench)
    bench.notices.noter.note(bench.clock.now())
    (item,) = bench.outbox.waiting()
    bench.notices.go()

    for days, is_known in ((29, True), (2, False)):
        bench.clock.advance(timedelta(days=days))
        bench.notices.go()
        assert bool(bench.outbox.known([item.id])) is is_known


def test_a_channel_can_be_tried_out_and_nothing_is_kept() -> None:
    listener = Listener([DOWN])
    bench = started(listener)

    assert bench.notices.try_out("c0", operator="ann") == DOWN
    assert bench.notices.try_out("c0", operator="ann").is_told
    assert listener.kinds == ["test.sent"]
    assert bench.outbox.waiting() == ()


@pytest.mark.parametrize("is_any", [True, False])
def test_an_unknown_channel_is_refused(*, is_any: bool) -> None:
    bench = started(*([Listener()] if is_any else []))

    for refused in (
        lambda: bench.notices.try_out("nope", operator="ann"),
        lambda: bench.notices.again("nope"),
    ):
        with pytest.raises(NotFoundError) as caught:
            refused()
        assert ("known are c0" in caught.value.hint) is is_any


def test_given_up_notices_can_be_told_again() -> None:
    listener = Listener([Verdict(code="gone", is_final=True)])
    bench = started(listener)
    happen(bench)
    bench.notices.go()

    assert bench.notices.again("c0") == 1
    assert bench.notices.again(None) == 1
    bench.notices.go()

    assert listener.kinds == ["key.published"]
    assert at(days=1) < bench.clock.now()
