"""What can go wrong between the real adapters and the simulated CipherStash.

A port's method makes several calls of the service's. A failure hits those that change
something, or the only one; single calls can be hit by rules of their own. The fake
destination hangs on the same wire, so what happens on both sides is one sequence.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from rotator.core.ids import Instant
from rotator.simulators.cipherstash.shapes import FaultKind, FaultRule
from rotator.testing.wire import Failure, Wire

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import timedelta

    from rotator.simulators.cipherstash.embedded import EmbeddedCipherStash

ResultT = TypeVar("ResultT")

KINDS: dict[Failure, FaultKind] = {
    Failure.UNAVAILABLE: FaultKind.SERVER_ERROR,
    Failure.THROTTLED: FaultKind.THROTTLE,
    Failure.DENIED: FaultKind.ACCESS_DENIED,
    Failure.LOST_REQUEST: FaultKind.LOSE_REQUEST,
    Failure.LOST_ANSWER: FaultKind.LOSE_ANSWER,
    Failure.HALFWAY: FaultKind.LOSE_ANSWER,
    Failure.LATE: FaultKind.LAND_LATE,
}

_ACCESS_LIST, _CLIENT_LIST = "list-access-keys", "list-clients"
_KEYS = "cipherstash-access-key"
_CLIENTS = "cipherstash-client-key"

TARGETS: dict[str, dict[str, str]] = {
    _KEYS: {
        "principals": _ACCESS_LIST,
        "list_keys": _ACCESS_LIST,
        "create_key": "create-access-key",
        "delete_key": "revoke-access-key",
        "verify": "authorise",
        "last_used": _ACCESS_LIST,
    },
    _CLIENTS: {
        "principals": _CLIENT_LIST,
        "list_keys": _CLIENT_LIST,
        "create_key": "create-client",
        "delete_key": "delete-client",
        "verify": "load-keyset",
        "disable_key": "revoke-keyset",
        "enable_key": "grant-keyset",
        "grants": _CLIENT_LIST,
        "grant": "grant-keyset",
        "is_person": _CLIENT_LIST,
    },
}
"""The call of each provider's method that its failures hit; a method without one sends none."""


@dataclass(slots=True, kw_only=True)
class CipherStashWire(Wire):
    """Carries the calls of whole methods; the simulator does what goes wrong with them.

    Attributes:
        stash: The other side.
        ours: The id of the access key that we enter with.
        beside: The wire to a simulated AWS, where the destination is there.
        struck: The methods that a failure really hit, in order.
    """

    stash: EmbeddedCipherStash
    ours: str = ""
    beside: Wire | None = None
    struck: list[tuple[str, Failure]] = field(default_factory=list)
    _lasting: FaultRule | None = None

    def land(self) -> Instant:
        """Let everything that is due take effect on either side; return the present."""
        self.stash.land()
        if self.beside is not None:
            self.beside.land()
        return super(CipherStashWire, self).land()

    def next_landing(self) -> Instant | None:
        """Tell when the next request that is under way takes effect."""
        due = self.stash.next_landing()
        here = [] if due is None else [Instant(due - self.stash.time.offset)]
        there = [super(CipherStashWire, self).next_landing()]
        there += [] if self.beside is None else [self.beside.next_landing()]
        return min([*here, *(item for item in there if item is not None)], default=None)

    def break_everything(self, failure: Failure | None) -> None:
        """Break every call of ours; a denial is the loss of our own access key."""
        super(CipherStashWire, self).break_everything(failure)
        if self._lasting is not None:
            self.stash.world.faults.remove(self._lasting)
        self._lasting = None
        if failure is not None:
            is_denial = failure is Failure.DENIED
            kind = FaultKind.CREDENTIAL_REVOKED if is_denial else KINDS[failure]
            self._lasting = FaultRule(kind=kind, caller=self.ours, times=None)
            self.stash.world.faults.add(self._lasting)

    def carry(self, provider: str, method: str, call: Callable[[], ResultT]) -> ResultT:
        """Make the calls of one method, perhaps with one of them broken."""
        self.land()
        self.sent.append(method)
        operation = TARGETS[provider].get(method)
        found = None if operation is None or self._lasting else self._take(method)
        if found is None or operation is None:
            return call()
        with self._broken(method, operation, found.failure, found.delay):
            return call()

    @contextmanager
    def _broken(
        self, method: str, operation: str, failure: Failure, delay: timedelta
    ) -> Iterator[None]:
        kind, faults = KINDS[failure], self.stash.world.faults
        rule = FaultRule(kind=kind, operation=operation, seconds=delay.total_seconds())
        faults.add(rule)
        try:
            yield
        finally:
            if faults.remove(rule):
                self.struck.append((method, failure))
