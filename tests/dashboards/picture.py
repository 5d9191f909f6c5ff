"""Draw the dashboard without Grafana: ``python -m tests.dashboards.picture URL PICTURE.png``.

Every query of the file is asked of the Prometheus at the URL, and the panels are drawn
where the file puts them, by HTML and SVG in Chromium. It shows the figures and the places
that Grafana would show, and is no picture of Grafana; docs/dashboard.md says so.
"""

from __future__ import annotations

import html
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

from rotator.telemetry.clock import SystemClock
from tests.dashboards.board import Query, board

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MINUTES = 5
"""How far back is drawn."""

_CELL, _ROW, _GAP = 64, 34, 6
_COLOURS = ("#73bf69", "#5794f2", "#f2cc0c", "#ff9830", "#f2495c", "#b877d9", "#8ab8ff", "#96d98d")
_NAMED = {
    "green": "#73bf69",
    "red": "#f2495c",
    "orange": "#ff9830",
    "blue": "#5794f2",
    "transparent": "#ccccdc",
}
_MOST_SERIES = 8
_STYLE = """
body{margin:0;background:#111217;color:#ccccdc;font:12px sans-serif;position:relative}
.p{position:absolute;background:#181b1f;border:1px solid #2c2f36;border-radius:3px;overflow:hidden}
.t{padding:4px 8px;font-weight:600}.r{position:absolute;font-weight:600;padding:8px 4px}
.v{font-size:30px;text-align:center;padding-top:12px}.n{color:#6e7178;text-align:center;padding-top:22px}
.l{padding:0 8px;font-size:10px;line-height:13px}table{width:100%;border-collapse:collapse}
td,th{text-align:left;padding:3px 8px;border-top:1px solid #2c2f36;font-size:11px}
.b{height:14px;border-radius:2px;background:#5794f2}
.g{display:grid;grid-template-columns:110px 1fr 60px;
gap:4px 8px;padding:4px 8px}
"""


class Source:
    """A Prometheus, and the moment that is drawn."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.now = SystemClock().now().timestamp()

    def instant(self, query: Query) -> list[dict[str, Any]]:
        return self._ask("query", query, time=self.now)

    def span(self, query: Query) -> list[dict[str, Any]]:
        start = self.now - MINUTES * 60
        return self._ask("query_range", query, start=start, end=self.now, step=4)

    def _ask(self, verb: str, query: Query, **more: float) -> list[dict[str, Any]]:
        given: dict[str, str | float] = {"query": query.for_prometheus(), **more}
        told = httpx.get(f"{self.url}/api/v1/{verb}", params=given, trust_env=False, timeout=30)
        found: list[dict[str, Any]] = told.json()["data"]["result"]
        return found


def written(value: float, unit: str, now: float) -> str:
    """Write a figure in its unit, about as Grafana does."""
    if unit == "percentunit":
        return f"{value * 100:.2f} %"
    if unit in {"s", "dateTimeFromNow"}:
        length = value if unit == "s" else value / 1000 - now
        size, name = next(
            (it for it in ((86400, "d"), (3600, "h"), (60, "min")) if abs(length) >= it[0]),
            (1, "s"),
        )
        text = f"{abs(length) / size:.3g} {name}"
        return text if unit == "s" else f"in {text}" if length > 0 else f"{text} ago"
    tail = {"reqps": " /s", "wps": " /s", "cps": " /s"}.get(unit, "")
    return f"{value:.3g}{tail}"


def legend(target: Mapping[str, Any], metric: Mapping[str, str]) -> str:
    text = str(target["legendFormat"])
    if text == "__auto":
        return " ".join(metric.values())
    for name, value in metric.items():
        text = text.replace("{{" + name + "}}", value)
    return text


def drawn(panel: Mapping[str, Any], source: Source) -> str:
    """Draw what is inside of one panel."""
    return {"stat": _stat, "timeseries": _series, "bargauge": _gauge, "table": _table}[
        panel["type"]
    ](panel, source)


def _asked(panel: Mapping[str, Any]) -> list[tuple[Mapping[str, Any], Query]]:
    return [
        (
            it,
            Query(panel=panel["title"], ref=it["refId"], expr=it["expr"], is_instant=it["instant"]),
        )
        for it in panel["targets"]
    ]


def _stat(panel: Mapping[str, Any], source: Source) -> str:
    ((target, query),) = _asked(panel)
    rows = source.instant(query)
    defaults = panel["fieldConfig"]["defaults"]
    if not rows:
        return f'<div class="n">{html.escape(defaults.get("noValue", "No data"))}</div>'
    value = float(rows[0]["value"][1])
    text = written(value, defaults["unit"], source.now)
    for mapping in defaults["mappings"]:
        text = mapping["options"].get(f"{value:g}", {"text": text})["text"]
    if panel["options"]["textMode"] == "name":
        text = " ".join(legend(target, row["metric"]) for row in rows)
    steps = defaults["thresholds"]["steps"]
    reached = [it["color"] for it in steps if it["value"] is None or value >= it["value"]]
    colour = _NAMED[reached[-1]]
    return f'<div class="v" style="color:{colour}">{html.escape(text)}</div>'


def _gauge(panel: Mapping[str, Any], source: Source) -> str:
    unit = panel["fieldConfig"]["defaults"]["unit"]
    rows = [
        (legend(target, row["metric"]), float(row["value"][1]))
        for target, query in _asked(panel)
        for row in source.instant(query)
    ]
    if not rows:
        return '<div class="n">No data</div>'
    most = max(value for _, value in rows) or 1
    cells = "".join(
        f"<span>{html.escape(name)}</span>"
        f'<span class="b" style="width:{max(value, 0) / most * 100:.0f}%"></span>'
        f"<span>{written(value, unit, source.now)}</span>"
        for name, value in rows
    )
    return f'<div class="g">{cells}</div>'


def _table(panel: Mapping[str, Any], source: Source) -> str:
    unit = panel["fieldConfig"]["defaults"]["unit"]
    told = panel["transformations"][1]["options"]
    merged: dict[tuple[tuple[str, str], ...], dict[str, str]] = {}
    asked = _asked(panel)
    for _, query in asked:
        name = f"Value #{query.ref}" if len(asked) > 1 else "Value"
        for row in source.instant(query):
            cells = merged.setdefault(tuple(sorted(row["metric"].items())), dict(row["metric"]))
            cells[name] = written(float(row["value"][1]), unit, source.now)
    names = [
        name
        for name in dict.fromkeys(name for row in merged.values() for name in row)
        if name not in told["excludeByName"]
    ]
    if not merged:
        return '<div class="n">No data</div>'
    head = "".join(f"<th>{html.escape(told['renameByName'].get(it, it))}</th>" for it in names)
    body = "".join(
        "<tr>" + "".join(f"<td>{html.escape(row.get(it, ''))}</td>" for it in names) + "</tr>"
        for row in merged.values()
    )
    return f"<table><tr>{head}</tr>{body}</table>"


def _series(panel: Mapping[str, Any], source: Source) -> str:
    lines = [
        (legend(target, row["metric"]), [(at, float(it)) for at, it in row["values"]])
        for target, query in _asked(panel)
        for row in source.span(query)
    ]
    lines = [(name, [it for it in points if it[1] == it[1]]) for name, points in lines]
    lines = [it for it in lines if it[1]]
    if not lines:
        return '<div class="n">No data</div>'
    lines.sort(key=lambda it: -max(value for _, value in it[1]))
    shown = [it for it in lines if any(value for _, value in it[1])][:_MOST_SERIES] or lines[:3]
    place = panel["gridPos"]
    wide, high = place["w"] * _CELL - 60, place["h"] * _ROW - 86
    stacked = panel["fieldConfig"]["defaults"]["custom"]["stacking"]["mode"] == "normal"
    chart = _chart(shown, source, wide, high, is_stacked=stacked)
    unit = panel["fieldConfig"]["defaults"]["unit"]
    top = max(sum(v[-1][1] for _, v in shown) if stacked else 0, _top(shown))
    names = " &nbsp; ".join(
        f'<span style="color:{_COLOURS[i % len(_COLOURS)]}">&#9632;</span> {html.escape(name)}'
        for i, (name, _) in enumerate(shown)
    )
    scale = f'<div class="l" style="color:#6e7178">{written(top, unit, source.now)}</div>'
    return f'{scale}{chart}<div class="l">{names}</div>'


def _top(lines: Sequence[tuple[str, list[tuple[float, float]]]]) -> float:
    return max(value for _, points in lines for _, value in points)


def _chart(
    lines: Sequence[tuple[str, list[tuple[float, float]]]],
    source: Source,
    wide: int,
    high: int,
    *,
    is_stacked: bool,
) -> str:
    start = source.now - MINUTES * 60
    below: dict[float, float] = {}
    paths = []
    drawn_lines = []
    for name, points in lines:
        moved = []
        for at, value in points:
            below[at] = below.get(at, 0.0) + value if is_stacked else value
            moved.append((at, below[at]))
        drawn_lines.append((name, moved))
    top = _top(drawn_lines) or 1.0
    for number, (_, points) in reversed(list(enumerate(drawn_lines))):
        places = [
            (30 + (at - start) / (MINUTES * 60) * wide, high - value / top * (high - 4))
            for at, value in points
        ]
        path = " ".join(f"{x:.0f},{y:.1f}" for x, y in places)
        colour = _COLOURS[number % len(_COLOURS)]
        area = f"{places[0][0]:.0f},{high} {path} {places[-1][0]:.0f},{high}"
        opacity = 0.35 if is_stacked else 0.06
        paths.append(f'<polygon points="{area}" fill="{colour}" opacity="{opacity}"/>')
        paths.append(
            f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.3"/>'
        )
    axis = f'<line x1="30" y1="{high}" x2="{wide + 30}" y2="{high}" stroke="#2c2f36"/>'
    for x, text in ((30, f"{MINUTES} min ago"), (wide + 10, "now")):
        axis += f'<text x="{x}" y="{high + 11}" font-size="9" fill="#6e7178">{text}</text>'
    return f'<svg width="{wide + 40}" height="{high + 14}">{axis}{"".join(paths)}</svg>'


def page(source: Source) -> tuple[str, int, int]:
    """Draw every panel; returns the page, its width and its height in pixels."""
    parts, bottom = [], 0
    for panel in board()["panels"]:
        place = panel["gridPos"]
        left, top = place["x"] * _CELL, place["y"] * _ROW
        bottom = max(bottom, top + place["h"] * _ROW)
        title = html.escape(panel["title"])
        if panel["type"] == "row":
            parts.append(f'<div class="r" style="left:{left}px;top:{top}px">&#9662; {title}</div>')
            continue
        size = f"width:{place['w'] * _CELL - _GAP}px;height:{place['h'] * _ROW - _GAP}px"
        parts.append(
            f'<div class="p" style="left:{left}px;top:{top}px;{size}">'
            f'<div class="t">{title}</div>{drawn(panel, source)}</div>'
        )
    text = f'<meta charset="utf-8"><style>{_STYLE}</style><body>{"".join(parts)}</body>'
    return text, 24 * _CELL, bottom + _GAP


def main(url: str, picture: str) -> None:
    """Draw it into a file."""
    text, width, height = page(Source(url))
    chromium = shutil.which("chromium")
    if chromium is None:
        sys.exit("no chromium: run `make system-deps` as root")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "page.html"
        file.write_text(text, encoding="utf-8")
        subprocess.run(
            [
                chromium,
                "--headless=new",
                "--no-sandbox",
                "--hide-scrollbars",
                f"--user-data-dir={folder}/profile",
                f"--window-size={width},{height}",
                f"--screenshot={picture}",
                f"file://{file}",
            ],
            check=True,
            capture_output=True,
            timeout=120,
        )


if __name__ == "__main__":
    main(*sys.argv[1:])
