"""What a dashboard promises whoever opens it at night, checked without Prometheus."""

from __future__ import annotations

import re
from itertools import combinations

import pytest
import yaml

from rotator.telemetry.metrics import METRICS
from tests.alerts.promtool import FILES
from tests.dashboards.board import Query, board, panels, queries
from tests.gates.tree import ROOT

KNOWN = {metric.name: metric for metric in METRICS}
SCRAPED = {"job", "instance", "le"}
"""Labels that Prometheus adds."""

_SUFFIX = re.compile(r"_(bucket|sum|count)$")
_OVER_REPLICAS = re.compile(r"\b(max|min|count)(\s+by\s+\([\w, ]*\))?\s*\((abs\()?$")
_OVER_PROCESSES = re.compile(r"\bsum(\s+by\s+\([\w, ]*\))?\s*\((rate|increase)\($")

each_query = pytest.mark.parametrize("query", queries(), ids=lambda query: query.name)


def test_ids_and_titles_of_panels_are_unique() -> None:
    everything = board()["panels"]

    assert len({panel["id"] for panel in everything}) == len(everything)
    titles = [panel["title"] for panel in everything]
    assert sorted(titles) == sorted(set(titles))


def test_every_panel_has_a_unit_and_says_what_it_means() -> None:
    for panel in panels():
        assert panel["fieldConfig"]["defaults"]["unit"], panel["title"]
        assert len(panel["description"]) > len(panel["title"]), panel["title"]
        assert panel["description"].endswith("."), panel["title"]


def test_panels_do_not_overlap_and_stay_on_the_grid() -> None:
    places = [(panel["title"], panel["gridPos"]) for panel in board()["panels"]]
    for title, it in places:
        assert it["x"] + it["w"] <= 24, title
    for (one, a), (other, b) in combinations(places, 2):
        is_apart = (
            a["x"] + a["w"] <= b["x"]
            or b["x"] + b["w"] <= a["x"]
            or a["y"] + a["h"] <= b["y"]
            or b["y"] + b["h"] <= a["y"]
        )
        assert is_apart, f"{one} lies on {other}"


def test_no_plugin_is_needed() -> None:
    kinds = {panel["type"] for panel in board()["panels"]}

    assert kinds <= {"row", "stat", "timeseries", "bargauge", "table"}


def test_the_data_source_is_whichever_the_reader_chooses() -> None:
    sources = [panel["datasource"] for panel in panels()]
    sources += [target["datasource"] for panel in panels() for target in panel["targets"]]

    assert all(it == {"type": "prometheus", "uid": "${datasource}"} for it in sources)
    variables = {it["name"]: it["type"] for it in board()["templating"]["list"]}
    assert variables == {
        "datasource": "datasource",
        "job": "query",
        "provider": "query",
        "account": "query",
        "rule": "query",
    }


@each_query
def test_every_metric_and_every_label_is_exported(query: Query) -> None:
    for name, labels, _ in query.selectors():
        metric = KNOWN.get(name) or KNOWN[_SUFFIX.sub("", name)]
        assert set(labels) <= {*metric.labels, *SCRAPED}, name


@each_query
def test_every_query_is_about_the_chosen_job(query: Query) -> None:
    for name, labels, _ in query.selectors():
        assert "job" in labels, name


@each_query
def test_a_selector_names_every_chosen_thing_that_its_metric_has(query: Query) -> None:
    for name, labels, _ in query.selectors():
        metric = KNOWN.get(name) or KNOWN[_SUFFIX.sub("", name)]
        chosen = {"provider", "account", "rule"} & set(metric.labels)
        missing = chosen - set(labels)
        # A table by account is about every rule of it.
        assert missing <= {"rule"}, f"{name} is not narrowed by {missing}"


@each_query
def test_replicas_never_double_a_figure(query: Query) -> None:
    for name, _, before in query.selectors():
        is_counted = name.endswith(("_total", "_bucket"))
        pattern = _OVER_PROCESSES if is_counted else _OVER_REPLICAS
        assert pattern.search(before), f"{name} in {query.expr}"


def test_every_recorded_series_is_one_of_our_rules() -> None:
    recorded = {
        rule["record"]
        for file in FILES
        for group in yaml.safe_load(file.read_text())["groups"]
        for rule in group["rules"]
        if "record" in rule
    }
    used = {name for query in queries() for name in re.findall(r"rotator:[\w:]+", query.expr)}

    assert used
    assert used <= recorded


def test_the_page_about_the_dashboard_shows_every_row_of_it() -> None:
    page = (ROOT / "docs" / "dashboard.md").read_text(encoding="utf-8")
    rows = [panel["title"] for panel in board()["panels"] if panel["type"] == "row"]

    assert [title for title in rows if f"**{title}**" not in page] == []
