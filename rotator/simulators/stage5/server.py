"""The simulated Stage5 on a port."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rotator.simulators.control import PREFIX
from rotator.simulators.loopback import LoopbackServer, Site
from rotator.simulators.stage5.control import Control
from rotator.simulators.stage5.gateway import Gateway
from rotator.simulators.stage5.world import World

if TYPE_CHECKING:
    from rotator.simulators.messages import Answer, HttpRequest
    from rotator.simulators.simulated_time import SimulatedTime


class SimulatorServer(LoopbackServer):
    """All workspaces, under ``/v1``; see `routes` for the paths."""

    def __init__(self, port: int, time: SimulatedTime, *, seed: int = 0) -> None:
        """Bind; port 0 lets the system choose."""
        self.world = World(time, seed=seed)
        self.gateway = Gateway(self.world)
        self.control = Control(self.world, self.gateway)
        site = Site(answer=self._answer, now=self.world.now, id_header="x-request-id")
        super().__init__(port, site)

    def _answer(self, request: HttpRequest) -> Answer | None:
        if request.path.startswith(PREFIX):
            return self.control.answer(request)
        return self.gateway.answer(request, self.url)
