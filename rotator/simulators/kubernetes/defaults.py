"""What the server itself puts into an object that somebody sends."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from rotator.simulators.kubernetes.resources import (
    DAEMON_SET,
    DEPLOYMENT,
    EXTERNAL_SECRET,
    REPLICA_SET,
    SECRET,
    SERVICE,
    STATEFUL_SET,
)
from rotator.simulators.kubernetes.validation import decoded_data

if TYPE_CHECKING:
    from rotator.simulators.kubernetes.resources import Kind, Object

_SPECS: dict[Kind, Object] = {
    DEPLOYMENT: {
        "replicas": 1,
        "progressDeadlineSeconds": 600,
        "revisionHistoryLimit": 10,
        "strategy": {"type": "RollingUpdate"},
    },
    STATEFUL_SET: {
        "replicas": 1,
        "podManagementPolicy": "OrderedReady",
        "revisionHistoryLimit": 10,
        "updateStrategy": {"type": "RollingUpdate"},
    },
    DAEMON_SET: {"revisionHistoryLimit": 10, "updateStrategy": {"type": "RollingUpdate"}},
    REPLICA_SET: {"replicas": 1},
    SERVICE: {"type": "ClusterIP", "clusterIP": "10.96.0.10"},
    EXTERNAL_SECRET: {"refreshInterval": "1h0m0s"},
}
_ROLLING: dict[Kind, Object] = {
    DEPLOYMENT: {"maxSurge": "25%", "maxUnavailable": "25%"},
    STATEFUL_SET: {"partition": 0},
    DAEMON_SET: {"maxSurge": 0, "maxUnavailable": 1},
}

_CLAIM: Object = {"apiVersion": "v1", "kind": "PersistentVolumeClaim"}


def decoded(kind: Kind, thing: Object) -> Object:
    """Return an object as the server reads it: ``stringData`` becomes data, nulls go."""
    read = {field: value for field, value in thing.items() if value is not None}
    if kind != SECRET:
        return read
    texts: dict[str, str] = read.pop("stringData", {})
    if not texts and "data" not in read:
        return read
    data = decoded_data(read.get("data") or {})
    return {**read, "data": {**data, **encoded(texts)}}


def encoded(texts: dict[str, str]) -> dict[str, str]:
    """Return texts as a Secret's data has them."""
    return {name: base64.b64encode(text.encode()).decode() for name, text in texts.items()}


def with_defaults(kind: Kind, thing: Object) -> Object:
    """Return an object with what is left out filled in."""
    if kind == SECRET:
        return {"type": "Opaque", **thing}
    if kind not in _SPECS:
        return thing
    spec: dict[str, Any] = {**_SPECS[kind], **(thing.get("spec") or {})}
    field = "strategy" if kind == DEPLOYMENT else "updateStrategy"
    if kind in _ROLLING and spec[field].get("type", "RollingUpdate") == "RollingUpdate":
        rolling = {**_ROLLING[kind], **(spec[field].get("rollingUpdate") or {})}
        spec[field] = {"type": "RollingUpdate", "rollingUpdate": rolling}
    if claims := spec.get("volumeClaimTemplates"):
        spec["volumeClaimTemplates"] = [{**_CLAIM, **claim} for claim in claims]
    return {**thing, "spec": spec}
