"""Values under their labels, as the exporter wants them."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from prometheus_client.core import GaugeMetricFamily

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rotator.core.ids import Instant
    from rotator.telemetry.metric import Metric

Labels = tuple[str, ...]
"""Values of a metric's labels, in the metric's order."""

L = TypeVar("L", bound=Labels)


def gauge_family(metric: Metric, values: Mapping[L, float]) -> GaugeMetricFamily:
    """Give a metric's values; without any, the metric stands there without series."""
    family = GaugeMetricFamily(metric.name, metric.meaning, labels=metric.labels)
    for labels, value in values.items():
        family.add_metric(labels, value)
    return family


def earliest(times: Iterable[tuple[Labels, Instant | None]]) -> dict[Labels, float]:
    """Find the earliest instant under each set of labels, in seconds since 1970."""
    found: dict[Labels, float] = {}
    for labels, at in times:
        if at is not None:
            found[labels] = min(at.timestamp(), found.get(labels, float("inf")))
    return found


def total(counts: Iterable[tuple[Labels, float]]) -> dict[Labels, float]:
    """Add up what stands under the same labels; a zero makes a series, too."""
    found: dict[Labels, float] = {}
    for labels, count in counts:
        found[labels] = found.get(labels, 0) + count
    return found
