"""A simulated cluster with consumers of every kind, and whoever deploys to it."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import timedelta
from itertools import count
from typing import TYPE_CHECKING, Any

from rotator.consumers.kubernetes import KubernetesConsumers
from rotator.core.consumers import ConsumerKind, ConsumerRef
from rotator.simulators.kubernetes.seeding import seed
from rotator.simulators.kubernetes.shapes import ClusterSeed, ObjectSeed, RemoteValue, Rule
from rotator.testing.consumers_bench import ConsumersBench
from tests.adapters.kubernetes.cluster import FAULTS, NAMESPACE, Cluster

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rotator.core.ids import Instant
    from rotator.ports.consumers import Consumers
    from rotator.testing.bench import Fault

_CSI = "secrets-store.csi.x-k8s.io"
RULES = (
    Rule(
        api_groups=("external-secrets.io",), resources=("externalsecrets",), verbs=("get", "patch")
    ),
    Rule(
        api_groups=("apps",),
        resources=("deployments", "statefulsets", "daemonsets"),
        verbs=("get", "patch"),
    ),
    Rule(api_groups=("",), resources=("pods",), verbs=("list",)),
    Rule(api_groups=(_CSI,), resources=("secretproviderclasses",), verbs=("get",)),
    Rule(api_groups=(_CSI,), resources=("secretproviderclasspodstatuses",), verbs=("list",)),
)
"""What docs/consumers.md says that rotator needs, and nothing else."""

HOUR = 3600


def template(name: str, **spec: Any) -> dict[str, Any]:  # noqa: ANN401 - as the API has it
    """Write a pod template and the selector of it."""
    return {
        "selector": {"matchLabels": {"app": name}},
        "template": {
            "metadata": {"labels": {"app": name}},
            "spec": {"containers": [{"name": "main", "image": "app:1"}], **spec},
        },
    }


class ConsumersTown(ConsumersBench):
    """The adapter in front of a cluster of its own."""

    def __init__(self, folder: Path) -> None:
        self.cluster = Cluster(folder, *RULES)
        self._adapter = KubernetesConsumers(self.cluster.api)
        self._numbers = count(1)

    @property
    def consumers(self) -> Consumers:
        return self._adapter

    def close(self) -> None:
        self.cluster.close()

    def now(self) -> Instant:
        return self.cluster.clock.now()

    def advance(self, period: timedelta) -> None:
        self.cluster.clock.advance(period)

    def settle(self) -> None:
        self.advance(timedelta(minutes=10))

    @contextmanager
    def failing(self, fault: Fault) -> Iterator[None]:
        with self.cluster.failing(FAULTS[fault]):
            yield

    def add(self, manifest: dict[str, Any], *, age: float = HOUR) -> None:
        """Let an object be there for a while."""
        metadata = {"namespace": NAMESPACE, **manifest["metadata"]}
        made = ObjectSeed(manifest={**manifest, "metadata": metadata}, age_seconds=age)
        seed(self.cluster.kube.world, ClusterSeed(objects=(made,)))

    def new_feed(self, version: str = "v1", **spec: Any) -> ConsumerRef:  # noqa: ANN401
        ref = self._name(ConsumerKind.EXTERNAL_SECRET)
        remote = {f"prod/{ref.name}": RemoteValue(text="{}", version="1")}
        seed(self.cluster.kube.world, ClusterSeed(remotes=remote))
        fetched = {"secretKey": "key", "remoteRef": {"key": f"prod/{ref.name}"}}
        manifest = {
            "apiVersion": f"external-secrets.io/{version}",
            "kind": "ExternalSecret",
            "metadata": {"name": ref.name},
            "spec": {
                "refreshInterval": "1h0m0s",
                "secretStoreRef": {"name": "aws", "kind": "ClusterSecretStore"},
                "data": [fetched],
                **spec,
            },
        }
        self.add(manifest, age=0)
        self.advance(timedelta(minutes=2))
        return ref

    def new_workload(
        self,
        kind: ConsumerKind = ConsumerKind.DEPLOYMENT,
        **spec: Any,  # noqa: ANN401 - as the API has it
    ) -> ConsumerRef:
        ref = self._name(kind)
        replicas = {} if kind is ConsumerKind.DAEMON_SET else {"replicas": 2}
        service = {"serviceName": ref.name} if kind is ConsumerKind.STATEFUL_SET else {}
        made = {
            "apiVersion": "apps/v1",
            "kind": kind.value,
            "metadata": {"name": ref.name},
            "spec": {**replicas, **service, **template(ref.name), **spec},
        }
        self.add(made)
        return ref

    def new_mount(self, name: str, version: str) -> ConsumerRef:
        ref = self._name(ConsumerKind.MOUNT)
        remote = {name: RemoteValue(text="{}", version=version)}
        seed(self.cluster.kube.world, ClusterSeed(remotes=remote))
        objects = f'- objectName: "{name}"\n  objectType: "secretsmanager"\n'
        provider_class = {
            "apiVersion": f"{_CSI}/v1",
            "kind": "SecretProviderClass",
            "metadata": {"name": ref.name},
            "spec": {"provider": "aws", "parameters": {"objects": objects}},
        }
        self.add(provider_class)
        source = {"driver": "secrets-store.csi.k8s.io", "readOnly": True}
        volume = {"secretProviderClass": ref.name}
        volumes = [{"name": "keys", "csi": {**source, "volumeAttributes": volume}}]
        pods = f"pods-of-{ref.name}"
        deployment = {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": pods},
            "spec": {"replicas": 2, **template(pods, volumes=volumes)},
        }
        self.add(deployment)
        self.settle()
        return ref

    def pause_by_hand(self, ref: ConsumerRef) -> None:
        self._patch(ref, {"spec": {"paused": True}})

    def change_by_hand(self, ref: ConsumerRef) -> None:
        self._patch(ref, {"metadata": {"annotations": {"note": "somebody was here"}}})

    def _patch(self, ref: ConsumerRef, body: dict[str, Any]) -> None:
        path = f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments/{ref.name}"
        self.cluster.by_hand("PATCH", path, body)

    def _name(self, kind: ConsumerKind) -> ConsumerRef:
        return ConsumerRef(kind=kind, namespace=NAMESPACE, name=f"c-{next(self._numbers)}")
