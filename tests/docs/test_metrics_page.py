"""The page of metrics lists exactly what is exported."""

from __future__ import annotations

from pathlib import Path

from rotator.telemetry.metrics import METRICS

PAGE = Path(__file__).parents[2] / "docs" / "metrics.md"


def test_the_page_lists_every_metric_with_its_type_labels_and_meaning() -> None:
    rows = [line for line in PAGE.read_text().splitlines() if line.startswith("| `rotator_")]

    assert rows == [
        "| `{}` | {} | {} | {} |".format(
            metric.name,
            metric.kind.value,
            ", ".join(f"`{label}`" for label in metric.labels) or "-",
            metric.meaning,
        )
        for metric in METRICS
    ]
