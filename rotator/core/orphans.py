"""Keys that an earlier life of this installation left behind, and how that is proved.

A journal that was lost, or restored from a backup, knows nothing of the rotations
after it. What they minted still carries their mark at the provider. A mark alone
is no proof, for another installation's looks the same: the credential's
destination must be ours, too. Such a key lives on as a suspect does; one that was
ever used may be somebody's and is a stranger's.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import UUID

from rotator.core.ids import RotationId, version_token
from rotator.core.rotation import Phase, Role

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rotator.core.facts import DestinationState, LastUsed
    from rotator.core.ids import Instant, KeyId, VersionId
    from rotator.core.rotation import Credential, KeyRecord, Rotation

MOST_ATTEMPTS = 9
"""More than a rotation ever merges; each attempt has a token of its own."""


def marked(records: Iterable[KeyRecord]) -> tuple[KeyRecord, ...]:
    """Pick strangers' keys with a mark of ours on which nothing was decided yet."""
    return tuple(
        record
        for record in records
        if record.role is Role.FOREIGN
        and record.rotation_id is not None
        and record.suspect_since is None
        and _is_uuid(record.rotation_id)
    )


def lost(records: Iterable[KeyRecord], rotations: Sequence[Rotation]) -> frozenset[KeyId]:
    """Name the keys that carry the mark of a rotation which the journal has lost.

    Lost is a rotation that it does not know, or that it knows as ended without
    this key. What an open one made is the machine's to find out.

    Args:
        records: What is known of a credential's keys.
        rotations: Every rotation of that credential, open and ended.
    """
    by_id = {rotation.id: rotation for rotation in rotations}
    return frozenset(
        record.key_id
        for record in marked(records)
        if _is_lost(record, by_id.get(record.rotation_id or RotationId("")))
    )


def _is_lost(record: KeyRecord, rotation: Rotation | None) -> bool:
    if rotation is None:
        return True
    return not rotation.is_open and rotation.new_key_id != record.key_id


def survivors(records: Iterable[KeyRecord], rotations: Sequence[Rotation]) -> frozenset[KeyId]:
    """Name the keys of rotations that were rolled back: said to be deleted, and listed again.

    Args:
        records: What is known of a credential's keys.
        rotations: Every rotation of that credential, open and ended.
    """
    undone = {item.id: item.new_key_id for item in rotations if item.phase is Phase.ROLLED_BACK}
    return frozenset(
        record.key_id
        for record in marked(records)
        if record.rotation_id in undone and undone[record.rotation_id] == record.key_id
    )


def proof(
    record: KeyRecord, state: DestinationState | None, credential: Credential, *, owner: str
) -> str:
    """Say what proves that a lost key is this installation's own orphan; empty without proof.

    The destination must carry our owner tag, and the version that we know: then
    consumers read another key than this one.
    """
    if state is None or state.owner != owner or credential.current_version is None:
        return ""
    if state.current != credential.current_version or record.rotation_id is None:
        return ""
    return "marked and stored" if stored(record, state) else "marked"


def stored(record: KeyRecord, state: DestinationState) -> tuple[VersionId, ...]:
    """Name the versions under which the rotation in a key's mark has stored that key.

    Nobody else can name a version so: it is derived from the rotation and the key.
    """
    if record.rotation_id is None or not _is_uuid(record.rotation_id):
        return ()
    tokens = (
        version_token(record.rotation_id, record.key_id, attempt)
        for attempt in range(1, MOST_ATTEMPTS + 1)
    )
    return tuple(token for token in tokens if token in state.versions)


def judged(record: KeyRecord, use: LastUsed, now: Instant) -> KeyRecord:
    """Put a proved orphan on a suspect's timer; one that was used stays a stranger's for ever."""
    role = Role.FOREIGN if use.at is not None else Role.SUSPECT
    return replace(record, role=role, suspect_since=now)


def _is_uuid(text: str) -> bool:
    """Whether a mark can be a rotation's id, as we write one: anybody may write tags."""
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False
