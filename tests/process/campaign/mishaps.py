"""What happens to a daemon: it is killed, frozen past its lease, told to end, at any moment.

Each replica has a tormentor with a chance of its own, so a seed repeats what is
tried and for how long; what it meets in the daemon depends on the machine.
"""

from __future__ import annotations

import signal
import threading
from collections import Counter
from dataclasses import dataclass, field
from random import Random  # noqa: TID251 - seeded, and the seed is an argument
from typing import TYPE_CHECKING

from rotator.simulators.aws.shapes import FaultKind, FaultRule
from rotator.telemetry.clock import monotonic_seconds
from tests.process.campaign.estate import LEASE, LIST_LAG, WINDOW

if TYPE_CHECKING:
    from collections.abc import Callable

    from rotator.simulators.aws.shapes import Call
    from tests.process.campaign.estate import Estate
    from tests.process.campaign.replica import Replica

OPERATIONS = (
    "CreateAccessKey",
    "TagUser",
    "PutSecretValue",
    "UpdateSecretVersionStage",
    "UpdateAccessKey",
    "DeleteAccessKey",
)
"""The calls at which a mishap is aimed; moments between them are met by chance."""

_AIM_SECONDS = 8
_UNREACHED = "the journal's server cannot be reached"
_SETTLED = LEASE + WINDOW + LIST_LAG


@dataclass(slots=True)
class Tally:
    """What was done so far, counted; safe for threads."""

    counts: Counter[str] = field(default_factory=Counter)
    oddities: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, *names: str) -> None:
        """Count each of these once."""
        with self._lock:
            self.counts.update(names)

    def tell(self, oddity: str) -> None:
        """Keep something that should not have happened."""
        with self._lock:
            self.oddities.append(oddity)


@dataclass(frozen=True, slots=True)
class World:
    """What tormentors share.

    Attributes:
        seen: How many calls of the log were read already.
        wish: Let a person make a key for this user now.
    """

    estate: Estate
    tally: Tally
    over: threading.Event
    seen: Callable[[], int]
    wish: Callable[[str], None]


class Tormentor(threading.Thread):
    """Runs one replica and lets things happen to it, until it is over."""

    def __init__(self, world: World, replica: Replica, seed: str) -> None:
        super().__init__(name=f"tormentor-{replica.name}", daemon=True)
        self._world = world
        self._replica = replica
        self._chance = Random(seed)  # noqa: S311 - repeatable, and no secret

    def run(self) -> None:
        """Start it, let it work, strike, and start it again."""
        while not self._is_over():
            self._replica.start()
            fate = self._chance.random()
            if fate < 0.14:
                self._world.over.wait(self._chance.uniform(0, 2.5))
                self._kill("kill in start") if fate < 0.1 else self._end_in_start()
            elif self._replica.is_started():
                self._work()
            elif not self._is_over():
                self._died()
        self._replica.thaw()
        self._replica.kill()

    def _work(self) -> None:
        while not self._is_over():
            self._world.over.wait(self._chance.uniform(0.2, 3))
            if self._replica.ended() is not None:
                self._died()
                return
            self._replica.scrape()
            self._strike()
            if self._replica.ended() is not None:
                return

    def _strike(self) -> None:
        strikes: tuple[Callable[[], None], ...] = (
            self._kill_by_chance,
            self._freeze,
            self._end,
            self._kill_at_call,
            self._freeze_at_call,
            self._lose_a_mint,
        )
        (strike,) = self._chance.choices(strikes, (40, 10, 8, 30, 9, 6))
        if not self._is_over():
            strike()

    def _kill_by_chance(self) -> None:
        self._kill("kill by chance")

    def _kill(self, *why: str) -> None:
        if self._replica.ended() is None:
            self._replica.kill()
            self._world.tally.add("kills", *why)
        else:
            self._died()

    def _freeze(self) -> None:
        self._freeze_for(self._pause(), "freeze by chance")

    def _freeze_for(self, seconds: float, *why: str) -> None:
        self._replica.freeze()
        self._world.over.wait(seconds)
        reach = "freeze past settling" if seconds > _SETTLED else "freeze past the lease"
        self._world.tally.add("freezes", *why, reach if seconds > LEASE else "freeze within it")
        if self._chance.random() < 0.2:
            self._kill("kill while frozen")
            return
        self._replica.thaw()
        self._world.over.wait(self._chance.uniform(0.2, 1.5))

    def _pause(self) -> float:
        """Mostly past the lease; at times also past everything that others wait for."""
        return self._chance.choice((1.0, LEASE + 0.5, LEASE + 2, LEASE + WINDOW, _SETTLED + 3))

    def _end(self) -> None:
        """Tell it to end; if it is not let finish, that is one more kill."""
        self._replica.ask_to_end()
        if self._chance.random() < 0.3:
            self._world.over.wait(self._chance.uniform(0, 0.7))
            self._world.tally.add("terms")
            if self._replica.ended() is None:
                self._kill("kill after a term")
            return
        code = self._replica.wait()
        self._world.tally.add("terms", f"term ended with {code}")
        if code != 0:
            words = self._replica.last_words()
            self._world.tally.tell(f"{self._replica.name} ended with {code} on SIGTERM\n{words}")

    def _end_in_start(self) -> None:
        """Tell it to end before it works; Python itself, as it starts, cannot be told."""
        self._replica.ask_to_end()
        code = self._replica.wait()
        self._world.tally.add("terms", f"term in start ended with {code}")
        if code not in {0, -signal.SIGTERM}:
            words = self._replica.last_words()
            self._world.tally.tell(f"{self._replica.name} ended with {code} in start\n{words}")

    def _kill_at_call(self) -> None:
        kind = self._chance.choice((FaultKind.DELAY_REQUEST, FaultKind.DELAY_ANSWER))
        operation = self._chance.choice(OPERATIONS)
        # What was sent lands whenever its signature allows, whoever sent it.
        held = self._chance.uniform(0.3, WINDOW + 0.5)
        if self._aim(kind, operation, held if kind is FaultKind.DELAY_REQUEST else 0.5):
            self._kill("kill at a call", f"kill at {operation}, {_side(kind)} it")

    def _freeze_at_call(self) -> None:
        kind = self._chance.choice((FaultKind.DELAY_REQUEST, FaultKind.DELAY_ANSWER))
        operation = self._chance.choice(OPERATIONS)
        # A request that is held for longer than its signature is good: as if the
        # freeze had come between signing and sending.
        held = self._chance.choice((0.5, WINDOW - 1.5, WINDOW + 1.5))
        if self._aim(kind, operation, held if kind is FaultKind.DELAY_REQUEST else 0.5):
            self._freeze_for(
                self._pause(), "freeze at a call", f"freeze at {operation}, {_side(kind)} it"
            )

    def _lose_a_mint(self) -> None:
        """A mint that never arrives, and a person's key born where ours was to be."""
        call = self._struck(FaultKind.LOSE_REQUEST, "CreateAccessKey", 0)
        if call is not None:
            self._world.wish(call.user_name)
            self._world.tally.add("mints lost")
            if self._chance.random() < 0.5:
                self._kill("kill after a lost mint")

    def _aim(self, kind: FaultKind, operation: str, seconds: float) -> bool:
        """Hold a call of ours back; False if none came, or it was another replica's."""
        call = self._struck(kind, operation, seconds)
        return call is not None and f"app/{self._replica.name}" in call.user_agent

    def _struck(self, kind: FaultKind, operation: str, seconds: float) -> Call | None:
        aws, start = self._world.estate.aws, self._world.seen()
        known = {id_of(call) for call in aws.calls(operation, start=start)}
        aws.add_fault(
            FaultRule(
                kind=kind,
                operation=operation,
                caller=self._world.estate.admin.key_id,
                seconds=seconds,
            )
        )
        ends = monotonic_seconds() + _AIM_SECONDS
        while monotonic_seconds() < ends and not self._is_over():
            for call in aws.calls(operation, start=start):
                if call.fault is kind and id_of(call) not in known:
                    return call
            threading.Event().wait(0.05)
        return None

    def _died(self) -> None:
        code = self._replica.ended()
        words = self._replica.last_words()
        if code == 1 and _UNREACHED in words:
            # A start gives up on a server that takes too long to answer, and is repeated.
            self._world.tally.add("starts without an answer of the journal's server")
            return
        self._world.tally.tell(f"{self._replica.name} ended by itself with {code}\n{words}")
        self._replica.kill()

    def _is_over(self) -> bool:
        return self._world.over.is_set()


def id_of(call: Call) -> tuple[object, ...]:
    """Tell one call from another."""
    return call.at, call.operation, call.user_agent, call.user_name, call.secret


def _side(kind: FaultKind) -> str:
    return "before" if kind is FaultKind.DELAY_REQUEST else "behind"
