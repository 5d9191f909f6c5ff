"""What the machine is shown: listings, destinations, uses; quiet unless a test says otherwise."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from rotator.core.facts import (
    UNREAD,
    DestinationState,
    KeyInfo,
    KeyListing,
    Known,
    LastUsed,
    Observation,
    Unread,
    Unreadable,
)
from rotator.core.ids import KeyId, VersionId, version_token
from rotator.core.rotation import Effect, Phase
from rotator.core.steps import Do, Halt, Record, Wait
from tests.builders import EPOCH, NEW_KEY, OLD_KEY, OLD_VERSION, at, rotation

if TYPE_CHECKING:
    from datetime import timedelta

    from rotator.core.facts import Reading, T, What
    from rotator.core.ids import Instant
    from rotator.core.reasons import Reason
    from rotator.core.rotation import Rotation
    from rotator.core.steps import Step

TOKEN = version_token(rotation().id, NEW_KEY, 1)
"""The version under which the tests' rotation stores its key."""

STRAY_KEY = KeyId("AKIASTRAY00000000003")
SIBLING_VERSION = VersionId("00000000-0000-4000-8000-000000000003")
"""A version that somebody else wrote."""

DENIED = Unreadable("access_denied")


def open_rotation(phase: Phase = Phase.PLANNED, **changes: Any) -> Rotation:  # noqa: ANN401
    """Build a rotation whose stored version is the token that the machine computes."""
    made = rotation(phase=phase)
    if made.new_version is not None:
        made = replace(made, new_version=TOKEN)
    if phase is Phase.CREATED:
        made = replace(made, base_version=OLD_VERSION)
    return replace(made, **changes)


def key(key_id: KeyId = OLD_KEY, **changes: Any) -> KeyInfo:  # noqa: ANN401 - any field
    """Build one listed key: enabled, made a month before `EPOCH`."""
    return replace(KeyInfo(key_id=key_id, enabled=True, created_at=at(days=-30)), **changes)


def listing(*keys: KeyInfo, now: Instant = EPOCH) -> KeyListing:
    """Build a listing whose provider agrees with our clock."""
    return KeyListing(keys=keys, provider_time=now)


def both(now: Instant = EPOCH) -> KeyListing:
    """List the old and the new key, both enabled."""
    return listing(key(), key(NEW_KEY), now=now)


def state(
    current: VersionId | None = OLD_VERSION,
    **changes: Any,  # noqa: ANN401 - any field
) -> DestinationState:
    """Build an object that is ours and holds its current version."""
    versions = frozenset() if current is None else frozenset({current})
    made = DestinationState(exists=True, owner="rotator", current=current, versions=versions)
    return replace(made, **changes)


def missing() -> DestinationState:
    """Build the state of an object that does not exist."""
    return DestinationState(exists=False)


def used(
    when: Instant | None = None, *, service: str = "s3", region: str = "us-east-1"
) -> LastUsed:
    """Build a last use; never used without an instant."""
    return LastUsed(at=when, service=service, region=region)


def seen(
    *,
    keys: KeyListing | Unreadable | Unread = UNREAD,
    destination: DestinationState | Unreadable | Unread = UNREAD,
    published: KeyId | Unreadable | Unread | None = UNREAD,
    old_use: LastUsed | Unreadable | Unread = UNREAD,
    new_use: LastUsed | Unreadable | Unread = UNREAD,
    old_gap: timedelta | None = None,
    old_refused: bool | Unreadable | Unread = UNREAD,
    in_hand: bool = False,
) -> Observation:
    """Build an observation; a plain value is one that was read."""
    return Observation(
        keys=_reading(keys),
        destination=_reading(destination),
        published=_reading(published),
        old_use=_reading(old_use),
        new_use=_reading(new_use),
        old_gap=old_gap,
        old_refused=_reading(old_refused),
        secret_in_hand=in_hand,
    )


def asks_for(step: object) -> What | None:
    """Name the reading that a step asks for; None when it asks for none."""
    return step.what if isinstance(step, Do) and step.effect is Effect.OBSERVE else None


def effect_of(step: object) -> Effect | None:
    """Name the effect of a step; None when it has none."""
    return step.effect if isinstance(step, Do) else None


def reason_of(step: object) -> Reason | None:
    """Name the reason of a step; None when it gives none."""
    return step.reason if isinstance(step, Record | Wait | Halt) else None


def is_destructive(step: Step, rotation: Rotation) -> bool:
    """Whether a step takes the old key away from whoever uses it."""
    taken = {Effect.DISABLE_KEY, Effect.DELETE_KEY}
    return isinstance(step, Do) and step.effect in taken and step.key_id == rotation.old_key_id


def _reading(value: T | Unreadable | Unread) -> Reading[T]:
    return value if isinstance(value, Unreadable | Unread) else Known(value)
