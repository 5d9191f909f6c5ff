"""A simulator as a program: a port, a clock, a seed, and one line that tells where it is."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from rotator.simulators.simulated_time import SimulatedTime

if TYPE_CHECKING:
    from rotator.simulators.loopback import LoopbackServer


class NewServer(Protocol):
    """Makes the simulator's server."""

    def __call__(self, port: int, time: SimulatedTime, *, seed: int) -> LoopbackServer:
        """Bind; port 0 lets the system choose."""
        ...


def serve(
    name: str, description: str | None, new_server: NewServer, arguments: list[str] | None
) -> None:
    """Serve until standard input closes; print one line of JSON with the URL when ready.

    Args:
        name: The module that is run.
        description: What ``--help`` says first.
        new_server: Makes what is served.
        arguments: Those of the command line; None for the process's own.
    """
    parser = argparse.ArgumentParser(prog=f"python -m {name}", description=description)
    parser.add_argument("--port", type=int, default=0, help="0, the default: any free port")
    parser.add_argument("--start", default="2026-01-01T00:00:00Z", help="first instant")
    parser.add_argument("--realtime", action="store_true", help="let the clock tick")
    parser.add_argument("--seed", type=int, default=0, help="where ids and secrets come from")
    options = parser.parse_args(arguments)
    start = datetime.fromisoformat(options.start)
    if start.tzinfo is None:
        parser.error("--start needs a time zone, such as a Z at the end")
    time = SimulatedTime(start, is_ticking=options.realtime)
    server = new_server(options.port, time, seed=options.seed)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    sys.stdout.write(json.dumps({"url": server.url}) + "\n")
    sys.stdout.flush()
    # A parent that dies closes our stdin, so no simulator outlives its test.
    sys.stdin.buffer.read()
