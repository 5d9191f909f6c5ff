"""What a cluster's objects say of consumers, in our words; pure.

The fields are those of external-secrets' ExternalSecret (v1 and v1beta1), of the apps/v1
workloads and of the Secrets Store CSI driver's statuses.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from rotator.core.cluster_objects import feed_obstacle, pin_obstacle, restart_obstacle
from rotator.core.consumers import ConsumerKind, ConsumerState
from rotator.core.ids import Instant

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rotator.core.consumers import ConsumerRef

FORCE_SYNC = "force-sync"
"""Any change of it makes external-secrets fetch; people write the time into it, and so do we."""

RESTARTED_AT = ("rotator.dev/restartedAt", "kubectl.kubernetes.io/restartedAt")
"""Ours, and the one that the rollout's history and other tools look at."""

_OPERATORS = {"In": "{0} in ({1})", "NotIn": "{0} notin ({1})", "Exists": "{0}"}
_OVER = frozenset({"Succeeded", "Failed"})
_ARN = ":secret:"


def feed(ref: ConsumerRef, found: Mapping[str, Any], name: str) -> ConsumerState:
    """Tell of an ExternalSecret: `syncedResourceVersion` says nothing of the value, so not that.

    One that is pinned to a version of the destination called `name` is never well.
    """
    status, pinned = found.get("status") or {}, pin_obstacle(found, name)
    return ConsumerState(
        ref=ref,
        edition=_edition(found),
        is_well=_is_true(status, "Ready") and not pinned,
        obstacle=pinned or feed_obstacle(found),
        asked_at=_from_seconds(_annotations(found).get(FORCE_SYNC)),
        refreshed_at=moment(status.get("refreshTime")),
    )


def workload(ref: ConsumerRef, found: Mapping[str, Any]) -> ConsumerState:
    """Tell of a workload; its pods are read beside it."""
    spec = found.get("spec") or {}
    template = spec.get("template") or {}
    asked = [moment(_annotations(template).get(name)) for name in RESTARTED_AT]
    return ConsumerState(
        ref=ref,
        edition=_edition(found),
        is_well=_is_whole(ref.kind, found),
        obstacle=restart_obstacle(ref.kind, spec),
        asked_at=max(filter(None, asked), default=None),
    )


def _is_whole(kind: ConsumerKind, found: Mapping[str, Any]) -> bool:
    """Whether the controller has seen the spec, and every pod is of it and available."""
    status, generation = found.get("status") or {}, (found.get("metadata") or {}).get("generation")
    if status.get("observedGeneration", 0) < (generation or 0):
        return False
    if kind is ConsumerKind.DAEMON_SET:
        wanted = status.get("desiredNumberScheduled", 0)
        counts = ("updatedNumberScheduled", "numberAvailable", "currentNumberScheduled")
    else:
        wanted = (found.get("spec") or {}).get("replicas", 1)
        counts = ("updatedReplicas", "availableReplicas", "replicas")
    return all(status.get(name, 0) == wanted for name in counts)


def selector(found: Mapping[str, Any]) -> str:
    """Write the selector of a workload's pods as a query."""
    chosen = (found.get("spec") or {}).get("selector") or {}
    parts = [f"{key}={value}" for key, value in (chosen.get("matchLabels") or {}).items()]
    for item in chosen.get("matchExpressions") or ():
        form = _OPERATORS.get(item.get("operator"), "!{0}")
        parts.append(form.format(item.get("key"), ",".join(item.get("values") or ())))
    return ",".join(parts)


def oldest(pods: Iterable[Mapping[str, Any]]) -> Instant | None:
    """Say when the oldest pod that still runs started; None without one.

    A pod that is being ended still runs. Each counts from when it was made, if that was
    earlier: the start is told by its node, whose clock nobody compares with ours.
    """
    told = [
        moment(text)
        for pod in pods
        for status in [pod.get("status") or {}]
        if status.get("phase") not in _OVER
        for text in (
            status.get("startTime"),
            (pod.get("metadata") or {}).get("creationTimestamp"),
        )
    ]
    return min((item for item in told if item), default=None)


def mounted(statuses: Iterable[Mapping[str, Any]], name: str, wanted: str) -> frozenset[str]:
    """Name the versions of an object that the pods of one class have mounted.

    The AWS provider writes the version id of Secrets Manager there. A pod of the class
    that lacks the object has an empty version.
    """
    found = [item.get("status") or {} for item in statuses]
    return frozenset(
        next((str(item.get("version")) for item in held if _is_of(item, wanted)), "")
        for status in found
        if status.get("secretProviderClassName") == name
        for held in [status.get("objects") or ()]
    )


def _is_of(item: Mapping[str, Any], wanted: str) -> bool:
    """Whether a mounted object is the wanted one, by its name or by its ARN.

    The AWS provider names it by its file, in which slashes are written as `_`.
    """
    found, name = (_as_file(text) for text in (str(item.get("id") or ""), wanted))
    ending = found.rpartition(_ARN)[2] if _ARN in found else ""
    return name in {found, ending} or ending.rpartition("-")[0] == name


def _as_file(name: str) -> str:
    return name.replace("/", "_")


def moment(text: object) -> Instant | None:
    """Read a time as the API writes it; None for none and for nonsense."""
    if not isinstance(text, str):
        return None
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        return None
    return Instant(read.astimezone(UTC)) if read.tzinfo else None


def _from_seconds(text: object) -> Instant | None:
    if not isinstance(text, str) or not text.isdecimal():
        return None
    try:
        return Instant(datetime.fromtimestamp(int(text), UTC))
    except (OverflowError, ValueError, OSError):
        return None


def _is_true(status: Mapping[str, Any], kind: str) -> bool:
    conditions = status.get("conditions") or ()
    return any(item.get("type") == kind and item.get("status") == "True" for item in conditions)


def _annotations(found: Mapping[str, Any]) -> Mapping[str, Any]:
    return (found.get("metadata") or {}).get("annotations") or {}


def _edition(found: Mapping[str, Any]) -> str:
    return str((found.get("metadata") or {}).get("resourceVersion") or "")
