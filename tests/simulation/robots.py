"""A vendor whose keys have no names: all of them are one robot's, and there may be two.

A key can be switched off and on, and is deleted only when it is off. The vendor's own
keys are the truth that a world's judges look at.
"""

from __future__ import annotations

import json
import re
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from rotator.core.ids import Instant, KeyId
from rotator.simulators.embedded import EmbeddedSimulator
from rotator.simulators.fault_book import FaultBook
from rotator.simulators.front_door import FrontDoor
from rotator.simulators.messages import Answer
from rotator.simulators.simulated_time import BorrowedTime
from rotator.simulators.stage5.answers import refuse_for, spoil
from rotator.simulators.stage5.faults import Sighting
from rotator.simulators.stage5.shapes import FaultRule
from rotator.testing.fake_keys import FakeKey, Habits
from rotator.testing.wire import Act, Actor

if TYPE_CHECKING:
    from datetime import datetime

    from rotator.ports.clock import Clock
    from rotator.simulators.messages import HttpRequest

MOST_KEYS = 2
OURS, HUMAN = "rotators-admin-credential", "a-persons-credential"
_ACTORS = {OURS: Actor.ROTATOR, HUMAN: Actor.HUMAN}

_KEYS = r"/robots/(?P<robot>[a-z-]+)/keys"
_ROUTES = {
    "list": ("GET", re.compile(_KEYS)),
    "create": ("POST", re.compile(_KEYS)),
    "off": ("POST", re.compile(_KEYS + r"/(?P<key>\d+)/off")),
    "on": ("POST", re.compile(_KEYS + r"/(?P<key>\d+)/on")),
    "delete": ("DELETE", re.compile(_KEYS + r"/(?P<key>\d+)")),
    "whoami": ("GET", re.compile("/whoami")),
}
_PLAIN = "application/json"


@dataclass(kw_only=True)
class RobotWorld:
    """What is there.

    Attributes:
        acts: Where acts are written down.
        keys: Every key that ever was; its instants are the true time.
        habits: How slow and coarse the vendor is.
        calls: What was asked for, in order.
        mark: What secrets contain.
    """

    time: BorrowedTime
    mark: str
    habits: Habits = field(default_factory=Habits)
    acts: list[Act] = field(default_factory=list)
    keys: dict[KeyId, FakeKey] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    faults: FaultBook[FaultRule, Sighting] = field(default_factory=FaultBook)
    lock: threading.RLock = field(default_factory=threading.RLock)

    def now(self) -> datetime:
        """Return the instant by the vendor's clock."""
        return self.time.now()

    def true(self) -> Instant:
        """Return the true time of what happens now."""
        return Instant(self.now() - self.time.offset)

    def there(self, robot: str, at: Instant) -> list[FakeKey]:
        """Return a robot's keys that are there at an instant."""
        return [it for it in self.keys.values() if it.owner_uid == robot and it.exists_at(at)]

    def make(self, robot: str, actor: Actor) -> FakeKey:
        """Make a key, whatever the limit."""
        number = len(self.keys) + 1
        key_id = KeyId(str(number))
        made = self.keys[key_id] = FakeKey(
            key_id=key_id,
            secret=f"rk_{self.mark}{number:04}",
            owner_uid=robot,
            minter=actor,
            created_at=self.true(),
        )
        self._note(actor, "create_key", key_id)
        return made

    def switch(self, key: FakeKey, actor: Actor, *, on: bool) -> None:
        """Switch a key; nothing happens when it is so already."""
        at = self.true()
        if key.is_enabled_at(at) != on:
            key.switches.append((at, on))
            self._note(actor, "enable_key" if on else "disable_key", key.key_id)

    def end(self, key: FakeKey, actor: Actor) -> None:
        """Delete a key."""
        key.deleted_at = self.true()
        self._note(actor, "delete_key", key.key_id)

    def let_in(self, secret: str) -> FakeKey | None:
        """Return whose a secret is, if it is good at this moment, and note the use."""
        at = self.true()
        for key in self.keys.values():
            if key.secret == secret and key.is_accepted_at(at, self.habits):
                key.record_use(at, "api", self.habits.use_quantum / 3)
                return key
        return None

    def _note(self, actor: Actor, verb: str, key: KeyId) -> None:
        self.acts.append(Act(at=self.true(), actor=actor, verb=verb, key=key))


@dataclass(frozen=True, kw_only=True)
class Arrival:
    """A request, taken apart."""

    operation: str
    robot: str
    key: str
    query: dict[str, str]
    caller: str


class Robots(EmbeddedSimulator[str]):
    """The vendor inside this process.

    Attributes:
        world: What is there, to be read and changed directly.
    """

    def __init__(self, clock: Clock, *, mark: str) -> None:
        """Start empty; secrets contain `mark`."""
        time = BorrowedTime(clock)
        self.world = RobotWorld(time=time, mark=mark)
        super().__init__(time, self.world, _Door(self.world), lambda _: None)

    def operation_of(self, method: str, base: str, path: str) -> str:
        """Name what a request asks for; empty for a path that nobody serves."""
        return _asked(method, path)[0]


class _Door(FrontDoor[Arrival, FaultRule, str]):
    def __init__(self, world: RobotWorld) -> None:
        super().__init__(world)
        self._world = world

    def _read(self, request: HttpRequest, base: str) -> Arrival:
        operation, told = _asked(request.method, request.path)
        bearer = request.headers.get("authorization", "").removeprefix("Bearer ")
        return Arrival(
            operation=operation,
            robot=told.get("robot", ""),
            key=told.get("key", ""),
            query={name: values[-1] for name, values in parse_qs(request.query).items()},
            caller=request.headers.get("x-admin", bearer),
        )

    def _strike(self, arrival: Arrival) -> FaultRule | None:
        seen = Sighting(
            operation=arrival.operation,
            workspace_id=arrival.robot,
            key_id=arrival.key,
            name="",
            caller=arrival.caller,
        )
        return self._world.faults.strike(seen, self._world.now())

    def _refusal(self, arrival: Arrival, rule: FaultRule) -> Answer | None:
        return refuse_for(rule)

    def _spoil(self, arrival: Arrival, answer: Answer, rule: FaultRule) -> Answer:
        return spoil(answer, rule)

    def _perform(self, arrival: Arrival) -> tuple[Answer, str | None]:
        if arrival.operation == "whoami":
            key = self._world.let_in(arrival.caller)
            found = {"key": int(key.key_id), "robot": key.owner_uid} if key else {}
            return _said(200 if key else 401, found), key.key_id if key else None
        actor = _ACTORS.get(arrival.caller)
        if actor is None:
            return _said(401, {}), None
        return self._managed(arrival, actor), ""

    def _managed(self, arrival: Arrival, actor: Actor) -> Answer:
        world, at = self._world, self._world.true()
        there = {key.key_id: key for key in world.there(arrival.robot, at)}
        key = there.get(KeyId(arrival.key))
        match arrival.operation:
            case "list":
                return self._page(arrival)
            case "create" if len(there) >= MOST_KEYS:
                return _said(409, {"code": "limit"})
            case "create":
                made = world.make(arrival.robot, actor)
                return _said(201, {**self._row(made, at), "secret": made.secret})
            case "on" | "off" if key is not None:
                world.switch(key, actor, on=arrival.operation == "on")
                return _said(200, self._row(key, world.true()))
            case "delete" if key is not None and key.is_enabled_at(at):
                return _said(400, {"code": "switch it off first"})
            case "delete" if key is not None:
                world.end(key, actor)
                return _said(204, None)
            case _:
                return _said(404, {"code": "no such key"})

    def _page(self, arrival: Arrival) -> Answer:
        at = Instant(self._world.true() - self._world.habits.list_lag)
        keys = self._world.there(arrival.robot, at)
        start, size = (int(arrival.query[name]) for name in ("skip", "top"))
        rows = [self._row(key, at) for key in keys[start : start + size]]
        return _said(200, {"keys": rows, "count": len(keys)})

    def _row(self, key: FakeKey, at: Instant) -> dict[str, object]:
        world = self._world
        told = [it for it, _ in key.recorded if it <= world.true() - world.habits.report_lag]
        return {
            "id": int(key.key_id),
            "made": self._epoch(key.created_at),
            "seen": self._epoch(told[-1]) if told else 0,
            "is_on": key.is_enabled_at(at),
        }

    def _epoch(self, at: Instant) -> int:
        return int((at + self._world.time.offset).timestamp())

    def _log(
        self,
        arrival: Arrival,
        answer: Answer | None,
        rule: FaultRule | None,
        deed: str | None,
    ) -> None:
        self._world.calls.append(arrival.operation)


def _asked(method: str, path: str) -> tuple[str, dict[str, str]]:
    for name, (wanted, pattern) in _ROUTES.items():
        found = pattern.fullmatch(path)
        if found is not None and method == wanted:
            return name, found.groupdict()
    return "", {}


def _said(status: int, body: object) -> Answer:
    content = b"" if body is None else json.dumps(body).encode()
    return Answer(status=status, content_type=_PLAIN, body=content)
