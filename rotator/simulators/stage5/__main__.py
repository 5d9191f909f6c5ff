"""Run the simulated Stage5 until stdin closes; see ``--help``. Its API is our own invention."""

from __future__ import annotations

from rotator.simulators.program import serve
from rotator.simulators.stage5.server import SimulatorServer

NAME = "rotator.simulators.stage5"


def main(arguments: list[str] | None = None) -> None:
    """Serve; print one line of JSON with the URL when ready."""
    serve(NAME, __doc__, SimulatorServer, arguments)


if __name__ == "__main__":
    main()
