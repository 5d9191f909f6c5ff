"""A bundle whose object is a secret of the simulated AWS, behind the real adapter."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, cast

from rotator.providers.cipherstash.config import ACCESS_KEYS, CLIENT_KEYS
from tests.simulation.aws_vendors import AwsSide
from tests.simulation.cipherstash_vendors import CipherStashSide

if TYPE_CHECKING:
    from rotator.ports.clock import Clock
    from rotator.testing.fake_destination import WriteOnlyFakeDestination
    from rotator.testing.manual_clock import ManualClock
    from tests.simulation.scene import Scene
    from tests.simulation.vendors import Vendors


def bundle(scene: Scene, clock: ManualClock) -> Vendors:
    """Make a simulated workspace, a simulated AWS, and the real adapters of both."""
    here = CipherStashSide(scene, clock, kinds=(ACCESS_KEYS, CLIENT_KEYS))
    there = AwsSide(scene, clock)
    # What happens on either side is one sequence.
    there.books.acts = there.wire.acts = here.wire.acts
    here.wire.beside = there.wire

    def start(clock: Clock) -> Vendors:
        _, destination = there.start(clock)
        return replace(
            here.start(clock),
            destination=cast("WriteOnlyFakeDestination", there.secrets),
            destination_port=destination,
            started=start,
        )

    return start(clock)
