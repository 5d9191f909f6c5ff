"""The requests that were sent to vendors: counted, timed, and kept for the next audit record.

One pass runs in one thread from its beginning to its end, so a thread's requests are
those of the record that it makes next. A code that is one of our own errors, such as
`ConflictError`, says that our own guard stopped the request before it was sent.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from rotator.core.events import ProviderCall

if TYPE_CHECKING:
    from rotator.ports.evidence import Telemetry

MOST_KEPT = 64
"""Calls that one record names at the most, the newest: a line has an end. Only readings
make room; what may have changed something is always named."""


class _Kept(threading.local):
    """What one thread has sent, each with whether it may have changed something."""

    def __init__(self) -> None:
        self.calls: list[tuple[ProviderCall, bool]] = []


class CallCounter:
    """Counts and times what a transport tells of its calls."""

    def __init__(self, telemetry: Telemetry) -> None:
        """Count and time calls with `telemetry`."""
        self._telemetry = telemetry

    def heard(
        self,
        service: str,
        operation: str,
        code: str,
        request_id: str,
        seconds: float,
        *,
        is_change: bool,
    ) -> None:
        """Take note of a call that was answered or failed.

        Args:
            service: Such as ``iam``; of an HTTP API the provider's name.
            operation: Such as ``CreateAccessKey``.
            code: The vendor's error code, or our word; empty on success.
            request_id: The vendor's id of the last attempt; empty where it gives none.
            seconds: From the first attempt to the end of the last.
            is_change: Whether it may have changed something.
        """
        del service, request_id, is_change
        self._telemetry.count("provider_calls", operation=operation, code=code)
        self._telemetry.observe("provider_call_duration", seconds, operation=operation)


class CallBook(CallCounter):
    """The `CallTrail` of every thread, and what the transports tell of their calls."""

    def __init__(self, telemetry: Telemetry) -> None:
        """Count and time calls with `telemetry`; keep none so far."""
        super().__init__(telemetry)
        self._kept = _Kept()

    def heard(
        self,
        service: str,
        operation: str,
        code: str,
        request_id: str,
        seconds: float,
        *,
        is_change: bool,
    ) -> None:
        """Take note of a call as `CallCounter` does, and keep it for the next record."""
        super().heard(service, operation, code, request_id, seconds, is_change=is_change)
        call = ProviderCall(service=service, operation=operation, code=code, request_id=request_id)
        calls = self._kept.calls
        calls.append((call, is_change))
        if len(calls) > MOST_KEPT:
            oldest = next((at for at, (_, changed) in enumerate(calls) if not changed), None)
            if oldest is not None:
                del calls[oldest]

    def has_change(self) -> bool:
        """Whether something that this thread has sent since may have changed something."""
        return any(is_change for _, is_change in self._kept.calls)

    def taken(self) -> tuple[ProviderCall, ...]:
        """Return what this thread has sent since it last asked, and forget it."""
        found = tuple(call for call, _ in self._kept.calls)
        self._kept.calls.clear()
        return found
