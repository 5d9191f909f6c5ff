"""The simulated AWS on a port.

moto's own server runs Flask on werkzeug, which closes the connection after each
answer and costs 2 to 3 ms a call; moto's response classes alone cost 0.3 ms.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rotator.simulators.aws.control import Control
from rotator.simulators.aws.gateway import Gateway
from rotator.simulators.aws.moto_patches import patch_moto
from rotator.simulators.aws.world import World
from rotator.simulators.control import PREFIX
from rotator.simulators.loopback import LoopbackServer, Site

if TYPE_CHECKING:
    from rotator.simulators.messages import Answer, HttpRequest
    from rotator.simulators.simulated_time import SimulatedTime


class SimulatorServer(LoopbackServer):
    """IAM, STS and Secrets Manager; only one server fits into a process."""

    def __init__(self, port: int, time: SimulatedTime) -> None:
        """Bind; port 0 lets the system choose."""
        self.world = World(time)
        patch_moto(self.world.date)
        self.gateway = Gateway(self.world)
        self.control = Control(self.world, self.gateway)
        site = Site(answer=self._answer, now=self.world.now, id_header="x-amzn-RequestId")
        super().__init__(port, site)

    def _answer(self, request: HttpRequest) -> Answer | None:
        if request.path.startswith(PREFIX):
            return self.control.answer(request)
        return self.gateway.answer(request)
