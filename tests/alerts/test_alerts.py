"""Every alert fires when it should, and only then; somebody who is woken finds a runbook."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from rotator.core.environments import Breach
from rotator.core.reasons import Reason, is_hold
from rotator.telemetry.metrics import METRICS
from tests.alerts.promtool import FILES, alerts, check, tried
from tests.alerts.scenarios import SCENARIOS
from tests.docs.test_commands_exist import faults
from tests.gates.tree import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from tests.alerts.promtool import Alert
    from tests.alerts.scenarios import Scenario

ALERTS = alerts()
RUNBOOKS = ROOT / "docs" / "runbooks"
HEADINGS = ["What it means", "What is safe", "What to do first", "When it is over", "Threshold"]

_METRIC = re.compile(r"\b(rotator_\w+)(?:\{([^}]*)\})?")
_SELECTED = re.compile(r'(\w+)\s*=~?\s*"([^"]*)"')
_GROUPED = re.compile(r"by \(([\w, ]+)\)")

every_alert = pytest.mark.parametrize("alert", ALERTS.values(), ids=ALERTS)


def selected(alert: Alert, label: str) -> set[str]:
    """Name the values of a label that an alert selects."""
    found = [values for name, values in _SELECTED.findall(alert.expr) if name == label]
    return {value for values in found for value in values.split("|")}


def test_prometheus_can_read_the_rules() -> None:
    assert check(FILES) == ""


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda item: item.promise)
def test_an_alert_fires_exactly_when_it_should(scenario: Scenario, tmp_path: Path) -> None:
    assert tried(scenario, ALERTS[scenario.alert], tmp_path) == ""


@every_alert
def test_every_alert_is_tried_both_ways(alert: Alert) -> None:
    ways = {bool(item.fires) for item in SCENARIOS if item.alert == alert.name}

    assert ways == {True, False}


@every_alert
def test_an_alert_asks_only_for_what_is_exported(alert: Alert) -> None:
    labels = {metric.name: set(metric.labels) for metric in METRICS}
    asked = _METRIC.findall(alert.expr)

    assert asked
    for name, selector in asked:
        assert {label for label, _ in _SELECTED.findall(selector)} <= labels[name]
    grouped = {label for found in _GROUPED.findall(alert.expr) for label in found.split(", ")}
    assert grouped <= {label for name, _ in asked for label in labels[name]}


@every_alert
def test_an_alert_selects_only_words_that_the_code_gives(alert: Alert) -> None:
    holds = {reason.value for reason in Reason if is_hold(reason)}

    assert selected(alert, "reason") <= holds
    assert selected(alert, "kind") <= {breach.value for breach in Breach}
    for code in selected(alert, "code"):
        assert code in said_by_the_code()


def said_by_the_code() -> set[str]:
    """Name every word that an error's `code` is given in the package."""
    texts = [path.read_text(encoding="utf-8") for path in (ROOT / "rotator").rglob("*.py")]
    given = re.compile(r'\b(?:default_)?code ?= ?"(\w+)"')
    return {code for text in texts for code in given.findall(text)}


def test_every_way_in_which_environments_are_not_apart_raises_an_alert() -> None:
    told = {kind for alert in ALERTS.values() for kind in selected(alert, "kind")}

    assert told == {breach.value for breach in Breach}


@every_alert
def test_an_alert_says_what_is_the_matter_and_what_to_type(alert: Alert) -> None:
    assert alert.labels["severity"] in {"critical", "warning", "info"}
    assert set(alert.annotations) == {"summary", "description", "runbook"}
    assert len(alert.annotations["summary"]) <= 100
    assert "`rotator " in alert.annotations["description"]
    assert list(faults(alert.annotations["description"])) == []


@every_alert
def test_an_alert_has_a_runbook_in_the_usual_order(alert: Alert) -> None:
    path = ROOT / alert.annotations["runbook"]
    text = path.read_text(encoding="utf-8")

    assert path == RUNBOOKS / f"{alert.name}.md"
    assert text.startswith(f"# {alert.name}\n")
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == HEADINGS
    assert alert.labels["severity"] in text


def test_every_runbook_belongs_to_an_alert_and_is_listed() -> None:
    pages = {path.stem for path in RUNBOOKS.glob("*.md")} - {"README"}
    listed = re.findall(
        r"^\| \[(\w+)\]\(\1\.md\)", (RUNBOOKS / "README.md").read_text(), re.MULTILINE
    )

    assert pages == set(ALERTS)
    assert listed == list(ALERTS)
