"""The files and the environment that a rendered pod sees, laid out in a folder."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.helm.charts import container, of_kind, pod

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.helm.charts import Manifest

CONFIG = "/etc/rotator/rotator.yaml"

_FILE = re.compile(r"file:(/[^\s'\",}\]]+)")


def lay_out(found: list[Manifest], folder: Path, others: Mapping[str, str]) -> Path:
    """Write every file of the pod below a folder, as the daemon will see it below the root.

    Args:
        found: What was rendered.
        folder: Where the pod's root is.
        others: What a Secret or ConfigMap that the chart does not render holds, by its name and
            key, such as ``journal/url``.

    Returns:
        The configuration, in which every path of the pod is one of the folder.
    """
    data = {item["metadata"]["name"]: item["data"] for item in of_kind(found, "ConfigMap")}
    places = dict(_places(found))
    for place, name in places.items():
        for key, text in (data.get(name) or _held(name, others)).items():
            file = folder / place.lstrip("/") / key
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
    configuration = folder / CONFIG.lstrip("/")
    configuration.write_text(_below(configuration, folder, places), encoding="utf-8")
    return configuration


def environment(found: list[Manifest], others: Mapping[str, str]) -> dict[str, str]:
    """Read the daemon's environment; every Secret that it names must be known."""
    variables = container(found).get("env", ())
    plain = {item["name"]: item["value"] for item in variables if "value" in item}
    kept = {
        item["name"]: item["valueFrom"]["secretKeyRef"]
        for item in variables
        if "secretKeyRef" in item.get("valueFrom", {})
    }
    return plain | {name: others[f"{ref['name']}/{ref['key']}"] for name, ref in kept.items()}


def referenced(text: str) -> list[str]:
    """List the files that a configuration takes values from."""
    return _FILE.findall(text)


def _places(found: list[Manifest]) -> list[tuple[str, str]]:
    """List where the daemon sees which ConfigMap or Secret."""
    volumes = {item["name"]: item for item in pod(found)["volumes"]}
    return [
        (mount["mountPath"], name)
        for mount in container(found)["volumeMounts"]
        if (name := _source(volumes.get(mount["name"], {})))
    ]


def _source(volume: Manifest) -> str:
    if "configMap" in volume:
        return str(volume["configMap"]["name"])
    return str(volume.get("secret", {}).get("secretName", ""))


def _held(name: str, others: Mapping[str, str]) -> dict[str, str]:
    return {
        key.removeprefix(f"{name}/"): text
        for key, text in others.items()
        if key.startswith(f"{name}/")
    }


def _below(file: Path, folder: Path, places: Mapping[str, str]) -> str:
    """Read the configuration with every place in it moved below the folder."""
    any_place = "|".join(re.escape(place) for place in places)
    text = file.read_text(encoding="utf-8")
    return re.sub(rf"(?:{any_place})(?=/)", lambda found: f"{folder}{found[0]}", text)
