"""Sets of fields, as server-side apply thinks of them (KEP-555).

A path is a tuple of steps as ``fieldsV1`` writes them: ``f:data``, ``k:{"name":"app"}`` for an
item of a list that is told by keys, ``v:"x"`` for an item of a list that is a set. A set has the
paths of all leaves, and those of the items themselves.
"""

from __future__ import annotations

import copy
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rotator.simulators.kubernetes.resources import Object

Path = tuple[str, ...]
Fields = frozenset[Path]
Children = list[tuple[str, str, Any]] | None

_ITSELF = "."
_LISTS_OF_ALL = {"ownerReferences": ("uid",)}
_LISTS = {
    **_LISTS_OF_ALL,
    "conditions": ("type",),
    "containers": ("name",),
    "initContainers": ("name",),
    "env": ("name",),
    "imagePullSecrets": ("name",),
    "ports": ("containerPort", "port", "protocol"),
    "volumeMounts": ("mountPath",),
    "volumes": ("name",),
}
_SETS = frozenset({"finalizers"})
_ATOMIC = frozenset({"selector", "nodeSelector", "secretKeyRef", "configMapKeyRef", "fieldRef"})
_STRUCTURES = frozenset({"metadata", "spec", "status", "strategy", "template", "updateStrategy"})
"""Parts that always exist, so that nobody owns them."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Which lists of a kind have items of their own; of a custom kind only those of metadata."""

    is_custom: bool

    def children(self, value: object, name: str) -> Children:
        """Return step, name and value of each child; None for a leaf.

        Args:
            value: Any JSON.
            name: The field that it is in; empty for an item.
        """
        if not value or name in _ATOMIC:
            return None
        if isinstance(value, dict):
            return [(f"f:{field}", field, child) for field, child in value.items()]
        if isinstance(value, list):
            return self._items(value, name)
        return None

    def both(self, one: object, other: object, name: str) -> tuple[Children, Children]:
        """Return the children of two values; what is empty has none, if the other has some."""
        ones, others = self.children(one, name), self.children(other, name)
        if ones and _is_empty(other, one):
            others = []
        elif others and _is_empty(one, other):
            ones = []
        return ones, others

    def _items(self, value: list[Any], name: str) -> list[tuple[str, str, Any]] | None:
        if name in _SETS:
            return [(f"v:{json.dumps(item)}", "", item) for item in value]
        keys = (_LISTS_OF_ALL if self.is_custom else _LISTS).get(name)
        if keys is None or not all(isinstance(item, dict) for item in value):
            return None
        return [(_item_step(item, keys), "", item) for item in value]


def _is_empty(value: object, other: object) -> bool:
    return not value and isinstance(value, dict | list) and type(value) is type(other)


def _item_step(item: Object, keys: tuple[str, ...]) -> str:
    # Ports of containers and of Services have different keys, and one by default.
    given = {"protocol": "TCP", **item} if "protocol" in keys else item
    told = {key: given[key] for key in keys if key in given}
    return "k:" + json.dumps(told, separators=(",", ":"), sort_keys=True)


def fields_of(value: object, layout: Layout, *, name: str = "", with_parts: bool = False) -> Fields:
    """Return the fields of an object.

    Args:
        value: The object.
        layout: That of its kind.
        name: The field that `value` is in.
        with_parts: Whether the maps and lists themselves are told, too.
    """
    found: set[Path] = set()

    def walk(value: object, name: str, at: Path) -> None:
        children = layout.children(value, name)
        is_item = bool(at) and at[-1][0] in "kv"
        is_part = with_parts and name not in _STRUCTURES
        if at and (children is None or is_item or is_part):
            found.add(at)
        for step, field, child in children or ():
            walk(child, field, (*at, step))

    walk(value, name, ())
    return frozenset(found)


def changes(old: object, new: object, layout: Layout) -> tuple[Fields, Fields]:
    """Return the fields that are new or have another value, and those that are gone."""
    changed: set[Path] = set()
    gone: set[Path] = set()

    def walk(old: object, new: object, name: str, at: Path) -> None:
        before, after = layout.both(old, new, name)
        if before is None or after is None:
            if old == new:
                return
            changed.update({at} if at else set())
            gone.update(_below(old, name, at))
            changed.update(_below(new, name, at))
            return
        olds = {step: (field, child) for step, field, child in before}
        for step, field, child in after:
            if step in olds:
                walk(olds.pop(step)[1], child, field, (*at, step))
            else:
                changed.update({(*at, step)} - _structure(field, (*at, step)))
                changed.update(_below(child, field, (*at, step)))
        for step, (field, child) in olds.items():
            gone.add((*at, step))
            gone.update(_below(child, field, (*at, step)))

    def _below(value: object, name: str, at: Path) -> set[Path]:
        below = fields_of(value, layout, name=name, with_parts=True)
        return {(*at, *path) for path in below}

    walk(old, new, "", ())
    return frozenset(changed), frozenset(gone - changed)


def _structure(name: str, at: Path) -> set[Path]:
    return {at} if name in _STRUCTURES else set()


def merged(live: object, applied: object, layout: Layout, *, name: str = "") -> Any:  # noqa: ANN401 - any JSON
    """Return what applying makes of a live value; neither is changed."""
    before, after = layout.both(live, applied, name)
    if before is None or after is None or type(live) is not type(applied):
        return copy.deepcopy(applied)
    if isinstance(live, dict) and isinstance(applied, dict):
        joined = {
            field: merged(live[field], child, layout, name=field) if field in live else child
            for field, child in applied.items()
        }
        return copy.deepcopy({**live, **joined})
    olds = {step: item for step, _, item in before}
    news = {step: item for step, _, item in after}
    kept = {
        step: merged(item, news[step], layout) if step in news else item
        for step, item in olds.items()
    }
    return copy.deepcopy([*{**kept, **{s: i for s, i in news.items() if s not in kept}}.values()])


def without(value: object, dropped: Iterable[Path], layout: Layout, *, name: str = "") -> Any:  # noqa: ANN401
    """Return a value without some of its fields; a map or list that becomes empty goes, too."""
    by_step: dict[str, list[Path]] = {}
    for path in dropped:
        by_step.setdefault(path[0], []).append(path[1:])
    children = layout.children(value, name)
    if not by_step or children is None:
        return value
    kept: list[tuple[str, Any]] = []
    for step, field, child in children:
        below = by_step.get(step, [])
        if () in below:
            continue
        left = without(child, below, layout, name=field)
        if below and not left and child:
            continue
        kept.append((field, left))
    return dict(kept) if isinstance(value, dict) else [item for _, item in kept]


def as_fields_v1(fields: Fields) -> Object:
    """Write a set as ``fieldsV1`` does."""
    tree: Object = {}
    for path in sorted(fields):
        at = tree
        for step in path:
            at = at.setdefault(step, {})
        if any(other[: len(path)] == path and len(other) > len(path) for other in fields):
            at[_ITSELF] = {}
    return tree


def from_fields_v1(tree: Object) -> Fields:
    """Read a set from ``fieldsV1``."""
    found: set[Path] = set()

    def walk(tree: Object, at: Path) -> None:
        if at and (not tree or _ITSELF in tree):
            found.add(at)
        for step, below in tree.items():
            if step != _ITSELF:
                walk(below, (*at, step))

    walk(tree, ())
    return frozenset(found)


def told(path: Path) -> str:
    """Write a path for people, such as ``.data.password``."""
    return "".join(_told_step(step) for step in path)


def _told_step(step: str) -> str:
    letter, _, rest = step.partition(":")
    if letter == "f":
        return f".{rest}"
    if letter == "v":
        return f"[={rest}]"
    pairs = json.loads(rest).items()
    return "[" + ",".join(f"{key}={json.dumps(value)}" for key, value in pairs) + "]"
