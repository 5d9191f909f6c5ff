"""The judge of one follower: an independent model of who reads what there, and since when.

It shares nothing with the machine. From the acts that took effect it knows which key the
pivot and the follower carry, and holds each act of ours against I1, I4 and I6.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rotator.testing.wire import Act, Actor
from tests.simulation.violation import Violation

if TYPE_CHECKING:
    from rotator.core.facts import DestinationRef
    from rotator.core.ids import DestinationId, Instant, KeyId, VersionId
    from rotator.core.rotation import Credential
    from tests.simulation.checker import Checker


@dataclass(slots=True, kw_only=True)
class Mirror:
    """Judges one follower of the credential that a checker judges.

    Attributes:
        checker: Knows the pivot, the truth about keys, and what is a human's doing.
        carried: The key that each object carries; None for one that carries none.
        shown: Every key that the pivot has carried.
        left: Since when consumers of the follower may have stopped reading a key.
        by_human: When a human moved the follower last.
    """

    checker: Checker
    ref: DestinationRef
    carried: dict[DestinationId, KeyId | None] = field(default_factory=dict)
    shown: set[KeyId | None] = field(default_factory=set)
    left: dict[KeyId, Instant] = field(default_factory=dict)
    by_human: Instant | None = None
    _seen: int = 0

    def look(self) -> None:
        """Judge everything that happened since the last look."""
        acts = self.checker.provider.wire.acts
        while self._seen < len(acts):
            act = acts[self._seen]
            self._seen += 1
            self._judge(act)

    def finish(self, at: Instant) -> None:
        """Ask at the end for one key everywhere, or for a hold that tells why not."""
        self.look()
        if self._is_held():
            return
        if self._mine() != self.carried.get(self.checker.ref.id):
            self._break("I10", at, f"{self.ref.name} carries {self._mine()}, the pivot does not")
        there = self.checker.destination.objects.get(self.ref.id)
        if there is not None and there.pending is not None and not self.checker.may_forget:
            self._break("I10", at, f"a pending label was left at {self.ref.name}")

    def _judge(self, act: Act) -> None:
        if act.key is not None and act.actor is Actor.ROTATOR:
            if act.verb in {"disable_key", "delete_key"}:
                self._ended(act, act.key)
        elif act.verb in {"promote", "write"} and act.destination and act.version:
            self._moved(act, act.destination, act.version)

    def _ended(self, act: Act, key: KeyId) -> None:
        excused = self.checker.ended_by_hand | self.checker.brought_back
        if key == self._mine() and key not in excused:
            window = self.checker.provider.habits.signature_window
            if self.by_human is not None and act.at - self.by_human <= window:
                self.checker.brought_back.add(key)
            else:
                self._break("I1", act.at, f"{act.verb} of {key}, which {self.ref.name} carries")
        shortest = self.checker.terms.grace.min_period - self.checker.tolerance
        since = self.left.get(key)
        is_first = key not in self.checker.disabled or self.checker.disabled[key] is act
        if since is not None and is_first and act.at - since < shortest and key not in excused:
            self._break("I4", act.at, f"{act.verb} of {key} too soon for {self.ref.name}")

    def _moved(self, act: Act, where: DestinationId, version: VersionId) -> None:
        if where not in {self.ref.id, self.checker.ref.id}:
            return
        before, after = self.carried.get(where), self._key_in(where, version)
        if where == self.ref.id:
            if act.actor is Actor.HUMAN:
                self.by_human = act.at
                if after is not None and after in self.checker.disabled:
                    self.checker.brought_back.add(after)
            elif act.verb == "promote":
                self._written_by_us(act, before, after)
            if before is not None and before != after:
                self.left[before] = act.at
        else:
            # A human may take the pivot back at any moment; that it was there is what counts.
            self.shown.add(after)
        self.carried[where] = after

    def _written_by_us(self, act: Act, before: KeyId | None, after: KeyId | None) -> None:
        provider, checker = self.checker.provider, self.checker
        if after not in self.shown:
            self._break("I6", act.at, f"{self.ref.name} was given {after} before the pivot")
        truth = provider.keys.get(after) if after else None
        is_humans = after in checker.ended_by_hand
        if truth is None or not (is_humans or truth.is_accepted_at(act.at, provider.habits)):
            self._break("I1", act.at, f"{self.ref.name} was given {after}, which is refused")
        replaced = provider.keys.get(before) if before else None
        is_strange = before is not None and (
            replaced is None or replaced.owner_uid != checker.principal.uid
        )
        if is_strange:
            self._break("I6", act.at, f"{before} at {self.ref.name} was overwritten")

    def _mine(self) -> KeyId | None:
        return self.carried.get(self.ref.id)

    def _key_in(self, where: DestinationId, version: VersionId) -> KeyId | None:
        text = self.checker.destination.objects[where].versions[version]
        fields: dict[str, Any] = json.loads(text)
        found: KeyId | None = fields.get(self.ref.key_id_field)
        return found

    def _is_held(self) -> bool:
        rows: tuple[Credential, ...] = self.checker.journal.credentials()
        return any(item.hold for item in rows if item.id == self.checker.credential)

    def _break(self, invariant: str, at: Instant, what: str) -> None:
        self.checker.violations.append(Violation(invariant, at, what))
