"""What a key may do, carried over to its successor and compared with it.

A successor may do what its predecessor may, or less. Where a spec says how powers are
read and written, nothing is guessed: what is not told is not given.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from rotator.errors import RejectedError
from rotator.providers.http.conditions import is_same
from rotator.providers.http.filters import LEAVES_OUT, REPLACES
from rotator.providers.http.holes import asks_for, holes_of
from rotator.providers.http.pointing import point
from rotator.providers.http.spec import KEY_FIELDS
from rotator.providers.http.templates import Namespace

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rotator.core.ids import KeyId
    from rotator.providers.http.rows import Row
    from rotator.providers.http.spec import KeyMap, Operation, Spec
    from rotator.providers.http.templates import Token


def are_needed(spec: Spec) -> bool:
    """Whether a successor cannot be made without knowing its predecessor."""
    create = spec.creation.operation
    return asks_for(create, Namespace.OLD) or asks_for(create, Namespace.NEW, "scopes")


def are_copied(spec: Spec) -> bool:
    """Whether no key can be made but with what a listing tells of another one."""
    return any(
        hole.namespace is Namespace.OLD and _is_power(hole.name) and not _is_spared(hole)
        for hole in holes_of(spec.creation.operation)
    )


def must_have_scopes(spec: Spec) -> bool:
    """Whether no key can be made without saying what it may do."""
    holes = holes_of(spec.creation.operation)
    return any((it.namespace, it.name) == _SCOPES and not _is_spared(it) for it in holes)


def powers(row: Row) -> Mapping[str, object]:
    """Return what is told of what a key may do, and nothing of which key it is."""
    return {name: value for name, value in row.told.items() if _is_power(name)}


def are_told(keys: KeyMap) -> bool:
    """Whether a listing tells anything that can be compared."""
    return any(map(_is_power, keys))


def must_be_known(spec: Spec, key: KeyId, row: Row | None) -> None:
    """Refuse to make a successor of a key of which nobody tells what it may do.

    Raises:
        RejectedError: It is not listed, or the list does not tell what is copied; code
            ``powers_unknown``.
    """
    create = spec.creation.operation
    if row is None:
        raise _unknown(key, "the key to be replaced is not listed", create)
    if asks_for(create, Namespace.NEW, "scopes"):
        # Null may be "no bounds", which leaving the field out says again.
        is_known = "scopes" in row.told if _are_left_out(create) else bool(row.told.get("scopes"))
        if not is_known:
            raise _unknown(key, "nobody tells the scopes of the key to be replaced", create)


def excess(keys: KeyMap, old: Mapping[str, object], new: Row) -> str:
    """Say what a successor may do that its predecessor may not; empty if nothing.

    Args:
        keys: What a listing tells of a key.
        old: What it told of the predecessor.
        new: What it tells of the successor.
    """
    before = old.get("scopes")
    if before is not None and not _words(new.told.get("scopes")) <= _words(before):
        return "its scopes are not among those of the key that it replaces"
    if before is not None and new.told.get("scopes") is None:
        return "nobody tells its scopes"
    for name in keys:
        if name not in KEY_FIELDS and not is_same(new.told.get(name), old.get(name)):
            return f"its `{name}` is another than that of the key that it replaces"
    return ""


def _is_power(name: str) -> bool:
    return name == "scopes" or name not in KEY_FIELDS


def _are_left_out(create: Operation) -> bool:
    """Whether scopes of nothing are asked for by leaving them out, everywhere."""
    holes = [hole for hole in holes_of(create) if (hole.namespace, hole.name) == _SCOPES]
    return all(hole.is_optional for hole in holes)


def _is_spared(hole: Token) -> bool:
    """Whether a hole may have no value."""
    return not _SPARES.isdisjoint(item.name for item in hole.filters)


_SCOPES = (Namespace.NEW, "scopes")
_SPARES = frozenset({LEAVES_OUT, REPLACES})
"""Filters for which a hole may have no value."""


def _words(scopes: object) -> frozenset[str]:
    """Return scopes so that they can be compared, whatever their order."""
    if isinstance(scopes, str):
        return frozenset(scopes.split())
    items = scopes if isinstance(scopes, list | tuple) else [] if scopes is None else [scopes]
    return frozenset(json.dumps(item, sort_keys=True, default=str) for item in items)


def _unknown(key: KeyId, why: str, create: Operation) -> RejectedError:
    error = RejectedError(
        f"{why}, so its successor might be able to do more, or less",
        subject=key,
        code="powers_unknown",
        hint="let the spec's `list` tell it, or write it into `create` as it is to be",
    )
    point(error, create.place)
    return error
