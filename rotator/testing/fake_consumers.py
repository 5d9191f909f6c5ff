"""A fake cluster with consumers: they refresh, roll and mount as time goes by.

Nothing runs beside the test: what has come to pass is worked out from the time of
each request, as the controllers of a real cluster would have done it by then.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from rotator.core.consumers import (
    WORKLOADS,
    ConsumerKind,
    ConsumersReading,
    ConsumerState,
)
from rotator.core.ids import Instant
from rotator.errors import ConflictError, NotFoundError, RejectedError
from rotator.testing.wire import Act, Actor

if TYPE_CHECKING:
    from rotator.core.consumers import ConsumerRef
    from rotator.ports.clock import Clock
    from rotator.testing.wire import Wire

_FETCHING = timedelta(seconds=2)
"""How long an ExternalSecret takes to refresh."""


@dataclass(slots=True, kw_only=True)
class Living:
    """One consumer as it really is.

    Attributes:
        edition: Raised by every change.
        rollout: How long its pods take to be replaced.
        is_broken: Whether a rollout of it never ends.
        is_ill: Whether it is not available now.
        obstacle: What keeps it from being moved; empty for nothing.
        asked_at: When it was last asked to move, as the asker wrote it down.
        began_at: Since when it moves; None while it does not.
        settled_at: When it last refreshed, or when its oldest pod started.
    """

    ref: ConsumerRef
    settled_at: Instant
    edition: int = 1
    rollout: timedelta = timedelta(minutes=2)
    is_broken: bool = False
    is_ill: bool = False
    obstacle: str = ""
    asked_at: Instant | None = None
    began_at: Instant | None = None


@dataclass(slots=True)
class FakeConsumers:
    """The port `Consumers`, with state.

    Attributes:
        clock: The true time.
        wire: Carries the requests; shared with other fakes where a test wants one sequence.
        living: Every consumer there is.
        published: The version that the pods of every mount have, by the name of the object.
    """

    clock: Clock
    wire: Wire
    living: dict[ConsumerRef, Living] = field(default_factory=dict)
    published: dict[str, str] = field(default_factory=dict)

    def add(self, ref: ConsumerRef) -> Living:
        """Let there be a consumer that has run since yesterday."""
        made = Living(ref=ref, settled_at=Instant(self.clock.now() - timedelta(days=1)))
        self.living[ref] = made
        return made

    def read(self, refs: tuple[ConsumerRef, ...], mounts: str) -> ConsumersReading:
        """Read every consumer; one that does not exist is told as such."""

        def reading(at: Instant) -> ConsumersReading:
            states = tuple(self._state(ref, mounts, at) for ref in refs)
            return ConsumersReading(states=states, told_at=at)

        return self.wire.read("read", reading)

    def refresh(self, state: ConsumerState, *, at: Instant, not_after: Instant) -> None:
        """Have an ExternalSecret fetch."""

        def effect(landed: Instant) -> None:
            living = self._movable(state, ConsumerKind.EXTERNAL_SECRET)
            self._begin(living, at, landed)
            self._note(landed, Actor.ROTATOR, "refresh", state.ref)

        self.wire.write("refresh", effect, not_after=not_after)

    def restart(self, state: ConsumerState, *, at: Instant, not_after: Instant) -> None:
        """Have a workload's pods replaced, if it still is what was read."""

        def effect(landed: Instant) -> None:
            living = self._movable(state, *WORKLOADS)
            if str(living.edition) != state.edition:
                msg = "it was changed meanwhile"
                raise ConflictError(msg, subject=state.ref.name)
            self._begin(living, at, landed)
            self._note(landed, Actor.ROTATOR, "restart", state.ref)

        self.wire.write("restart", effect, not_after=not_after)

    def restart_by_hand(self, ref: ConsumerRef) -> None:
        """Restart a workload, as `kubectl rollout restart` does."""
        at = self.wire.land()
        self._begin(self.living[ref], at, at)
        self._note(at, Actor.HUMAN, "restart", ref)

    def take_back_by_hand(self, ref: ConsumerRef) -> None:
        """Undo what it was told, before it was done; the pods that ran go on running."""
        living, at = self.living[ref], self.wire.land()
        living.asked_at = living.began_at = None
        living.edition += 1
        self._note(at, Actor.HUMAN, "take_back", ref)

    def _begin(self, living: Living, at: Instant, landed: Instant) -> None:
        living.asked_at, living.began_at = Instant(at.replace(microsecond=0)), landed
        living.edition += 1

    def _note(self, at: Instant, actor: Actor, verb: str, ref: ConsumerRef) -> None:
        self.wire.acts.append(Act(at=at, actor=actor, verb=verb, consumer=ref))

    def _movable(self, state: ConsumerState, *kinds: ConsumerKind) -> Living:
        found = self.living.get(state.ref)
        if found is None:
            msg = "there is no such consumer"
            raise NotFoundError(msg, subject=state.ref.name)
        if state.ref.kind not in kinds:
            msg = f"a {state.ref.kind.value} cannot be moved so"
            raise RejectedError(msg, subject=state.ref.name)
        return found

    def _state(self, ref: ConsumerRef, mounts: str, at: Instant) -> ConsumerState:
        living = self.living.get(ref)
        if living is None:
            return ConsumerState(ref=ref, exists=False)
        state = ConsumerState(
            ref=ref,
            edition=str(living.edition),
            is_well=not living.is_ill,
            obstacle=living.obstacle,
            asked_at=living.asked_at,
        )
        if ref.kind is ConsumerKind.MOUNT:
            return replace(
                state, versions=frozenset({self.published.get(ref.mounts or mounts, "")})
            )
        if ref.kind is ConsumerKind.EXTERNAL_SECRET:
            self._settle(living, at, _FETCHING)
            return replace(state, refreshed_at=living.settled_at)
        is_whole = self._settle(living, at, living.rollout)
        return replace(state, is_well=is_whole and not living.is_ill, started_at=living.settled_at)

    def _settle(self, living: Living, at: Instant, needed: timedelta) -> bool:
        """Let what was asked for come to pass; say whether nothing is under way any more."""
        if living.began_at is None:
            return True
        if living.is_broken or at < living.began_at + needed:
            return False
        living.settled_at, living.began_at = living.began_at, None
        return True
