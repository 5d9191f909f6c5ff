"""What really is at a simulated Stage5: read from its state after every effect.

The books are kept in the shape of the fakes' own truth, as CipherStash's are.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rotator.core.ids import Instant, KeyId
from rotator.core.lineages import lineage
from rotator.testing.fake_keys import FakeKey
from rotator.testing.wire import Act, Actor
from tests.simulation.simulator_wire import true_time

if TYPE_CHECKING:
    from rotator.simulators.stage5.embedded import EmbeddedStage5
    from rotator.simulators.stage5.shapes import Call
    from rotator.simulators.stage5.workspaces import AccessKey

PEOPLE = "usr_"
"""What the ids of people begin with."""


def base_of(name: str) -> str:
    """Return what the keys of one lineage share."""
    return lineage(name).base


@dataclass(slots=True, kw_only=True)
class Stage5Books:
    """Access keys as they are, and every act that changed one.

    Attributes:
        acts: Where acts are written down, in the order in which they took effect.
        workspace: The one that is looked at.
        keys: Every access key of a lineage that is watched, ever.
        watched: Names of the lineages whose keys are written down.
        scopes: What each of these keys may do.
        ended_by_us: The id of every key of the workspace that we have revoked.
    """

    acts: list[Act]
    workspace: str
    keys: dict[KeyId, FakeKey] = field(default_factory=dict)
    watched: set[str] = field(default_factory=set)
    scopes: dict[KeyId, frozenset[str]] = field(default_factory=dict)
    ended_by_us: list[KeyId] = field(default_factory=list)

    def heard(self, simulator: EmbeddedStage5, call: Call) -> None:
        """Take note of a call that the simulator has just carried out."""
        if not call.is_let_in:
            return
        used = self.keys.get(KeyId(call.caller))
        if used is not None:
            used.uses.append(true_time(simulator))
        if not call.subject_id:
            return
        # Workloads change nothing, so whoever is no person is us.
        actor = Actor.HUMAN if call.caller.startswith(PEOPLE) else Actor.ROTATOR
        if actor is Actor.ROTATOR and call.operation == "revoke-access-key":
            self.ended_by_us.append(KeyId(call.subject_id))
        self._look(simulator, actor)

    def _look(self, simulator: EmbeddedStage5, actor: Actor) -> None:
        """Write down what has changed since the last look; it was this actor's doing."""
        at = true_time(simulator)
        for key in simulator.world.workspaces[self.workspace].keys.values():
            known = self.keys.get(KeyId(key.id))
            if known is None and base_of(key.name) in self.watched:
                self._born(key, actor, simulator)
            elif known is not None and key.revoked_at is not None and known.deleted_at is None:
                known.deleted_at = at
                self.acts.append(Act(at=at, actor=actor, verb="delete_key", key=known.key_id))

    def _born(self, key: AccessKey, actor: Actor, simulator: EmbeddedStage5) -> None:
        key_id, at, ends = KeyId(key.id), true_time(simulator), key.expires_at
        self.acts.append(Act(at=at, actor=actor, verb="create_key", key=key_id))
        self.scopes[key_id] = frozenset(key.scopes)
        self.keys[key_id] = FakeKey(
            key_id=key_id,
            secret=key.text,
            owner_uid=base_of(key.name),
            minter=actor,
            created_at=at,
            # The vendor tells it by its own clock.
            expires_at=Instant(ends - simulator.time.offset) if ends else None,
        )
