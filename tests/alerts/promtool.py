"""Running promtool on our rules, and reading the rules as it does."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.gates.tree import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from tests.alerts.scenario import Recorded, Scenario

FILES = sorted((ROOT / "config" / "alerts").glob("*.yaml"))

RUNBOOKS = "https://runbooks.invalid/rotator/"
"""Where the rules as they are shipped say that runbooks are; no such host ever exists."""

_LABEL = re.compile(r"\{\{ \$labels\.(\w+) \}\}")
_VALUE = re.compile(r"\{\{ \$value(?: \| \w+)? \}\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One alert as its file has it."""

    name: str
    expr: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]

    def expected(self, labels: Mapping[str, str], value: str) -> dict[str, Any]:
        """Say what promtool must see of this alert when it fires with these labels."""

        def said(text: str) -> str:
            return _LABEL.sub(lambda found: labels.get(found[1], ""), _VALUE.sub(value, text))

        return {
            "exp_labels": {**labels, **self.labels},
            "exp_annotations": {name: said(text) for name, text in self.annotations.items()},
        }


def rules() -> list[dict[str, Any]]:
    """Read every rule of every file, in order."""
    groups = [group for file in FILES for group in yaml.safe_load(file.read_text())["groups"]]
    return [rule for group in groups for rule in group["rules"]]


def recorded() -> dict[str, str]:
    """Read what every recording rule asks, by the name that it records."""
    return {rule["record"]: rule["expr"] for rule in rules() if "record" in rule}


def alerts() -> dict[str, Alert]:
    """Read every alert of every file, by its name."""
    return {
        rule["alert"]: Alert(
            name=rule["alert"],
            expr=rule["expr"],
            labels=rule["labels"],
            annotations=rule["annotations"],
        )
        for rule in rules()
        if "alert" in rule
    }


def promtool() -> str:
    """Find promtool; skip the test where there is none, unless there must be one."""
    found = shutil.which("promtool")
    if found is None and os.environ.get("CI"):
        pytest.fail("no promtool: run `make system-deps`")
    if found is None:
        pytest.skip("no promtool, so alerts are not tested: run `make system-deps` as root")
    return found


def check(files: Iterable[Path]) -> str:
    """Let promtool read rule files; returns what it says against them, empty if nothing."""
    return _complaint(["check", "rules", *map(str, files)])


def tried(scenario: Scenario, alert: Alert, folder: Path) -> str:
    """Let promtool play a scenario; returns what differs, empty if nothing does."""
    at = {
        "eval_time": f"{scenario.minute}m",
        "alertname": scenario.alert,
        "exp_alerts": [alert.expected(labels, scenario.value) for labels in scenario.fires],
    }
    return _played(scenario, {"alert_rule_test": [at]}, folder)


def counted(scenario: Recorded, folder: Path) -> str:
    """Let promtool evaluate what is recorded; returns what differs, empty if nothing does."""
    samples = [{"labels": name, "value": value} for name, value in scenario.values.items()]
    at = [
        {
            "eval_time": f"{scenario.minute}m",
            "expr": sample["labels"],
            "exp_samples": [] if sample["value"] is None else [sample],
        }
        for sample in samples
    ]
    return _played(scenario, {"promql_expr_test": at}, folder)


def _played(scenario: Scenario | Recorded, looks: Mapping[str, Any], folder: Path) -> str:
    world = {
        "interval": f"{scenario.step}m",
        "input_series": [
            {"series": series, "values": values} for series, values in scenario.series.items()
        ],
    }
    test = {
        "rule_files": [str(file) for file in FILES],
        "evaluation_interval": f"{scenario.step}m",
        "tests": [{**world, **looks}],
    }
    file = folder / "test.yaml"
    file.write_text(yaml.safe_dump(test), encoding="utf-8")
    return _complaint(["test", "rules", str(file)])


def _complaint(arguments: list[str]) -> str:
    done = subprocess.run(
        [promtool(), *arguments], capture_output=True, text=True, check=False, timeout=60
    )
    return "" if done.returncode == 0 else done.stdout + done.stderr
