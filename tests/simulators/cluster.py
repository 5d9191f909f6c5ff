"""An embedded cluster with a daemon's account and an operator's, and hands to call it with."""

from __future__ import annotations

import base64
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import httpx

from rotator.simulators.kubernetes.embedded import EmbeddedKubernetes
from rotator.simulators.kubernetes.seeding import seed
from rotator.simulators.kubernetes.shapes import (
    AccountSeed,
    Call,
    ClusterSeed,
    FaultRule,
    ObjectSeed,
    Rule,
    Settings,
)
from rotator.simulators.kubernetes.state import state_of
from rotator.testing.manual_clock import ManualClock

if TYPE_CHECKING:
    from rotator.simulators.kubernetes.shapes import SeededCluster

BASE = "http://simulated.kubernetes"
SECRETS = "/api/v1/namespaces/apps/secrets"
DEPLOYMENTS = "/apis/apps/v1/namespaces/apps/deployments"
STATEFUL_SETS = "/apis/apps/v1/namespaces/apps/statefulsets"
DAEMON_SETS = "/apis/apps/v1/namespaces/apps/daemonsets"
WEB = f"{DEPLOYMENTS}/web"
PODS = "/api/v1/namespaces/apps/pods"
EXTERNAL = "/apis/external-secrets.io/v1/namespaces/apps/externalsecrets"
MERGE, APPLY = "application/merge-patch+json", "application/apply-patch+yaml"
STRATEGIC = "application/strategic-merge-patch+json"
PARTIAL = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
Body = dict[str, Any]


def rule(*verbs: str, names: tuple[str, ...] = (), resources: str = "secrets") -> Rule:
    return Rule(api_groups=("",), resources=(resources,), verbs=verbs, resource_names=names)


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def secret(name: str = "db", *, metadata: Body | None = None, **data: str) -> Body:
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name, **(metadata or {})},
        "data": {key: encoded(value) for key, value in data.items()},
    }


class Cluster:
    """A cluster whose clock is moved by hand."""

    def __init__(self, *, number: int = 0, **options: Any) -> None:  # noqa: ANN401 - passed on
        self.clock = ManualClock()
        self.told: list[Call] = []
        self.simulator = EmbeddedKubernetes(
            self.clock, seed=number, on_call=self.told.append, **options
        )
        self.world = self.simulator.world
        self.http = httpx.Client(transport=self.simulator.transport())
        self.admin = self.seed(namespaces=("apps",)).admin

    def seed(self, **wanted: Any) -> SeededCluster:  # noqa: ANN401 - passed on
        return seed(self.world, ClusterSeed.model_validate(wanted))

    def account(self, *rules: Rule, namespace: str = "apps", **more: Any) -> str:  # noqa: ANN401
        account = AccountSeed(namespace="rotator", name="rotator", roles={namespace: rules}, **more)
        return self.seed(accounts=(account,)).tokens["rotator/rotator"]

    def add(self, manifest: Body, **more: Any) -> None:  # noqa: ANN401 - passed on
        manifest = {**manifest, "metadata": {"namespace": "apps", **manifest["metadata"]}}
        self.seed(objects=(ObjectSeed(manifest=manifest, **more),))

    def configure(self, **settings: object) -> None:
        self.world.settings = Settings.model_validate(settings)

    def fault(self, **wanted: object) -> None:
        self.world.faults.add(FaultRule.model_validate(wanted))

    def wait(self, seconds: float) -> None:
        self.clock.advance(timedelta(seconds=seconds))

    def find(self, kind: str, name: str) -> Body:
        found = state_of(self.world).find(kind, "apps", name)
        assert found is not None
        return found

    # ------------------------------------------------------------------ calling

    def ask(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        token: str | None = None,
        kind: str = "application/json",
        **headers: str,
    ) -> httpx.Response:
        told = {
            "Authorization": f"Bearer {token or self.admin}",
            "Content-Type": kind,
            "User-Agent": "tester/1.0",
            **headers,
        }
        json = {} if body is None else {"json": body}
        return self.http.request(method, f"{BASE}{path}", headers=told, **json)  # type: ignore[arg-type]

    def get(self, path: str, **more: Any) -> Body:  # noqa: ANN401 - passed on
        return self._good(self.ask("GET", path, **more))

    def create(self, path: str, body: Body, **more: Any) -> Body:  # noqa: ANN401 - passed on
        return self._good(self.ask("POST", path, body, **more))

    def merge(self, path: str, body: Body, **more: Any) -> Body:  # noqa: ANN401 - passed on
        return self._good(self.ask("PATCH", path, body, kind=MERGE, **more))

    def try_apply(
        self,
        path: str,
        body: Body,
        *,
        manager: str = "rotator",
        force: bool = False,
        **more: Any,  # noqa: ANN401 - passed on
    ) -> httpx.Response:
        query = f"?fieldManager={manager}&force={str(force).lower()}"
        return self.ask("PATCH", f"{path}{query}", body, kind=APPLY, **more)

    def apply(self, path: str, body: Body, **more: Any) -> Body:  # noqa: ANN401 - passed on
        return self._good(self.try_apply(path, body, **more))

    def _good(self, answer: httpx.Response) -> Body:
        assert not answer.is_error, answer.text
        told: Body = answer.json()
        return told


def owned(thing: Body) -> dict[str, Body]:
    """Return what each manager owns."""
    entries = thing["metadata"].get("managedFields", [])
    return {f"{e['manager']}/{e['operation']}": e["fieldsV1"] for e in entries}


def workload(kind: str = "Deployment", name: str = "web", **spec: Any) -> Body:  # noqa: ANN401
    """Return a workload whose pods have the variable TOKEN from the Secret ``db``."""
    variable = {
        "name": "TOKEN",
        "valueFrom": {"secretKeyRef": {"name": "db", "key": "token"}},
    }
    container = {"name": "app", "image": "app:1", "env": [variable]}
    return {
        "apiVersion": "apps/v1",
        "kind": kind,
        "metadata": {"name": name},
        "spec": {
            "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {"labels": {"app": name}},
                "spec": {"containers": [container]},
            },
            **({} if kind == "DaemonSet" else {"replicas": 3}),
            **spec,
        },
    }


RESTART = {"spec": {"template": {"metadata": {"annotations": {"rotator.dev/restartedAt": "1"}}}}}
"""What makes all pods of a workload new."""


def status(cluster: Cluster, path: str = WEB) -> Body:
    told: Body = cluster.get(path)["status"]
    return told


def counts(cluster: Cluster, path: str = WEB) -> tuple[int, int, int, int]:
    told = status(cluster, path)
    fields = ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas")
    return tuple(told.get(field, 0) for field in fields)


def pods(cluster: Cluster) -> list[Body]:
    items: list[Body] = cluster.get(f"{PODS}?labelSelector=app=web")["items"]
    return items


def is_ready(pod: Body) -> bool:
    return any(c["type"] == "Ready" and c["status"] == "True" for c in pod["status"]["conditions"])


def roll(cluster: Cluster, path: str = WEB, *, seconds: int = 1000) -> list[int]:
    """Return how many pods were ready at each second until the rollout was over."""
    told = []
    for _ in range(seconds):
        cluster.wait(1)
        told.append(sum(is_ready(pod) for pod in pods(cluster)))
        found, now = cluster.get(path), counts(cluster, path)
        is_seen = found["status"]["observedGeneration"] == found["metadata"]["generation"]
        if is_seen and now == (found["spec"]["replicas"],) * 4:
            break
    return told
