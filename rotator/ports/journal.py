"""The durable rows: who may drive what, what was intended, what came of it.

One object implements all of these small protocols; `Journal` names the whole.
Every write is one transaction: all of it is durable when the call returns, or
none of it is. A journal that cannot write raises `UnavailableError` and has
written nothing. If it was lost between a commit and its answer, and cannot be
asked what became of that, it raises `OutcomeUnknownError`: all was written or
nothing, the effect that the write was to precede must not follow, and whoever
claims the credential next sees which it was.

Instants are the caller's. A journal with a clock of its own may keep leases by
it; such a lease never ends before the caller's time says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from rotator.core.accounts import Account
    from rotator.core.events import AuditRecord, Event, SealedRecord
    from rotator.core.ids import AccountId, CredentialId, Instant, RotationId
    from rotator.core.orders import Order, Pause
    from rotator.core.rotation import Claim, Credential, KeyRecord, Rotation, Trigger


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Everything that one commit writes, atomically.

    Attributes:
        credential: The credential's whole new row.
        now: The present, from which the lease is counted.
        lease_until: The lease after this commit; it is renewed with each.
        rotation: The rotation's whole new row; None leaves rotations alone.
        keys: Records to write over those of the same key id; others stay.
        events: History to append.
        audit: Records to append to the audit queue, in order.
        pause: A pause to note, in place of an older one of the same scope.
    """

    credential: Credential
    now: Instant
    lease_until: Instant
    rotation: Rotation | None = None
    keys: tuple[KeyRecord, ...] = ()
    events: tuple[Event, ...] = ()
    audit: tuple[AuditRecord, ...] = ()
    pause: Pause | None = None


class Claims(Protocol):
    """The right to act: leases, fenced commits, and the one timer."""

    def due(self, *, now: Instant, limit: int) -> tuple[CredentialId, ...]:
        """Name credentials that may be claimed now: timer passed, lease free.

        Longest overdue first, at most `limit`. A timer more than 400 days ahead
        is impossible and counts as due.
        """
        ...

    def acquire(
        self, credential: CredentialId, *, now: Instant, lease_until: Instant
    ) -> Claim | None:
        """Claim a credential with a fresh random token, with its open rotation and keys.

        None when it is unknown, not due, or leased by another. A lease that ends
        later than twice the asked period from now is impossible and counts as free.
        """
        ...

    def commit(self, claim: Claim, change: Change) -> Claim:
        """Write a change under the claim's fence and return the claim as it is now.

        The result holds the rows just written: its rotation is the open one, or
        None once a final phase was written.

        Fields of the credential that the change leaves as the claim has them are
        not written, so that a registration or an order that came since the
        acquisition stays, and keeps the row due for the next claim.

        Raises:
            ConflictError: The token is not the credential's any more; nothing was written.
            DestinationBusyError: Another unpromoted rotation holds the destination
                object; nothing was written.
            InvariantError: Another rotation of the credential is open; nothing was written.
            UnavailableError: The journal cannot write; nothing was written.
            OutcomeUnknownError: The journal was lost in the commit and does not
                answer; all was written or nothing. The claim is spent: its next
                commit raises `ConflictError`.
        """
        ...

    def release(self, claim: Claim) -> None:
        """Give the lease back; no error when it was lost meanwhile."""
        ...

    def request(self, credential: CredentialId, trigger: Trigger, *, now: Instant) -> bool:
        """Order a rotation and make the credential due; False when it is unknown."""
        ...


class Orders(Protocol):
    """What people told us: orders about one credential, pauses of many."""

    def instruct(self, credential: CredentialId, order: Order) -> bool:
        """Note an order and make the credential due; False when it is unknown.

        An older order that nobody has carried out yet is replaced. Like
        `Claims.request`, it survives the commit of whoever holds the claim now.
        """
        ...

    def hasten(self, credential: CredentialId, *, now: Instant) -> bool:
        """Make a credential due, also for whoever holds its claim; False when it is unknown."""
        ...

    def pause(self, pause: Pause) -> None:
        """Note a pause; an older one of the same scope is replaced."""
        ...

    def unpause(self, scope: str) -> Pause | None:
        """Lift a scope's pause and make due what it held; None when there was no pause."""
        ...

    def pauses(self) -> tuple[Pause, ...]:
        """Every pause in force, oldest first."""
        ...


class Accounts(Protocol):
    """What people said about accounts: an account nobody confirmed is in plan mode."""

    def save_account(self, account: Account, record: AuditRecord) -> None:
        """Note a confirmation or its withdrawal, in place of what was said before.

        The audit record is written in the same transaction, and every credential
        of the account is made due, also one whose claim somebody holds.
        """
        ...

    def accounts(self) -> tuple[Account, ...]:
        """Every account that somebody spoke of, ordered by provider, then id."""
        ...


class Inventory(Protocol):
    """What exists: rows to read, and registrations from a scan."""

    def register(self, credential: Credential) -> bool:
        """Insert a credential, or bring policy's part of an existing row up to date.

        Policy's part is `action`, `rule`, `note`, `destination` and the
        principal's path; the principal's uid is never overwritten. A change of
        it makes the credential due at the given `next_at`. Another destination
        object forgets `current_version`, which was a version of the old one.

        Returns:
            Whether a row was inserted or changed.
        """
        ...

    def credentials(self) -> tuple[Credential, ...]:
        """Every credential, ordered by account, then principal."""
        ...

    def keys(self, credential: CredentialId | None = None) -> tuple[KeyRecord, ...]:
        """Key records of one credential or of all, oldest first."""
        ...

    def rotations(self, credential: CredentialId | None = None) -> tuple[Rotation, ...]:
        """Rotations of one credential or of all, newest first, open and ended."""
        ...

    def events(self, rotation: RotationId) -> tuple[Event, ...]:
        """A rotation's history in the order in which it was written."""
        ...


class AuditQueue(Protocol):
    """Records on their way into the chain."""

    def append(self, records: tuple[AuditRecord, ...]) -> None:
        """Queue records that belong to no credential's transaction."""
        ...

    def unsealed(self, *, limit: int) -> tuple[AuditRecord, ...]:
        """Records without a number, in the order in which they were written."""
        ...

    def seal(self, sealed: tuple[tuple[str, SealedRecord], ...]) -> None:
        """Give records their places, by record id; the first number is 0.

        Raises:
            ConflictError: A number is taken or the first does not follow the head:
                another sealer was here; nothing was written.
        """
        ...

    def head(self) -> SealedRecord | None:
        """The last sealed record; None in an empty chain."""
        ...

    def sealed_after(self, seq: int, *, limit: int) -> tuple[SealedRecord, ...]:
        """Sealed records with a greater number, in order; for feeding a sink."""
        ...


class Budgets(Protocol):
    """Token buckets that all replicas share."""

    def reserve(
        self, account: AccountId, amount: int, *, now: Instant, rate: float, burst: int
    ) -> Instant | None:
        """Take tokens from an account's bucket.

        Args:
            account: Whose quota it is.
            amount: Tokens to take; 1 or more, at most `burst`.
            now: The present.
            rate: Tokens per second that flow back.
            burst: The bucket's size.

        Returns:
            None when they were taken, else when it is worth asking again.
        """
        ...


class Journal(Claims, Orders, Accounts, Inventory, AuditQueue, Budgets, Protocol):
    """The whole journal."""
