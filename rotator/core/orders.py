"""What a person tells rotator to do: orders about one credential, and pauses.

An order is durable before anybody is told that it was taken; the owner of the
credential's claim carries it out, so an operator never races the daemon. A pause
holds back what would start, and never what brings a begun rotation to safety.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rotator.core.ids import AccountId, CredentialId, Instant, KeyId, RotationId


class Verb(StrEnum):
    """What an operator may order beside a new rotation.

    `RESUME` leaves a halt by going on, `ABORT` by giving the rotation up: before
    promotion the new key is discarded, after it the old key is left as it stands,
    to a person. `ROLLBACK` makes the old key current again and retires the new
    one under the full guard. `ENABLE` switches a key that we disabled on again.
    """

    RESUME = "resume"
    ABORT = "abort"
    ROLLBACK = "rollback"
    ENABLE = "enable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One order, until the pass that carries it out or refuses it.

    Attributes:
        id: Random UUID text; tells a repeated order from a new one.
        rotation_id: The rotation that it is about; None for `ENABLE` of a suspect.
        key_id: The key that it is about; only for `ENABLE`.
        operator: Who ordered it, as the auditor should read it.
        reason: Why, in the operator's words.
    """

    id: str
    verb: Verb
    operator: str
    reason: str
    given_at: Instant
    rotation_id: RotationId | None = None
    key_id: KeyId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """Nothing is started, disabled or deleted in its scope until somebody lifts it.

    Attributes:
        account: The account that it covers; None for a pause of everything or of
            one credential.
        credential: The credential that it covers; None for the wider scopes.
        operator: Who paused.
        reason: Why; shown wherever the pause holds something back.
    """

    operator: str
    reason: str
    since: Instant
    account: AccountId | None = None
    credential: CredentialId | None = None

    @property
    def scope(self) -> str:
        """The scope as a row's key: ``everything``, ``account:<id>`` or ``credential:<id>``."""
        if self.credential is not None:
            return f"credential:{self.credential}"
        return f"account:{self.account}" if self.account is not None else "everything"

    def covers(self, account: AccountId, credential: CredentialId) -> bool:
        """Whether a credential of an account is held back by this pause."""
        if self.credential is not None:
            return self.credential == credential
        return self.account is None or self.account == account
