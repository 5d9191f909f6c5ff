"""values.schema.json and the page about values are made of values.yaml and the daemon's schemas."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
import yaml

from tests.gates.tree import ROOT
from tests.helm import schema
from tests.helm.charts import HELMS, Helm, RefusedError, render, smallest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.helm.charts import Manifest

_PAGE = "docs/deploy/chart.md"
_BEGIN, _END = "<!-- values -->\n", "<!-- end -->"


def test_the_schema_is_what_the_values_and_the_daemons_schemas_give(
    golden: Callable[[str, str], None],
) -> None:
    golden("helm/values.schema.json", schema.generated())


def test_the_page_names_every_value(golden: Callable[[str, str], None]) -> None:
    page = (ROOT / _PAGE).read_text(encoding="utf-8")
    before, rest = page.split(_BEGIN)
    _, after = rest.split(_END)

    golden(_PAGE, f"{before}{_BEGIN}{schema.table()}{_END}{after}")


def test_every_reference_of_the_schema_leads_somewhere() -> None:
    found = json.loads(schema.generated())
    named = {reference.removeprefix("#/definitions/") for reference in _references(found)}

    assert named - found["definitions"].keys() == set()


def _references(part: object) -> Iterator[str]:
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"]
        for inner in part.values():
            yield from _references(inner)
    elif isinstance(part, list):
        for inner in part:
            yield from _references(inner)


WRONG: dict[str, tuple[Manifest, str]] = {
    "label that Prometheus refuses": (
        {"metrics": {"prometheusRule": {"alertLabels": {"example.test/team": "x"}}}},
        "alertLabels",
    ),
    "unknown setting below": ({"config": {"aws": {"regio": "x"}}}, "regio"),
    "account that is a number": (
        {"config": {"aws": {"region": "eu-central-1", "accounts": [{"id": 111122223333}]}}},
        "id",
    ),
    "unknown part of a rule": ({"policy": {"inline": {"rules": [{"nam": "x"}]}}}, "nam"),
    "action": (
        {"policy": {"inline": {"rules": [{"name": "x", "match": {}, "action": "delete"}]}}},
        "action",
    ),
    "too short an end": ({"terminationGracePeriodSeconds": 30}, "terminationGracePeriodSeconds"),
    "journal": ({"journal": {"type": "mysql"}}, "type"),
    "access mode": ({"persistence": {"accessMode": "ReadWriteMany"}}, "accessMode"),
    "secret without names": ({"kubernetes": {"secrets": [{"namespace": "apps"}]}}, "names"),
    "kind of a workload": (
        {"kubernetes": {"workloads": [{"namespace": "a", "kind": "Job", "names": ["b"]}]}},
        "kind",
    ),
}


@pytest.mark.parametrize("helm", HELMS, ids=lambda helm: helm.name)
@pytest.mark.parametrize("wrong", WRONG)
def test_what_has_not_the_form_of_a_value_is_refused_by_name(wrong: str, helm: Helm) -> None:
    values, named = WRONG[wrong]

    with pytest.raises(RefusedError, match=named):
        render(smallest(values), helm=helm)


EXAMPLES = {
    f"{page.stem}-{number}": text
    for page in sorted((ROOT / "docs" / "deploy").glob("*.md"))
    for number, text in enumerate(
        re.findall(r"```yaml\n# values\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    )
}


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_pages_examples_can_be_installed(example: str) -> None:
    assert render(yaml.safe_load(EXAMPLES[example]))


@pytest.mark.parametrize("page", ["chart", "kubernetes"])
def test_the_page_has_examples(page: str) -> None:
    assert sum(name.startswith(f"{page}-") for name in EXAMPLES) > 3
