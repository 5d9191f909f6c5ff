"""Helm 3 and Helm 4 render the same, find nothing to say, and what they render is reviewed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import yaml

from tests.gates.tree import ROOT
from tests.helm.charts import (
    CASES,
    HELM_3,
    HELM_4,
    HELMS,
    Helm,
    Manifest,
    case,
    render,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

NAMES = [path.stem for path in CASES]
REVIEWED = ("default", "existing-secrets", "full", "kubernetes-features", "postgresql")


@pytest.mark.parametrize("name", NAMES)
def test_both_render_the_same_objects(name: str) -> None:
    assert render(case(name), helm=HELM_3) == render(case(name), helm=HELM_4)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("helm", HELMS, ids=lambda helm: helm.name)
def test_a_strict_lint_finds_nothing(helm: Helm, name: str, tmp_path: Path) -> None:
    assert helm.complaints(case(name), tmp_path) == []


@pytest.mark.parametrize("name", NAMES)
def test_no_object_is_rendered_twice(name: str) -> None:
    found = [_identity(item) for item in render(case(name))]

    assert sorted(set(found)) == sorted(found)


@pytest.mark.parametrize("name", REVIEWED)
def test_what_is_rendered_changes_only_with_a_review(
    name: str, golden: Callable[[str, str], None]
) -> None:
    text = yaml.dump_all(map(_shown, render(case(name))), Dumper=_Readable, width=100)

    golden(f"tests/helm/golden/{name}.yaml", text)


def test_the_chart_and_the_daemon_are_of_one_release() -> None:
    import rotator  # noqa: PLC0415 - only its version

    chart = yaml.safe_load((ROOT / "helm" / "Chart.yaml").read_text(encoding="utf-8"))

    assert chart["version"] == chart["appVersion"] == rotator.__version__


def _identity(item: Manifest) -> tuple[str, str, str]:
    return item["kind"], item["metadata"].get("namespace", ""), item["metadata"]["name"]


def _shown(item: Manifest) -> Manifest:
    """Leave out what is a copy of a tested file, which has tests of its own."""
    if item["kind"] == "PrometheusRule":
        return {**item, "spec": "the rules of config/alerts"}
    if item["kind"] == "ConfigMap" and "rotator.json" in item["data"]:
        return {**item, "data": "config/dashboards/rotator.json"}
    return item


class _Readable(yaml.CSafeDumper):
    """YAML as a person writes it: a text of several lines keeps them."""


def _text(dumper: yaml.CSafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar(
        "tag:yaml.org,2002:str", text, style="|" if "\n" in text else None
    )


_Readable.add_representer(str, _text)
