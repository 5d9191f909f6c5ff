"""One daemon process after another under one name: started, killed, frozen, thawed, ended."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import urllib.request
from contextlib import suppress
from typing import TYPE_CHECKING

from rotator.telemetry.clock import monotonic_seconds

if TYPE_CHECKING:
    from tests.process.campaign.estate import Estate

_PATIENCE_SECONDS = 120
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Replica:
    """A ``rotator run``; all its processes write to one log."""

    def __init__(self, estate: Estate, name: str) -> None:
        self.name = name
        self.log = estate.folder / f"{name}.log"
        self.starts = 0
        self._estate = estate
        self._metrics = estate.folder / f"{name}.metrics"
        self._process: subprocess.Popen[bytes] | None = None
        self._offset = 0

    def start(self) -> None:
        """Start a process; returns before it is ready."""
        self._close()
        self._offset = self.log.stat().st_size if self.log.exists() else 0
        with self.log.open("ab") as stream:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.process.campaign.talkative", "run"],
                env=self._estate.environ(self.name),
                cwd=self._estate.folder,
                stdin=subprocess.PIPE,
                stdout=stream,
                stderr=stream,
            )
        self.starts += 1

    def is_started(self) -> bool:
        """Whether the process of now says that it works; False if it ended before."""
        ends = monotonic_seconds() + _PATIENCE_SECONDS
        while monotonic_seconds() < ends and self.ended() is None:
            if self._told("daemon started"):
                return True
            threading.Event().wait(0.1)
        return False

    def ended(self) -> int | None:
        """Return the exit code of a process that has ended."""
        return self._process.poll() if self._process else 0

    def kill(self) -> None:
        """End it as a power cut does."""
        if self._process is not None and self.ended() is None:
            self._process.kill()
            self._process.wait()
        self._close()

    def freeze(self) -> None:
        """Stop it where it stands."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on, as if no time had passed."""
        self._signal(signal.SIGCONT)

    def ask_to_end(self) -> None:
        """Send SIGTERM."""
        self._signal(signal.SIGTERM)

    def wait(self) -> int | None:
        """Return the exit code, or None if it does not end."""
        assert self._process is not None
        with suppress(subprocess.TimeoutExpired):
            return self._process.wait(_PATIENCE_SECONDS)
        return None

    def scrape(self) -> None:
        """Keep what the process of now tells a Prometheus."""
        line = self._told("probes served")
        if line is None or self.ended() is not None:
            return
        with (
            suppress(OSError),
            _DIRECT.open(f"{line['url']}/metrics", timeout=5) as answer,
            self._metrics.open("ab") as stream,
        ):
            stream.write(answer.read())

    def last_words(self) -> str:
        """Return the end of what the process of now has logged."""
        told = self.log.read_bytes()[self._offset :].decode(errors="replace")
        return "\n".join(told.splitlines()[-12:])

    def _close(self) -> None:
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(number)

    def _told(self, event: str) -> dict[str, str] | None:
        with self.log.open("rb") as stream:
            stream.seek(self._offset)
            for line in stream:
                if event.encode() not in line:
                    continue
                with suppress(json.JSONDecodeError):  # half a line
                    found: dict[str, str] = json.loads(line)
                    return found
        return None
