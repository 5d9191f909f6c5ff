"""The wire between the fakes and us, which can be cut, and what really happened.

Several fakes may share one wire; then their acts are one sequence, in the order
in which they took effect, and a request that was under way lands in its place.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, TypeVar

from rotator.core.ids import Instant
from rotator.errors import (
    AccessDeniedError,
    ConflictError,
    OutcomeUnknownError,
    RotatorError,
    ThrottledError,
    UnavailableError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rotator.core.consumers import ConsumerRef
    from rotator.core.ids import DestinationId, KeyId, VersionId
    from rotator.ports.clock import Clock

ResultT = TypeVar("ResultT")


class Failure(StrEnum):
    """What the wire does to one request.

    Reads have no effect that could be unknown: for them everything that is lost
    is `UnavailableError`.
    """

    UNAVAILABLE = "unavailable"
    THROTTLED = "throttled"
    DENIED = "denied"
    LOST_REQUEST = "lost_request"
    LOST_ANSWER = "lost_answer"
    HALFWAY = "halfway"
    LATE = "late"


class Actor(StrEnum):
    """Whose hand it was."""

    ROTATOR = "rotator"
    HUMAN = "human"


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One thing that took effect at a vendor; `verb` is the port's method name."""

    at: Instant
    actor: Actor
    verb: str
    key: KeyId | None = None
    destination: DestinationId | None = None
    version: VersionId | None = None
    consumer: ConsumerRef | None = None


@dataclass(slots=True, kw_only=True)
class _Break:
    failure: Failure
    times: int
    delay: timedelta
    skip: int = 0


@dataclass(slots=True, kw_only=True)
class Wire:
    """Carries requests to effects, or does not.

    Attributes:
        clock: The true time, which vendors and we share.
        acts: Everything that took effect, in order.
        sent: The method name of every request that was sent, in order.
    """

    clock: Clock
    acts: list[Act] = field(default_factory=list)
    sent: list[str] = field(default_factory=list)
    _breaks: dict[str, _Break] = field(default_factory=dict)
    _everything: Failure | None = None
    _under_way: list[tuple[Instant, Callable[[Instant], object]]] = field(default_factory=list)

    def break_next(
        self,
        method: str,
        failure: Failure,
        *,
        times: int = 1,
        skip: int = 0,
        delay: timedelta = timedelta(minutes=4),
    ) -> None:
        """Break the next requests of one method.

        Args:
            method: The port's method name.
            failure: What happens to them.
            times: How many of them.
            skip: How many get through before.
            delay: For `Failure.LATE`: how much later they land; less than the
                signature window, unless a test wants to break that promise.
        """
        self._breaks[method] = _Break(failure=failure, times=times, delay=delay, skip=skip)

    def break_everything(self, failure: Failure | None) -> None:
        """Break every request from now on; None ends it."""
        self._everything = failure

    @contextmanager
    def breaking(self, failure: Failure) -> Iterator[None]:
        """Break every request inside the block."""
        self._everything = failure
        try:
            yield
        finally:
            self._everything = None

    def land(self) -> Instant:
        """Let everything that is due take effect, in order; return the present."""
        now = self.clock.now()
        due = sorted((item for item in self._under_way if item[0] <= now), key=lambda x: x[0])
        self._under_way = [item for item in self._under_way if item[0] > now]
        for at, effect in due:
            try:
                effect(at)
            except RotatorError:
                continue
        return now

    def next_landing(self) -> Instant | None:
        """Tell when the next request that is under way takes effect."""
        return min((at for at, _ in self._under_way), default=None)

    def read(self, method: str, answer: Callable[[Instant], ResultT]) -> ResultT:
        """Carry a request without effect."""
        now = self.land()
        self.sent.append(method)
        found = self._take(method)
        if found is None:
            return answer(now)
        self._refuse(method, found.failure)
        raise UnavailableError("no answer arrived", subject=method, code="unavailable")

    def write(
        self,
        method: str,
        effect: Callable[[Instant], ResultT],
        *,
        not_after: Instant | None,
        then: Callable[[Instant], object] | None = None,
    ) -> ResultT:
        """Carry a request with an effect.

        Args:
            method: The port's method name.
            effect: What it does, at the instant at which it takes effect.
            not_after: Nothing is sent later than this; None for no limit.
            then: The rest of the effect, where a vendor needs two requests.
        """
        now = self.land()
        if not_after is not None and now > not_after:
            raise ConflictError("too late to send", subject=method, code="not_after")
        self.sent.append(method)

        def whole(at: Instant) -> ResultT:
            result = effect(at)
            if then is not None:
                then(at)
            return result

        found = self._take(method)
        if found is None:
            return whole(now)
        self._refuse(method, found.failure)
        if found.failure is Failure.LATE:
            self._under_way.append((Instant(now + found.delay), whole))
        elif found.failure is Failure.LOST_ANSWER:
            whole(now)
        elif found.failure is Failure.HALFWAY:
            effect(now)
        raise OutcomeUnknownError("no answer arrived", subject=method)

    def _take(self, method: str) -> _Break | None:
        if self._everything is not None:
            return _Break(failure=self._everything, times=1, delay=timedelta(0))
        found = self._breaks.get(method)
        if found is None:
            return None
        if found.skip > 0:
            found.skip -= 1
            return None
        found.times -= 1
        if found.times == 0:
            del self._breaks[method]
        return found

    @staticmethod
    def _refuse(method: str, failure: Failure) -> None:
        if failure is Failure.UNAVAILABLE:
            raise UnavailableError("the vendor is down", subject=method)
        if failure is Failure.THROTTLED:
            raise ThrottledError("too many requests", subject=method)
        if failure is Failure.DENIED:
            raise AccessDeniedError("not permitted", subject=method)
