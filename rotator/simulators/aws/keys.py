"""The register of access keys: what authentication knows, which is not what IAM lists.

moto keeps keys per user, finds them by scanning all users, accepts an Inactive
key, and forgets a deleted one at once. This register finds a key by its id,
applies propagation and revocation lags, and records uses as AWS does.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from rotator.simulators.aws.shapes import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Whom a key belongs to.

    Attributes:
        user_name: Empty for a session, of the simulator's administrators too.
        role_arn: A session's role; empty for a user.
    """

    account_id: str
    user_id: str
    arn: str
    user_name: str
    role_arn: str = ""

    @property
    def policy_arn(self) -> str:
        """Return the ARN of the user or role whose policies count."""
        return self.role_arn or self.arn


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """One use as AWS records it."""

    at: datetime
    service: str
    region: str


@dataclass(slots=True, kw_only=True)
class Key:
    """Everything about one key, also after its deletion.

    Attributes:
        slot: 1 or 2, fixed for life; the credential report's column.
        changes: Instants at which the key was switched on (True) or off, in order.
        deleted_at: When it was deleted, which is its last change.
        records: Recorded uses that a lag may still hide, oldest first.
        session_token: Of temporary credentials; empty for a long-lived key.
    """

    access_key_id: str
    secret_access_key: str
    principal: Principal
    created_at: datetime
    slot: int = 1
    changes: list[tuple[datetime, bool]]
    is_active: bool = True
    deleted_at: datetime | None = None
    session_token: str = ""
    expires_at: datetime | None = None
    is_exempt_from_lags: bool = False
    uses: int = 0
    last_used_by: dict[str, datetime] = field(default_factory=dict)
    records: list[Use] = field(default_factory=list)

    @property
    def is_deleted(self) -> bool:
        """Say whether the key is gone for good."""
        return self.deleted_at is not None

    def set_active(self, *, is_active: bool, now: datetime) -> None:
        """Switch on or off; no change when it is so already."""
        if is_active != self.is_active:
            self.is_active = is_active
            self.changes.append((now, is_active))

    def delete(self, now: datetime) -> None:
        """End the key for good."""
        self.set_active(is_active=False, now=now)
        self.deleted_at = now

    def status_at(self, instant: datetime) -> bool | None:
        """Return whether the key was active at an instant; None when it did not exist."""
        if self.deleted_at is not None and self.deleted_at <= instant:
            return None
        return next((is_on for at, is_on in reversed(self.changes) if at <= instant), None)

    def is_accepted(self, now: datetime, settings: Settings) -> bool:
        """Say what the data plane believes: the newest change that has reached it.

        Field reports: a new key takes seconds to work, and a deleted one was
        measured to work for 3 to 4 seconds more.
        """
        if self.is_exempt_from_lags:
            return self.is_active
        for at, is_active in reversed(self.changes):
            lag = (
                settings.propagation_delay_seconds if is_active else settings.revocation_lag_seconds
            )
            if at + timedelta(seconds=lag) <= now:
                return is_active
        return False

    def record_use(self, use: Use, *, agent: str, settings: Settings) -> None:
        """Count one authenticated call.

        By the user guide, of several uses within 15 minutes AWS records the first.
        """
        self.uses += 1
        self.last_used_by[agent] = use.at
        quantum = timedelta(seconds=settings.last_used_quantum_seconds)
        if not self.records or use.at - self.records[-1].at >= quantum:
            shown = self.reported_use(use.at, settings)
            kept = self.records.index(shown) if shown else 0
            self.records = [*self.records[kept:], use]

    def reported_use(self, now: datetime, settings: Settings) -> Use | None:
        """Return the use that AWS would tell now; None reads as never used."""
        lag = timedelta(seconds=settings.last_used_lag_seconds)
        return next((use for use in reversed(self.records) if use.at + lag <= now), None)

    @property
    def last_used_at(self) -> datetime | None:
        """Return the exact instant of the last use, which no AWS API tells."""
        return max(self.last_used_by.values(), default=None)


class KeyRegister:
    """All keys of all accounts, by id. Not safe for threads: callers hold the world's lock."""

    def __init__(self) -> None:
        """Start empty."""
        self._by_id: dict[str, Key] = {}
        self._by_user: dict[str, list[Key]] = {}

    def add(self, key: Key) -> None:
        """Register a new key; a long-lived user key gets the lowest free slot.

        Raises:
            ValueError: The id is taken, in whatever account.
        """
        if key.access_key_id in self._by_id:
            msg = f"access key id {key.access_key_id} is taken"
            raise ValueError(msg)
        taken = {other.slot for other in self.of_user(key.principal.user_id)}
        key.slot = 2 if 1 in taken else 1
        self._by_id[key.access_key_id] = key
        self._by_user.setdefault(key.principal.user_id, []).append(key)

    def find(self, access_key_id: str) -> Key | None:
        """Return a key by its id, deleted or not."""
        return self._by_id.get(access_key_id)

    def by_id(self, access_key_id: str) -> Key:
        """Return a key that is known to be there, deleted or not.

        Raises:
            KeyError: There never was such a key.
        """
        return self._by_id[access_key_id]

    def of_user(self, user_id: str) -> list[Key]:
        """Return a user's keys that are not deleted, oldest first."""
        return [key for key in self._by_user.get(user_id, ()) if not key.is_deleted]

    def listed(self, user_id: str, instant: datetime) -> list[tuple[Key, bool]]:
        """Return a user's keys as they were at an instant, with whether each was active."""
        seen = ((key, key.status_at(instant)) for key in self._by_user.get(user_id, ()))
        return [(key, is_active) for key, is_active in seen if is_active is not None]

    def all(self) -> list[Key]:
        """Return every key of every account, deleted ones too, in the order of their making."""
        return list(self._by_id.values())

    def deleted_of(self, account_id: str) -> list[Key]:
        """Return the deleted keys of one account, oldest first."""
        return [
            key
            for key in self._by_id.values()
            if key.is_deleted and key.principal.account_id == account_id
        ]
