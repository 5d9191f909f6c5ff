"""Reading everything in some namespaces of the configured cluster, for the lint."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rotator.clients.kubernetes import ObjectPath
from rotator.core.consumer_lint import Found
from rotator.core.consumers import ConsumerKind
from rotator.errors import NotFoundError
from rotator.telemetry.calls import CallBook
from rotator.telemetry.clock import SystemChance, SystemClock
from rotator.telemetry.prometheus import PrometheusTelemetry
from rotator.wiring.cluster import kubernetes_api

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import ExitStack

    from rotator.clients.kubernetes import KubernetesApi
    from rotator.settings.settings import Settings

_RESOURCES: Final = (
    ("external-secrets.io", "v1", "externalsecrets", ConsumerKind.EXTERNAL_SECRET),
    ("apps", "v1", "deployments", ConsumerKind.DEPLOYMENT),
    ("apps", "v1", "statefulsets", ConsumerKind.STATEFUL_SET),
    ("apps", "v1", "daemonsets", ConsumerKind.DAEMON_SET),
    ("secrets-store.csi.x-k8s.io", "v1", "secretproviderclasses", ConsumerKind.MOUNT),
)
_CORE: Final = frozenset({"apps"})


def live_objects(
    settings: Settings, stack: ExitStack, namespaces: tuple[str, ...]
) -> tuple[Found, ...]:
    """Read every object that a consumer can be; no Secret is read.

    Raises:
        NotFoundError: No cluster is configured.
        AccessDeniedError: We may not list; the resource is named.
        RotatorError: It could not be read otherwise.
    """
    clock = SystemClock()
    calls = CallBook(PrometheusTelemetry(clock))
    api = kubernetes_api(settings, stack, clock, SystemChance(), calls, read_only=True)
    if api is None:
        msg, hint = "no cluster is configured", "add `kubernetes: {}` to the configuration"
        raise NotFoundError(msg, subject=str(settings.file), hint=hint)
    return tuple(found for space in namespaces for found in _in_namespace(api, space))


def _in_namespace(api: KubernetesApi, namespace: str) -> Iterator[Found]:
    for group, version, resource, kind in _RESOURCES:
        try:
            listed = api.listed(ObjectPath(group, version, resource, namespace))
        except NotFoundError:
            if group in _CORE:
                raise
            continue  # Neither of the two operators needs to be installed.
        for body in listed:
            # Items of a list do not repeat its kind.
            yield Found("cluster", {**body, "kind": kind.value}, namespace)
