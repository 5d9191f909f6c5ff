"""Every object is one that an API server takes, whose schemas are those of Kubernetes."""

from __future__ import annotations

import copy
import functools

import kubernetes_validate
import pytest
from kubernetes_validate import utils

from tests.helm.charts import CASES, case, render, workload

NEWEST = list(dict.fromkeys(map(utils.major_minor, utils.all_versions())))[-3:]

NOT_OF_KUBERNETES = {
    "monitoring.coreos.com/v1": {"ServiceMonitor", "PodMonitor", "PrometheusRule"},
}
"""Kinds that Prometheus Operator brings; tests of monitoring say what they must have."""

pytestmark = [
    # The reader of schemas leaves its files open.
    pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture(autouse=True)
def _schemas_are_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is a file of several megabytes, and would be read again for every object."""
    monkeypatch.setattr(utils, "schema_contents", _schema)


_schema = functools.cache(utils.schema_contents)


@pytest.mark.parametrize("version", NEWEST)
@pytest.mark.parametrize("name", [path.stem for path in CASES])
def test_every_object_is_valid(name: str, version: str) -> None:
    for item in render(case(name)):
        if item["kind"] not in NOT_OF_KUBERNETES.get(item["apiVersion"], set()):
            kubernetes_validate.validate(item, version, strict=True)


def test_an_unknown_field_is_refused() -> None:
    stateful = copy.deepcopy(workload(render(case("default"))))
    stateful["spec"]["template"]["spec"]["containers"][0]["readOnlyRootFilesystem"] = True

    with pytest.raises(kubernetes_validate.ValidationError, match="readOnlyRootFilesystem"):
        kubernetes_validate.validate(stateful, NEWEST[0], strict=True)
