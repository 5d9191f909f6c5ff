"""The simulated cluster with our client in front of it, and people who use kubectl."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from contextlib import contextmanager
from itertools import count
from typing import TYPE_CHECKING, Any

import httpx

from rotator.clients.http import HttpClient, HttpConfig
from rotator.clients.kubernetes import KubernetesApi, ObjectPath
from rotator.core.facts import DestinationRef
from rotator.core.ids import AccountId, VersionId
from rotator.destinations.kubernetes_secret.config import (
    COMPANION,
    DESTINATION,
    OWNER,
    PENDING,
    KubernetesSecretConfig,
)
from rotator.destinations.kubernetes_secret.destination import KubernetesSecrets
from rotator.simulators.kubernetes.embedded import EmbeddedKubernetes
from rotator.simulators.kubernetes.seeding import seed
from rotator.simulators.kubernetes.shapes import (
    AccountSeed,
    ClusterSeed,
    FaultKind,
    FaultRule,
    Rule,
)
from rotator.testing.bench import Fault
from rotator.testing.destination_bench import FIRST, DestinationBench, owned, promote, stage
from rotator.testing.manual_clock import ManualClock, SeededChance

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from contextlib import AbstractContextManager
    from datetime import timedelta
    from pathlib import Path

    from rotator.core.ids import Instant
    from rotator.ports.destination import Destination
    from rotator.telemetry.clock import SystemClock

INSTALLATION = "platform-eu"
SERVER = "http://127.0.0.1:6443"
NAMESPACE = "apps"
OLD = json.dumps({"AccessKeyId": "AKIAOLD", "SecretAccessKey": "old", "note": "first"})
"""Data of a Secret before its first rotation, with a field of somebody else."""
FAULTS = {
    Fault.LOST_ANSWER: FaultKind.LOSE_ANSWER,
    Fault.THROTTLED: FaultKind.THROTTLE,
    Fault.DENIED: FaultKind.ACCESS_DENIED,
}
_USER = "system:serviceaccount:rotator:rotator"
_SECRETS = Rule(api_groups=("",), resources=("secrets",), verbs=("get", "patch", "create"))


class Hands:
    """What people with kubectl do in a cluster, a second after whatever was before.

    Attributes:
        clock: The cluster's time; it stamps what is written to the second.
        namespace: Where the Secrets are.
        api: What rotator uses.
    """

    clock: ManualClock | SystemClock
    namespace: str
    api: KubernetesApi
    hand: httpx.Client

    @property
    def secrets(self) -> str:
        return f"/api/v1/namespaces/{self.namespace}/secrets"

    def by_hand(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, **query: str
    ) -> Mapping[str, Any]:
        """Send a request, and read what it is answered with."""
        self.clock.sleep(1)
        kind = "application/merge-patch+json" if method == "PATCH" else "application/json"
        answer = self.hand.request(
            method,
            path,
            params={"fieldManager": "kubectl-edit", **query},
            content=None if body is None else json.dumps(body),
            headers={"content-type": kind},
        )
        answer.raise_for_status()
        told: Mapping[str, Any] = answer.json()
        return told

    def secret(self, name: str) -> Mapping[str, Any]:
        return self.by_hand("GET", f"{self.secrets}/{name}")

    def failing(self, kind: FaultKind) -> AbstractContextManager[None]:
        """Break every request of ours."""
        raise NotImplementedError


class Cluster(Hands):
    """A cluster in this process.

    Attributes:
        kube: The simulator.
        api: What rotator uses, as its own service account.
        token_file: Where its token is.
        tokens: The account's token, and the administrator's.
    """

    def __init__(self, folder: Path, *rules: Rule, clock: ManualClock | None = None) -> None:
        self.clock: ManualClock = clock or ManualClock()
        self.namespace = NAMESPACE
        self.kube = EmbeddedKubernetes(self.clock)
        roles = {NAMESPACE: rules or (_SECRETS,)}
        account = AccountSeed(namespace="rotator", name="rotator", roles=roles)
        wanted = ClusterSeed(namespaces=(NAMESPACE,), accounts=(account,))
        seeded = seed(self.kube.world, wanted)
        self.token_file = folder / "token"
        self.token_file.write_text(seeded.tokens["rotator/rotator"] + "\n")
        self.http = HttpClient(
            HttpConfig(origins=(SERVER,), allow_private=True, attempts=1),
            self.clock,
            SeededChance(),
            monotonic=lambda: self.clock.now().timestamp(),
            resolve=lambda _host, _port: ["127.0.0.1"],
            sockets=self.kube.sockets(),
        )
        self.api = KubernetesApi(self.http, self.clock, server=SERVER, token_file=self.token_file)
        self.hand = httpx.Client(
            base_url=SERVER,
            transport=self.kube.transport(),
            headers={"authorization": f"Bearer {seeded.admin}"},
        )

    def close(self) -> None:
        self.http.close()
        self.hand.close()

    @contextmanager
    def failing(
        self,
        kind: FaultKind,
        operation: str = "*",
        *,
        name: str | None = None,
        skip: int = 0,
        times: int | None = None,
    ) -> Iterator[None]:
        rule = FaultRule(
            kind=kind, operation=operation, name=name, caller=_USER, skip=skip, times=times
        )
        self.kube.world.faults.add(rule)
        yield
        self.kube.world.faults.remove(rule)

    def land_late(self, operation: str, *, seconds: float) -> None:
        """Let the next such call of ours have its effect later, and its answer never."""
        rule = FaultRule(
            kind=FaultKind.LAND_LATE, operation=operation, caller=_USER, seconds=seconds
        )
        self.kube.world.faults.add(rule)


def secrets() -> str:
    return f"/api/v1/namespaces/{NAMESPACE}/secrets"


def path_of(name: str, namespace: str = NAMESPACE) -> ObjectPath:
    return ObjectPath("", "v1", "secrets", namespace, name)


def data_of(content: str) -> dict[str, str]:
    """Write a JSON object as data; another text stands in a field of its own."""
    try:
        fields = json.loads(content)
    except ValueError:
        fields = None
    if not isinstance(fields, dict):
        fields = {"text": content}
    texts = {
        name: value if isinstance(value, str) else json.dumps(value)
        for name, value in fields.items()
    }
    return {name: b64encode(text.encode()).decode() for name, text in texts.items()}


def fields_in(found: Mapping[str, Any]) -> dict[str, object]:
    """Read data back, as `data_of` wrote it."""
    return {
        name: _value(b64decode(text).decode()) for name, text in (found.get("data") or {}).items()
    }


def _value(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return text


class SecretsBench(DestinationBench):
    """The destination in front of some cluster."""

    def __init__(self, hands: Hands) -> None:
        self._hands = hands
        self._numbers = count(1)
        config = KubernetesSecretConfig(owner=INSTALLATION)
        self._destination = KubernetesSecrets(config, hands.api)

    @property
    def destination(self) -> Destination:
        return self._destination

    @property
    def owner(self) -> str:
        return INSTALLATION

    @property
    def size_limit(self) -> int | None:
        return None  # of other fields nothing is copied, so they cannot make ours too large

    def now(self) -> Instant:
        return self._hands.clock.now()

    def advance(self, period: timedelta) -> None:
        self._hands.clock.sleep(period.total_seconds())

    def settle(self) -> None:
        """What was written is visible at once; but stamps are seconds."""
        self._hands.clock.sleep(1)

    @contextmanager
    def failing(self, fault: Fault) -> Iterator[None]:
        with self._hands.failing(FAULTS[fault]):
            yield

    def new_ref(self, *, merge: bool = False, create: bool = False) -> DestinationRef:
        return DestinationRef(
            kind=DESTINATION,
            account=AccountId("kubernetes"),
            region=self._hands.namespace,
            name=f"key-{next(self._numbers)}",
            merge=merge,
            create=create,
        )

    def create_by_hand(
        self, ref: DestinationRef, content: str, *, owner: str | None = None
    ) -> VersionId:
        annotations = {OWNER: owner} if owner else {}
        for name, data in ((ref.name, data_of(content)), (COMPANION.format(name=ref.name), {})):
            metadata = {"name": name, "annotations": annotations}
            body = {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": data}
            self._hands.by_hand("POST", self._hands.secrets, body)
        return self._current(ref)

    def write_by_hand(self, ref: DestinationRef, content: str) -> VersionId:
        found = self._hands.secret(ref.name)
        self._hands.by_hand(
            "PUT", f"{self._hands.secrets}/{ref.name}", {**found, "data": data_of(content)}
        )
        return self._current(ref)

    def read(self, ref: DestinationRef, version: VersionId | None = None) -> str:
        current = fields_in(self._hands.secret(ref.name))
        if version is None:
            return json.dumps(current)
        # A stored version has our fields alone; with the others, consumers will read both.
        kept = fields_in(self._hands.secret(COMPANION.format(name=ref.name)))[version]
        assert isinstance(kept, dict)
        return json.dumps({**current, **kept} if ref.merge else kept)

    def mark_pending_by_hand(self, ref: DestinationRef, version: VersionId) -> None:
        patch = {"metadata": {"annotations": {PENDING: version}}}
        path = f"{self._hands.secrets}/{COMPANION.format(name=ref.name)}"
        self._hands.by_hand("PATCH", path, patch)

    def switch_native_rotation_on(self, ref: DestinationRef) -> None:
        labels = {"reconcile.external-secrets.io/managed": "true"}
        patch = {"metadata": {"labels": labels}}
        self._hands.by_hand("PATCH", f"{self._hands.secrets}/{ref.name}", patch)

    def schedule_deletion(self, ref: DestinationRef) -> None:
        path = f"{self._hands.secrets}/{ref.name}"
        self._hands.by_hand("PATCH", path, {"metadata": {"finalizers": ["example.com/wait"]}})
        self._hands.by_hand("DELETE", path)

    def _current(self, ref: DestinationRef) -> VersionId:
        current = self._destination.describe(ref).current
        assert current is not None
        return current


class KubernetesBench(SecretsBench):
    """The destination in front of a cluster in this process."""

    def __init__(self, cluster: Cluster) -> None:
        super().__init__(cluster)
        self.cluster = cluster


def rotated(bench: KubernetesBench, *, content: str = OLD) -> tuple[DestinationRef, VersionId]:
    """Make a Secret with `FIRST` published in it; the version before that is returned, too."""
    ref, base = owned(bench, content=content)
    stage(bench, ref, FIRST, base=base)
    promote(bench, ref, FIRST, expected=base)
    bench.settle()
    return ref, base


def patch(bench: KubernetesBench, ref: DestinationRef, body: Mapping[str, Any]) -> None:
    bench.cluster.by_hand("PATCH", f"{secrets()}/{ref.name}", body)
