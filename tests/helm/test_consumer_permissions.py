"""With the rights that the chart grants, and with none less, consumers are read and moved.

The simulated API server asks for each right as the real one does.
"""

from __future__ import annotations

from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from rotator.consumers.kubernetes import KubernetesConsumers
from rotator.core.consumers import WORKLOADS, ConsumerKind, ConsumerRef, ConsumerState
from rotator.errors import AccessDeniedError
from tests.adapters.kubernetes.cluster import Cluster
from tests.helm.rights import NAMESPACE, each_without_one, granted

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rotator.simulators.kubernetes.shapes import Rule

NAME = "shop"
REFS = tuple(ConsumerRef(kind=kind, namespace=NAMESPACE, name=NAME) for kind in ConsumerKind)
PLURALS = {
    "Deployment": "deployments",
    "StatefulSet": "statefulsets",
    "DaemonSet": "daemonsets",
    "ExternalSecret": "externalsecrets",
    "SecretProviderClass": "secretproviderclasses",
}
LABELS = {"app": NAME}
TEMPLATE = {"metadata": {"labels": LABELS}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
WORKLOAD = {"selector": {"matchLabels": LABELS}, "template": TEMPLATE}
OBJECTS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("apps/v1", "Deployment", {**WORKLOAD, "replicas": 1}),
    ("apps/v1", "StatefulSet", {**WORKLOAD, "replicas": 1, "serviceName": NAME}),
    ("apps/v1", "DaemonSet", WORKLOAD),
    ("external-secrets.io/v1", "ExternalSecret", {"refreshInterval": "1h", "dataFrom": []}),
    ("secrets-store.csi.x-k8s.io/v1", "SecretProviderClass", {"provider": "aws"}),
)

ONE = [{"namespace": NAMESPACE, "names": [NAME]}]
ASKED: dict[ConsumerKind, dict[str, Any]] = {
    ConsumerKind.EXTERNAL_SECRET: {"externalSecrets": ONE},
    ConsumerKind.MOUNT: {"csi": ONE},
    **{kind: {"workloads": [{**ONE[0], "kind": kind.value}]} for kind in WORKLOADS},
}
"""What of the chart's values is for which kind of consumers."""


def move(cluster: Cluster, kind: ConsumerKind) -> None:
    """Read the consumer of one kind, and bring it onto a new key where that can be done."""
    consumers = KubernetesConsumers(cluster.api)
    (ref,) = (ref for ref in REFS if ref.kind is kind)
    (state,) = consumers.read((ref,), NAME).states
    assert state.exists
    _move(consumers, state, cluster)


@pytest.mark.parametrize("kind", list(ConsumerKind), ids=str)
def test_a_consumer_is_moved_and_no_right_is_superfluous(
    kind: ConsumerKind, tmp_path: Path
) -> None:
    rules = granted(**ASKED[kind])

    with _in(tmp_path, rules) as whole:
        move(whole, kind)
    for less in each_without_one(rules):
        with _in(tmp_path, less) as cluster, pytest.raises(AccessDeniedError):
            move(cluster, kind)


@pytest.mark.parametrize("kind", list(ConsumerKind), ids=str)
def test_a_consumer_that_was_not_named_is_out_of_reach(kind: ConsumerKind, tmp_path: Path) -> None:
    other = ConsumerRef(kind=kind, namespace=NAMESPACE, name="other")

    with _in(tmp_path, granted(**ASKED[kind])) as cluster, pytest.raises(AccessDeniedError):
        KubernetesConsumers(cluster.api).read((other,), NAME)


def _move(consumers: KubernetesConsumers, state: ConsumerState, cluster: Cluster) -> None:
    now = cluster.clock.now()
    soon = now + timedelta(minutes=1)
    if state.ref.kind is ConsumerKind.EXTERNAL_SECRET:
        consumers.refresh(state, at=now, not_after=soon)
    elif state.ref.kind in WORKLOADS:
        consumers.restart(state, at=now, not_after=soon)


@contextmanager
def _in(folder: Path, rules: tuple[Rule, ...]) -> Iterator[Cluster]:
    """Give a cluster with one consumer of each kind, in which the daemon has these rights."""
    cluster = Cluster(folder, *rules)
    for version, kind, spec in OBJECTS:
        thing = {"apiVersion": version, "kind": kind, "metadata": {"name": NAME}, "spec": spec}
        path = f"/apis/{version}/namespaces/{NAMESPACE}/{PLURALS[kind]}"
        cluster.by_hand("POST", path, thing)
    yield cluster
    cluster.close()
