"""Writing rows that hang together; the caller's transaction makes them one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, case, func, null, select, update

from rotator.core.registration import just_before
from rotator.journal import codec, tables
from rotator.journal.places import put_in_place
from rotator.journal.transactions import insert_missing, write_row

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from rotator.core.facts import DestinationRef
    from rotator.core.ids import CredentialId, Instant
    from rotator.core.rotation import Credential, Rotation

_OBJECT = tables.destination_object.c


def latest(column: ColumnElement[Instant], given: ColumnElement[Instant]) -> ColumnElement[Instant]:
    """Return the later of a column, which may be null, and an instant."""
    return case((column >= given, column), else_=given)


def locked(connection: Connection, credential: CredentialId) -> Credential | None:
    """Lock and read one credential; None when it is unknown, or too new for us."""
    mine = tables.credential.c.id == credential
    connection.execute(select(tables.credential.c.id).where(mine).with_for_update())
    row = connection.execute(codec.select_credentials().where(mine)).mappings().one_or_none()
    return None if row is None else codec.decode_credential(row)


def insert_credential(connection: Connection, value: Credential) -> bool:
    """Insert a credential unless it is known; say whether it was inserted."""
    _insert_object(connection, value.destination)
    is_new = insert_missing(connection, tables.credential, codec.encode_credential(value))
    if is_new:
        put_in_place(connection, value)
    return is_new


def save_credential(connection: Connection, value: Credential) -> None:
    """Write a known credential's row; its lease stays.

    The row needs as new a reader as its rotations do, which are read through it.
    """
    _insert_object(connection, value.destination)
    mine = tables.credential.c.id == value.id
    row = codec.encode_credential(value)
    rotations = tables.rotation.c
    newest = select(func.max(rotations.min_reader)).where(rotations.credential_id == value.id)
    needed = connection.execute(newest).scalar() or 0
    row["min_reader"] = max(row["min_reader"], needed)
    connection.execute(update(tables.credential).where(mine).values(**row))
    put_in_place(connection, value)


def hasten(connection: Connection, chosen: ColumnElement[bool], at: Instant) -> None:
    """Make the chosen credentials due at an instant, unless they are earlier; see `just_before`."""
    row = tables.credential.c
    query = select(row.id, row.next_at).where(chosen).order_by(row.id).with_for_update()
    for found in connection.execute(query).mappings().all():
        due = just_before(min(found["next_at"], at))
        mine = row.id == found["id"]
        connection.execute(update(tables.credential).where(mine).values(next_at=due))


def save_rotation(connection: Connection, value: Rotation) -> None:
    """Write a rotation's row and its placement."""
    _insert_object(connection, value.destination)
    write_row(connection, tables.rotation, codec.encode_rotation(value))
    write_row(connection, tables.placement, codec.encode_placement(value))


def hold_destination(
    connection: Connection, value: Rotation, lease_until: ColumnElement[Instant]
) -> None:
    """Note until when a rotation may write to its destination object, and who holds it."""
    mine = _OBJECT.id == value.destination.id
    statement = update(tables.destination_object).where(mine)
    connection.execute(statement.values(lease_max=latest(_OBJECT.lease_max, lease_until)))
    if value.is_unpromoted:
        held = {"holder_rotation_id": value.id, "lease_until": lease_until}
        connection.execute(statement.values(**held))
    else:
        let_go = statement.where(_OBJECT.holder_rotation_id == value.id)
        connection.execute(let_go.values(holder_rotation_id=null(), lease_until=null()))


def _insert_object(connection: Connection, ref: DestinationRef | None) -> None:
    if ref is not None:
        insert_missing(connection, tables.destination_object, codec.encode_destination(ref))
