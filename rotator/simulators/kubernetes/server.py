"""The simulated API server on a port."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from rotator.simulators.control import PREFIX
from rotator.simulators.kubernetes.control import Control
from rotator.simulators.kubernetes.gateway import Gateway
from rotator.simulators.kubernetes.shapes import TlsEndpoint
from rotator.simulators.kubernetes.tls import TlsServer
from rotator.simulators.kubernetes.world import World
from rotator.simulators.loopback import LoopbackServer, Site

if TYPE_CHECKING:
    from rotator.simulators.messages import Answer, HttpRequest
    from rotator.simulators.simulated_time import SimulatedTime


class SimulatorServer(LoopbackServer):
    """The whole API, at the paths of a real server."""

    def __init__(self, port: int, time: SimulatedTime, *, seed: int = 0) -> None:
        """Bind; port 0 lets the system choose."""
        self.world = World(time, seed=seed)
        self.gateway = Gateway(self.world)
        self.control = Control(self.world, self.gateway, self.tls)
        self._tls: TlsServer | None = None
        site = Site(answer=self._answer, now=self.world.now, id_header="Audit-Id")
        super().__init__(port, site)

    def tls(self) -> TlsEndpoint:
        """Serve by TLS, too, on a port of its own; return where."""
        if self._tls is None:
            self._tls = TlsServer(self.site)
            threading.Thread(target=self._tls.serve_forever, daemon=True).start()
        return TlsEndpoint(url=self._tls.url, ca=self._tls.ca)

    def _answer(self, request: HttpRequest) -> Answer | None:
        if request.path.startswith(PREFIX):
            return self.control.answer(request)
        return self.gateway.answer(request, self.url)
