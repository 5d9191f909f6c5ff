"""What can go wrong between the real adapters and a simulated vendor of keys.

A port's method makes several calls of the vendor's. A failure hits those that change
something, or the only one; single calls can be hit by rules of their own. The fake
destination hangs on the same wire, so what happens on both sides is one sequence.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from rotator.core.ids import Instant
from rotator.testing.wire import Failure, Wire
from tests.simulation.wrapping import offered, remade

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime

    from rotator.core.facts import Principal
    from rotator.core.ids import AccountId
    from rotator.ports.provider import KeyProvider
    from rotator.simulators.fault_book import FaultBook
    from rotator.simulators.simulated_time import BorrowedTime

ResultT = TypeVar("ResultT")

KINDS: dict[Failure, str] = {
    Failure.UNAVAILABLE: "server_error",
    Failure.THROTTLED: "throttle",
    Failure.DENIED: "access_denied",
    Failure.LOST_REQUEST: "lose_request",
    Failure.LOST_ANSWER: "lose_answer",
    Failure.HALFWAY: "lose_answer",
    Failure.LATE: "land_late",
}
"""By which words every simulator calls what goes wrong."""

REVOKED = "credential_revoked"


class Simulator(Protocol):
    """A simulated vendor inside this process."""

    time: BorrowedTime
    world: Any

    def now(self) -> datetime:
        """Return the instant by the vendor's clock."""
        ...

    def next_landing(self) -> datetime | None:
        """Return when the next late request takes effect, by that clock."""
        ...

    def land(self) -> None:
        """Let every late request take effect whose time has come."""
        ...


def true_time(simulator: Simulator) -> Instant:
    """Return the true time of what happens now, whatever the vendor's own clock says."""
    return Instant(simulator.now() - simulator.time.offset)


@dataclass(slots=True, kw_only=True)
class SimulatorWire(Wire):
    """Carries the calls of whole methods; the simulator does what goes wrong with them.

    Attributes:
        simulator: The other side.
        faults: The rules in force there.
        rule: Makes a rule of that side.
        targets: By provider: the call of each of its methods that failures hit; a
            method without one sends none.
        ours: The id of the key that we enter with.
        beside: The wire to another simulator, where the destination is there.
        latest: How late a request lands at most, if the vendor promises that.
        struck: The methods that a failure really hit, in order.
    """

    simulator: Simulator
    faults: FaultBook[Any, Any]
    rule: Callable[..., Any]
    targets: Mapping[str, Mapping[str, str]]
    ours: str = ""
    beside: Wire | None = None
    latest: timedelta = timedelta.max
    struck: list[tuple[str, Failure]] = field(default_factory=list)
    _lasting: Any = None

    def land(self) -> Instant:
        """Let everything that is due take effect on either side; return the present."""
        self.simulator.land()
        if self.beside is not None:
            self.beside.land()
        return super(SimulatorWire, self).land()

    def next_landing(self) -> Instant | None:
        """Tell when the next request that is under way takes effect."""
        due = self.simulator.next_landing()
        here = [] if due is None else [Instant(due - self.simulator.time.offset)]
        there = [super(SimulatorWire, self).next_landing()]
        there += [] if self.beside is None else [self.beside.next_landing()]
        return min([*here, *(item for item in there if item is not None)], default=None)

    def break_everything(self, failure: Failure | None) -> None:
        """Break every call of ours; a denial is the loss of our own key."""
        super(SimulatorWire, self).break_everything(failure)
        if self._lasting is not None:
            self.faults.remove(self._lasting)
        self._lasting = None
        if failure is not None:
            kind = REVOKED if failure is Failure.DENIED else KINDS[failure]
            self._lasting = self.rule(kind=kind, caller=self.ours, times=None)
            self.faults.add(self._lasting)

    def carry(self, provider: str, method: str, call: Callable[[], ResultT]) -> ResultT:
        """Make the calls of one method, perhaps with one of them broken."""
        self.land()
        self.sent.append(method)
        operation = self.targets[provider].get(method)
        found = None if operation is None or self._lasting else self._take(method)
        if found is None or operation is None:
            return call()
        with self._broken(method, operation, found.failure, min(found.delay, self.latest)):
            return call()

    @contextmanager
    def _broken(
        self, method: str, operation: str, failure: Failure, delay: timedelta
    ) -> Iterator[None]:
        rule = self.rule(kind=KINDS[failure], operation=operation, seconds=delay.total_seconds())
        self.faults.add(rule)
        try:
            yield
        finally:
            if self.faults.remove(rule):
                self.struck.append((method, failure))


def carried(
    adapter: KeyProvider, wire: SimulatorWire, kind: str, is_watched: Callable[[str], bool]
) -> KeyProvider:
    """Let the wire carry every method; a generator's calls are made at once.

    Args:
        adapter: The real one.
        wire: What carries.
        kind: The provider's name, as the wire's targets have it.
        is_watched: Whether the principal of a name is one that a rule of the world
            selects; there are others, such as whose key we enter with.
    """

    def carrying(name: str, method: Callable[..., object]) -> Callable[..., object]:
        def call(*args: object, **kwargs: object) -> object:
            return wire.carry(kind, name, partial(method, *args, **kwargs))

        return call

    calls = {name: carrying(name, it) for name, it in offered(adapter, "provider").items()}

    def principals(account: AccountId) -> Iterator[Principal]:
        found = wire.carry(kind, "principals", lambda: list(adapter.principals(account)))
        return iter([item for item in found if is_watched(item.name)])

    return remade(adapter, "provider", {**calls, "principals": principals})
