"""What ZeroKMS lists, read in every shape that it is known or said to come in.

Tolerant: fields that we do not know are passed over, and what is not told is None.
Strict: a row without what names it makes the whole listing unreadable, for a row that
is passed over would look like a client that is gone. Grants count as read only where
the row says which they all are; a client's bound keyset alone does not say that.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from rotator.core.ids import KeyId
from rotator.core.workspace import Client, Keyset
from rotator.providers.cipherstash.listing import time_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from rotator.core.ids import Instant

T = TypeVar("T")

_GRANTS = ("keyset_ids", "keysets")
_BOUND = ("dataset_id", "keyset_id")
_CREATED = ("created_at", "createdAt")
_DEVICE_IDS = ("device_id", "device_instance_id")


class UnexpectedShape(ValueError):  # noqa: N818 - it says what was met, and is caught nearby
    """An answer lacks what it must have; the message quotes nothing of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A client, and when it was made, by the service's clock; None where that is untold."""

    client: Client
    created_at: Instant | None = None


def client_rows(body: object, *, grants_field: str | None = None) -> tuple[Row, ...]:
    """Read a listing of clients.

    Args:
        body: The answer, decoded.
        grants_field: Which field of a row names every granted keyset; None takes the
            names that we know of.

    Raises:
        UnexpectedShape: It is no list of clients.
    """
    fields = _GRANTS if grants_field is None else (grants_field,)
    return _each(body, "clients", lambda row: _row(row, fields))


def keyset_rows(body: object) -> tuple[Keyset, ...]:
    """Read a listing of keysets.

    Raises:
        UnexpectedShape: It is no list of keysets.
    """
    return _each(body, "keysets", keyset_of)


def keyset_of(row: Mapping[str, object]) -> Keyset:
    """Read one keyset.

    Raises:
        UnexpectedShape: It has no id or no name.
    """
    return Keyset(
        id=named(row, "id"),
        name=named(row, "name"),
        description=_text(row, ("description",)) or "",
        is_disabled=row.get("is_disabled") is True,
        is_default=row.get("is_default") is True,
    )


def bound_keyset(row: Mapping[str, object]) -> str | None:
    """Read which keyset a client opens when none is named; None where that is untold."""
    return _text(row, _BOUND)


def named(row: Mapping[str, object], field: str) -> str:
    """Read a text that must be there.

    Raises:
        UnexpectedShape: It is not.
    """
    value = _text(row, (field,))
    if value is None:
        raise UnexpectedShape(f"it has no {field}")
    return value


def _each(body: object, what: str, read: Callable[[Mapping[str, object]], T]) -> tuple[T, ...]:
    if not isinstance(body, list) or not all(isinstance(row, dict) for row in body):
        raise UnexpectedShape(f"its body is no list of {what}")
    return tuple(read(row) for row in body)


def _row(row: Mapping[str, object], fields: Iterable[str]) -> Row:
    client = Client(
        client_id=KeyId(named(row, "id")),
        name=named(row, "name"),
        description=_text(row, ("description",)) or "",
        bound=bound_keyset(row),
        grants=_grants(row, fields),
        is_device=str(row.get("client_type")).lower() == "device"
        or _text(row, _DEVICE_IDS) is not None,
    )
    return Row(client=client, created_at=_time(row))


def _grants(row: Mapping[str, object], fields: Iterable[str]) -> frozenset[str] | None:
    told = next((row[field] for field in fields if field in row), None)
    if not isinstance(told, list):
        return None
    ids = [_id_of(item) for item in told]
    return None if None in ids else frozenset(item for item in ids if item)


def _id_of(item: object) -> str | None:
    value = item.get("id") if isinstance(item, dict) else item
    return value if isinstance(value, str) and value else None


def _text(row: Mapping[str, object], fields: Iterable[str]) -> str | None:
    """Return the first of these fields that holds a text, if any does."""
    told = (row.get(field) for field in fields)
    return next((value for value in told if isinstance(value, str) and value), None)


def _time(row: Mapping[str, object]) -> Instant | None:
    return next((at for at in (time_in(row.get(field)) for field in _CREATED) if at), None)
