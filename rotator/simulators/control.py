"""The endpoints under ``/_simulator/`` that every simulator has: clock, faults, calls."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Protocol, TypeVar
from urllib.parse import parse_qs

from pydantic import ValidationError

from rotator.simulators.messages import Answer, HttpRequest
from rotator.simulators.shapes import ClockMove, ClockState

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from contextlib import AbstractContextManager

    from pydantic import BaseModel

    from rotator.simulators.simulated_time import SimulatedTime

PREFIX = "/_simulator/"


class Called(Protocol):
    """A call that was seen."""

    @property
    def operation(self) -> str:
        """Say what was called."""
        ...


CallT = TypeVar("CallT", bound=Called)


class Landing(Protocol):
    """Requests that are under way and take effect later."""

    def next_landing(self) -> datetime | None:
        """Return when the next late request takes effect, if one is under way."""
        ...

    def land_due(self) -> None:
        """Carry out the late requests whose time has come."""
        ...


class Clearable(Protocol):
    """What can be emptied."""

    def clear(self) -> None:
        """Forget everything in it."""
        ...


class World(Protocol):
    """What every simulated world has."""

    @property
    def lock(self) -> AbstractContextManager[object]:
        """Serialise what reads or changes the world."""
        ...

    @property
    def time(self) -> SimulatedTime:
        """Tell the world's time."""
        ...

    @property
    def faults(self) -> Clearable:
        """Tell what goes wrong."""
        ...

    @property
    def calls(self) -> Clearable:
        """Tell what was called."""
        ...


class ControlDesk:
    """Answers control requests; nobody signs them, they come from the loopback interface."""

    def __init__(
        self,
        world: World,
        landing: Landing,
        routes: Mapping[tuple[str, str], Callable[[HttpRequest], bytes]],
    ) -> None:
        """Control this world.

        Args:
            world: Whose clock, faults and calls are controlled here.
            landing: What must happen while time is moved.
            routes: The simulator's own, by method and path; each raises `ValueError`
                with the reason when it refuses.
        """
        self._world = world
        self._landing = landing
        self._routes: dict[tuple[str, str], Callable[[HttpRequest], bytes]] = {
            ("GET", "clock"): self._get_clock,
            ("PUT", "clock"): self._move_clock,
            ("DELETE", "faults"): self._clear_faults,
            ("DELETE", "calls"): self._clear_calls,
            **routes,
        }

    def answer(self, request: HttpRequest) -> Answer:
        """Carry out one control request; a bad one is answered with 400 and the reason."""
        handler = self._routes.get((request.method, request.path.removeprefix(PREFIX)))
        if handler is None:
            return _text(404, f"no such endpoint: {request.method} {request.path}")
        try:
            with self._world.lock:
                body = handler(request)
        except ValidationError as error:
            return _text(400, error.json(include_input=False, include_url=False))
        except ValueError as error:
            return _text(400, str(error))
        return Answer(status=200, content_type="application/json", body=body)

    def _get_clock(self, _request: HttpRequest) -> bytes:
        return as_json(ClockState(now=self._world.time.now()))

    def _move_clock(self, request: HttpRequest) -> bytes:
        move = ClockMove.model_validate_json(request.body)
        if (move.now is None) == (move.advance_seconds is None):
            msg = "give exactly one of now and advance_seconds"
            raise ValueError(msg)
        now = self._world.time.now()
        if move.now is not None and move.now < now:
            msg = f"the clock is at {now.isoformat()} and never goes back"
            raise ValueError(msg)
        self._travel(move.now or now + timedelta(seconds=move.advance_seconds or 0))
        return self._get_clock(request)

    def _travel(self, target: datetime) -> None:
        # Late requests take effect at their own instants, so stop at each.
        while (stop := self._landing.next_landing()) is not None and stop <= target:
            self._world.time.move_to(stop)
            self._landing.land_due()
        self._world.time.move_to(target)

    def _clear_faults(self, _request: HttpRequest) -> bytes:
        self._world.faults.clear()
        return b"{}"

    def _clear_calls(self, _request: HttpRequest) -> bytes:
        self._world.calls.clear()
        return b"{}"


def asked_for(calls: Iterable[CallT], request: HttpRequest) -> list[CallT]:
    """Return the calls that a request asks for: of its operations, from its start."""
    wanted = parse_qs(request.query)
    operations = wanted.get("operation", [])
    start = int(wanted.get("start", ["0"])[-1])
    later = islice(calls, start, None)
    return [call for call in later if not operations or call.operation in operations]


def as_json(shape: BaseModel) -> bytes:
    """Write a shape as it goes back."""
    return shape.model_dump_json().encode()


def _text(status: int, text: str) -> Answer:
    return Answer(status=status, content_type="text/plain; charset=utf-8", body=text.encode())
