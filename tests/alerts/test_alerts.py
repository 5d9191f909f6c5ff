"""Every alert fires when it should, and only then; somebody who is woken finds a runbook."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from rotator.core.environments import Breach
from rotator.core.reasons import Reason, is_hold
from rotator.core.rotation import Phase, Role
from rotator.core.terms import Mode
from rotator.telemetry.metrics import METRICS
from tests.alerts.promtool import FILES, RUNBOOKS, alerts, check, counted, recorded, tried
from tests.alerts.scenarios import SCENARIOS
from tests.alerts.scenarios_of_keys import SLO
from tests.docs.test_commands_exist import faults
from tests.gates.tree import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from tests.alerts.promtool import Alert
    from tests.alerts.scenario import Recorded, Scenario

ALERTS = alerts()
RECORDED = recorded()
PAGES = ROOT / "docs" / "runbooks"
HEADINGS = ["Meaning", "Impact", "Diagnosis", "Mitigation", "Threshold"]
CLOSED = {
    "reason": {reason.value for reason in Reason if is_hold(reason)},
    "kind": {breach.value for breach in Breach},
    "phase": {phase.value for phase in Phase},
    "role": {role.value for role in Role},
    "mode": {mode.value for mode in Mode},
    "status": {"breach", "compliant", "reported", "unknown"},
    "fault": {"crashed", "missed", "overlapped"},
}
UNHEARD = {
    # Told by its effect on the whole daemon, `rotator_audit_blocked`: RotatorAuditBlocked.
    Reason.AUDIT_BLOCKED,
    # A user without an enabled key is an everyday sight, and nothing of it gets older.
    Reason.NO_KEY,
    # These end in a halt at once, which RotatorRotationHalted tells of by its phase.
    Reason.REENABLED,
    Reason.USED_WHILE_DISABLED,
    Reason.ENABLED_BY_OPERATOR,
}

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


@pytest.mark.parametrize("scenario", SLO, ids=lambda item: item.promise)
def test_the_promise_about_ages_is_measured_as_it_is_meant(
    scenario: Recorded, tmp_path: Path
) -> None:
    assert counted(scenario, tmp_path) == ""


def test_every_recording_is_looked_at() -> None:
    assert {name for scenario in SLO for name in scenario.values} == set(RECORDED)


@every_alert
def test_every_alert_is_tried_both_ways(alert: Alert) -> None:
    ways = {bool(item.fires) for item in SCENARIOS if item.alert == alert.name}

    assert ways == {True, False}


def questions() -> list[tuple[str, str]]:
    """List every rule's name with what it asks."""
    return [*((alert.name, alert.expr) for alert in ALERTS.values()), *RECORDED.items()]


@pytest.mark.parametrize(("name", "expr"), questions(), ids=[name for name, _ in questions()])
def test_a_rule_asks_only_for_what_is_exported(name: str, expr: str) -> None:
    labels = {metric.name: set(metric.labels) for metric in METRICS}
    asked = _METRIC.findall(expr)

    assert asked or "rotator:" in expr, name
    assert set(re.findall(r"rotator:[\w:]+", expr)) <= set(RECORDED)
    for metric, selector in asked:
        assert {label for label, _ in _SELECTED.findall(selector)} <= labels[metric]
    grouped = {label for found in _GROUPED.findall(expr) for label in found.split(", ")}
    assert grouped <= {label for metric, _ in asked for label in labels[metric]}


@every_alert
def test_an_alert_selects_only_words_that_the_code_gives(alert: Alert) -> None:
    for label, words in CLOSED.items():
        assert selected(alert, label) <= words
    for code in selected(alert, "code"):
        assert code in said_by_the_code()


def test_every_hold_raises_an_alert_or_is_left_out_for_a_reason() -> None:
    told = {reason for alert in ALERTS.values() for reason in selected(alert, "reason")}

    assert told | UNHEARD == CLOSED["reason"]
    assert not told & UNHEARD


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
    assert set(alert.annotations) == {"summary", "description", "runbook_url"}
    assert len(alert.annotations["summary"]) <= 100
    assert "`rotator " in alert.annotations["description"]
    assert list(faults(alert.annotations["description"])) == []


@every_alert
def test_an_alert_has_a_runbook_in_the_usual_order(alert: Alert) -> None:
    text = (PAGES / f"{alert.name}.md").read_text(encoding="utf-8")

    assert alert.annotations["runbook_url"] == f"{RUNBOOKS}{alert.name}.md"
    assert text.startswith(f"# {alert.name}\n\nSeverity: {alert.labels['severity']}.\n")
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == HEADINGS


@every_alert
def test_a_runbook_says_what_to_type_what_not_to_do_and_when_it_is_over(alert: Alert) -> None:
    text = (PAGES / f"{alert.name}.md").read_text(encoding="utf-8")
    parts = dict(re.findall(r"^## (\w+)\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL))

    assert "`rotator " in parts["Diagnosis"]
    assert "**Do not** " in parts["Mitigation"]
    assert "**It is over** when " in parts["Mitigation"]


def test_every_runbook_belongs_to_an_alert_and_is_listed_with_its_severity() -> None:
    pages = {path.stem for path in PAGES.glob("*.md")} - {"README"}
    listed = re.findall(
        r"^\| \[(\w+)\]\(\1\.md\) \| (\w+) \|", (PAGES / "README.md").read_text(), re.MULTILINE
    )

    assert pages == set(ALERTS)
    assert dict(listed) == {alert.name: alert.labels["severity"] for alert in ALERTS.values()}
    assert [name for name, _ in listed] == sorted(ALERTS)
