"""The chart's own workload under `podman play kube`, and what of it podman 4.3 cannot take.

Adapted, and nothing else: the StatefulSet becomes the Pod of its template on the host's network,
where the simulated AWS is, and so its ports are not published. Its claim becomes a
PersistentVolumeClaim of that pod. Annotations go, because podman refuses values as long as a
checksum, and so do probes: of one kind podman knows nothing, the other's timer needs systemd.
Podman passes over `fsGroup`; the volume takes its owner from the image.
"""

from __future__ import annotations

import copy
from contextlib import contextmanager
from typing import TYPE_CHECKING

import yaml

from tests.helm.charts import Manifest, of_kind, render, workload
from tests.image.containers import STORE, must, podman
from tests.image.pod import RunningPod

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_NAME = "rotator-0"
_CLAIM = f"data-{_NAME}"
_UNKNOWN = ("ports", "livenessProbe", "readinessProbe", "startupProbe")
_LIMITS = '[containers]\ndefault_ulimits = ["nofile=4096:4096", "nproc=4096:4096"]\n'
"""What any host grants; podman asks for more than some do, and the kubelet for nothing."""


def adapted(values: Manifest) -> list[Manifest]:
    """Render the chart, and make of its workload what podman can take."""
    found = render(values)
    owner = copy.deepcopy(workload(found)["spec"])
    (claim,) = owner["volumeClaimTemplates"]
    claim["metadata"]["name"] = _CLAIM
    pod = owner["template"]
    volume = {"name": "data", "persistentVolumeClaim": {"claimName": _CLAIM}}
    pod["spec"]["volumes"].append(volume)
    pod["spec"]["hostNetwork"] = True
    for container in pod["spec"]["containers"]:
        for name in _UNKNOWN:
            container.pop(name)
    metadata = {"name": _NAME, "labels": pod["metadata"]["labels"]}
    it = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": pod["spec"]}
    return [*of_kind(found, "ConfigMap"), claim, it]


@contextmanager
def played(values: Manifest, folder: Path) -> Iterator[RunningPod]:
    """Let podman run the chart's workload; gives the daemon's container."""
    file, limits = folder / "workload.yaml", STORE / "containers.conf"
    file.write_text(yaml.safe_dump_all(adapted(values)))
    limits.write_text(_LIMITS)
    try:
        must(podman("play", "kube", str(file), environ={"CONTAINERS_CONF": str(limits)}))
        yield RunningPod(f"{_NAME}-rotator")
    finally:
        podman("play", "kube", "--down", str(file))
        podman("volume", "rm", "--force", "--all")
