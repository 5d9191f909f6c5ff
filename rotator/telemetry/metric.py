"""What one metric is: its name, type, labels and meaning."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """A metric's type in the exposition format."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric as it is exported.

    Attributes:
        name: Its full name, with prefix and suffix.
        kind: Its type.
        labels: Names of its labels, in order.
        meaning: One sentence without a full stop; also the exporter's help text.
        known: Label values to export from the start, as 0, where they are few.
        buckets: For a histogram: upper bounds in seconds, ascending; `+Inf` is added.
    """

    name: str
    kind: Kind
    labels: tuple[str, ...]
    meaning: str
    known: tuple[tuple[str, ...], ...] = ()
    buckets: tuple[float, ...] = ()

    @property
    def short_name(self) -> str:
        """The name that callers of `Telemetry` use: without prefix and suffix."""
        name = self.name.removeprefix("rotator_")
        if self.kind is Kind.HISTOGRAM:
            return name.removesuffix("_seconds")
        return name.removesuffix("_total")


def counter(
    name: str, labels: tuple[str, ...], meaning: str, known: tuple[tuple[str, ...], ...] = ()
) -> Metric:
    """Describe a number that only grows, for as long as its process lives."""
    return Metric(name, Kind.COUNTER, labels, meaning, known=known)


def gauge(name: str, labels: tuple[str, ...], meaning: str) -> Metric:
    """Describe a number that is asked for at each scrape."""
    return Metric(name, Kind.GAUGE, labels, meaning)


def histogram(
    name: str, labels: tuple[str, ...], meaning: str, buckets: tuple[float, ...]
) -> Metric:
    """Describe how long something took, in seconds."""
    return Metric(name, Kind.HISTOGRAM, labels, meaning, buckets=buckets)
