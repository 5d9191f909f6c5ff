"""What a path of the API is about."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import unquote

from rotator.simulators.kubernetes.resources import ACCESS_REVIEW, KINDS, Kind

_BY_PLURAL = {(kind.group, kind.plural): kind for kind in (*KINDS, ACCESS_REVIEW)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A collection, an object or a part of one.

    Attributes:
        namespace: Empty for all, or for what has none.
        name: Empty for a collection.
        subresource: Such as ``status``; empty for the object itself.
    """

    kind: Kind
    version: str
    namespace: str = ""
    name: str = ""
    subresource: str = ""


def target_of(path: str) -> Target | None:
    """Return what a path is about; None when it is no resource that is served."""
    parts = [unquote(part) for part in path.strip("/").split("/")]
    if parts[0] == "api" and len(parts) > 2:  # noqa: PLR2004 - api, version, resource
        return _in_group("", parts[1], parts[2:])
    if parts[0] == "apis" and len(parts) > 3:  # noqa: PLR2004 - apis, group, version, resource
        return _in_group(parts[1], parts[2], parts[3:])
    return None


def _in_group(group: str, version: str, rest: list[str]) -> Target | None:
    namespace = ""
    # /namespaces/NAME is the namespace itself; with more after it, what is in it.
    if rest[0] == "namespaces" and len(rest) > 2 and rest[2] not in ("status", "finalize"):  # noqa: PLR2004
        namespace, rest = rest[1], rest[2:]
    kind = _BY_PLURAL.get((group, rest[0]))
    if kind is None or version not in kind.versions or len(rest) > 3:  # noqa: PLR2004 - no deeper
        return None
    if bool(namespace) and not kind.is_namespaced:
        return None
    name, subresource = [*rest[1:], "", ""][:2]
    if subresource not in ("", "status") or (subresource and not kind.has_status):
        return None
    if name and kind.is_namespaced and not namespace:
        return None
    return Target(
        kind=kind, version=version, namespace=namespace, name=name, subresource=subresource
    )
