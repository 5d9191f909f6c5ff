"""A world on the other side of the real AWS adapters, disturbed call by call."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

from rotator.providers.aws_iam import AwsIamProvider
from tests.simulation.aws_vendors import AwsSide
from tests.simulation.points import PowerCut
from tests.simulation.world import World

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rotator.reconcile.parts import Parts
    from rotator.simulators.aws.shapes import FaultRule
    from rotator.testing.manual_clock import ManualClock
    from tests.simulation.points import Director
    from tests.simulation.replica import Replica
    from tests.simulation.scene import Scene
    from tests.simulation.vendors import Vendors


@dataclass(slots=True)
class CutAt:
    """Cuts the power on one side of the n-th call; a method makes several.

    Attributes:
        number: Which call of the run, counted from 0.
        is_over: Whether the call still has its effect, but nobody hears of it.
        cut: What the call was, once it has come.
    """

    number: int
    is_over: bool
    cut: str = ""
    _seen: int = 0

    def __call__(self, operation: str, *, is_over: bool) -> None:
        """Count a call, and end the process if it is time."""
        number = self._seen
        self._seen += is_over
        if not self.cut and (number, is_over) == (self.number, self.is_over):
            self.cut = operation
            raise PowerCut(operation)


class AwsWorld(World):
    """One run of one scene; every process has clients of its own."""

    side: AwsSide

    def __init__(
        self,
        scene: Scene,
        *,
        director: Director | None = None,
        faults: Iterable[FaultRule] = (),
        cut: CutAt | None = None,
        attempts: int = 1,
        kind: type[AwsIamProvider] = AwsIamProvider,
    ) -> None:
        """Set the scene.

        Args:
            scene: How the world begins.
            director: Decides what happens at each point; nothing by default.
            faults: Calls that go wrong, by their operation or their number.
            cut: A call at which the power fails.
            attempts: How often the SDK tries a call.
            kind: The adapter, with or without a trail.
        """

        def make(scene: Scene, clock: ManualClock) -> Vendors:
            self.side = AwsSide(scene, clock, attempts=attempts, kind=kind)
            if cut is not None:
                self.side.on_request = cut
            for rule in faults:
                self.side.aws.world.faults.add(rule)
            return self.side.vendors(clock)

        super().__init__(replace(scene, vendors=make), director=director)

    def run(self) -> Self:
        """Live until everything has come to rest, and let the checker judge."""
        super().run()
        return self

    def _start(self, replica: Replica) -> Parts:
        provider, destination = self.side.start(replica.clock)
        self._ports = replace(self._ports, provider_port=provider, destination_port=destination)
        return super()._start(replica)
