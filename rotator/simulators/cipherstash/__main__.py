"""Run the simulated CipherStash until stdin closes; see ``--help``."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading
from datetime import datetime

from rotator.simulators.cipherstash.server import SimulatorServer
from rotator.simulators.simulated_time import SimulatedTime

NAME = "rotator.simulators.cipherstash"


def main(arguments: list[str] | None = None) -> None:
    """Serve; print one line of JSON with the URL when ready."""
    parser = argparse.ArgumentParser(prog=f"python -m {NAME}", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0, the default: any free port")
    parser.add_argument("--start", default="2026-01-01T00:00:00Z", help="first instant")
    parser.add_argument("--realtime", action="store_true", help="let the clock tick")
    parser.add_argument("--seed", type=int, default=0, help="where ids and secrets come from")
    options = parser.parse_args(arguments)
    start = datetime.fromisoformat(options.start)
    if start.tzinfo is None:
        parser.error("--start needs a time zone, such as a Z at the end")
    time = SimulatedTime(start, is_ticking=options.realtime)
    server = SimulatorServer(options.port, time, seed=options.seed)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    sys.stdout.write(json.dumps({"url": server.url}) + "\n")
    sys.stdout.flush()
    # A parent that dies closes our stdin, so no simulator outlives its test.
    sys.stdin.buffer.read()


if __name__ == "__main__":
    main()
