"""Where secrets are published: staged as pending, promoted by compare-and-swap.

Every method raises the classes of `rotator.errors` and nothing else. A method
that changes something takes `not_after`: no request may be *sent* later than
that, and an adapter checks it immediately before sending (`ConflictError`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rotator.core.facts import DestinationRef, DestinationState
    from rotator.core.ids import AccountId, Instant, KeyId, VersionId
    from rotator.core.secret import KeyMaterial
    from rotator.core.survey import FoundObject


@runtime_checkable
class Destination(Protocol):
    """Keeps versions of one object; exactly one of them is current for consumers."""

    def describe(self, ref: DestinationRef) -> DestinationState:
        """Report the object's versions and labels; reads no secret.

        An object that does not exist is a state (`exists` false), not an error.
        """
        ...

    def prepare(self, ref: DestinationRef, *, not_after: Instant) -> None:
        """Make the object ours and ready to stage into; repeating is harmless.

        A missing object is created only if `ref.create`, with an empty
        placeholder version first, because a first version becomes current at
        once. An untagged object gets our owner tag; another owner's is refused.

        Raises:
            NotFoundError: Missing, and `ref.create` is false.
            RejectedError: Another owner's.
        """
        ...

    def stage(
        self,
        ref: DestinationRef,
        version: VersionId,
        material: KeyMaterial,
        *,
        base: VersionId | None,
        not_after: Instant,
    ) -> None:
        """Store the key as a pending version; repeating with equal content is harmless.

        With `ref.merge` the other fields are those of `base`.

        Raises:
            ConflictError: `base` is not the current version any more.
            RejectedError: The version exists with other content, the base is not
                a JSON object, or the result would be too large; nothing was stored.
        """
        ...

    def promote(
        self,
        ref: DestinationRef,
        version: VersionId,
        *,
        expected: VersionId | None,
        not_after: Instant,
    ) -> None:
        """Make `version` current if `expected` is current now; no error if it already is.

        Afterwards the version carries no pending label.

        Raises:
            ConflictError: Another version is current; nothing was changed.
        """
        ...

    def unstage(self, ref: DestinationRef, version: VersionId, *, not_after: Instant) -> None:
        """Take every label but "current" off a version; no error when it has none."""
        ...


@runtime_checkable
class CanReadBack(Protocol):
    """A destination from which we are allowed to read what we need."""

    def read_staged(self, ref: DestinationRef, version: VersionId) -> KeyMaterial:
        """Read a pending version of ours back, to verify it after a restart."""
        ...

    def published_key_id(self, ref: DestinationRef) -> KeyId | None:
        """Read the key id inside the current version; None when it has none."""
        ...


@runtime_checkable
class CanReadVersions(Protocol):
    """A destination from which a version can be read that carries no label any more."""

    def read_version(self, ref: DestinationRef, version: VersionId) -> KeyMaterial:
        """Read the key that a version carries, to try whether it is refused.

        Raises:
            NotFoundError: There is no such version; vendors forget old ones.
            RejectedError: It carries no key in our fields.
        """
        ...


@runtime_checkable
class CanReadHistory(Protocol):
    """A destination that can tell what it carried before; only a lost journal asks."""

    def previous_key_id(self, ref: DestinationRef) -> KeyId | None:
        """Read the key id inside the version before the current one; None without either."""
        ...


@runtime_checkable
class CanSearch(Protocol):
    """A destination whose objects can be looked through for keys."""

    def search(self, account: AccountId, region: str) -> Iterable[FoundObject]:
        """Yield every object of an account and region with the key ids in its current version.

        One object that cannot be read is yielded with the reason and stops nothing.
        """
        ...
