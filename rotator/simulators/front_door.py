"""The front door of a simulated vendor: faults strike here, and late requests wait here."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from enum import StrEnum

    from rotator.simulators.messages import Answer, HttpRequest

LOSE_REQUEST, LOSE_ANSWER = "lose_request", "lose_answer"
LAND_LATE, DELAY_REQUEST = "land_late", "delay_request"


class Strike(Protocol):
    """A fault that has struck."""

    @property
    def kind(self) -> StrEnum:
        """Tell what goes wrong."""
        ...

    @property
    def seconds(self) -> float:
        """Tell for how long."""
        ...


class TimedWorld(Protocol):
    """What a front door needs of its world."""

    @property
    def lock(self) -> AbstractContextManager[object]:
        """Serialise what reads or changes the world."""
        ...

    def now(self) -> datetime:
        """Return the exact simulated instant."""
        ...


ArrivalT = TypeVar("ArrivalT")
RuleT = TypeVar("RuleT", bound=Strike)
DeedT = TypeVar("DeedT")


class FrontDoor(ABC, Generic[ArrivalT, RuleT, DeedT]):
    """Answers calls, one at a time; what they mean is the vendor's matter."""

    def __init__(self, world: TimedWorld) -> None:
        """Serve this world."""
        self._place = world
        self._late: list[tuple[datetime, ArrivalT]] = []

    def answer(self, request: HttpRequest, base: str) -> Answer | None:
        """Carry out one call; None means that the connection must be dropped.

        Args:
            request: As it arrived.
            base: By which address the simulator was called, such as ``http://127.0.0.1:40001``.
        """
        with self._place.lock:
            self.land_due()
            arrival = self._read(request, base)
            rule = self._strike(arrival)
            if rule is None or rule.kind != DELAY_REQUEST:
                return self._undergo(arrival, rule)
            self._log(arrival, None, rule, None)
        threading.Event().wait(rule.seconds)
        with self._place.lock:
            return self._undergo(arrival, None)

    def forget(self) -> None:
        """Drop the requests that are still under way."""
        self._late.clear()

    def next_landing(self) -> datetime | None:
        """Return when the next late request takes effect, if one is under way."""
        return min((due for due, _ in self._late), default=None)

    def land_due(self) -> None:
        """Carry out the late requests whose time has come."""
        now = self._place.now()
        due = sorted((e for e in self._late if e[0] <= now), key=lambda entry: entry[0])
        self._late = [entry for entry in self._late if entry[0] > now]
        for _, arrival in due:
            self._carry_out(arrival, None)

    def _undergo(self, arrival: ArrivalT, rule: RuleT | None) -> Answer | None:
        """Apply a fault that comes instead of the effect, or have the effect."""
        answer = self._refusal(arrival, rule) if rule else None
        is_lost = rule is not None and rule.kind in (LOSE_REQUEST, LAND_LATE)
        if answer is None and not is_lost:
            return self._carry_out(arrival, rule)
        if rule is not None and rule.kind == LAND_LATE:
            self._late.append((self._place.now() + timedelta(seconds=rule.seconds), arrival))
        self._log(arrival, answer, rule, None)
        return answer

    def _carry_out(self, arrival: ArrivalT, rule: RuleT | None) -> Answer | None:
        answer, deed = self._perform(arrival)
        if rule is not None:
            answer = self._spoil(arrival, answer, rule)
        told = None if rule is not None and rule.kind == LOSE_ANSWER else answer
        self._log(arrival, told, rule, deed)
        return told

    @abstractmethod
    def _read(self, request: HttpRequest, base: str) -> ArrivalT:
        """Parse a request; what makes no sense is refused later."""

    @abstractmethod
    def _strike(self, arrival: ArrivalT) -> RuleT | None:
        """Return the fault that hits this call, if one does."""

    @abstractmethod
    def _refusal(self, arrival: ArrivalT, rule: RuleT) -> Answer | None:
        """Return what a fault answers instead of the effect; None if it does not refuse."""

    @abstractmethod
    def _perform(self, arrival: ArrivalT) -> tuple[Answer, DeedT | None]:
        """Have the effect; no deed if the call was not let in or was refused."""

    @abstractmethod
    def _spoil(self, arrival: ArrivalT, answer: Answer, rule: RuleT) -> Answer:
        """Return what a fault makes of an answer, after the effect."""

    @abstractmethod
    def _log(
        self, arrival: ArrivalT, answer: Answer | None, rule: RuleT | None, deed: DeedT | None
    ) -> None:
        """Remember the call."""
