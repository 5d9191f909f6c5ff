"""What exists: rows to read, and registrations from a scan."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from rotator.core.registration import registered
from rotator.journal import codec, tables
from rotator.journal.rows import insert_credential, locked, save_credential
from rotator.journal.transactions import Store

if TYPE_CHECKING:
    from rotator.core.events import Event
    from rotator.core.ids import CredentialId, RotationId
    from rotator.core.rotation import Credential, KeyRecord, Rotation


class SqlInventory(Store):
    """Rows to read, as `rotator.ports.journal.Inventory` describes them."""

    def register(self, credential: Credential) -> bool:
        """Insert a credential, or bring policy's part of an existing row up to date."""
        with self._transactions.writing() as connection:
            if insert_credential(connection, credential):
                return True
            stored = locked(connection, credential.id)
            updated = None if stored is None else registered(stored, credential)
            if updated is None or updated == stored:
                return False
            save_credential(connection, updated)
            return True

    def credentials(self) -> tuple[Credential, ...]:
        """Every credential, ordered by account, then principal."""
        row = tables.credential.c
        query = codec.select_credentials().order_by(row.account, row.principal, row.provider)
        with self._transactions.reading() as connection:
            rows = connection.execute(query).mappings()
            return tuple(codec.decode_credential(item) for item in rows)

    def keys(self, credential: CredentialId | None = None) -> tuple[KeyRecord, ...]:
        """Key records of one credential or of all, oldest first."""
        row = tables.key.c
        query = codec.select_keys().order_by(row.created_at, row.key_id)
        if credential is not None:
            query = query.where(row.credential_id == credential)
        with self._transactions.reading() as connection:
            rows = connection.execute(query).mappings()
            return tuple(codec.decode_key(item) for item in rows)

    def rotations(self, credential: CredentialId | None = None) -> tuple[Rotation, ...]:
        """Rotations of one credential or of all, newest first, open and ended."""
        row = tables.rotation.c
        query = codec.select_rotations().order_by(row.created_at.desc(), row.id)
        if credential is not None:
            query = query.where(row.credential_id == credential)
        with self._transactions.reading() as connection:
            rows = connection.execute(query).mappings()
            return tuple(codec.decode_rotation(item) for item in rows)

    def events(self, rotation: RotationId) -> tuple[Event, ...]:
        """A rotation's history in the order in which it was written."""
        row = tables.event.c
        query = select(tables.event).where(row.rotation_id == rotation).order_by(row.position)
        with self._transactions.reading() as connection:
            rows = connection.execute(query).mappings()
            return tuple(codec.decode_event(item) for item in rows)
