"""What one alert is tried on: series as Prometheus would hold them, and who fires when.

A series is written as promtool reads it: ``1x30`` is one value and thirty repetitions;
``_`` is a scrape that had none.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

AWS = "111122223333"
WORKSPACE = "ZVATKW3VHMFG27DY"
ACCESS = "cipherstash-access-key"
CLIENT = "cipherstash-client-key"
TOKENS = "jupyterhub-token"
DAY = 24 * 60
HOUR = 60


def series(name: str, *, instance: str = "a", **labels: str) -> str:
    """Name a series of one replica, by the metric's name without its prefix."""
    told = ",".join(
        f'{label}="{value}"' for label, value in {**labels, "instance": instance}.items()
    )
    return f"rotator_{name}{{{told}}}"


ENFORCE = series("mode_info", mode="enforce")
PLAN = series("mode_info", mode="plan")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One run of promtool.

    Attributes:
        promise: What it shows, in words.
        alert: Which alert it is about.
        series: Values from minute 0 on, by series.
        minute: When the alerts are looked at.
        step: Minutes between two values, and between two evaluations.
        fires: The labels of each alert that fires then, without its severity.
        value: What the texts of those alerts say for their value, where they do.
    """

    promise: str
    alert: str
    series: Mapping[str, str]
    minute: int
    step: int = 1
    fires: tuple[Mapping[str, str], ...] = field(default=())
    value: str = "1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """One run of promtool that looks at recording rules.

    Attributes:
        promise: What it shows, in words.
        series: Values from minute 0 on, by series.
        minute: When they are looked at.
        values: What each rule has recorded then, by its name; None where it has no value.
        step: Minutes between two values, and between two evaluations.
    """

    promise: str
    series: Mapping[str, str]
    minute: int
    values: Mapping[str, float | None]
    step: int = 1
