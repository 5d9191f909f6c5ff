"""The restricted profile of the Pod Security Standards, and the stricter things that we add."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.helm.charts import Manifest

VOLUMES = frozenset(
    {
        "configMap",
        "csi",
        "downwardAPI",
        "emptyDir",
        "ephemeral",
        "persistentVolumeClaim",
        "projected",
        "secret",
    }
)
SECCOMP = ({"type": "RuntimeDefault"}, {"type": "Localhost"})


def faults(pod: Manifest) -> list[str]:
    """List what the profile, or we, would not let this pod do."""
    containers = [*pod["containers"], *pod.get("initContainers", ())]
    found = [*_of_pod(pod)]
    for item in containers:
        found += [f"{item['name']}: {fault}" for fault in _of_container(pod, item)]
    return found


def _of_pod(pod: Manifest) -> Iterator[str]:
    for name in ("hostNetwork", "hostPID", "hostIPC"):
        if pod.get(name):
            yield f"{name} is on"
    for volume in pod.get("volumes", ()):
        if not volume.keys() - {"name"} <= VOLUMES:
            yield f"volume {volume['name']} is of a kind that is not allowed"
    if pod.get("enableServiceLinks") is not False:
        yield "every service of the namespace is in the environment"
    if pod.get("securityContext", {}).get("sysctls"):
        yield "sysctls are set"


def _of_container(pod: Manifest, item: Manifest) -> Iterator[str]:
    own = item.get("securityContext", {})
    context = {**pod.get("securityContext", {}), **own}
    if context.get("runAsNonRoot") is not True:
        yield "may run as root"
    if context.get("runAsUser") == 0:
        yield "runs as root"
    if context.get("seccompProfile") not in SECCOMP:
        yield "has no seccomp profile"
    if own.get("allowPrivilegeEscalation") is not False or own.get("privileged"):
        yield "may gain privileges"
    if own.get("capabilities", {}).get("drop") != ["ALL"] or own["capabilities"].get("add"):
        yield "keeps capabilities"
    if own.get("readOnlyRootFilesystem") is not True:
        yield "may write to its image"
    if "procMount" in own or any("hostPort" in port for port in item.get("ports", ())):
        yield "reaches out to the host"
