"""What can go wrong between the real adapters and the simulated CipherStash."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rotator.simulators.cipherstash.shapes import FaultRule
from tests.simulation.simulator_wire import SimulatorWire

if TYPE_CHECKING:
    from rotator.ports.clock import Clock
    from rotator.simulators.cipherstash.embedded import EmbeddedCipherStash

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
class CipherStashWire(SimulatorWire):
    """The wire to a simulated CipherStash.

    Attributes:
        stash: The other side.
    """

    stash: EmbeddedCipherStash


def wire_to(stash: EmbeddedCipherStash, clock: Clock, ours: str) -> CipherStashWire:
    """Make the wire; `ours` is the id of the access key that we enter with."""
    return CipherStashWire(
        clock=clock,
        simulator=stash,
        stash=stash,
        faults=stash.world.faults,
        rule=FaultRule,
        targets=TARGETS,
        ours=ours,
    )
