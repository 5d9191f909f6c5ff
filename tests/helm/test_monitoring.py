"""What Prometheus and Grafana are given is what is tested: the same rules, the same dashboard."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.alerts import promtool
from tests.gates.tree import ROOT
from tests.helm.charts import (
    HELM_3,
    Manifest,
    RefusedError,
    case,
    container,
    objects,
    of_kind,
    only,
    render,
    smallest,
    workload,
)

if TYPE_CHECKING:
    from pathlib import Path

BASE = "https://runbooks.example.test/of/rotator/"


def rules(**values: object) -> Manifest:
    """Render the rules alone with these values of theirs."""
    told = {"enabled": True, "renderMode": "alwaysRender", "runbookUrlBase": BASE, **values}
    found = render(smallest({"metrics": {"prometheusRule": told}}))
    return only(found, "PrometheusRule")


def shipped() -> list[dict[str, Any]]:
    """Read the groups of the tested files, with runbooks where this installation has them."""
    text = [path.read_text(encoding="utf-8") for path in promtool.FILES]
    moved = [yaml.safe_load(found.replace(promtool.RUNBOOKS, BASE)) for found in text]
    return [group for found in moved for group in found["groups"]]


def test_the_rules_are_the_tested_ones_with_runbooks_of_ones_own() -> None:
    assert _by_name(rules()["spec"]["groups"]) == _by_name(shipped())


@pytest.mark.parametrize("name", ["plain", "full"])
def test_promtool_takes_the_rules(name: str, tmp_path: Path) -> None:
    found = rules() if name == "plain" else only(render(case(name)), "PrometheusRule")
    file = tmp_path / "rules.yaml"
    file.write_text(yaml.safe_dump(found["spec"]), encoding="utf-8")

    assert promtool.check([file]) == ""


def test_a_disabled_alert_is_left_out_and_nothing_else_is() -> None:
    (group, *_) = [found for found in shipped() if len(_alerts([found])) > 1]
    (alert, *_) = _alerts([group])

    left = rules(disabled=[alert])["spec"]["groups"]

    assert _alerts(left) == [name for name in _alerts(rules()["spec"]["groups"]) if name != alert]


def test_labels_by_which_prometheus_finds_rules_can_be_added() -> None:
    labels = rules(additionalLabels={"release": "prometheus"})["metadata"]["labels"]

    assert labels["release"] == "prometheus"


def test_rules_of_ones_own_stand_beside_the_tested_ones() -> None:
    own = {"name": "ours", "rules": [{"alert": "Ours", "expr": "vector(1)"}]}

    groups = rules(additionalGroups=[own])["spec"]["groups"]

    assert _by_name(groups) == {**_by_name(shipped()), "ours": own}


def test_the_dashboard_is_the_tested_one() -> None:
    found = render(smallest({"metrics": {"dashboard": {"enabled": True}}}))
    (item,) = (held for held in of_kind(found, "ConfigMap") if "rotator.json" in held["data"])

    text = (ROOT / "config" / "dashboards" / "rotator.json").read_text(encoding="utf-8")
    assert json.loads(item["data"]["rotator.json"]) == json.loads(text)
    assert item["metadata"]["labels"]["grafana_dashboard"] == "1"


@pytest.mark.parametrize("kind", ["ServiceMonitor", "PodMonitor"])
def test_a_monitor_scrapes_the_pods_and_not_another_release(kind: str) -> None:
    name = kind[0].lower() + kind[1:]
    told = {name: {"enabled": True, "renderMode": "alwaysRender"}}
    found = render(smallest({"metrics": told}), name="eu")
    monitor = only(found, kind)["spec"]
    (endpoint,) = monitor["endpoints" if kind == "ServiceMonitor" else "podMetricsEndpoints"]
    selected = monitor["selector"]["matchLabels"].items()
    template = workload(found)["spec"]["template"]["metadata"]["labels"].items()
    service = only(found, "Service")["metadata"]["labels"].items()

    assert endpoint["port"] == container(found)["ports"][0]["name"]
    assert endpoint.get("path", "/metrics") == "/metrics"
    assert selected <= (service if kind == "ServiceMonitor" else template)
    assert ("app.kubernetes.io/instance", "eu") in selected


MONITORS = ["serviceMonitor", "podMonitor", "prometheusRule"]


@pytest.mark.parametrize("name", MONITORS)
def test_what_the_cluster_does_not_know_is_left_out_unless_it_must_be_there(name: str) -> None:
    kind = name[0].upper() + name[1:]

    def told(mode: str) -> Manifest:
        return smallest({"metrics": {name: {"enabled": True, "renderMode": mode}}})

    assert of_kind(render(told("skipIfMissing"), helm=HELM_3), kind) == []
    assert of_kind(render(told("alwaysRender"), helm=HELM_3), kind) != []
    with pytest.raises(RefusedError, match=r"monitoring\.coreos\.com/v1"):
        render(told("failIfMissing"), helm=HELM_3)


@pytest.mark.parametrize("mode", ["skipIfMissing", "failIfMissing"])
@pytest.mark.parametrize("name", MONITORS)
def test_what_the_cluster_knows_is_rendered(name: str, mode: str) -> None:
    values = smallest({"metrics": {name: {"enabled": True, "renderMode": mode}}})
    kind = name[0].upper() + name[1:]

    text = HELM_3.rendered(values, name="rotator", apis=["monitoring.coreos.com/v1"])

    assert of_kind(objects(text), kind) != []


def test_nothing_of_monitoring_is_rendered_unless_it_is_asked_for() -> None:
    kinds = {item["kind"] for item in render(case("default"))}

    assert kinds & {"ServiceMonitor", "PodMonitor", "PrometheusRule"} == set()


def _by_name(groups: list[Manifest]) -> dict[str, Manifest]:
    assert len({group["name"] for group in groups}) == len(groups)
    return {group["name"]: group for group in groups}


def _alerts(groups: list[Manifest]) -> list[str]:
    return [rule["alert"] for group in groups for rule in group["rules"] if "alert" in rule]
