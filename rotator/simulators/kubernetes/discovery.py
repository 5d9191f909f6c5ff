"""What clients ask for to learn what a server serves: its version, its groups and kinds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rotator.simulators.kubernetes.resources import ACCESS_REVIEW, KINDS

if TYPE_CHECKING:
    from rotator.simulators.kubernetes.resources import Kind, Object

_VERBS = ["create", "delete", "get", "list", "patch", "update"]
_HEALTH = ("/healthz", "/livez", "/readyz")
_SERVED = (*KINDS, ACCESS_REVIEW)


def health_of(path: str) -> bool:
    """Say whether a path asks how the server is."""
    return path.rstrip("/") in _HEALTH


SCHEMA_PATH, SCHEMA_TYPE = (
    "/openapi/v2",
    "application/com.github.proto-openapi.spec.v2.v1.0+protobuf",
)
EMPTY_SCHEMA = b"\x0a\x032.0"
"""An OpenAPI document that describes nothing, as protobuf: clients then check nothing."""


def discovered(path: str) -> Object | None:
    """Return what a path of discovery tells; None when it is none."""
    path = path.rstrip("/")
    if path == "/version":
        return {
            "major": "1",
            "minor": "33",
            "gitVersion": "v1.33.0-simulated",
            "platform": "linux/amd64",
        }
    if path == "/api":
        return {"kind": "APIVersions", "versions": ["v1"]}
    if path == "/apis":
        groups = [_group(name) for name in _groups()]
        return {"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}
    return _resources(path)


def _resources(path: str) -> Object | None:
    for kind in _SERVED:
        for version in kind.versions:
            group_version = kind.api_version(version)
            root = "/apis/" if kind.group else "/api/"
            if path == f"{root}{group_version}":
                return _list_of(group_version, kind.group, version)
            if kind.group and path == f"/apis/{kind.group}":
                return {"kind": "APIGroup", "apiVersion": "v1", **_group(kind.group)}
    return None


def _list_of(group_version: str, group: str, version: str) -> Object:
    kinds = [k for k in _SERVED if k.group == group and version in k.versions]
    rows = [row for kind in kinds for row in _rows(kind)]
    return {
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": group_version,
        "resources": rows,
    }


def _rows(kind: Kind) -> list[Object]:
    row: Object = {
        "name": kind.plural,
        "singularName": kind.name.lower(),
        "namespaced": kind.is_namespaced,
        "kind": kind.name,
        "verbs": ["create"] if kind is ACCESS_REVIEW else [*_VERBS, "watch"],
    }
    if kind.short:
        row["shortNames"] = [kind.short]
    if not kind.has_status:
        return [row]
    status = {**row, "name": f"{kind.plural}/status", "verbs": ["get", "patch", "update"]}
    status.pop("shortNames", None)
    return [row, status]


def _groups() -> list[str]:
    return [*dict.fromkeys(kind.group for kind in _SERVED if kind.group)]


def _group(name: str) -> Object:
    versions = next(kind.versions for kind in _SERVED if kind.group == name)
    told = [{"groupVersion": f"{name}/{version}", "version": version} for version in versions]
    return {"name": name, "versions": told, "preferredVersion": told[0]}
