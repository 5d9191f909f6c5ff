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

    from tests.alerts.scenarios import Scenario

FILES = sorted((ROOT / "config" / "alerts").glob("*.yaml"))

_LABEL = re.compile(r"\{\{ \$labels\.(\w+) \}\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One alert as its file has it."""

    name: str
    expr: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]

    def expected(self, labels: Mapping[str, str]) -> dict[str, Any]:
        """Say what promtool must see of this alert when it fires with these labels."""
        return {
            "exp_labels": {**labels, **self.labels},
            "exp_annotations": {
                name: _LABEL.sub(lambda found: labels.get(found[1], ""), text)
                for name, text in self.annotations.items()
            },
        }


def alerts() -> dict[str, Alert]:
    """Read every alert of every file, by its name."""
    groups = [group for file in FILES for group in yaml.safe_load(file.read_text())["groups"]]
    return {
        rule["alert"]: Alert(
            name=rule["alert"],
            expr=rule["expr"],
            labels=rule["labels"],
            annotations=rule["annotations"],
        )
        for group in groups
        for rule in group["rules"]
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
    test = {
        "rule_files": [str(file) for file in FILES],
        "evaluation_interval": f"{scenario.step}m",
        "tests": [
            {
                "interval": f"{scenario.step}m",
                "input_series": [
                    {"series": series, "values": values}
                    for series, values in scenario.series.items()
                ],
                "alert_rule_test": [
                    {
                        "eval_time": f"{scenario.minute}m",
                        "alertname": scenario.alert,
                        "exp_alerts": [alert.expected(labels) for labels in scenario.fires],
                    }
                ],
            }
        ],
    }
    file = folder / "test.yaml"
    file.write_text(yaml.safe_dump(test), encoding="utf-8")
    return _complaint(["test", "rules", str(file)])


def _complaint(arguments: list[str]) -> str:
    done = subprocess.run(
        [promtool(), *arguments], capture_output=True, text=True, check=False, timeout=60
    )
    return "" if done.returncode == 0 else done.stdout + done.stderr
