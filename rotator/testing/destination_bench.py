"""The bench of `rotator.ports.destination`: a destination, and the people beside it."""

from __future__ import annotations

import json
from abc import abstractmethod
from typing import TYPE_CHECKING
from uuid import UUID

from rotator.core import forms
from rotator.core.ids import KeyId, VersionId
from rotator.core.secret import KeyMaterial, Secret
from rotator.testing.bench import Bench

if TYPE_CHECKING:
    from rotator.core.facts import DestinationRef
    from rotator.ports.destination import Destination

FIRST = VersionId(str(UUID(int=0xF1)))
SECOND = VersionId(str(UUID(int=0xF2)))
UNKNOWN = VersionId(str(UUID(int=0xFF)))


class DestinationBench(Bench):
    """A destination, its readers, and others who write to it without us."""

    @property
    @abstractmethod
    def destination(self) -> Destination:
        """Return the implementation under test; the same object each time."""

    @property
    @abstractmethod
    def owner(self) -> str:
        """Return the installation's name that the implementation tags objects with."""

    @property
    @abstractmethod
    def size_limit(self) -> int | None:
        """Return the largest content in characters; None where there is no limit."""

    @abstractmethod
    def new_ref(self, *, merge: bool = False, create: bool = False) -> DestinationRef:
        """Name an object that does not exist; each has another name."""

    @abstractmethod
    def create_by_hand(
        self, ref: DestinationRef, content: str, *, owner: str | None = None
    ) -> VersionId:
        """Make the object out of band, with a first version; say that version's id."""

    @abstractmethod
    def write_by_hand(self, ref: DestinationRef, content: str) -> VersionId:
        """Write a new current version out of band; say its id."""

    @abstractmethod
    def read(self, ref: DestinationRef, version: VersionId | None = None) -> str:
        """Read the current version as a consumer does, or a named one, as text."""

    @abstractmethod
    def mark_pending_by_hand(self, ref: DestinationRef, version: VersionId) -> None:
        """Put the pending label on a version; skip where there are no labels."""

    @abstractmethod
    def switch_native_rotation_on(self, ref: DestinationRef) -> None:
        """Let the vendor rotate the object by itself; skip where no vendor does."""

    @abstractmethod
    def schedule_deletion(self, ref: DestinationRef) -> None:
        """Have the object deleted some days later; skip where that is not known."""


def material(number: int = 1) -> KeyMaterial:
    """Make a key with its secret; equal numbers, equal keys."""
    return KeyMaterial(
        key_id=KeyId(f"AKIACONTRACT{number:08d}"), secret=Secret(f"con+tract/secret{number:024d}")
    )


def published(ref: DestinationRef, key: KeyMaterial) -> dict[str, str]:
    """Tell the fields under which a reference publishes a key."""
    return forms.published(ref, key.key_id, key.secret.reveal())


def owned(
    bench: DestinationBench, *, merge: bool = False, content: str = '{"note": "first"}'
) -> tuple[DestinationRef, VersionId]:
    """Make an object that is ours already, and tell its current version."""
    ref = bench.new_ref(merge=merge)
    version = bench.create_by_hand(ref, content, owner=bench.owner)
    bench.settle()
    return ref, version


def stage(
    bench: DestinationBench,
    ref: DestinationRef,
    version: VersionId,
    *,
    base: VersionId | None,
    key: KeyMaterial | None = None,
) -> None:
    """Stage a key through the port."""
    bench.destination.stage(ref, version, key or material(), base=base, not_after=bench.soon())


def promote(
    bench: DestinationBench, ref: DestinationRef, version: VersionId, *, expected: VersionId | None
) -> None:
    """Promote a version through the port."""
    bench.destination.promote(ref, version, expected=expected, not_after=bench.soon())


def contents(
    bench: DestinationBench, ref: DestinationRef, version: VersionId | None = None
) -> object:
    """Read a version, as JSON."""
    return json.loads(bench.read(ref, version))
