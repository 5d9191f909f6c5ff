"""What a key system is asked to do, and the optional capabilities beside it.

Every method raises the classes of `rotator.errors` and nothing else. A method
that changes something takes `not_after`: no request may be *sent* later than
that, and an adapter checks it immediately before sending (`ConflictError`).
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rotator.core.facts import KeyListing, LastUsed, Minter, Principal
    from rotator.core.ids import AccountId, Instant, KeyId, RotationId
    from rotator.core.secret import KeyMaterial, MintedKey
    from rotator.core.survey import Survey
    from rotator.core.terms import Traits


class Verdict(StrEnum):
    """What the provider says to one try with a key.

    `NOT_YET` means that it was refused wherever it was tried; `PARTLY` that it was let
    in, but not everywhere, or without the provider's showing whose it is.
    """

    ACCEPTED = "accepted"
    NOT_YET = "not_yet"
    WRONG_PRINCIPAL = "wrong_principal"
    PARTLY = "partly"


@runtime_checkable
class KeyProvider(Protocol):
    """Makes, lists, tries and ends the keys of principals."""

    @property
    def traits(self) -> Traits:
        """Return what this provider is like."""
        ...

    def principals(self, account: AccountId) -> Iterable[Principal]:
        """Yield every principal of an account; all pages, in no promised order."""
        ...

    def list_keys(self, principal: Principal) -> KeyListing:
        """List all keys of a principal, with the provider's own time.

        Raises:
            NotFoundError: No principal of that name, or one with another uid
                (then with code ``principal_replaced``).
        """
        ...

    def create_key(
        self,
        principal: Principal,
        rotation: RotationId,
        *,
        replaces: KeyId | None,
        not_after: Instant,
    ) -> MintedKey:
        """Mint one key; sends one minting request at most and never a second one.

        Args:
            principal: Whom the key is for.
            rotation: The rotation that mints it; on the key from birth where the
                provider lets us name it.
            replaces: The key whose powers the new one gets, never more; None where
                powers belong to the principal and not to a key.
            not_after: When nothing may be sent any more.

        Raises:
            OutcomeUnknownError: The request may have taken effect.
            QuotaExceededError: The principal has no free slot; nothing was made.
        """
        ...

    def delete_key(self, principal: Principal, key: KeyId, *, not_after: Instant) -> None:
        """Delete a key for good; no error when it is already gone."""
        ...

    def verify(self, principal: Principal, material: KeyMaterial) -> Verdict:
        """Try the key once, as itself, from outside.

        "Not known" is `NOT_YET`: after a mint it means propagation, and after a
        delete that the key is refused.

        Raises:
            TransientError: The try could not be made; it says nothing of the key.
        """
        ...


@runtime_checkable
class CanDisable(Protocol):
    """A provider that can switch a key off and on again."""

    def disable_key(self, principal: Principal, key: KeyId, *, not_after: Instant) -> None:
        """Switch a key off; no error when it is off already.

        Raises:
            NotFoundError: There is no such key.
        """
        ...

    def enable_key(self, principal: Principal, key: KeyId, *, not_after: Instant) -> None:
        """Switch a key on; no error when it is on already.

        Raises:
            NotFoundError: There is no such key.
        """
        ...


@runtime_checkable
class CanKeepGrants(Protocol):
    """A provider whose keys are each granted things of their own, such as keysets."""

    def grants(self, principal: Principal, key: KeyId) -> frozenset[str]:
        """Read everything that a key is granted, by the provider's ids.

        Raises:
            NotFoundError: There is no such key.
            RejectedError: The grants cannot all be read.
        """
        ...

    def grant(
        self, principal: Principal, key: KeyId, grants: frozenset[str], *, not_after: Instant
    ) -> None:
        """Grant a key what it lacks of these; no error for what it has already.

        Raises:
            NotFoundError: There is no such key, or nothing of that id to be granted.
        """
        ...


@runtime_checkable
class CanTellOwn(Protocol):
    """A provider that knows the key by which we are admitted ourselves."""

    def own_key(self, account: AccountId) -> KeyId | None:
        """Name our own key of an account; None where we are admitted by something else."""
        ...


@runtime_checkable
class CanReportUse(Protocol):
    """A provider that tells when a key was last used."""

    def last_used(self, principal: Principal, key: KeyId) -> LastUsed:
        """Tell the last use; `at` is None only when the provider says "never".

        Raises:
            NotFoundError: There is no such key; never answered as "never used".
        """
        ...


@runtime_checkable
class CanMark(Protocol):
    """A provider where a key can be marked with its rotation after birth."""

    def mark_key(self, principal: Principal, key: KeyId, rotation: RotationId) -> None:
        """Write ``rotator/<rotation>`` beside the key; replaces an older mark."""
        ...

    def marks(self, principal: Principal) -> dict[KeyId, RotationId]:
        """Read every mark of ours on a principal's keys."""
        ...


@runtime_checkable
class CanTellMinter(Protocol):
    """A provider whose own log shows whose call made a key."""

    def minted_by(
        self,
        principal: Principal,
        key: KeyId,
        rotation: RotationId,
        *,
        since: Instant,
        until: Instant,
    ) -> Minter:
        """Look the key's making up in the provider's log.

        Args:
            principal: Whom the key belongs to.
            key: The key.
            rotation: The rotation of ours that may have minted it; `OURS` means
                this one, and another of ours is `UNKNOWN`.
            since: When the key cannot have been made yet, by the provider's time.
            until: When it was surely made, by the provider's time.

        Returns:
            `UNKNOWN` while the log does not show it: logs are late.
        """
        ...


@runtime_checkable
class CanTellPeople(Protocol):
    """A provider that knows whether a principal is a person."""

    def is_person(self, principal: Principal) -> bool:
        """Whether the principal can sign in to a console, and so is a person's."""
        ...


@runtime_checkable
class CanReadTags(Protocol):
    """A provider where principals carry tags."""

    def tags(self, principal: Principal) -> Mapping[str, str]:
        """Read a principal's tags; asked only where policy needs them.

        Raises:
            NotFoundError: No principal of that name, or one with another uid.
        """
        ...


@runtime_checkable
class CanSurvey(Protocol):
    """A provider that has an overview of an account for the price of a few calls."""

    def survey(self, account: AccountId) -> Survey:
        """Read the overview; it may be hours old and never is the truth about a key.

        Raises:
            UnavailableError: It is not ready yet, or it was made too often.
        """
        ...
