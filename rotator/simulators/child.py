"""A simulator in a process of its own, and its controls."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Self, TypeVar

import httpx

from rotator.simulators.shapes import ClockMove, ClockState, Shape

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

DEFAULT_START = datetime(2026, 1, 1, tzinfo=UTC)
_READY_TIMEOUT_SECONDS = 60
_STOP_TIMEOUT_SECONDS = 5

Query = dict[str, str | list[str]] | dict[str, str] | dict[str, list[str]]
Model = TypeVar("Model", bound=Shape)


class ChildSimulator:
    """A simulator in its own process, for the length of a ``with`` block.

    Methods are safe for threads. Those that seed or move the clock raise
    `ValueError` with the simulator's reason when it refuses.
    """

    def __init__(
        self,
        module: str,
        *,
        start: datetime = DEFAULT_START,
        is_ticking: bool = False,
        arguments: Sequence[str] = (),
    ) -> None:
        """Choose what to run, the first instant (aware), and whether time passes by itself."""
        self._name = module
        self._command = [sys.executable, "-m", module, "--start", start.isoformat(), *arguments]
        if is_ticking:
            self._command.append("--realtime")
        self._process: subprocess.Popen[bytes] | None = None
        self._http: httpx.Client | None = None
        self._url = ""

    def __enter__(self) -> Self:
        """Start the process and wait until it answers.

        Raises:
            RuntimeError: It ended, or was not ready within a minute.
        """
        self._process = subprocess.Popen(  # noqa: S603 - our own module, by our own interpreter
            self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        watchdog = threading.Timer(_READY_TIMEOUT_SECONDS, self._process.kill)
        watchdog.start()
        line = self._process.stdout.readline() if self._process.stdout else b""
        watchdog.cancel()
        if not line:
            self._stop()
            msg = f"{self._name} did not start; see its standard error"
            raise RuntimeError(msg)
        self._url = json.loads(line)["url"]
        # trust_env=False: a proxy of the environment would carry the call elsewhere.
        self._http = httpx.Client(base_url=f"{self._url}/_simulator/", timeout=60, trust_env=False)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop the process."""
        self._stop()

    @property
    def url(self) -> str:
        """Where clients find it, such as ``http://127.0.0.1:40001``."""
        return self._url

    def now(self) -> datetime:
        """Return the simulated instant."""
        return self._get("clock", ClockState).now

    def advance(self, seconds: float) -> datetime:
        """Move the clock forward; return the new instant."""
        return self._put("clock", ClockMove(advance_seconds=seconds), ClockState).now

    def advance_to(self, instant: datetime) -> datetime:
        """Move the clock forward to an aware instant; suits `SteppedClock`'s callback."""
        return self._put("clock", ClockMove(now=instant), ClockState).now

    def clear_faults(self) -> None:
        """Disarm all faults."""
        self._ask("DELETE", "faults")

    def clear_calls(self) -> None:
        """Forget the calls so far."""
        self._ask("DELETE", "calls")

    def reset(self) -> None:
        """Forget everything but the time: what was seeded, settings, faults, calls."""
        self._ask("DELETE", "state")

    def _get(self, path: str, shape: type[Model]) -> Model:
        return shape.model_validate_json(self._ask("GET", path))

    def _put(self, path: str, body: Shape, shape: type[Model]) -> Model:
        return shape.model_validate_json(self._ask("PUT", path, body))

    def _ask(
        self, method: str, path: str, body: Shape | None = None, *, query: Query | None = None
    ) -> bytes:
        if self._http is None:
            msg = f"{self._name} is not running: use it in a with block"
            raise RuntimeError(msg)
        content = body.model_dump_json() if body else None
        answer = self._http.request(method, path, content=content, params=query)
        if answer.is_error:
            raise ValueError(answer.text)
        return answer.content

    def _stop(self) -> None:
        if self._http is not None:
            self._http.close()
            self._http = None
        if self._process is None:
            return
        process, self._process = self._process, None
        if process.stdin:
            process.stdin.close()
        try:
            process.wait(_STOP_TIMEOUT_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout:
            process.stdout.close()
