"""The dashboard as Grafana reads it: its panels, its queries, its variables."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.gates.tree import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

FILE = ROOT / "config" / "dashboards" / "rotator.json"

RATE_INTERVAL = "30s"
"""What stands for `$__rate_interval` where Prometheus scrapes once a second."""

_SELECTOR = re.compile(r"\b(rotator_\w+)(?:\{([^}]*)\})?")
_LABEL = re.compile(r"(\w+)\s*(?:=~|!~|!=|=)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """One query of one panel.

    Attributes:
        panel: The panel's title.
        ref: The query's letter.
        expr: PromQL, with Grafana's variables.
        is_instant: Whether only the newest value is asked for.
    """

    panel: str
    ref: str
    expr: str
    is_instant: bool

    @property
    def name(self) -> str:
        """Name it for a test."""
        return f"{self.panel} {self.ref}"

    def for_prometheus(self) -> str:
        """Put in what Grafana puts in for its variables, with everything selected."""
        text = self.expr.replace("$__rate_interval", RATE_INTERVAL)
        return re.sub(r"\$\w+", ".*", text)

    def selectors(self) -> Iterator[tuple[str, tuple[str, ...], str]]:
        """Yield each metric of ours, the labels it is selected by, and what stands before it."""
        for found in _SELECTOR.finditer(self.expr):
            labels = tuple(_LABEL.findall(found[2] or ""))
            yield found[1], labels, self.expr[: found.start()]


def board() -> dict[str, Any]:
    """Read the file."""
    document: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return document


def panels() -> list[Mapping[str, Any]]:
    """Return every panel that shows something."""
    return [panel for panel in board()["panels"] if panel["type"] != "row"]


def queries() -> list[Query]:
    """Return every query of every panel."""
    return [
        Query(
            panel=panel["title"],
            ref=target["refId"],
            expr=target["expr"],
            is_instant=target["instant"],
        )
        for panel in panels()
        for target in panel["targets"]
    ]
