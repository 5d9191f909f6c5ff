"""A journal in memory, with the same promises as the one in SQL.

The object itself is the durable state that a simulated restart finds again. A
write is checked as a whole before its first row is stored, so nothing is undone.
"""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, field, fields, replace
from threading import RLock
from typing import TYPE_CHECKING

from rotator.core.budget import Bucket
from rotator.core.ids import LeaseToken
from rotator.core.lease import (
    FARTHEST_LEASE,
    has_timer_passed,
    is_lease_free,
    key_order,
    renewed,
)
from rotator.core.reasons import Reason
from rotator.core.registration import instructed, just_before, merged, ordered, registered
from rotator.core.rotation import Claim
from rotator.errors import ConflictError, DestinationBusyError, InvariantError

if TYPE_CHECKING:
    from rotator.core.accounts import Account
    from rotator.core.events import AuditRecord, Event, SealedRecord
    from rotator.core.ids import AccountId, CredentialId, Instant, KeyId, RotationId
    from rotator.core.orders import Order, Pause
    from rotator.core.rotation import Credential, KeyRecord, Rotation, Trigger
    from rotator.ports.clock import Chance
    from rotator.ports.journal import Change


@dataclass(slots=True)
class _Tables:
    """Everything durable; its values are frozen and its containers are ours alone."""

    credentials: dict[CredentialId, Credential] = field(default_factory=dict)
    leases: dict[CredentialId, tuple[LeaseToken, Instant]] = field(default_factory=dict)
    open: dict[CredentialId, Rotation] = field(default_factory=dict)
    ended: dict[RotationId, Rotation] = field(default_factory=dict)
    keys: dict[CredentialId, dict[KeyId, KeyRecord]] = field(default_factory=dict)
    events: dict[RotationId | None, list[Event]] = field(default_factory=dict)
    queue: dict[str, AuditRecord] = field(default_factory=dict)
    chain: list[SealedRecord] = field(default_factory=list)
    audited: set[str] = field(default_factory=set)
    budgets: dict[AccountId, Instant] = field(default_factory=dict)
    pauses: dict[str, Pause] = field(default_factory=dict)
    accounts: dict[tuple[str, AccountId], Account] = field(default_factory=dict)

    def copied(self) -> _Tables:
        """Copy every container; what they hold never changes."""
        copies = {item.name: copy(getattr(self, item.name)) for item in fields(self)}
        copies["keys"] = {owner: dict(rows) for owner, rows in self.keys.items()}
        copies["events"] = {about: list(rows) for about, rows in self.events.items()}
        return _Tables(**copies)


@dataclass(frozen=True, slots=True)
class Backup:
    """A copy of a journal's durable state; picklable."""

    tables: _Tables


class MemoryJournal:
    """Every protocol of `rotator.ports.journal`, without a disk."""

    def __init__(self, chance: Chance) -> None:
        """Begin empty; fences are drawn from `chance`."""
        self._chance = chance
        self._tables = _Tables()
        self._lock = RLock()

    def backup(self) -> Backup:
        """Return everything durable as it is now, for `restore`."""
        with self._lock:
            return Backup(self._tables.copied())

    def restore(self, backup: Backup) -> None:
        """Go back to a backup, as an operator may; fences drawn later stay fresh."""
        with self._lock:
            self._tables = backup.tables.copied()

    def due(self, *, now: Instant, limit: int) -> tuple[CredentialId, ...]:
        """Name credentials that may be claimed now, the longest overdue first."""
        with self._lock:
            rows = [
                (row.next_at, row.id)
                for row in self._tables.credentials.values()
                if has_timer_passed(row.next_at, now)
                and is_lease_free(self._lease_until(row.id), now, FARTHEST_LEASE)
            ]
        return tuple(name for _, name in sorted(rows)[:limit])

    def acquire(
        self, credential: CredentialId, *, now: Instant, lease_until: Instant
    ) -> Claim | None:
        """Claim a credential with a fresh token, with its open rotation and keys."""
        with self._lock:
            row = self._tables.credentials.get(credential)
            if row is None or not has_timer_passed(row.next_at, now):
                return None
            if not is_lease_free(self._lease_until(credential), now, 2 * (lease_until - now)):
                return None
            token = LeaseToken(self._chance.new_id())
            self._tables.leases[credential] = token, lease_until
            return Claim(
                token=token,
                lease_until=lease_until,
                credential=row,
                rotation=self._tables.open.get(credential),
                keys=self.keys(credential),
            )

    def commit(self, claim: Claim, change: Change) -> Claim:
        """Write a change under the claim's fence and return the claim as it is now."""
        with self._lock:
            self._check(claim, change)
            self._write(claim, change)
        return renewed(
            claim,
            lease_until=change.lease_until,
            credential=change.credential,
            rotation=change.rotation,
            keys=change.keys,
        )

    def release(self, claim: Claim) -> None:
        """Give the lease back; no error when it was lost meanwhile."""
        with self._lock:
            if self._is_owner(claim):
                del self._tables.leases[claim.credential.id]

    def request(self, credential: CredentialId, trigger: Trigger, *, now: Instant) -> bool:
        """Order a rotation and make the credential due; False when it is unknown."""
        with self._lock:
            stored = self._tables.credentials.get(credential)
            if stored is None:
                return False
            self._tables.credentials[credential] = ordered(stored, trigger, now)
            return True

    def hasten(self, credential: CredentialId, *, now: Instant) -> bool:
        """Make a credential due; False when it is unknown."""
        with self._lock:
            stored = self._tables.credentials.get(credential)
            if stored is not None:
                self._hasten(stored, now)
            return stored is not None

    def instruct(self, credential: CredentialId, order: Order) -> bool:
        """Note an order and make the credential due; False when it is unknown."""
        with self._lock:
            stored = self._tables.credentials.get(credential)
            if stored is None:
                return False
            self._tables.credentials[credential] = instructed(stored, order)
            return True

    def pause(self, pause: Pause) -> None:
        """Note a pause; an older one of the same scope is replaced."""
        with self._lock:
            self._tables.pauses[pause.scope] = pause

    def unpause(self, scope: str) -> Pause | None:
        """Lift a scope's pause and make due what it held; None when there was no pause."""
        with self._lock:
            lifted = self._tables.pauses.pop(scope, None)
            if lifted is None:
                return None
            for row in tuple(self._tables.credentials.values()):
                if self._is_held_by(lifted, row):
                    self._hasten(row, lifted.since)
            return lifted

    def pauses(self) -> tuple[Pause, ...]:
        """Every pause in force, oldest first."""
        with self._lock:
            rows = list(self._tables.pauses.values())
        return tuple(sorted(rows, key=lambda row: (row.since, row.scope)))

    def save_account(self, account: Account, record: AuditRecord) -> None:
        """Note a person's word about an account, with its record, and make its rows due."""
        with self._lock:
            self._check_audit((record,))
            self._tables.accounts[account.provider, account.id] = account
            self._queue((record,))
            for row in tuple(self._tables.credentials.values()):
                principal = row.principal
                if (principal.provider, principal.account) == (account.provider, account.id):
                    self._hasten(row, account.since)

    def accounts(self) -> tuple[Account, ...]:
        """Every account that somebody spoke of, ordered by provider, then id."""
        with self._lock:
            rows = dict(self._tables.accounts)
        return tuple(rows[name] for name in sorted(rows))

    def register(self, credential: Credential) -> bool:
        """Insert a credential, or bring policy's part of an existing row up to date."""
        with self._lock:
            stored = self._tables.credentials.get(credential.id)
            row = credential if stored is None else registered(stored, credential)
            self._tables.credentials[credential.id] = row
            return row != stored

    def credentials(self) -> tuple[Credential, ...]:
        """Every credential, ordered by account, then principal."""
        with self._lock:
            rows = list(self._tables.credentials.values())
        return tuple(sorted(rows, key=_principal_order))

    def keys(self, credential: CredentialId | None = None) -> tuple[KeyRecord, ...]:
        """Key records of one credential or of all, oldest first."""
        with self._lock:
            tables = self._tables.keys
            chosen = tables if credential is None else {credential: tables.get(credential, {})}
            rows = [record for records in chosen.values() for record in records.values()]
        return tuple(sorted(rows, key=key_order))

    def rotations(self, credential: CredentialId | None = None) -> tuple[Rotation, ...]:
        """Rotations of one credential or of all, newest first, open and ended."""
        with self._lock:
            every = (*self._tables.open.values(), *self._tables.ended.values())
        rows = [row for row in every if credential in {None, row.credential_id}]
        rows.sort(key=lambda row: row.id)
        rows.sort(key=lambda row: row.created_at, reverse=True)
        return tuple(rows)

    def events(self, rotation: RotationId) -> tuple[Event, ...]:
        """A rotation's history in the order in which it was written."""
        with self._lock:
            return tuple(self._tables.events.get(rotation, ()))

    def append(self, records: tuple[AuditRecord, ...]) -> None:
        """Queue records that belong to no credential's transaction."""
        with self._lock:
            self._check_audit(records)
            self._queue(records)

    def unsealed(self, *, limit: int) -> tuple[AuditRecord, ...]:
        """Records without a number, in the order in which they were written."""
        with self._lock:
            return tuple(self._tables.queue.values())[:limit]

    def seal(self, sealed: tuple[tuple[str, SealedRecord], ...]) -> None:
        """Give records their places, by record id."""
        with self._lock:
            numbers = [place.seq for _, place in sealed]
            first = len(self._tables.chain)
            waiting = {name for name, _ in sealed if name in self._tables.queue}
            if numbers != [*range(first, first + len(sealed))] or len(waiting) != len(sealed):
                raise ConflictError("another sealer was here", subject=f"record {first}")
            for name, place in sealed:
                del self._tables.queue[name]
                self._tables.chain.append(place)

    def head(self) -> SealedRecord | None:
        """The last sealed record; None in an empty chain."""
        with self._lock:
            return self._tables.chain[-1] if self._tables.chain else None

    def sealed_after(self, seq: int, *, limit: int) -> tuple[SealedRecord, ...]:
        """Sealed records with a greater number, in order."""
        with self._lock:
            return tuple(self._tables.chain[seq + 1 : seq + 1 + limit])

    def reserve(
        self, account: AccountId, amount: int, *, now: Instant, rate: float, burst: int
    ) -> Instant | None:
        """Take tokens from an account's bucket, or say when to ask again."""
        bucket = Bucket(rate=rate, burst=burst)
        with self._lock:
            full_at = self._tables.budgets.get(account, now)
            after = bucket.take(full_at, amount, now)
            if after is None:
                return bucket.retry_at(full_at, amount, now)
            self._tables.budgets[account] = after
            return None

    def lease(self, credential: CredentialId) -> tuple[LeaseToken, Instant] | None:
        """Tell whose fence is on a credential, and until when; None when it is free."""
        with self._lock:
            return self._tables.leases.get(credential)

    def _hasten(self, row: Credential, at: Instant) -> None:
        due = replace(row, next_at=just_before(min(row.next_at, at)))
        self._tables.credentials[row.id] = due

    def _is_held_by(self, pause: Pause, row: Credential) -> bool:
        """Whether a pause holds it, or a pass looks at it now and may be about to."""
        is_held = row.hold is not None and row.hold.reason is Reason.PAUSED
        is_covered = pause.covers(row.principal.account, row.id)
        return is_covered and (is_held or row.id in self._tables.leases)

    def _lease_until(self, credential: CredentialId) -> Instant | None:
        lease = self._tables.leases.get(credential)
        return None if lease is None else lease[1]

    def _is_owner(self, claim: Claim) -> bool:
        lease = self._tables.leases.get(claim.credential.id)
        return lease is not None and lease[0] == claim.token

    def _check(self, claim: Claim, change: Change) -> None:
        """Refuse before anything is written, as the constraints of a database would."""
        owner = claim.credential.id
        if not self._is_owner(claim):
            raise ConflictError("the lease is somebody else's now", subject=owner)
        self._check_audit(change.audit)
        rotation = change.rotation
        if rotation is None:
            return
        known = self._tables.open.get(owner)
        if rotation.is_open and known is not None and known.id != rotation.id:
            raise InvariantError("another rotation of the credential is open", subject=owner)
        if rotation.is_unpromoted:
            self._check_destination(rotation)

    def _check_destination(self, rotation: Rotation) -> None:
        wanted = rotation.destination.id
        for other in self._tables.open.values():
            is_other = other.id != rotation.id and other.is_unpromoted
            if is_other and other.destination.id == wanted:
                problem = "another unpromoted rotation holds the destination object"
                raise DestinationBusyError(problem, subject=rotation.destination.name)

    def _check_audit(self, records: tuple[AuditRecord, ...]) -> None:
        fresh = {record.id for record in records} - self._tables.audited
        if len(fresh) != len(records):
            raise InvariantError("an audit record was written twice")

    def _write(self, claim: Claim, change: Change) -> None:
        tables, owner = self._tables, claim.credential.id
        stored = tables.credentials[owner]
        tables.credentials[owner] = merged(stored, claim.credential, change.credential)
        tables.leases[owner] = claim.token, change.lease_until
        if change.rotation is not None:
            self._write_rotation(change.rotation)
        records = tables.keys.setdefault(owner, {})
        records.update((record.key_id, record) for record in change.keys)
        for event in change.events:
            tables.events.setdefault(event.rotation_id, []).append(event)
        self._queue(change.audit)
        if change.pause is not None:
            tables.pauses[change.pause.scope] = change.pause

    def _write_rotation(self, rotation: Rotation) -> None:
        tables, owner = self._tables, rotation.credential_id
        tables.ended.pop(rotation.id, None)
        if rotation.is_open:
            tables.open[owner] = rotation
            return
        known = tables.open.get(owner)
        if known is not None and known.id == rotation.id:
            del tables.open[owner]
        tables.ended[rotation.id] = rotation

    def _queue(self, records: tuple[AuditRecord, ...]) -> None:
        self._tables.queue.update((record.id, record) for record in records)
        self._tables.audited.update(record.id for record in records)


def _principal_order(row: Credential) -> tuple[str, str, str]:
    return row.principal.account, row.principal.name, row.principal.provider
