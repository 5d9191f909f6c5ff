"""Does the destination still carry the key that the journal holds to be current?

Asked at every inspection of a credential without an open rotation. What is found
is told with both keys, both versions and what is safe; whether anything may be
done about it is policy's word. What a person published and what works is never
overwritten.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, assert_never

from rotator.core.facts import What
from rotator.core.reasons import Reason
from rotator.core.recovery import plus
from rotator.core.rotation import Role
from rotator.core.steps import failure, known, need
from rotator.core.unfit import unfit

if TYPE_CHECKING:
    from rotator.core.facts import DestinationState, KeyInfo, KeyListing, Observation
    from rotator.core.ids import KeyId, VersionId
    from rotator.core.rotation import Credential, KeyRecord
    from rotator.core.steps import Do
    from rotator.core.terms import Terms


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """What the journal remembers of a principal's keys.

    Attributes:
        records: Every key that was ever seen there.
        lost: Keys with the mark of a rotation of which the journal knows nothing.
    """

    records: tuple[KeyRecord, ...] = ()
    lost: frozenset[KeyId] = frozenset()

    def find(self, key: KeyId | None) -> KeyRecord | None:
        """Return the record of one key, or None."""
        return next((item for item in self.records if item.key_id == key), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """Remember a version that somebody else wrote and that carries the current key."""

    version: VersionId | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """The destination or the provider is not what the journal holds.

    Attributes:
        reason: What a person is told.
        detail: Keys, versions, and what is safe.
        version: The destination's current version.
        adopt: The published key, if it may become the current one.
        is_proved: Whether a rotation of ours published it, so that no rule is asked.
        is_dead: Whether what consumers read is refused by the provider.
    """

    reason: Reason
    detail: str
    version: VersionId | None = None
    adopt: KeyId | None = None
    is_proved: bool = False
    is_dead: bool = False


class _Life(StrEnum):
    """What the provider says of a key that consumers are given."""

    ENABLED = "enabled"
    DISABLED = "disabled"
    EXPIRED = "expired"
    GONE = "gone"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scene:
    """Everything that a look rests on."""

    credential: Credential
    place: str
    memory: Memory
    listing: KeyListing
    terms: Terms

    @property
    def current(self) -> KeyInfo | None:
        return self.listing.find(self.credential.current_key_id)


def look(
    credential: Credential,
    memory: Memory,
    listing: KeyListing,
    observation: Observation,
    terms: Terms,
) -> Do | Note | Drift | None:
    """Compare the destination and the provider with the journal; None when all three agree.

    Args:
        credential: One that has a current key.
        memory: What the journal remembers of the principal's keys.
        listing: The provider's listing of this pass.
        observation: What else this pass has read; the destination is asked for.
        terms: Policy, traits and limits.
    """
    ref = credential.destination
    scene = _Scene(
        credential=credential,
        place=ref.name if ref else "",
        memory=memory,
        listing=listing,
        terms=terms,
    )
    if ref is None:
        return _at_provider(scene, None)
    asked = need(observation.destination, What.DESTINATION)
    if asked:
        return asked
    state = known(observation.destination)
    if state is None:
        return Drift(reason=Reason.ACCESS_DENIED, detail=failure(observation.destination))
    never_carried = credential.current_version is None
    reason = unfit(state, owner=terms.owner, create=ref.create and never_carried)
    if reason:
        return Drift(reason=reason, detail=_lost_object(scene))
    is_as_left = not state.exists or state.current == credential.current_version
    if is_as_left or (never_carried and not terms.can_read_back):
        return _at_provider(scene, state.current)
    return _changed(scene, state, observation)


def _at_provider(scene: _Scene, version: VersionId | None) -> Drift | None:
    """The destination carries our key, or never carried one: does the provider accept it?

    One that the provider has ended by itself is no drift: it is replaced at once.
    """
    current = scene.current
    if current is not None and current.enabled:
        return None
    if _has_expired(scene, scene.credential.current_key_id):
        return None
    reason = Reason.CURRENT_KEY_GONE if current is None else Reason.CURRENT_KEY_DISABLED
    key = scene.credential.current_key_id
    is_dead = current is not None or _is_settled(scene, key)
    return Drift(reason=reason, detail=str(key), version=version, is_dead=is_dead)


def _changed(
    scene: _Scene, state: DestinationState, observation: Observation
) -> Do | Note | Drift | None:
    """Another version is current: what it carries decides, where that can be read."""
    if not scene.terms.can_read_back:
        return _unread(scene, state, "it cannot be read back")
    asked = need(observation.published, What.PUBLISHED)
    if asked:
        return asked
    code = failure(observation.published)
    if code:
        return _unread(scene, state, f"it cannot be read: {code}")
    published = known(observation.published)
    if published == scene.credential.current_key_id:
        return Note(version=state.current)
    if published is None:
        if scene.credential.current_version is None:
            return _at_provider(scene, state.current)
        return _drift(scene, state, "carries no key, so whoever reads it now has none")
    return _replaced(scene, state, published)


def _replaced(scene: _Scene, state: DestinationState, published: KeyId) -> Drift:
    """The destination carries another key: one that works, one that does not, or a riddle."""
    life = _life(scene, published)
    record = scene.memory.find(published)
    is_ended = record is not None and (record.role is Role.DISCARD or record.intent is not None)
    may_adopt = life is _Life.ENABLED and not is_ended
    return _drift(
        scene,
        state,
        f"carries {published}, {_meaning(life)}",
        adopt=published if may_adopt else None,
        is_proved=may_adopt and published in scene.memory.lost and state.owner == scene.terms.owner,
        is_dead=life in {_Life.DISABLED, _Life.EXPIRED, _Life.GONE},
    )


def _life(scene: _Scene, published: KeyId) -> _Life:
    """A key that is not listed is gone only if we know it as this principal's."""
    listed = scene.listing.find(published)
    if _has_expired(scene, published):
        return _Life.EXPIRED
    if listed is not None:
        return _Life.ENABLED if listed.enabled else _Life.DISABLED
    return _Life.GONE if _is_settled(scene, published) else _Life.UNKNOWN


def _has_expired(scene: _Scene, key: KeyId | None) -> bool:
    """Whether the provider has ended a key by itself; some then list it no more."""
    found = scene.listing.find(key) or scene.memory.find(key)
    return found is not None and found.has_expired(scene.listing.provider_time)


def _is_settled(scene: _Scene, key: KeyId | None) -> bool:
    """Whether the listing is too late to lack a key of ours only because it is stale."""
    record = scene.memory.find(key)
    if record is None:
        return False
    return scene.listing.provider_time >= plus(record.created_at, scene.terms.traits.list_lag)


def _meaning(life: _Life) -> str:
    match life:
        case _Life.ENABLED:
            return "an enabled key of this principal, so consumers work; delete neither key"
        case _Life.DISABLED:
            return "a disabled key of this principal: whoever reads it now is refused"
        case _Life.EXPIRED:
            return "a key of this principal that has expired: whoever reads it now is refused"
        case _Life.GONE:
            return "a key that this principal no longer has: whoever reads it now is refused"
        case _Life.UNKNOWN:
            return "which is not listed for this principal; it may be another's and work"
        case _ as never:  # pragma: no cover - mypy proves that nothing gets here
            assert_never(never)


def _unread(scene: _Scene, state: DestinationState, why: str) -> Drift:
    return _drift(scene, state, f"is not ours and {why}, so what consumers read is not known")


def _drift(
    scene: _Scene,
    state: DestinationState,
    finding: str,
    *,
    adopt: KeyId | None = None,
    is_proved: bool = False,
    is_dead: bool = False,
) -> Drift:
    detail = f"current version {state.current} of {scene.place} {finding}; {_ours(scene)}"
    return Drift(
        reason=Reason.DRIFT,
        detail=detail,
        version=state.current,
        adopt=adopt,
        is_proved=is_proved,
        is_dead=is_dead,
    )


def _lost_object(scene: _Scene) -> str:
    return f"{scene.place}; {_ours(scene)}"


def _ours(scene: _Scene) -> str:
    """Say where the key that we hold to be current is, and whether it works."""
    current = scene.current
    if _has_expired(scene, scene.credential.current_key_id):
        life = "has expired"
    else:
        life = "is gone" if current is None else "works" if current.enabled else "is disabled"
    version = scene.credential.current_version
    place = f"version {version}" if version else "no version that we know"
    return f"the journal holds {scene.credential.current_key_id} in {place}, which {life}"
