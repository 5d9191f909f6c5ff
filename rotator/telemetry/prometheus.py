"""The `Telemetry` port on prometheus-client and structlog."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import prometheus_client
import structlog
from prometheus_client import CollectorRegistry

from rotator.telemetry.metrics import WORK_METRICS

if TYPE_CHECKING:
    from rotator.core.events import Scalar
    from rotator.core.ids import Instant
    from rotator.ports.clock import Clock

_LOGGER_NAME = "rotator"
_SCANS = "scans"


class PrometheusTelemetry:
    """Counters in a registry of their own, and log lines; neither ever fails a caller."""

    def __init__(self, clock: Clock, *, is_strict: bool = False) -> None:
        """Make the registry and every counter of the table.

        Args:
            clock: Tells when a scan ended.
            is_strict: Raise on an unknown counter or label (`KeyError`,
                `ValueError`), as tests want; otherwise such a mistake is logged.
        """
        # The extra `_created` series of each counter would double what is stored.
        prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = CollectorRegistry()
        self._clock = clock
        self._is_strict = is_strict
        self._log = structlog.stdlib.get_logger(_LOGGER_NAME)
        self._last_scan_at: Instant | None = None
        self._counters: dict[str, prometheus_client.Counter] = {}
        for metric in WORK_METRICS:
            counter = prometheus_client.Counter(
                metric.name, metric.meaning, metric.labels, registry=self.registry
            )
            for values in metric.known:
                counter.labels(*values)
            self._counters[metric.short_name] = counter

    def count(self, name: str, /, **labels: str) -> None:
        """Raise a counter of `rotator.telemetry.metrics` by one, under its short name."""
        try:
            self._counters[name].labels(**labels).inc()
        except (KeyError, ValueError):
            if self._is_strict:
                raise
            self.log("error", "metric not counted", metric=name)
            return
        if name == _SCANS and labels["outcome"] == "success":
            self._last_scan_at = self._clock.now()

    def log(self, level: str, event: str, /, **fields: Scalar) -> None:
        """Write one structured line; a line that cannot be written is told of and lost."""
        try:
            self._log.log(logging.getLevelNamesMapping()[level.upper()], event, **fields)
        except Exception:  # whatever a log handler raises, work goes on
            if self._is_strict:
                raise
            logging.getLogger(_LOGGER_NAME).error("log line lost")  # noqa: TRY400 - no details

    def last_scan_at(self) -> Instant | None:
        """Return when this process last finished a scan without a failure."""
        return self._last_scan_at
