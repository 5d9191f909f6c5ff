"""What really is at the simulated CipherStash: read from its state after every effect.

The books are kept in the shape of the fakes' own truth, so that the checker, the
consumers and the people of a world need not know who is on the other side.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rotator.core.ids import Instant, KeyId
from rotator.testing.fake_keys import FakeKey
from rotator.testing.wire import Act, Actor
from tests.simulation.simulator_wire import true_time

if TYPE_CHECKING:
    from rotator.simulators.cipherstash.embedded import EmbeddedCipherStash
    from rotator.simulators.cipherstash.shapes import Call
    from rotator.simulators.cipherstash.workspaces import AccessKey, Client

READING = frozenset(
    {
        "",
        "authorise",
        "list-access-keys",
        "list-clients",
        "list-keysets",
        "load-keyset",
        "generate-data-key",
        "retrieve-data-key",
    }
)
_OURS = ".rotator-"


def base_of(name: str) -> str:
    """Return what the keys of one lineage share, by the names that people see."""
    return name.partition(_OURS)[0]


@dataclass(slots=True, kw_only=True)
class Books:
    """Access keys and clients as they are, and every act that changed one.

    Attributes:
        acts: Where acts are written down, in the order in which they took effect.
        workspace: The one that is looked at.
        access_keys: Every access key of a lineage that is watched, ever.
        clients: The same of clients.
        watched: Names of the lineages whose keys are written down.
    """

    acts: list[Act]
    workspace: str
    access_keys: dict[KeyId, FakeKey] = field(default_factory=dict)
    clients: dict[KeyId, FakeKey] = field(default_factory=dict)
    watched: set[str] = field(default_factory=set)
    _opened: dict[KeyId, frozenset[str]] = field(default_factory=dict)

    def heard(self, stash: EmbeddedCipherStash, call: Call) -> None:
        """Take note of a call that the simulator has just carried out."""
        if not call.is_effective:
            return
        used = self.access_keys.get(KeyId(call.caller))
        if used is not None:
            used.uses.append(true_time(stash))
        if call.operation not in READING:
            # Workloads change nothing, so whoever is no person is us.
            self.look(stash, Actor.HUMAN if call.caller == "human" else Actor.ROTATOR)

    def look(self, stash: EmbeddedCipherStash, actor: Actor) -> None:
        """Write down what has changed since the last look; it was this actor's doing."""
        at = true_time(stash)
        workspace = stash.world.workspaces[self.workspace]
        for key in workspace.access_keys.values():
            if base_of(key.name) in self.watched:
                self._look_at_access_key(key, actor, at)
        for client in workspace.clients.values():
            if base_of(client.name) in self.watched:
                self._look_at_client(client, actor, at, Instant(stash.world.now()))

    def _look_at_access_key(self, key: AccessKey, actor: Actor, at: Instant) -> None:
        key_id = KeyId(key.key_id)
        known = self.access_keys.get(key_id)
        if known is None:
            self.access_keys[key_id] = self._born(key_id, key.text, key.name, actor, at)
        elif key.life.ends_at is not None and known.deleted_at is None:
            self._died(known, actor, at)

    def _look_at_client(self, client: Client, actor: Actor, at: Instant, there: Instant) -> None:
        key_id = KeyId(client.id)
        known = self.clients.get(key_id)
        granted = frozenset(client.granted(there))
        if known is None:
            secret = client.key.to_bytes().hex()
            self.clients[key_id] = self._born(key_id, secret, client.name, actor, at)
        elif client.life.ends_at is not None and known.deleted_at is None:
            self._died(known, actor, at)
        elif granted != self._opened[key_id]:
            self._granted(known, client.bound in granted, actor, at)
        self._opened[key_id] = granted

    def _granted(self, known: FakeKey, is_on: bool, actor: Actor, at: Instant) -> None:  # noqa: FBT001 - a fact, not a choice
        """A client is switched on and off by the grant of the keyset that it is bound to."""
        if known.is_enabled_at(at) == is_on:
            verb = "grant"
        else:
            known.switches.append((at, is_on))
            verb = "enable_key" if is_on else "disable_key"
        self.acts.append(Act(at=at, actor=actor, verb=verb, key=known.key_id))

    def _born(self, key_id: KeyId, secret: str, name: str, actor: Actor, at: Instant) -> FakeKey:
        self.acts.append(Act(at=at, actor=actor, verb="create_key", key=key_id))
        return FakeKey(
            key_id=key_id, secret=secret, owner_uid=base_of(name), minter=actor, created_at=at
        )

    def _died(self, known: FakeKey, actor: Actor, at: Instant) -> None:
        known.deleted_at = at
        self.acts.append(Act(at=at, actor=actor, verb="delete_key", key=known.key_id))
