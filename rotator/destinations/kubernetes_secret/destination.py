"""The destination: versions wait in a companion Secret, and one apply makes one current.

Consumers read the Secret called `DestinationRef.name` in the namespace `region`, and there
only the fields that are ours; everybody else's stay as they are, whatever `merge` says.
Its companion keeps what is staged and what was there before.

Every change of an object that exists names the resource version that was read, so the
server itself compares and swaps. That is also why a request that lands late, after its
answer was given up, does no harm: either nothing has changed in between, and it is the
very change that is looked for, or the server refuses it. The server drops a request
after its own timeout, a minute as it is delivered, which is inside of AWS's signature
window, for which everything waits before absence proves anything.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from rotator.clients.contents import key_id_in, material_in
from rotator.clients.kubernetes import ObjectPath
from rotator.core.facts import DestinationState
from rotator.core.ids import VersionId
from rotator.core.secret import Secret
from rotator.destinations.kubernetes_secret.config import (
    COMPANION,
    MANAGER,
    OWNER,
    PREVIOUS,
    PUBLISHED,
    VERSION,
)
from rotator.destinations.kubernetes_secret.data import (
    content_of,
    data_of,
    own_fields,
    stored,
)
from rotator.destinations.kubernetes_secret.managers import current_version, manager_of, mark_of
from rotator.destinations.kubernetes_secret.refusals import (
    has_controller,
    no_companion,
    no_version,
    refuse,
    refuse_unfit,
)
from rotator.destinations.kubernetes_secret.shelf import Shelf
from rotator.errors import (
    ConflictError,
    NotFoundError,
    OutcomeUnknownError,
    RejectedError,
    RotatorError,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rotator.clients.kubernetes import KubernetesApi
    from rotator.core.facts import DestinationRef
    from rotator.core.ids import Instant, KeyId
    from rotator.core.secret import KeyMaterial
    from rotator.destinations.kubernetes_secret.config import KubernetesSecretConfig


class KubernetesSecrets:
    """A `Destination` that can read back, any version and history too."""

    def __init__(self, config: KubernetesSecretConfig, api: KubernetesApi) -> None:
        """Speak through the process's way into the cluster; sends nothing yet."""
        self._owner = config.owner
        self._api = api

    def describe(self, ref: DestinationRef) -> DestinationState:
        """Report labels and versions from the metadata of both Secrets; two calls."""
        found = self._found(_path(ref), metadata_only=True)
        if found is None:
            return DestinationState(exists=False)
        companion = self._found(_companion(ref), metadata_only=True)
        return self._state(ref, found, companion)

    def prepare(self, ref: DestinationRef, *, not_after: Instant) -> None:
        """Make both Secrets ours; with `ref.create` those that are missing are made, empty."""
        found = self._found(_path(ref))
        if found is None and not ref.create:
            msg = "there is no such Secret"
            hint = "create it, or write `create: true` for this destination"
            raise NotFoundError(msg, subject=str(_path(ref)), hint=hint)
        if found is not None:
            refuse_unfit(ref, found, self._state(ref, found, found), self._owner)
        self._own(_path(ref), found, not_after)
        companion = self._found(_companion(ref), metadata_only=True)
        if companion is None and not ref.create:
            raise no_companion(ref)
        if companion is not None:
            refuse(str(_companion(ref)), self._state(ref, companion, companion), self._owner)
        self._own(_companion(ref), companion, not_after)

    def stage(
        self,
        ref: DestinationRef,
        version: VersionId,
        material: KeyMaterial,
        *,
        base: VersionId | None,
        not_after: Instant,
    ) -> None:
        """Store a pending version in the companion, when a rehearsal says it could be promoted.

        The rehearsal is the promotion itself, which the server tries and does not keep: so
        a policy of the cluster that would refuse or alter it is found out before the pivot.
        """
        found, companion = self._both(ref)
        refuse_unfit(ref, found, self._state(ref, found, companion), self._owner)
        _expect(ref, found, base)
        content, shelf = content_of(ref, material), Shelf.of(_metadata(companion))
        known = stored(ref, companion, version)
        if known is not None and known.reveal() != content.reveal():
            msg = f"version {version} is stored with other content"
            raise RejectedError(msg, subject=str(_path(ref)), code="version_exists")
        if known is not None and shelf.pending == version:
            return
        self._apply(ref, version, found, content, not_after, dry_run=True)
        contents = {version: content}
        if base is not None:
            contents[base] = _with_own_fields(ref, stored(ref, companion, base), found)
        labelled = (base, _previous(found))
        patch = shelf.with_pending(version, contents, labelled)
        self._api.merge(_companion(ref), patch, not_after=not_after)

    def promote(
        self,
        ref: DestinationRef,
        version: VersionId,
        *,
        expected: VersionId | None,
        not_after: Instant,
    ) -> None:
        """Apply a stored version's fields, if the Secret is still as it was read.

        Raises:
            OutcomeUnknownError: It was applied, or perhaps was, or something in the
                cluster changed our fields on the way.
        """
        found, companion = self._both(ref)
        if current_version(ref, _metadata(found)) != version:
            refuse_unfit(ref, found, self._state(ref, found, companion), self._owner)
            _expect(ref, found, expected)
            content = stored(ref, companion, version)
            if content is None:
                raise no_version(ref, version)
            self._apply(ref, version, found, content, not_after)
        shelf = Shelf.of(_metadata(companion))
        if shelf.pending == version:
            try:
                self._api.merge(_companion(ref), shelf.without_label(), not_after=not_after)
            except RotatorError:
                # The pivot is behind us. A repeat clears the label, and so does
                # the next stage, by moving it.
                return

    def unstage(self, ref: DestinationRef, version: VersionId, *, not_after: Instant) -> None:
        """Take every label but "current" off a version; what it holds is forgotten later."""
        found = self._found(_path(ref), metadata_only=True)
        if found is not None and _previous(found) == version:
            metadata = {
                "annotations": {PREVIOUS: None},
                "resourceVersion": _metadata(found).get("resourceVersion"),
            }
            self._api.merge(_path(ref), {"metadata": metadata}, not_after=not_after)
        companion = self._found(_companion(ref), metadata_only=True)
        shelf = Shelf.of(_metadata(companion or {}))
        if shelf.pending == version:
            self._api.merge(_companion(ref), shelf.without_label(), not_after=not_after)

    def read_staged(self, ref: DestinationRef, version: VersionId) -> KeyMaterial:
        """Read a pending version.

        Raises:
            NotFoundError: There is no such version.
            RejectedError: It is not pending, or carries no key.
        """
        companion = self._api.read(_companion(ref))
        content = stored(ref, companion, version)
        if content is None:
            raise no_version(ref, version)
        if Shelf.of(_metadata(companion)).pending != version:
            msg = f"version {version} is not pending"
            raise RejectedError(msg, subject=str(_path(ref)), code="not_pending")
        return material_in(ref, content)

    def published_key_id(self, ref: DestinationRef) -> KeyId | None:
        """Read the key id in our fields of the Secret; None when they hold none.

        Raises:
            NotFoundError: There is no such Secret.
            RejectedError: A field is no text, or holds no key id.
        """
        return key_id_in(ref, own_fields(ref, self._api.read(_path(ref))))

    def read_version(self, ref: DestinationRef, version: VersionId) -> KeyMaterial:
        """Read a version from the companion, or the current one from the Secret itself.

        Raises:
            NotFoundError: There is no such version; old ones are forgotten.
            RejectedError: It carries no key in our fields.
        """
        found, companion = self._both(ref)
        content = stored(ref, companion, version)
        if content is None and current_version(ref, _metadata(found)) == version:
            content = own_fields(ref, found)
        if content is None:
            raise no_version(ref, version)
        return material_in(ref, content)

    def previous_key_id(self, ref: DestinationRef) -> KeyId | None:
        """Read the key id that was there before the last promotion; None without one."""
        found = self._found(_path(ref), metadata_only=True)
        version = _previous(found or {})
        companion = self._found(_companion(ref)) if version else None
        content = stored(ref, companion, version) if companion and version else None
        return key_id_in(ref, content) if content else None

    def _found(self, path: ObjectPath, *, metadata_only: bool = False) -> Mapping[str, Any] | None:
        try:
            return self._api.read(path, metadata_only=metadata_only)
        except NotFoundError:
            return None

    def _both(self, ref: DestinationRef) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        """Read the Secret and its companion, secrets and all."""
        found = self._api.read(_path(ref))
        companion = self._found(_companion(ref))
        if companion is None:
            raise no_companion(ref)
        return found, companion

    def _state(
        self, ref: DestinationRef, found: Mapping[str, Any], companion: Mapping[str, Any] | None
    ) -> DestinationState:
        metadata, shelf = _metadata(found), Shelf.of(_metadata(companion or {}))
        owner = (metadata.get("annotations") or {}).get(OWNER)
        # Without a companion it is not prepared, even where it is ours.
        is_unready = companion is None and owner == self._owner
        current = current_version(ref, metadata)
        return DestinationState(
            exists=True,
            owner=None if is_unready else owner,
            current=current,
            pending=frozenset({shelf.pending} if shelf.pending else ()),
            previous=_previous(found),
            versions=frozenset({current, *shelf.stored}),
            native_rotation=has_controller(metadata),
            deletion_scheduled="deletionTimestamp" in metadata,
        )

    def _own(self, path: ObjectPath, found: Mapping[str, Any] | None, not_after: Instant) -> None:
        """Annotate a Secret as ours, or make it so annotated; nothing if it is."""
        metadata = _metadata(found or {})
        if (metadata.get("annotations") or {}).get(OWNER) == self._owner:
            return
        body = _body(path, metadata, {OWNER: self._owner})
        self._api.apply(path, body, manager=MANAGER, not_after=not_after)

    def _apply(
        self,
        ref: DestinationRef,
        version: VersionId,
        found: Mapping[str, Any],
        content: Secret,
        not_after: Instant,
        *,
        dry_run: bool = False,
    ) -> None:
        """Make a version current by one apply, and see that it came out as it went in."""
        data = data_of(ref, material_in(ref, content))
        annotations = {
            VERSION: version,
            PREVIOUS: current_version(ref, _metadata(found)),
            PUBLISHED.format(mark=mark_of(ref)): version,
        }
        path = _path(ref)
        answer = self._api.apply(
            path,
            {**_body(path, _metadata(found), annotations), "data": data},
            manager=manager_of(ref),
            force=True,  # of our own fields: whoever held them hands them over
            dry_run=dry_run,
            not_after=not_after,
        )
        made = answer.get("data") or {}
        if any(made.get(name) != text.reveal() for name, text in data.items()):
            kind = RejectedError if dry_run else OutcomeUnknownError
            msg = "something in the cluster changes our fields on their way into the Secret"
            hint = "see which mutating webhook or policy of the cluster touches Secrets"
            raise kind(msg, subject=str(path), code="altered", hint=hint)


def _path(ref: DestinationRef) -> ObjectPath:
    return ObjectPath("", "v1", "secrets", ref.region, ref.name)


def _companion(ref: DestinationRef) -> ObjectPath:
    return ObjectPath("", "v1", "secrets", ref.region, COMPANION.format(name=ref.name))


def _metadata(found: Mapping[str, Any]) -> Mapping[str, Any]:
    return found.get("metadata") or {}


def _previous(found: Mapping[str, Any]) -> VersionId | None:
    told = (_metadata(found).get("annotations") or {}).get(PREVIOUS)
    return VersionId(told) if told else None


def _expect(ref: DestinationRef, found: Mapping[str, Any], expected: VersionId | None) -> None:
    current = current_version(ref, _metadata(found))
    if current != expected:
        msg = f"version {current} is current, not {expected}"
        raise ConflictError(msg, subject=str(_path(ref)))


def _body(
    path: ObjectPath, read: Mapping[str, Any], annotations: Mapping[str, str]
) -> dict[str, Any]:
    """Write what is applied, to be refused if the object is not the one that was read.

    Without its uid, the server would make an object anew that was deleted meanwhile.
    """
    same = {name: read[name] for name in ("uid", "resourceVersion") if name in read}
    given = {"name": path.name, "namespace": path.namespace, "annotations": annotations}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {**given, **same}}


def _with_own_fields(ref: DestinationRef, known: Secret | None, found: Mapping[str, Any]) -> Secret:
    """Keep what our fields are now under the version that is current, beside what is kept."""
    own = own_fields(ref, found)
    if known is None:
        return own
    return Secret(json.dumps({**json.loads(own.reveal()), **json.loads(known.reveal())}))
