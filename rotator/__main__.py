"""Run the command line as ``python -m rotator``."""

from __future__ import annotations

from rotator.cli.main import main

if __name__ == "__main__":
    main()
