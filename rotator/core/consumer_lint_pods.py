"""How the pods of a workload read Secrets: by environment, by mount, by the CSI driver."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_CSI = "secrets-store.csi.k8s.io"
_RELOADER = "reloader.stakater.com"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One way in which the pods of a workload read one Secret or one class.

    Attributes:
        name: The Secret's, or the class's.
        how: In a few words, for a person.
        is_class: Whether it is a SecretProviderClass.
        is_live: Whether pods see a new value without being restarted.
    """

    name: str
    how: str
    is_class: bool = False
    is_live: bool = False


def readings(workload: Mapping[str, Any]) -> tuple[Reading, ...]:
    """Name everything that the pods of a workload read, each once."""
    spec = ((workload.get("spec") or {}).get("template") or {}).get("spec") or {}
    containers = [*(spec.get("initContainers") or ()), *(spec.get("containers") or ())]
    found = [item for container in containers for item in _environment(container)]
    under_path = {
        str(mount.get("name"))
        for container in containers
        for mount in container.get("volumeMounts") or ()
        if mount.get("subPath") or mount.get("subPathExpr")
    }
    for volume in spec.get("volumes") or ():
        found += _volume(volume, is_under_path=volume.get("name") in under_path)
    return tuple(dict.fromkeys(found))


def _environment(container: Mapping[str, Any]) -> Iterator[Reading]:
    how = "an environment variable"
    for item in container.get("env") or ():
        source = (item.get("valueFrom") or {}).get("secretKeyRef") or {}
        if source.get("name"):
            yield Reading(name=str(source["name"]), how=how)
    for item in container.get("envFrom") or ():
        source = item.get("secretRef") or {}
        if source.get("name"):
            yield Reading(name=str(source["name"]), how=how)


def _volume(volume: Mapping[str, Any], *, is_under_path: bool) -> Iterator[Reading]:
    how = "a mount with `subPath`" if is_under_path else "a mount"
    projected = (volume.get("projected") or {}).get("sources") or ()
    names = [(volume.get("secret") or {}).get("secretName")]
    names += [(source.get("secret") or {}).get("name") for source in projected]
    for name in filter(None, names):
        yield Reading(name=str(name), how=how, is_live=not is_under_path)
    driven = volume.get("csi") or {}
    attributes = driven.get("volumeAttributes") or {}
    if driven.get("driver") == _CSI and attributes.get("secretProviderClass"):
        name = str(attributes["secretProviderClass"])
        yield Reading(name=name, how=how, is_class=True, is_live=not is_under_path)


def is_reloaded(workload: Mapping[str, Any], secret: str) -> bool:
    """Whether Reloader restarts a workload when a Secret changes."""
    metadata = workload.get("metadata") or {}
    template = ((workload.get("spec") or {}).get("template") or {}).get("metadata") or {}
    marks = {**(template.get("annotations") or {}), **(metadata.get("annotations") or {})}
    everything = (f"{_RELOADER}/auto", f"secret.{_RELOADER}/auto", f"{_RELOADER}/search")
    listed = str(marks.get(f"secret.{_RELOADER}/reload") or "")
    is_listed = secret in {name.strip() for name in listed.split(",")}
    return is_listed or any(str(marks.get(name)).lower() == "true" for name in everything)
