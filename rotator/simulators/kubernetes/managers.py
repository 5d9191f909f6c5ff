"""Who owns which fields of an object: ``metadata.managedFields``."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from rotator.simulators.kubernetes.fields import Fields, as_fields_v1, from_fields_v1

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rotator.simulators.kubernetes.resources import Object

Operation = Literal["Apply", "Update"]

_NOBODYS = frozenset(
    {
        ("f:apiVersion",),
        ("f:kind",),
        ("f:metadata",),
        *(
            ("f:metadata", f"f:{field}")
            for field in (
                "creationTimestamp",
                "deletionGracePeriodSeconds",
                "deletionTimestamp",
                "generation",
                "managedFields",
                "name",
                "namespace",
                "resourceVersion",
                "selfLink",
                "uid",
            )
        ),
    }
)
"""What the server itself decides."""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Manager:
    """Somebody who owns fields; the same name by another operation is somebody else."""

    name: str
    operation: Operation
    api_version: str
    subresource: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Owned:
    """What a manager owns, and since when it is so; the time is as the API writes it."""

    fields: Fields
    time: str


Owners = dict[Manager, Owned]


def owners_of(thing: Object) -> Owners:
    """Read an object's managers."""
    entries: list[dict[str, Any]] = thing.get("metadata", {}).get("managedFields", [])
    return {
        Manager(
            name=entry["manager"],
            operation=entry["operation"],
            api_version=entry["apiVersion"],
            subresource=entry.get("subresource", ""),
        ): Owned(fields=from_fields_v1(entry["fieldsV1"]), time=entry["time"])
        for entry in entries
    }


def as_managed_fields(owners: Owners) -> list[Object]:
    """Write the managers of an object, those who apply first, then by time."""
    ordered = sorted(owners.items(), key=lambda pair: (pair[0].operation, pair[1].time, pair[0]))
    return [_entry(manager, owned) for manager, owned in ordered if owned.fields]


def _entry(manager: Manager, owned: Owned) -> Object:
    entry: Object = {
        "manager": manager.name,
        "operation": manager.operation,
        "apiVersion": manager.api_version,
        "time": owned.time,
        "fieldsType": "FieldsV1",
        "fieldsV1": as_fields_v1(owned.fields),
    }
    if manager.subresource:
        entry["subresource"] = manager.subresource
    return entry


def ownable(fields: Fields, manager: Manager, *, has_status: bool) -> Fields:
    """Leave out what the server decides, and what another path of the object is for."""
    kept = fields - _NOBODYS
    if not has_status:
        return kept
    is_status = manager.subresource == "status"
    return frozenset(path for path in kept if (path[0] == "f:status") == is_status)


def told(manager: Manager, time: str) -> str:
    """Tell a manager in a message about conflicts."""
    text = json.dumps(manager.name)
    if manager.subresource:
        text += f" with subresource {json.dumps(manager.subresource)}"
    if manager.operation == "Update":
        text += f" using {manager.api_version} at {time}"
    return text


def after_change(
    owners: Owners,
    manager: Manager,
    own: Fields,
    *,
    changed: Fields,
    gone: Fields,
    time: str,
) -> Owners:
    """Return who owns what after a write.

    Args:
        owners: Before it.
        manager: Who wrote.
        own: All that it owns from now on.
        changed: What has another value now; it is nobody else's any more.
        gone: What is no longer there.
        time: The present.
    """
    told: Owners = {}
    for other, owned in owners.items():
        if other != manager:
            left = owned.fields - changed - gone
            # The time does not change when somebody else takes a field over.
            told[other] = Owned(fields=left, time=owned.time)
    before = owners.get(manager)
    is_same = before is not None and before.fields == own and not changed
    told[manager] = before if before is not None and is_same else Owned(fields=own, time=time)
    return told


def of_others(owners: Mapping[Manager, Owned], manager: Manager) -> Fields:
    """Return what anybody else owns."""
    return frozenset(
        path for other, owned in owners.items() if other != manager for path in owned.fields
    )
