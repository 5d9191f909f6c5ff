"""Consumers in a Kubernetes cluster: ExternalSecrets, workloads, mounts of the CSI driver.

Nothing is kept: each reading asks the API server anew. No secret is read; pods and the
driver's own statuses tell what they started with.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from rotator.clients.kubernetes import ObjectPath
from rotator.consumers import objects
from rotator.core.consumers import (
    WORKLOADS,
    ConsumerKind,
    ConsumersReading,
    ConsumerState,
)
from rotator.errors import NotFoundError, RejectedError, UnavailableError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rotator.clients.kubernetes import KubernetesApi
    from rotator.core.consumers import ConsumerRef
    from rotator.core.ids import Instant

_APPS, _FEEDS, _CSI = "apps", "external-secrets.io", "secrets-store.csi.x-k8s.io"
_PLURALS = {
    ConsumerKind.DEPLOYMENT: "deployments",
    ConsumerKind.STATEFUL_SET: "statefulsets",
    ConsumerKind.DAEMON_SET: "daemonsets",
}
_FEED_VERSIONS = ("v1", "v1beta1")
"""The version that is current, and the one that older installations still serve."""


class KubernetesConsumers:
    """The port `rotator.ports.consumers.Consumers` on one cluster's API server."""

    def __init__(self, api: KubernetesApi) -> None:
        """Ask that server, as whoever it lets us in as."""
        self._api = api

    def read(self, refs: tuple[ConsumerRef, ...], mounts: str) -> ConsumersReading:
        """Read every consumer; see the port.

        Raises:
            AccessDeniedError: Our service account may not; verb and resource are named.
            UnavailableError: The server tells no time.
            RotatorError: It could not be read otherwise.
        """
        states = tuple(self._state(ref, mounts) for ref in refs)
        told_at = self._api.now_there()
        if told_at is None:
            msg = "the API server tells no time"
            raise UnavailableError(msg, subject="kubernetes", code="no_date")
        return ConsumersReading(states=states, told_at=told_at)

    def refresh(self, state: ConsumerState, *, at: Instant, not_after: Instant) -> None:
        """Set the annotation by which external-secrets is asked to fetch; see the port."""
        if state.ref.kind is not ConsumerKind.EXTERNAL_SECRET:
            raise _unmovable(state.ref)
        body = {"metadata": {"annotations": {objects.FORCE_SYNC: str(int(at.timestamp()))}}}
        version = state.edition.partition("/")[0] or _FEED_VERSIONS[0]
        self._api.merge(_feed(state.ref, version), body, not_after=not_after)

    def restart(self, state: ConsumerState, *, at: Instant, not_after: Instant) -> None:
        """Annotate the pod template, as `kubectl rollout restart` does; see the port."""
        if state.ref.kind not in WORKLOADS or not state.edition:
            raise _unmovable(state.ref)
        written = at.isoformat(timespec="seconds")
        body = {
            "metadata": {"resourceVersion": state.edition},
            "spec": {
                "template": {
                    "metadata": {"annotations": dict.fromkeys(objects.RESTARTED_AT, written)}
                }
            },
        }
        self._api.merge(_workload(state.ref), body, not_after=not_after)

    def _state(self, ref: ConsumerRef, mounts: str) -> ConsumerState:
        try:
            if ref.kind is ConsumerKind.EXTERNAL_SECRET:
                return self._fed(ref, mounts)
            if ref.kind is ConsumerKind.MOUNT:
                return self._mount(ref, ref.mounts or mounts)
            return self._pods(ref, self._api.read(_workload(ref)))
        except NotFoundError:
            return ConsumerState(ref=ref, exists=False)

    def _fed(self, ref: ConsumerRef, name: str) -> ConsumerState:
        newest, older = _FEED_VERSIONS
        try:
            version, found = newest, self._api.read(_feed(ref, newest))
        except NotFoundError:
            version, found = older, self._api.read(_feed(ref, older))
        state = objects.feed(ref, found, name)
        return replace(state, edition=f"{version}/{state.edition}")

    def _pods(self, ref: ConsumerRef, workload: Mapping[str, Any]) -> ConsumerState:
        pods = ObjectPath("", "v1", "pods", ref.namespace)
        found = self._api.listed(pods, labels=objects.selector(workload))
        return replace(objects.workload(ref, workload), started_at=objects.oldest(found))

    def _mount(self, ref: ConsumerRef, mounts: str) -> ConsumerState:
        # A class that is missing has no pods either, and must not pass for one that is idle.
        self._api.read(ObjectPath(_CSI, "v1", "secretproviderclasses", ref.namespace, ref.name))
        statuses = ObjectPath(_CSI, "v1", "secretproviderclasspodstatuses", ref.namespace)
        found = self._api.listed(statuses)
        return ConsumerState(ref=ref, versions=objects.mounted(found, ref.name, mounts))


def _feed(ref: ConsumerRef, version: str) -> ObjectPath:
    return ObjectPath(_FEEDS, version, "externalsecrets", ref.namespace, ref.name)


def _workload(ref: ConsumerRef) -> ObjectPath:
    return ObjectPath(_APPS, "v1", _PLURALS[ref.kind], ref.namespace, ref.name)


def _unmovable(ref: ConsumerRef) -> RejectedError:
    msg = f"a {ref.kind.value} cannot be moved so"
    return RejectedError(msg, subject=str(ref))
