"""What the outside says: keys at a provider, versions at a destination, last uses.

Readings are `Known`, `Unreadable` or `Unread`; the machine asks for what it
needs, and an error is never taken for "unused" or "gone" (invariant I8).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Generic, TypeVar

from rotator.core.ids import destination_id

if TYPE_CHECKING:
    from datetime import timedelta

    from rotator.core.consumers import ConsumersReading
    from rotator.core.ids import AccountId, DestinationId, Instant, KeyId, VersionId

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Known(Generic[T]):
    """A reading that succeeded in this pass."""

    value: T


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A reading that was tried and failed for good.

    Attributes:
        code: Our word for why.
        why: The same for a person; empty where the word is enough.
    """

    code: str
    why: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Unread:
    """A reading that nobody asked for yet, or that an effect has made stale."""


UNREAD = Unread()


class What(StrEnum):
    """What can be observed; each is one reading of an `Observation`."""

    KEYS = "keys"
    DESTINATION = "destination"
    PUBLISHED = "published"
    OLD_USE = "old_use"
    NEW_USE = "new_use"
    GRANTS = "grants"
    OLD_REFUSED = "old_refused"
    FOLLOWERS = "followers"
    CONSUMERS = "consumers"


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Whom keys belong to at the provider.

    Attributes:
        provider: The provider's name, such as ``aws-iam``.
        account: The provider's container.
        name: The principal's name, unique in its account at one time.
        uid: The provider's immutable id; tells a re-created namesake apart.
        path: The provider's grouping, such as ``/svc/``; ``/`` if it has none.
    """

    provider: str
    account: AccountId
    name: str
    uid: str
    path: str = "/"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyInfo:
    """One key as a provider lists it.

    Attributes:
        rotation: The rotation that the key's name or tag at the provider points
            to, in the provider's wording reduced to our id; None when unmarked.
        is_dated: Whether the provider tells when the key was made. If not, `created_at`
            is the time of the listing, and the first one that showed it counts.
        expires_at: When the provider itself ends the key: it is refused from then on,
            whatever `enabled` says. None for a key without an end.
    """

    key_id: KeyId
    enabled: bool
    created_at: Instant
    rotation: str | None = None
    is_dated: bool = True
    expires_at: Instant | None = None

    def has_expired(self, at: Instant) -> bool:
        """Whether the provider has ended the key by itself; `at` is its own time."""
        return self.expires_at is not None and at >= self.expires_at


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyListing:
    """All keys of one principal, in one listing, with the provider's own time."""

    keys: tuple[KeyInfo, ...]
    provider_time: Instant

    def find(self, key: KeyId | None) -> KeyInfo | None:
        """Return the key of that id, or None when it is not listed."""
        return next((item for item in self.keys if item.key_id == key), None)

    @property
    def ids(self) -> tuple[KeyId, ...]:
        """Every listed key's id, in the order of the listing."""
        return tuple(item.key_id for item in self.keys)


@dataclass(frozen=True, slots=True, kw_only=True)
class LastUsed:
    """When a key was last used; `at` is None when it never was."""

    at: Instant | None
    service: str = ""
    region: str = ""


class Minter(StrEnum):
    """Whose call made a key, by the provider's own log; `UNKNOWN` is no answer at all."""

    OURS = "ours"
    SOMEBODY_ELSE = "somebody_else"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class DestinationRef:
    """Where one credential is published: an object and the fields that are ours in it.

    Attributes:
        kind: The destination's type, such as ``aws-secrets-manager``.
        account: The account that the object lives in.
        region: The region that the object lives in; may be empty.
        name: The object's name, such as a secret's.
        key_id_field: JSON field for the key's id; empty where the secret itself
            begins with it (`rotator.core.forms`).
        secret_field: JSON field for the secret.
        merge: Keep the other JSON fields of the current version.
        create: Make the object when it is missing.
    """

    kind: str
    account: AccountId
    region: str
    name: str
    key_id_field: str = "AccessKeyId"
    secret_field: str = "SecretAccessKey"  # noqa: S105 - a field's name, not a secret
    merge: bool = False
    create: bool = False

    @property
    def id(self) -> DestinationId:
        """The object's id; two credentials with one object share it."""
        return destination_id(self.kind, self.account, self.region, self.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class DestinationState:
    """One destination object as it is now.

    Attributes:
        exists: Whether the object exists at all.
        owner: The installation that its owner tag names; None when untagged.
        current: The version that consumers read; None when there is none.
        pending: Versions that carry the pending label.
        previous: The version that the vendor keeps labelled as the one before.
        versions: Every stored version, unlabelled ones too.
        native_rotation: Whether somebody else's rotation is switched on.
        deletion_scheduled: Whether the object is going to be deleted.
    """

    exists: bool
    owner: str | None = None
    current: VersionId | None = None
    pending: frozenset[VersionId] = frozenset()
    previous: VersionId | None = None
    versions: frozenset[VersionId] = frozenset()
    native_rotation: bool = False
    deletion_scheduled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Grants:
    """What the two keys of a rotation are granted; a key that is gone is granted nothing."""

    old: frozenset[str]
    new: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Follower:
    """One more place of a credential's key, as it is now.

    Attributes:
        ref: Which place it is.
        state: The object; None if it could not be read.
        published: The key id inside its current version; None if that carries none.
        is_ours: Whether the journal knows that key as one of this credential's.
        code: Our word for why it could not be read or written in this pass; empty otherwise.
        why: The same for a person.
        is_passing: Whether that may be over soon, without anybody's doing.
        writes: How often the open rotation wrote it within the last day.
    """

    ref: DestinationRef
    state: DestinationState | None = None
    published: KeyId | None = None
    is_ours: bool = False
    code: str = ""
    why: str = field(default="", compare=False)
    is_passing: bool = False
    writes: int = 0


Reading = Known[T] | Unreadable | Unread


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """Everything that one pass has read so far, and what it holds in hand.

    Attributes:
        keys: The provider's listing.
        destination: The destination object.
        published: The key id inside the destination's current version.
        old_use: Last use of the rotation's old key.
        new_use: Last use of the rotation's new key.
        grants: What both keys of the rotation are granted.
        old_refused: Whether the provider refuses the old key, tried once as itself.
        followers: The credential's other places, in policy's order.
        consumers: Who reads the destination, as their cluster tells it.
        old_gap: The longest gap between two uses of the old key that we ever saw.
        old_expires_at: When the provider ends the old key by itself, as it was last listed.
        secret_in_hand: Whether this process still holds the new key's secret.
    """

    keys: Reading[KeyListing] = UNREAD
    destination: Reading[DestinationState] = UNREAD
    published: Reading[KeyId | None] = UNREAD
    old_use: Reading[LastUsed] = UNREAD
    new_use: Reading[LastUsed] = UNREAD
    grants: Reading[Grants] = UNREAD
    old_refused: Reading[bool] = UNREAD
    followers: Reading[tuple[Follower, ...]] = UNREAD
    consumers: Reading[ConsumersReading] = UNREAD
    old_gap: timedelta | None = field(default=None)
    old_expires_at: Instant | None = None
    secret_in_hand: bool = False

    def with_reading(self, what: What, reading: Reading[object]) -> Observation:
        """Return a copy in which one reading is replaced."""
        return replace(self, **{what.value: reading})  # type: ignore[arg-type]

    def forgetting(self) -> Observation:
        """Return a copy whose readings are all unread: an effect made them stale."""
        return replace(self, **{what.value: UNREAD for what in What})  # type: ignore[arg-type]
