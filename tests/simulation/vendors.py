"""Who is on the other side: the fakes, or the real adapters over simulated vendors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rotator.testing.fake_provider import SECRET_MARK
from rotator.testing.wire import Wire

if TYPE_CHECKING:
    from collections.abc import Callable

    from rotator.ports.clock import Clock
    from rotator.ports.destination import Destination as DestinationPort
    from rotator.ports.provider import KeyProvider
    from rotator.testing.fake_destination import WriteOnlyFakeDestination as Destination
    from rotator.testing.fake_provider import BareFakeProvider as Provider
    from rotator.testing.manual_clock import ManualClock
    from tests.simulation.scene import Scene


@dataclass(frozen=True, slots=True, kw_only=True)
class KeySystem:
    """One kind of keys, from both sides.

    Attributes:
        truth: What really is, and what people and consumers can do.
        port: What the shell is handed.
        marks: One of these is in everything that shows a secret of it.
    """

    truth: Provider
    port: KeyProvider
    marks: tuple[str, ...] = (SECRET_MARK,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Vendors:
    """A key system and a secret store, from both sides.

    Attributes:
        provider: The truth about keys, and what people and consumers can do.
        destination: The truth about objects, and what people and consumers can do.
        provider_port: What the shell is handed.
        destination_port: What the shell is handed.
        wire: What can be broken between the two sides.
        marks: One of these is in everything that shows a secret of its.
        others: Further key systems on the same wire; subjects take all of them in turn.
        started: Makes what a process that starts is handed, by its own clock; None
            where all processes are handed the same.
    """

    provider: Provider
    destination: Destination
    provider_port: KeyProvider
    destination_port: DestinationPort
    wire: Wire
    marks: tuple[str, ...] = (SECRET_MARK,)
    others: tuple[KeySystem, ...] = ()
    started: Callable[[Clock], Vendors] | None = None

    @property
    def systems(self) -> tuple[KeySystem, ...]:
        """Every key system, in the order in which subjects take them."""
        first = KeySystem(truth=self.provider, port=self.provider_port, marks=self.marks)
        return (first, *self.others)


def fakes(scene: Scene, clock: ManualClock) -> Vendors:
    """Make the fakes that a scene asks for; they are their own truth."""
    wire = Wire(clock=clock)
    provider = scene.provider(clock, habits=scene.habits, wire=wire)
    destination = scene.destination(clock, wire=wire)
    return Vendors(
        provider=provider,
        destination=destination,
        provider_port=provider,
        destination_port=destination,
        wire=wire,
    )
