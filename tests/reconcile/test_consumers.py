"""After promotion consumers are refreshed and restarted, and the old key waits for them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from rotator.core.consumers import (
    ConsumerKind,
    ConsumerRef,
    Consumers,
    ConsumersReading,
    ConsumerState,
)
from rotator.core.ids import Instant
from rotator.core.orders import Pause
from rotator.core.reasons import Reason
from rotator.core.rotation import Effect, Hold, Phase, Trigger
from rotator.core.steps import Do
from rotator.core.terms import Grace, Terms
from rotator.errors import (
    AccessDeniedError,
    ConflictError,
    FatalError,
    InvariantError,
)
from rotator.reconcile import moving
from rotator.reconcile.session import Session
from rotator.testing.fake_consumers import FakeConsumers
from rotator.testing.manual_clock import ManualClock
from rotator.testing.wire import Failure
from tests.reconcile.estate import LIMITS, Estate

if TYPE_CHECKING:
    from rotator.reconcile.parts import Parts
    from rotator.testing.fake_consumers import Living

FEED = ConsumerRef(kind=ConsumerKind.EXTERNAL_SECRET, namespace="shop", name="db")
API = ConsumerRef(kind=ConsumerKind.DEPLOYMENT, namespace="shop", name="api", restart=True)
WEB = ConsumerRef(kind=ConsumerKind.DEPLOYMENT, namespace="shop", name="web", restart=True)


class Forgetful(FakeConsumers):
    """A cluster in which somebody takes back whatever is written, at once."""

    def refresh(self, state: ConsumerState, *, at: Instant, not_after: Instant) -> None:
        super().refresh(state, at=at, not_after=not_after)
        self.take_back_by_hand(state.ref)


class Healing(FakeConsumers):
    """A cluster whose controller puts the pod template back, a while after each restart."""

    def read(self, refs: tuple[ConsumerRef, ...], mounts: str) -> ConsumersReading:
        for ref, living in self.living.items():
            asked = living.asked_at
            if asked is not None and self.clock.now() >= asked + timedelta(seconds=20):
                self.take_back_by_hand(ref)
        return super().read(refs, mounts)


class Slow(FakeConsumers):
    """A cluster that refuses only after the lease is over."""

    def restart(self, state: ConsumerState, *, at: Instant, not_after: Instant) -> None:
        assert isinstance(self.clock, ManualClock)
        self.clock.advance(timedelta(hours=1))
        raise AccessDeniedError("not permitted", subject=state.ref.name)


class Doomed(FakeConsumers):
    """A cluster through which nothing can go on safely."""

    def restart(self, state: ConsumerState, *, at: Instant, not_after: Instant) -> None:
        raise FatalError("no way on", subject=state.ref.name)


class Town(Estate):
    """An estate whose secret has consumers in a cluster."""

    def __init__(self, *refs: ConsumerRef) -> None:
        self.refs = refs
        self.forgetful = False
        self.healing = False
        super().__init__(terms=Terms(limits=LIMITS, grace=Grace(), consumers=Consumers(refs=refs)))
        self.cluster: FakeConsumers | None = FakeConsumers(self.clock, self.wire)
        self.there: dict[ConsumerRef, Living] = {ref: self.cluster.add(ref) for ref in refs}

    def parts(self) -> Parts:
        consumers = Forgetful(self.clock, self.wire, self.there) if self.forgetful else self.cluster
        if self.healing:
            consumers = Healing(self.clock, self.wire, self.there)
        return replace(super().parts(), consumers=consumers)

    def rotate(self) -> None:
        """Let the old key grow old enough to be replaced."""
        self.run(timedelta(days=80), until=Phase.PROMOTED)

    def moved(self) -> list[str]:
        """What was asked of consumers, in order."""
        return [item for item in self.wire.sent if item in {"refresh", "restart"}]

    def phase(self) -> str:
        """How far the rotation is."""
        return self.newest.phase.value

    def held(self) -> Hold:
        """What it holds for."""
        assert self.stored.hold is not None
        return self.stored.hold


def test_consumers_are_refreshed_and_restarted_one_by_one_long_before_the_old_key_goes() -> None:
    town = Town(FEED, API, WEB)
    town.rotate()
    town.run(timedelta(hours=1))
    promoted = town.newest.promoted_at
    assert promoted is not None

    assert town.newest.refreshed_at is not None
    assert town.moved() == ["refresh", "restart", "restart"]
    first, second = town.there[API].asked_at, town.there[WEB].asked_at
    assert first is not None
    assert second is not None
    assert first >= promoted + timedelta(minutes=5)
    assert second >= first + town.there[API].rollout
    assert "intent consumer.restart pending" in town.actions()
    assert "outcome consumer.refresh success" in town.actions()

    town.run(timedelta(days=9))
    assert town.newest.phase is Phase.COMPLETED
    assert town.moved() == ["refresh", "restart", "restart"]


def test_the_old_key_waits_for_a_rollout_that_does_not_end() -> None:
    town = Town(API, WEB)
    town.there[API].is_broken = True
    town.rotate()
    town.run(timedelta(days=3))

    assert town.phase() == "promoted"
    assert town.held().reason is Reason.CONSUMERS_BEHIND
    assert "Deployment shop/api" in town.held().detail
    assert town.there[WEB].asked_at is None

    town.there[API].is_broken = False
    town.run(timedelta(days=7))
    assert town.phase() == "completed"


def test_what_the_cluster_says_is_part_of_the_audit_record_of_the_end() -> None:
    town = Town(API)
    town.rotate()
    town.run(timedelta(days=2), until=Phase.DISABLED)
    ends = [
        item
        for item in town.journal.unsealed(limit=10_000)
        if item.action.value == "key.disable" and item.stage.value == "intent"
    ]

    assert ends[0].evidence["consumers_reached"] == "restarted"


@pytest.mark.parametrize("failure", [Failure.LOST_ANSWER, Failure.LOST_REQUEST, Failure.LATE])
def test_a_restart_whose_answer_is_lost_happens_once(failure: Failure) -> None:
    town = Town(API)
    town.rotate()
    town.wire.break_next("restart", failure)
    town.run(timedelta(hours=3))

    assert town.there[API].edition == 2


def test_a_consumer_that_loses_what_it_is_told_is_told_once_in_a_pass() -> None:
    town = Town(FEED)
    town.rotate()
    town.forgetful = True
    town.run(timedelta(minutes=1))

    assert town.moved() == ["refresh"]
    assert "does not keep what it is told" in town.held().detail


def test_a_restart_that_somebody_takes_back_is_not_repeated_for_ever() -> None:
    town = Town(API, WEB)
    town.healing = True
    town.rotate()
    town.run(timedelta(days=3))

    assert town.moved() == ["restart", "restart"]
    assert town.phase() == "promoted"
    assert town.held().reason is Reason.CONSUMERS_BEHIND
    assert "was restarted (1) and did not stay so" in town.held().detail

    town.healing = False
    town.run(timedelta(minutes=6))
    assert town.cluster is not None
    for ref in (API, WEB):
        town.cluster.restart_by_hand(ref)
    town.run(timedelta(days=9))
    assert town.phase() == "completed"


def test_a_refresh_that_is_refused_is_told_and_tried_again() -> None:
    town = Town(FEED)
    town.rotate()
    town.wire.break_next("refresh", Failure.DENIED)
    town.run(timedelta(minutes=2))
    assert town.held().reason is Reason.CONSUMERS_BEHIND
    assert "could not be refreshed: access_denied" in town.held().detail

    town.run(timedelta(hours=1))
    assert town.stored.hold is None
    assert town.newest.refreshed_at is not None


@pytest.mark.parametrize("why", [Reason.PAUSED, Reason.AUDIT_BLOCKED])
def test_nobody_is_restarted_in_a_pause_or_while_evidence_cannot_be_written(why: Reason) -> None:
    town = Town(API)
    town.rotate()
    town.gate.blocked = why is Reason.AUDIT_BLOCKED
    if why is Reason.PAUSED:
        town.journal.pause(Pause(operator="alice", reason="a freeze", since=town.clock.now()))
    town.run(timedelta(hours=3))

    assert town.moved() == []
    assert town.held().reason is why


def test_an_outcome_whose_lease_was_lost_is_left_to_whoever_has_it() -> None:
    town = Town(API)
    town.rotate()
    town.cluster = Slow(town.clock, town.wire, town.there)
    session, step = claimed(town)

    with pytest.raises(ConflictError):
        moving.act(session, step)


def test_what_must_stop_the_process_is_not_told_as_an_obstacle() -> None:
    town = Town(API)
    town.rotate()
    town.cluster = Doomed(town.clock, town.wire, town.there)
    session, step = claimed(town)

    with pytest.raises(FatalError):
        moving.act(session, step)


def test_nothing_is_moved_that_nobody_read() -> None:
    town = Town(API)
    town.rotate()
    session, step = claimed(town)

    with pytest.raises(InvariantError):
        moving.act(session, replace(step, consumer=None))


def claimed(town: Town) -> tuple[Session, Do]:
    """Claim the credential as a pass does, with a restart to be done."""
    town.clock.advance(timedelta(minutes=1))
    now = town.clock.now()
    until = Instant(now + timedelta(minutes=2))
    claim = town.journal.acquire(town.stored.id, now=now, lease_until=until)
    assert claim is not None
    return Session(town.parts(), claim), Do(
        effect=Effect.RESTART, consumer=ConsumerState(ref=API, edition="1")
    )


def test_an_order_triggers_the_restart_and_does_not_wait_for_it() -> None:
    town = Town(FEED, API)
    town.there[API].is_broken = True
    town.run(timedelta(hours=1))
    town.journal.request(town.stored.id, Trigger.TAINT, now=town.clock.now())
    town.run(timedelta(minutes=10))

    assert town.moved() == ["refresh", "restart"]
    assert town.newest.disabled_at is not None


def test_an_order_is_not_held_up_by_a_cluster_that_is_down() -> None:
    town = Town(API)
    town.run(timedelta(hours=1))
    town.wire.break_next("read", Failure.UNAVAILABLE, times=1000)
    town.journal.request(town.stored.id, Trigger.TAINT, now=town.clock.now())
    town.run(timedelta(minutes=10))

    assert town.newest.disabled_at is not None


def test_without_a_cluster_the_old_key_is_kept() -> None:
    town = Town(API)
    town.cluster = None
    town.rotate()
    town.run(timedelta(days=2))

    assert town.newest.phase is Phase.PROMOTED
    assert town.held().reason is Reason.CONSUMERS_UNREADABLE


def test_a_cluster_that_is_down_for_a_while_is_asked_again() -> None:
    town = Town(API)
    town.rotate()
    town.wire.break_next("read", Failure.UNAVAILABLE, times=3)
    town.run(timedelta(days=9))

    assert town.newest.phase is Phase.COMPLETED


def test_any_number_of_consumers_is_moved_without_a_contradiction() -> None:
    made = Town(*(replace(FEED, name=f"feed-{number}") for number in range(80)))
    made.rotate()
    made.run(timedelta(minutes=10))

    assert (made.phase(), made.stored.failures) == ("promoted", 0)
    assert made.moved().count("refresh") == 80
