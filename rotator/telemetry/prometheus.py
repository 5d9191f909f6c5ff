"""The `Telemetry` port on prometheus-client and structlog."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import prometheus_client
import structlog
from prometheus_client import CollectorRegistry

from rotator.telemetry.lines import LineCollector
from rotator.telemetry.metric import Kind
from rotator.telemetry.metrics import WORK_METRICS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rotator.core.events import Scalar
    from rotator.core.ids import Instant
    from rotator.ports.clock import Clock
    from rotator.telemetry.metric import Metric

_LOGGER_NAME = "rotator"
_SCANS = "scans"


class PrometheusTelemetry:
    """Counters in a registry of their own, and log lines; neither ever fails a caller."""

    def __init__(self, clock: Clock, *, is_strict: bool = False) -> None:
        """Make the registry, with everything in it that is counted as work is done.

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
        self._last_scans: dict[tuple[str, str], Instant] = {}
        self._counters = {
            metric.short_name: _counter(metric, self.registry)
            for metric in WORK_METRICS
            if metric.kind is Kind.COUNTER
        }
        self._histograms = {
            metric.short_name: _histogram(metric, self.registry)
            for metric in WORK_METRICS
            if metric.kind is Kind.HISTOGRAM
        }
        self.registry.register(LineCollector())
        prometheus_client.ProcessCollector(registry=self.registry)
        prometheus_client.PlatformCollector(registry=self.registry)

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
            place = labels["provider"], labels["account"]
            # A new mapping each time: whoever reads one is never in the middle of a change.
            self._last_scans = {**self._last_scans, place: self._clock.now()}

    def observe(self, name: str, seconds: float, /, **labels: str) -> None:
        """Add one duration to a histogram of `rotator.telemetry.metrics`, under its short name."""
        try:
            self._histograms[name].labels(**labels).observe(seconds)
        except (KeyError, ValueError):
            if self._is_strict:
                raise
            self.log("error", "duration not counted", metric=name)

    def log(self, level: str, event: str, /, **fields: Scalar) -> None:
        """Write one structured line; a line that cannot be written is told of and lost."""
        try:
            self._log.log(logging.getLevelNamesMapping()[level.upper()], event, **fields)
        except Exception:  # whatever a log handler raises, work goes on
            if self._is_strict:
                raise
            logging.getLogger(_LOGGER_NAME).error("log line lost")  # noqa: TRY400 - no details

    def last_scans(self) -> Mapping[tuple[str, str], Instant]:
        """Return when each scan last ended without a failure, by provider and account."""
        return self._last_scans

    def last_scan_at(self) -> Instant | None:
        """Return when this process last finished a scan of any account without a failure.

        Of any: an account that cannot be scanned has an alert of its own, and does not
        make a process that works in all the others look as if it could not work.
        """
        return max(self._last_scans.values(), default=None)


def _counter(metric: Metric, registry: CollectorRegistry) -> prometheus_client.Counter:
    made = prometheus_client.Counter(metric.name, metric.meaning, metric.labels, registry=registry)
    for values in metric.known:
        made.labels(*values)
    return made


def _histogram(metric: Metric, registry: CollectorRegistry) -> prometheus_client.Histogram:
    return prometheus_client.Histogram(
        metric.name, metric.meaning, metric.labels, buckets=metric.buckets, registry=registry
    )
