"""Run the simulated Kubernetes API server until stdin closes; see ``--help``."""

from __future__ import annotations

from rotator.simulators.kubernetes.server import SimulatorServer
from rotator.simulators.program import serve

NAME = "rotator.simulators.kubernetes"


def main(arguments: list[str] | None = None) -> None:
    """Serve; print one line of JSON with the URL when ready."""
    serve(NAME, __doc__, SimulatorServer, arguments)


if __name__ == "__main__":
    main()
