"""The contract suite of `rotator.ports.outbox.Outbox`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from rotator.core.notices import Delivery, Noted, Outgoing
from rotator.testing.builders import EPOCH, at

if TYPE_CHECKING:
    from pathlib import Path

    from rotator.core.ids import Instant
    from rotator.ports.outbox import Outbox

CHANNEL = "security"
START = Noted()
UNTIL = at(minutes=2)
"""Until when the suite takes notices."""


def waiting(name: str, made_at: Instant = EPOCH, channel: str = CHANNEL) -> Outgoing:
    """Build a notice that is to be told at once."""
    return Outgoing(id=name, channel=channel, body="{}", made_at=made_at, next_at=made_at)


def note(outbox: Outbox, *notices: Outgoing) -> None:
    """Note notices; the chain goes one record on."""
    before = outbox.noted()
    assert outbox.enqueue(notices, before=before, after=replace(before, until=before.until + 1))


class OutboxContract(ABC):
    """A fresh, empty outbox for each test."""

    @abstractmethod
    def make(self, tmp_path: Path) -> Outbox:
        """Make an empty outbox; it may keep files under `tmp_path`."""

    @pytest.fixture
    def outbox(self, tmp_path: Path) -> Outbox:
        """Give each test an outbox of its own."""
        return self.make(tmp_path)

    def test_it_starts_before_the_first_record(self, outbox: Outbox) -> None:
        """Nothing was noted, and nothing waits."""
        assert outbox.noted() == START
        assert outbox.waiting() == ()

    def test_what_is_noted_waits_oldest_first(self, outbox: Outbox) -> None:
        """Notices are kept as they were given."""
        later, earlier = waiting("a", at(minutes=1)), waiting("b")
        note(outbox, later, earlier)

        assert outbox.noted() == Noted(until=0)
        assert outbox.waiting() == (earlier, later)

    def test_the_second_of_two_replicas_writes_nothing(self, outbox: Outbox) -> None:
        """Two that saw the same state cannot both go on from it."""
        after = Noted(until=4, policy="aa", day="2026-01-01")
        assert outbox.enqueue((waiting("first"),), before=START, after=after)

        assert not outbox.enqueue((waiting("second"),), before=START, after=Noted(until=5))
        assert outbox.noted() == after
        assert [item.id for item in outbox.waiting()] == ["first"]

    @pytest.mark.parametrize(
        "seen", [Noted(until=3), Noted(until=4, policy="b"), Noted(until=4, policy="a", day="x")]
    )
    def test_every_part_of_the_state_is_compared(self, outbox: Outbox, seen: Noted) -> None:
        """Another number, policy or day is another state."""
        assert outbox.enqueue((), before=START, after=Noted(until=4, policy="a"))

        assert not outbox.enqueue((), before=seen, after=Noted(until=9))

    def test_a_known_id_is_left_as_it_is(self, outbox: Outbox) -> None:
        """One change is noted once, also when it was told since."""
        first = waiting("one")
        note(outbox, first)
        outbox.settle(replace(first, delivery=Delivery.TOLD))

        note(outbox, first, waiting("two"))

        assert [item.id for item in outbox.waiting()] == ["two"]
        assert outbox.known(["one", "two", "three"]) == {"one", "two"}

    def test_many_ids_can_be_asked_for(self, outbox: Outbox) -> None:
        """More than a database takes in one statement."""
        note(outbox, waiting("0700"))

        assert outbox.known([f"{number:04d}" for number in range(1200)]) == {"0700"}

    def test_what_is_taken_nobody_else_gets_until_the_time_is_over(self, outbox: Outbox) -> None:
        """A replica that dies loses nothing."""
        note(outbox, waiting("one"), waiting("two", at(seconds=1)), waiting("three", at(seconds=2)))

        first = outbox.take(CHANNEL, now=at(minutes=1), until=UNTIL, limit=2)
        second = outbox.take(CHANNEL, now=at(minutes=1), until=UNTIL, limit=2)

        assert [item.id for item in first] == ["one", "two"]
        assert [item.id for item in second] == ["three"]
        assert outbox.take(CHANNEL, now=at(minutes=1), until=UNTIL, limit=9) == ()
        assert len(outbox.take(CHANNEL, now=UNTIL, until=at(hours=1), limit=9)) == len("abc")

    def test_only_what_is_due_on_the_channel_is_taken(self, outbox: Outbox) -> None:
        """Other channels, later times, and what is over stay."""
        told = replace(waiting("told"), delivery=Delivery.TOLD)
        lost = replace(waiting("lost"), delivery=Delivery.GIVEN_UP)
        note(outbox, waiting("later", at(minutes=9)), waiting("other", channel="b"), told, lost)

        assert outbox.take(CHANNEL, now=EPOCH, until=UNTIL, limit=9) == ()

    def test_what_is_settled_can_be_taken_again_at_its_time(self, outbox: Outbox) -> None:
        """A failed try is written down, and its notice is free."""
        note(outbox, waiting("one"))
        (taken,) = outbox.take(CHANNEL, now=EPOCH, until=UNTIL, limit=1)
        tried = replace(taken, attempts=1, next_at=at(seconds=5), last_error="status_500")
        outbox.settle(tried)

        assert outbox.take(CHANNEL, now=EPOCH, until=UNTIL, limit=1) == ()
        assert outbox.take(CHANNEL, now=at(seconds=5), until=UNTIL, limit=1) == (tried,)

    def test_what_was_given_up_shows_and_can_be_tried_again(self, outbox: Outbox) -> None:
        """From the first attempt; the last error stays to be read."""
        lost = replace(
            waiting("lost"), delivery=Delivery.GIVEN_UP, attempts=9, last_error="status_410"
        )
        note(outbox, lost, waiting("other", channel="b"))
        assert outbox.take(CHANNEL, now=at(days=1), until=at(days=2), limit=9) == ()

        assert outbox.again(CHANNEL, now=at(days=1)) == 1
        (found,) = outbox.take(CHANNEL, now=at(days=1), until=at(days=2), limit=9)
        assert (found.attempts, found.last_error) == (0, "status_410")
        assert outbox.again(None, now=at(days=3)) == len("ab")

    def test_what_was_over_long_ago_is_forgotten(self, outbox: Outbox) -> None:
        """Nothing that is young or waits is."""
        told = replace(waiting("told"), delivery=Delivery.TOLD)
        lost = replace(waiting("lost"), delivery=Delivery.GIVEN_UP)
        note(outbox, told, lost, replace(told, id="young", made_at=at(days=1)), waiting("waits"))

        assert outbox.prune(at(days=1)) == len("ab")
        assert outbox.known(["told", "lost", "young", "waits"]) == {"young", "waits"}

    def test_what_is_unknown_cannot_be_settled(self, outbox: Outbox) -> None:
        """It was forgotten meanwhile, and stays so."""
        outbox.settle(waiting("gone"))

        assert outbox.waiting() == ()
