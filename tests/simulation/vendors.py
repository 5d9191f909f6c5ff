"""Who is on the other side: the fakes, or the real adapters over a simulated AWS."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rotator.testing.wire import Wire

if TYPE_CHECKING:
    from rotator.ports.destination import Destination as DestinationPort
    from rotator.ports.provider import KeyProvider
    from rotator.testing.fake_destination import WriteOnlyFakeDestination as Destination
    from rotator.testing.fake_provider import BareFakeProvider as Provider
    from rotator.testing.manual_clock import ManualClock
    from tests.simulation.scene import Scene


@dataclass(frozen=True, slots=True, kw_only=True)
class Vendors:
    """A key system and a secret store, from both sides.

    Attributes:
        provider: The truth about keys, and what people and consumers can do.
        destination: The truth about objects, and what people and consumers can do.
        provider_port: What the shell is handed.
        destination_port: What the shell is handed.
        wire: What can be broken between the two sides.
    """

    provider: Provider
    destination: Destination
    provider_port: KeyProvider
    destination_port: DestinationPort
    wire: Wire


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
