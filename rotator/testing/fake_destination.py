"""A fake destination with the semantics of AWS Secrets Manager.

A version's token names its content for ever, each label is on one version at
most, the first version becomes current at once, and moving "current" moves
"previous". `FakeDestination` can be read back; `WriteOnlyFakeDestination` cannot.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from uuid import UUID

from rotator.core.facts import DestinationState
from rotator.core.forms import key_id_of, published
from rotator.core.ids import AccountId, DestinationId, Instant, KeyId, VersionId
from rotator.core.recognition import Content, recognise
from rotator.core.secret import KeyMaterial, Secret
from rotator.core.survey import FoundObject, Shape
from rotator.errors import AccessDeniedError, ConflictError, NotFoundError, RejectedError
from rotator.testing.wire import Act, Actor, Wire

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rotator.core.facts import DestinationRef
    from rotator.ports.clock import Clock

SIZE_LIMIT = 65_536
_UNNAMED = 0xFEED << 64


@dataclass(slots=True, kw_only=True)
class FakeObject:
    """One object as it really is; versions keep the order of their writing.

    Attributes:
        ref: What it was made by; None for one that no search has to find.
        is_readable: Whether a search may read it.
    """

    ref: DestinationRef | None = None
    is_readable: bool = True
    owner: str | None = None
    versions: dict[VersionId, str] = field(default_factory=dict)
    current: VersionId | None = None
    pending: VersionId | None = None
    previous: VersionId | None = None
    native_rotation: bool = False
    deletion_scheduled: bool = False

    def make_current(self, version: VersionId) -> None:
        """Move the label "current", and "previous" after it."""
        if self.current != version:
            self.previous, self.current = self.current, version


class WriteOnlyFakeDestination:
    """A destination that we may write to and describe, and the truth about it."""

    def __init__(
        self,
        clock: Clock,
        *,
        owner: str = "rotator",
        wire: Wire | None = None,
        size_limit: int = SIZE_LIMIT,
    ) -> None:
        """Start without objects.

        Args:
            clock: The true time.
            owner: The installation's name that `prepare` tags with.
            wire: A wire that several fakes share; its own one if None.
            size_limit: The largest content, in characters.
        """
        self.wire = wire or Wire(clock=clock)
        self.owner = owner
        self.size_limit = size_limit
        self.objects: dict[DestinationId, FakeObject] = {}
        self._unnamed = 0

    def describe(self, ref: DestinationRef) -> DestinationState:
        """Report versions and labels."""
        return self.wire.read("describe", lambda _: self._state(ref))

    def prepare(self, ref: DestinationRef, *, not_after: Instant) -> None:
        """Create with a placeholder, or tag, or refuse."""
        self.wire.write("prepare", lambda at: self._prepare(ref, at), not_after=not_after)

    def stage(
        self,
        ref: DestinationRef,
        version: VersionId,
        material: KeyMaterial,
        *,
        base: VersionId | None,
        not_after: Instant,
    ) -> None:
        """Store a pending version."""
        self.wire.write(
            "stage", lambda at: self._stage(ref, version, material, base, at), not_after=not_after
        )

    def promote(
        self,
        ref: DestinationRef,
        version: VersionId,
        *,
        expected: VersionId | None,
        not_after: Instant,
    ) -> None:
        """Swap the label "current"; a second request clears "pending"."""
        self.wire.write(
            "promote",
            lambda at: self._promote(ref, version, expected, at),
            then=lambda _: self._clear_pending(ref, version),
            not_after=not_after,
        )

    def unstage(self, ref: DestinationRef, version: VersionId, *, not_after: Instant) -> None:
        """Take "pending" off, and in a second request "previous"."""
        self.wire.write(
            "unstage",
            lambda at: self._unstage(ref, version, at),
            then=lambda _: self._clear_previous(ref, version),
            not_after=not_after,
        )

    # What the vendor does.

    def _existing(self, ref: DestinationRef) -> FakeObject:
        found = self.objects.get(ref.id)
        if found is None:
            raise NotFoundError("no such object", subject=ref.name)
        return found

    def _writable(self, ref: DestinationRef) -> FakeObject:
        found = self._existing(ref)
        if found.deletion_scheduled:
            raise RejectedError("scheduled for deletion", subject=ref.name)
        return found

    def _state(self, ref: DestinationRef) -> DestinationState:
        found = self.objects.get(ref.id)
        if found is None:
            return DestinationState(exists=False)
        return DestinationState(
            exists=True,
            owner=found.owner,
            current=found.current,
            pending=frozenset() if found.pending is None else frozenset({found.pending}),
            previous=found.previous,
            versions=frozenset(found.versions),
            native_rotation=found.native_rotation,
            deletion_scheduled=found.deletion_scheduled,
        )

    def _prepare(self, ref: DestinationRef, at: Instant) -> None:
        if ref.id not in self.objects:
            if not ref.create:
                raise NotFoundError("no such object", subject=ref.name)
            self.objects[ref.id] = FakeObject(ref=ref, owner=self.owner)
            self._write(ref, "{}", Actor.ROTATOR, at)
            return
        found = self._writable(ref)
        if found.owner not in (None, self.owner):
            raise RejectedError("another owner's", subject=ref.name)
        if found.owner is None:
            found.owner = self.owner
            self._note(at, Actor.ROTATOR, "prepare", ref)

    def _write(self, ref: DestinationRef, content: str, actor: Actor, at: Instant) -> VersionId:
        self._unnamed += 1
        version = VersionId(str(UUID(int=_UNNAMED + self._unnamed)))
        found = self._existing(ref)
        found.versions[version] = content
        found.make_current(version)
        self._note(at, actor, "write", ref, version)
        return version

    def _stage(
        self,
        ref: DestinationRef,
        version: VersionId,
        material: KeyMaterial,
        base: VersionId | None,
        at: Instant,
    ) -> None:
        found = self._writable(ref)
        if found.current != base:
            raise ConflictError("the base is not current any more", subject=ref.name)
        content = self._content(ref, material, found)
        if found.versions.setdefault(version, content) != content:
            raise RejectedError("the version has other content", subject=ref.name)
        found.pending = version
        self._note(at, Actor.ROTATOR, "stage", ref, version)

    def _content(self, ref: DestinationRef, material: KeyMaterial, found: FakeObject) -> str:
        fields: dict[str, object] = {}
        if ref.merge and found.current is not None:
            fields = _json_object(found.versions[found.current])
        ours = published(ref, material.key_id, material.secret.reveal())
        content = json.dumps({**fields, **ours})
        if len(content) > self.size_limit:
            raise RejectedError("too large", subject=ref.name)
        return content

    def _promote(
        self, ref: DestinationRef, version: VersionId, expected: VersionId | None, at: Instant
    ) -> None:
        found = self._writable(ref)
        if version not in found.versions:
            raise NotFoundError("no such version", subject=ref.name)
        if found.current == version:
            return
        if found.current != expected:
            raise ConflictError("another version is current", subject=ref.name)
        found.make_current(version)
        self._note(at, Actor.ROTATOR, "promote", ref, version)

    def _clear_pending(self, ref: DestinationRef, version: VersionId) -> None:
        found = self._existing(ref)
        if found.pending == version:
            found.pending = None

    def _unstage(self, ref: DestinationRef, version: VersionId, at: Instant) -> None:
        found = self._writable(ref)
        if version in (found.pending, found.previous):
            self._note(at, Actor.ROTATOR, "unstage", ref, version)
        self._clear_pending(ref, version)

    def _clear_previous(self, ref: DestinationRef, version: VersionId) -> None:
        found = self._existing(ref)
        if found.previous == version:
            found.previous = None

    def _note(
        self,
        at: Instant,
        actor: Actor,
        verb: str,
        ref: DestinationRef,
        version: VersionId | None = None,
    ) -> None:
        self.wire.acts.append(
            Act(at=at, actor=actor, verb=verb, destination=ref.id, version=version)
        )

    # What people and consumers do; no fault is between them and the vendor.

    def create_by_hand(
        self, ref: DestinationRef, content: str, *, owner: str | None = None
    ) -> VersionId:
        """Make an object with a first version."""
        self.wire.land()
        self.objects[ref.id] = FakeObject(ref=ref, owner=owner)
        return self.write_by_hand(ref, content)

    def write_by_hand(self, ref: DestinationRef, content: str) -> VersionId:
        """Write a new current version, as a human or another program does."""
        return self._write(ref, content, Actor.HUMAN, self.wire.land())

    def make_current_by_hand(self, ref: DestinationRef, version: VersionId) -> None:
        """Move the label "current", as a human who rolls back does."""
        at = self.wire.land()
        self._existing(ref).make_current(version)
        self._note(at, Actor.HUMAN, "promote", ref, version)

    def read(self, ref: DestinationRef, version: VersionId | None = None) -> str:
        """Read the current version, or a named one, as a consumer does."""
        self.wire.land()
        found = self._existing(ref)
        wanted = version or found.current
        if wanted is None or wanted not in found.versions:
            raise NotFoundError("no such version", subject=ref.name)
        return found.versions[wanted]

    def material(self, ref: DestinationRef, version: VersionId | None = None) -> KeyMaterial | None:
        """Read the key that a version publishes, or None if it publishes none."""
        text = self.read(ref, version)
        key = _key_id_in(ref, text)
        secret = _json_object(text, or_empty=True).get(ref.secret_field)
        if key is None or not isinstance(secret, str):
            return None
        return KeyMaterial(key_id=key, secret=Secret(secret))


class FakeDestination(WriteOnlyFakeDestination):
    """A destination that we may also read, as AWS Secrets Manager can allow."""

    def read_staged(self, ref: DestinationRef, version: VersionId) -> KeyMaterial:
        """Read a version back."""
        return self.wire.read("read_staged", lambda _: self._key_in(ref, version))

    def read_version(self, ref: DestinationRef, version: VersionId) -> KeyMaterial:
        """Read any version, whatever its labels."""
        return self.wire.read("read_version", lambda _: self._key_in(ref, version))

    def published_key_id(self, ref: DestinationRef) -> KeyId | None:
        """Read the key id in the current version."""
        return self.wire.read("published_key_id", lambda _: _key_id_in(ref, self.read(ref)))

    def _key_in(self, ref: DestinationRef, version: VersionId) -> KeyMaterial:
        found = self.material(ref, version)
        if found is None:
            raise RejectedError("the version holds no key", subject=ref.name)
        return found

    def previous_key_id(self, ref: DestinationRef) -> KeyId | None:
        """Read the key id in the version before the current one."""

        def answer(_: Instant) -> KeyId | None:
            previous = self._existing(ref).previous
            return None if previous is None else _key_id_in(ref, self.read(ref, previous))

        return self.wire.read("previous_key_id", answer)

    def search(self, account: AccountId, region: str) -> Iterator[FoundObject]:
        """Yield every object of a place that is not about to be deleted."""
        found = self.wire.read("search", lambda _: tuple(self.objects.values()))
        for item in found:
            ref = item.ref
            if ref is None or item.deletion_scheduled:
                continue
            if (ref.account, ref.region) == (account, region):
                yield _found(ref, item)


def _key_id_in(ref: DestinationRef, text: str) -> KeyId | None:
    try:
        return key_id_of(ref, _json_object(text, or_empty=True))
    except ValueError:
        return None


def _found(ref: DestinationRef, item: FakeObject) -> FoundObject:
    text = item.versions[item.current] if item.current else ""
    content = recognise(text) if item.is_readable else Content(shape=Shape.UNREADABLE)
    return FoundObject(
        kind=ref.kind,
        account=ref.account,
        region=ref.region,
        name=ref.name,
        shape=content.shape,
        owner=item.owner,
        keys=content.keys,
        fields=content.fields,
        is_rotated_natively=item.native_rotation,
        code="" if item.is_readable else AccessDeniedError.default_code,
    )


def _json_object(text: str, *, or_empty: bool = False) -> dict[str, object]:
    try:
        found = json.loads(text)
    except json.JSONDecodeError:
        found = None
    if isinstance(found, dict):
        return found
    if or_empty:
        return {}
    raise RejectedError("the current version is not a JSON object")
