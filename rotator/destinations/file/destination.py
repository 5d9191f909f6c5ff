"""The destination: a file with a JSON object, replaced in one step.

What is staged waits in a directory beside the file. Which version the file carries is
known by the file itself: before a new one takes its place, its identity is written down.
So there is no moment in which file and labels could disagree, whenever the power goes.

A change on this machine is done when the call returns: nothing can land late. Somebody
who replaces the file in the very moment between our last look and our own replacement is
not seen; the kernel has no call that compares and swaps a name. So only one process may
write (see `rotator.settings.policy_destinations`), one of its threads at a time, and others
should not.
"""

from __future__ import annotations

from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from rotator.clients.contents import key_id_in, material_in, merge
from rotator.core.facts import DestinationState
from rotator.core.ids import VersionId
from rotator.core.secret import Secret
from rotator.destinations.file.config import SIZE_LIMIT_BYTES
from rotator.destinations.file.disk import Disk, identity, placed
from rotator.destinations.file.labels import Labels, Published
from rotator.destinations.file.places import (
    check_holder,
    check_name,
    check_place,
    check_readers,
    check_side,
    stat_of,
)
from rotator.destinations.file.shelf import Shelf, missing, text_in, told
from rotator.errors import ConflictError, OutcomeUnknownError, RejectedError, RotatorError

if TYPE_CHECKING:
    import os

    from rotator.core.facts import DestinationRef
    from rotator.core.ids import Instant, KeyId
    from rotator.core.secret import KeyMaterial
    from rotator.destinations.file.config import FileConfig
    from rotator.ports.clock import Clock

_PLACEHOLDER = Secret("{}")


class Files:
    """A `Destination` that can read back, any version and history too."""

    def __init__(self, config: FileConfig, clock: Clock, disk: Disk | None = None) -> None:
        """Keep files of an owner; touches nothing yet.

        Args:
            config: Whose files.
            clock: What `not_after` is compared with.
            disk: Changes the disk; the system's if None.
        """
        self._owner = config.owner
        self._read_only = config.read_only
        self._clock = clock
        self._disk = disk or Disk()
        # Two credentials may share a file: between a look and the replacement that rests
        # on it no other thread may replace the file, or its key would be lost unseen.
        self._turn = Lock()

    def describe(self, ref: DestinationRef) -> DestinationState:
        """Report labels and versions; reads neither the file nor a version.

        Raises:
            RejectedError: There is a link, or something else than a file.
        """
        shelf = self._shelf(ref)
        present = self._present(shelf)
        if present is None:
            return DestinationState(exists=False)
        return _state(shelf, shelf.labels(), present)

    def prepare(self, ref: DestinationRef, *, not_after: Instant) -> None:
        """Make the file ours; with `ref.create` a missing one is made, with an empty object.

        Raises:
            NotFoundError: There is no file, or no directory for it.
            RejectedError: It is another installation's, its place is not safe, or more than
                its owner may read it.
            AccessDeniedError: It is another user's.
        """
        with self._turn:
            shelf = self._shelf(ref)
            present, labels = self._checked(shelf)
            if present is None and not ref.create:
                raise missing(shelf.path)
            if present is not None:
                check_readers(shelf.path, present)
            self._in_time(shelf, not_after)
            shelf.make()
            if labels.owner is None:
                shelf.label(Labels(owner=self._owner))
            if present is None:
                draft, _ = shelf.draft(_PLACEHOLDER, None)
                self._place(shelf, draft, not_after)

    def stage(
        self,
        ref: DestinationRef,
        version: VersionId,
        material: KeyMaterial,
        *,
        base: VersionId | None,
        not_after: Instant,
    ) -> None:
        """Store a pending version beside the file, and what the file carries now, too."""
        with self._turn:
            shelf = self._shelf(ref)
            present, labels = self._checked(shelf)
            if present is None:
                raise missing(shelf.path)
            current = _expect(shelf, labels, present, base)
            text = text_in(self._disk, shelf.path)
            content = merge(
                ref, text if ref.merge else None, material, limit_bytes=SIZE_LIMIT_BYTES
            )
            known = shelf.content(version)
            if known is not None and known.reveal() != content.reveal():
                msg = f"version {version} is stored with other content"
                raise RejectedError(msg, subject=ref.name, code="version_exists")
            self._in_time(shelf, not_after)
            shelf.make()
            if text is not None and shelf.content(current) is None:
                shelf.keep(current, text)
            if known is None:
                shelf.keep(version, content)
            shelf.label(labels.staging(version))
            shelf.forget({version, current, *(_befores(labels))})

    def promote(
        self,
        ref: DestinationRef,
        version: VersionId,
        *,
        expected: VersionId | None,
        not_after: Instant,
    ) -> None:
        """Put a stored version in the file's place.

        Raises:
            OutcomeUnknownError: It took its place, perhaps not for good.
        """
        with self._turn:
            shelf = self._shelf(ref)
            present, labels = self._checked(shelf)
            if present is None:
                raise missing(shelf.path)
            if _current(labels, present) != version:
                labels = self._swap(shelf, labels, present, version, expected, not_after)
            if labels.pending == version:
                try:
                    self._label(shelf, labels.without(version, ""), not_after)
                except RotatorError:
                    # The pivot is behind us. A repeat clears the label, and so does
                    # the next stage, by moving it.
                    return

    def unstage(self, ref: DestinationRef, version: VersionId, *, not_after: Instant) -> None:
        """Take every label but "current" off a version; what it holds is forgotten later."""
        with self._turn:
            shelf = self._shelf(ref)
            present, labels = self._present(shelf), shelf.labels()
            bare = labels.without(version, identity(present) if present else "")
            if bare != labels:
                self._label(shelf, bare, not_after)

    def read_staged(self, ref: DestinationRef, version: VersionId) -> KeyMaterial:
        """Read a pending version.

        Raises:
            NotFoundError: There is no such version.
            RejectedError: It is not pending, or carries no key.
        """
        shelf = self._shelf(ref)
        content = self._stored(shelf, version)
        if shelf.labels().pending != version:
            msg = f"version {version} is not pending"
            raise RejectedError(msg, subject=ref.name, code="not_pending")
        return material_in(ref, content)

    def published_key_id(self, ref: DestinationRef) -> KeyId | None:
        """Read the key id in the file; None when a JSON object has no such field.

        Raises:
            NotFoundError: There is no such file.
            RejectedError: It holds no JSON object, or the field holds no key id. A key
                may be in there all the same, so this is not None.
        """
        shelf = self._shelf(ref)
        text = text_in(self._disk, shelf.path)
        if text is None:
            raise missing(shelf.path)
        return key_id_in(ref, text)

    def read_version(self, ref: DestinationRef, version: VersionId) -> KeyMaterial:
        """Read a stored version, or the current one from the file itself.

        Raises:
            NotFoundError: There is no such version; old ones are forgotten.
            RejectedError: It carries no key.
        """
        shelf = self._shelf(ref)
        present = self._present(shelf)
        if present is not None and _current(shelf.labels(), present) == version:
            text = text_in(self._disk, shelf.path)
            if text is not None:
                return material_in(ref, text)
        return material_in(ref, self._stored(shelf, version))

    def previous_key_id(self, ref: DestinationRef) -> KeyId | None:
        """Read the key id that was there before the last promotion; None without one."""
        shelf = self._shelf(ref)
        present = self._present(shelf)
        version = None if present is None else _previous(shelf.labels(), present)
        content = None if version is None else shelf.content(version)
        return None if content is None else key_id_in(ref, content)

    def _shelf(self, ref: DestinationRef) -> Shelf:
        check_name(ref.name)
        return Shelf(self._disk, Path(ref.name))

    def _present(self, shelf: Shelf) -> os.stat_result | None:
        with told(shelf.path):
            return stat_of(shelf.path)

    def _checked(self, shelf: Shelf) -> tuple[os.stat_result | None, Labels]:
        """Look at the file and its place; raise if we may not write there."""
        present = self._present(shelf)
        with told(shelf.path):
            check_place(shelf.path)
            check_side(shelf.path)
            if present is not None:
                check_holder(shelf.path, present)
        labels = shelf.labels()
        if labels.owner not in (None, self._owner):
            msg = f"the file belongs to {labels.owner}"
            hint = f"remove {shelf.folder} if it is ours"
            raise RejectedError(msg, subject=str(shelf.path), code="destination_foreign", hint=hint)
        return present, labels

    def _swap(
        self,
        shelf: Shelf,
        labels: Labels,
        present: os.stat_result,
        version: VersionId,
        expected: VersionId | None,
        not_after: Instant,
    ) -> Labels:
        """Write what is coming, say what it is, and only then let it take the file's place."""
        current = _expect(shelf, labels, present, expected)
        content = self._stored(shelf, version)
        self._in_time(shelf, not_after)
        draft, coming = shelf.draft(content, present)
        labels = labels.promoting(
            Published(version=version, identity=coming, before=current), identity(present)
        )
        shelf.label(labels)
        self._still(shelf, present)
        self._place(shelf, draft, not_after)
        return labels

    def _still(self, shelf: Shelf, present: os.stat_result) -> None:
        found = self._present(shelf)
        if found is None or identity(found) != identity(present):
            msg = "somebody else wrote the file meanwhile"
            raise ConflictError(msg, subject=str(shelf.path))

    def _place(self, shelf: Shelf, draft: Path, not_after: Instant) -> None:
        self._in_time(shelf, not_after)
        try:
            placed(self._disk, draft, shelf.path)
        except OSError as error:
            why = (error.strerror or "an error").lower()
            msg = f"the file was replaced, perhaps not for good: {why}"
            raise OutcomeUnknownError(msg, subject=str(shelf.path)) from None

    def _label(self, shelf: Shelf, labels: Labels, not_after: Instant) -> None:
        self._in_time(shelf, not_after)
        shelf.label(labels)

    def _stored(self, shelf: Shelf, version: VersionId) -> Secret:
        content = shelf.content(version)
        if content is None:
            raise missing(shelf.path, version=version)
        return content

    def _in_time(self, shelf: Shelf, not_after: Instant) -> None:
        if self._read_only:
            msg = "nothing was written: this process only reads"
            raise RejectedError(msg, subject=str(shelf.path), code="read_only")
        if self._clock.now() > not_after:
            msg = "nothing was written: it is later than this was allowed to be done"
            raise ConflictError(msg, subject=str(shelf.path))


def _state(shelf: Shelf, labels: Labels, present: os.stat_result) -> DestinationState:
    current = _current(labels, present)
    return DestinationState(
        exists=True,
        owner=labels.owner,
        current=current,
        pending=frozenset({labels.pending} if labels.pending else ()),
        previous=_previous(labels, present),
        versions=frozenset({current, *shelf.versions()}),
    )


def _current(labels: Labels, present: os.stat_result) -> VersionId:
    known = labels.at(identity(present))
    return known.version if known else VersionId(f"found-{identity(present)}")


def _previous(labels: Labels, present: os.stat_result) -> VersionId | None:
    known = labels.at(identity(present))
    return known.before if known else None


def _befores(labels: Labels) -> set[VersionId | None]:
    return {item.before for item in labels.published}


def _expect(
    shelf: Shelf, labels: Labels, present: os.stat_result, expected: VersionId | None
) -> VersionId:
    current = _current(labels, present)
    if current != expected:
        msg = f"version {current} is current, not {expected}"
        raise ConflictError(msg, subject=str(shelf.path))
    return current
