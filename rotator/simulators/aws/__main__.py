"""Run the simulated AWS until stdin closes: ``python -m rotator.simulators.aws``."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading
from datetime import datetime

from rotator.simulators.aws.server import SimulatorServer
from rotator.simulators.simulated_time import SimulatedTime


def main(arguments: list[str] | None = None) -> None:
    """Serve; print one line of JSON with the URL when ready."""
    parser = argparse.ArgumentParser(prog="python -m rotator.simulators.aws", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0, the default: any free port")
    parser.add_argument("--start", default="2026-01-01T00:00:00Z", help="first instant")
    parser.add_argument("--realtime", action="store_true", help="let the clock tick")
    options = parser.parse_args(arguments)
    start = datetime.fromisoformat(options.start)
    if start.tzinfo is None:
        parser.error("--start needs a time zone, such as a Z at the end")
    server = SimulatorServer(options.port, SimulatedTime(start, is_ticking=options.realtime))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    sys.stdout.write(json.dumps({"url": server.url}) + "\n")
    sys.stdout.flush()
    # A parent that dies closes our stdin, so no simulator outlives its test.
    sys.stdin.buffer.read()


if __name__ == "__main__":
    main()
