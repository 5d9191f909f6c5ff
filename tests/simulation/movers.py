"""The judge of consumers in a cluster: which key their pods hold when we end one.

It shares nothing with the machine: it knows the acts that took effect, and what the
town's pods hold by them.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rotator.core.consumers import WORKLOADS
from rotator.testing.wire import Act, Actor
from tests.simulation.violation import Violation

if TYPE_CHECKING:
    from rotator.core.consumers import ConsumerRef
    from rotator.core.ids import Instant, KeyId, VersionId
    from tests.simulation.checker import Checker
    from tests.simulation.town import Home, Town


@dataclass(slots=True, kw_only=True)
class Movers:
    """Judges what is done to the consumers of the credential that a checker judges.

    Attributes:
        checker: Knows the truth about keys, and what is a human's doing.
        made: How often we restarted whom at all.
        restarted: How often we restarted whom since the destination's key changed.
        taken_back: Whose restart somebody took back since then.
        ours: Who rolls by our doing.
    """

    checker: Checker
    town: Town
    home: Home
    made: Counter[ConsumerRef] = field(default_factory=Counter)
    restarted: Counter[ConsumerRef] = field(default_factory=Counter)
    taken_back: set[ConsumerRef] = field(default_factory=set)
    ours: set[ConsumerRef] = field(default_factory=set)
    _seen: int = 0
    _key: KeyId | None = None

    def look(self) -> None:
        """Judge everything that happened since the last look."""
        acts = self.town.wire.acts
        while self._seen < len(acts):
            act = acts[self._seen]
            self._seen += 1
            self._judge(act)

    def _judge(self, act: Act) -> None:
        if act.consumer is not None and act.consumer in self.home.named.refs:
            self._moved(act, act.consumer)
        elif act.key is not None and act.verb in {"disable_key", "delete_key"}:
            if act.actor is Actor.ROTATOR:
                self._ended(act, act.key)
        elif act.verb in {"promote", "write"} and act.destination == self.home.pivot.id:
            self._published(act)

    def _published(self, act: Act) -> None:
        found = self._key_in(act.version) if act.version else None
        if found != self._key:
            self.restarted.clear()
            self.taken_back.clear()
        self._key = found

    def _moved(self, act: Act, ref: ConsumerRef) -> None:
        if act.verb == "take_back":
            self.taken_back.add(ref)
        elif act.verb == "restart" and act.actor is Actor.HUMAN:
            self.ours.discard(ref)
        elif act.verb == "restart":
            self._restarted_by_us(act, ref)

    def _restarted_by_us(self, act: Act, ref: ConsumerRef) -> None:
        self.ours.add(ref)
        self.restarted[ref] += 1
        if self.restarted[ref] > 1 + self._forgotten(ref):
            self._break("restarts", act.at, f"{ref} was restarted {self.restarted[ref]} times")
        self.made[ref] += 1
        rolling = [it for it in self.ours if self.town.is_rolling(it, act.at)]
        if len(rolling) > self.home.named.restarting.batch:
            self._break("batch", act.at, f"{len(rolling)} workloads roll at once")

    def _forgotten(self, ref: ConsumerRef) -> int:
        """Count the restarts that cannot be known of: taken back, with no outcome written."""
        if ref not in self.taken_back:
            return 0
        told = [
            event
            for rotation in self.checker.journal.rotations()
            for event in self.checker.journal.events(rotation.id)
            if (event.kind, event.effect) == ("outcome", "restart")
        ]
        return self.made[ref] - sum(str(ref) in event.detail.values() for event in told)

    def _ended(self, act: Act, key: KeyId) -> None:
        if key in self.checker.ended_by_hand | self.checker.brought_back:
            return
        for ref in self.home.named.refs:
            if ref.kind not in WORKLOADS:
                continue
            held = [self._key_in(version) for version in self.town.held(ref, act.at)]
            if key in held:
                self._break("I4", act.at, f"{act.verb} of {key}, which pods of {ref} hold")
            elif key in self.checker.old_since and set(held) != {self._key}:
                self._break("I4", act.at, f"{act.verb} of {key}, and {ref} holds {held}")

    def _key_in(self, version: VersionId) -> KeyId | None:
        objects = self.checker.destination.objects
        text = objects[self.home.pivot.id].versions[version]
        found: KeyId | None = json.loads(text).get(self.home.pivot.key_id_field)
        return found

    def _break(self, invariant: str, at: Instant, what: str) -> None:
        self.checker.violations.append(Violation(invariant, at, what))
