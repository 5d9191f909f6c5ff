"""Rendering the chart in process, as an installation would."""

from __future__ import annotations

from typing import Any

import helm_python
import yaml

from tests.gates.tree import ROOT

CHART = ROOT / "helm"
Manifest = dict[str, Any]

ACCOUNTS: Manifest = {"region": "eu-central-1", "accounts": [{"id": "111122223333"}]}
SMALLEST: Manifest = {"config": {"aws": ACCOUNTS}}


def files_of(values: Manifest, *, name: str = "rotator") -> dict[str, str]:
    """Render every template with exactly these values over the chart's own."""
    with helm_python.Chart.load(CHART) as chart:
        return chart.render(values, name=name, namespace="keys")


def render(values: Manifest | None = None, *, name: str = "rotator") -> dict[str, Manifest]:
    """Render the chart for a release; one object of each kind."""
    files = files_of(_with_accounts(values or {}), name=name)
    objects = [
        document
        for path, text in sorted(files.items())
        if path.endswith(".yaml")
        for document in yaml.safe_load_all(text)
        if document
    ]
    return {found["kind"]: found for found in objects}


def notes(values: Manifest | None = None) -> str:
    """Render what an operator reads after the installation."""
    return files_of(_with_accounts(values or {}))["rotator/templates/NOTES.txt"]


def pod(values: Manifest | None = None) -> Manifest:
    """Render the specification of the one pod."""
    specification: Manifest = render(values)["StatefulSet"]["spec"]["template"]["spec"]
    return specification


def _with_accounts(values: Manifest) -> Manifest:
    return {**values, "config": {"aws": ACCOUNTS, **values.get("config", {})}}
