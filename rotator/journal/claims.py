"""Leases, fenced commits and the one timer.

The fence is the token that the acquiring UPDATE writes and returns. It is never
read again: a reader would adopt the token of whoever came next. The UPDATE also
locks the row, so that what follows it in its transaction sees no other writer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, and_, null, or_, select, update

from rotator.core.ids import Instant, LeaseToken
from rotator.core.lease import FARTHEST_LEASE, FARTHEST_TIMER, key_order, renewed
from rotator.core.registration import merged, ordered
from rotator.core.rotation import FINAL_PHASES, Claim
from rotator.errors import ConflictError, OutcomeUnknownError
from rotator.journal import codec, tables
from rotator.journal.leases import LeaseClock, by_clock
from rotator.journal.rows import hold_destination, latest, locked, save_credential, save_rotation
from rotator.journal.stamping import queue_audit
from rotator.journal.transactions import Store, Transactions, write_row

if TYPE_CHECKING:
    from datetime import timedelta

    from sqlalchemy import Connection, Update

    from rotator.core.ids import CredentialId
    from rotator.core.rotation import KeyRecord, Rotation, Trigger
    from rotator.ports.clock import Chance
    from rotator.ports.journal import Change

_ROW = tables.credential.c


class SqlClaims(Store):
    """The right to act, as `rotator.ports.journal.Claims` describes it."""

    def __init__(self, transactions: Transactions, chance: Chance, lease_clock: LeaseClock) -> None:
        """Draw fences from `chance`, and keep leases by one clock."""
        super().__init__(transactions)
        self._chance = chance
        self._clock = lease_clock
        self._doubtful: set[LeaseToken] = set()

    def due(self, *, now: Instant, limit: int) -> tuple[CredentialId, ...]:
        """Name credentials that may be claimed now, the longest overdue first."""
        query = select(_ROW.id).where(self._is_claimable(now, FARTHEST_LEASE))
        with self._transactions.reading() as connection:
            rows = connection.execute(query.order_by(_ROW.next_at, _ROW.id).limit(limit))
            return tuple(rows.scalars())

    def acquire(
        self, credential: CredentialId, *, now: Instant, lease_until: Instant
    ) -> Claim | None:
        """Claim a credential with a fresh token, with its open rotation and keys."""
        free = and_(_ROW.id == credential, self._is_claimable(now, 2 * (lease_until - now)))
        end = by_clock(self._clock, now, lease_until)
        grant = _granting(end).where(free).values(token=self._chance.new_id())
        with self._transactions.writing() as connection:
            token = connection.execute(grant.returning(_ROW.token)).scalar_one_or_none()
            if token is None:
                return None
            rows = connection.execute(codec.select_credentials().where(_ROW.id == credential))
            return Claim(
                token=LeaseToken(token),
                lease_until=lease_until,
                credential=codec.decode_credential(rows.mappings().one()),
                rotation=_open_rotation(connection, credential),
                keys=_keys(connection, credential),
            )

    def commit(self, claim: Claim, change: Change) -> Claim:
        """Write a change under the claim's fence and return the claim as it is now."""
        if claim.token in self._doubtful:
            raise ConflictError("the claim's last commit is in doubt", subject=claim.credential.id)
        try:
            return self._commit(claim, change)
        except OutcomeUnknownError:
            # Its rows may be stale now: whoever claims the credential next reads them again.
            self._doubtful.add(claim.token)
            raise

    def _commit(self, claim: Claim, change: Change) -> Claim:
        owned = and_(_ROW.id == claim.credential.id, _ROW.token == claim.token)
        end = by_clock(self._clock, change.now, change.lease_until)
        fence = _granting(end).where(owned)
        with self._transactions.writing() as connection:
            is_ours = connection.execute(fence).rowcount == 1
            stored = locked(connection, claim.credential.id) if is_ours else None
            if stored is None:
                raise ConflictError("the lease is somebody else's now", subject=claim.credential.id)
            _write(connection, claim, change, end)
            save_credential(connection, merged(stored, claim.credential, change.credential))
        return renewed(
            claim,
            lease_until=change.lease_until,
            credential=change.credential,
            rotation=change.rotation,
            keys=change.keys,
        )

    def release(self, claim: Claim) -> None:
        """Give the lease back; no error when it was lost meanwhile."""
        owned = and_(_ROW.id == claim.credential.id, _ROW.token == claim.token)
        with self._transactions.writing() as connection:
            statement = update(tables.credential).where(owned)
            connection.execute(statement.values(token=null(), lease_until=null()))

    def request(self, credential: CredentialId, trigger: Trigger, *, now: Instant) -> bool:
        """Order a rotation and make the credential due; False when it is unknown."""
        with self._transactions.writing() as connection:
            stored = locked(connection, credential)
            if stored is None:
                return False
            save_credential(connection, ordered(stored, trigger, now))
            return True

    def _is_claimable(self, now: Instant, farthest: timedelta) -> ColumnElement[bool]:
        """Put `core.lease` into SQL: the timer has passed, and nobody holds the lease."""
        return and_(
            _ROW.min_reader <= tables.READER,
            or_(_ROW.next_at <= now, _ROW.next_at > now + FARTHEST_TIMER),
            or_(
                _ROW.lease_until.is_(None),
                _ROW.lease_until <= by_clock(self._clock, now, now),
                _ROW.lease_until > by_clock(self._clock, now, Instant(now + farthest)),
            ),
        )


def _granting(lease_until: ColumnElement[Instant]) -> Update:
    """Lease a row, and remember the latest deadline that was ever granted."""
    granted = latest(_ROW.lease_max, lease_until)
    return update(tables.credential).values(lease_until=lease_until, lease_max=granted)


def _write(
    connection: Connection, claim: Claim, change: Change, lease_until: ColumnElement[Instant]
) -> None:
    if change.rotation is not None:
        save_rotation(connection, change.rotation)
    rotation = change.rotation or claim.rotation
    if rotation is not None:
        hold_destination(connection, rotation, lease_until)
    if change.pause is not None:
        write_row(connection, tables.pause, codec.encode_pause(change.pause))
    for record in change.keys:
        write_row(connection, tables.key, codec.encode_key(record))
    for event in change.events:
        connection.execute(tables.event.insert().values(**codec.encode_event(event)))
    for audit in change.audit:
        queue_audit(connection, audit)


def _open_rotation(connection: Connection, credential: CredentialId) -> Rotation | None:
    query = codec.select_rotations().where(
        tables.rotation.c.credential_id == credential,
        tables.rotation.c.phase.not_in(FINAL_PHASES),
    )
    row = connection.execute(query).mappings().one_or_none()
    return None if row is None else codec.decode_rotation(row)


def _keys(connection: Connection, credential: CredentialId) -> tuple[KeyRecord, ...]:
    query = codec.select_keys().where(tables.key.c.credential_id == credential)
    rows = connection.execute(query).mappings()
    return tuple(sorted((codec.decode_key(row) for row in rows), key=key_order))
