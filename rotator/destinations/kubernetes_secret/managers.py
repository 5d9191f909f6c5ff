"""Who wrote what in a Secret, by the server's own books, and which version that makes it.

The server keeps for every field who owns it (`metadata.managedFields`). So it can be
told without reading a secret whether what we published still stands there.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from rotator.core.ids import VersionId
from rotator.destinations.kubernetes_secret.config import MANAGER, PUBLISHED, VERSION

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rotator.core.facts import DestinationRef

_FOUND = "found"
_NOBODY = "nobody"
_LONGEST_NAME = 32
_UNSAFE = re.compile(r"[^A-Za-z0-9.-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What one manager owns, by one kind of operation.

    Attributes:
        at: When it last changed that, to the second, as the server writes it.
        data: The names of its data fields.
        texts: The names of fields that it applies as ``stringData``. The server writes them
            into the data, and books that to nobody: whoever owned the data still seems to.
        annotations: The names of its annotations.
    """

    manager: str
    operation: str
    at: str
    data: frozenset[str]
    texts: frozenset[str]
    annotations: frozenset[str]

    @property
    def is_ours(self) -> bool:
        """Whether rotator applied it, for whichever credential."""
        is_named = self.manager == MANAGER or self.manager.startswith(f"{MANAGER}-")
        return is_named and self.operation == "Apply"

    @property
    def written(self) -> frozenset[str]:
        """The names of all data fields that it wrote, or may have written."""
        return self.data | self.texts


def mark_of(ref: DestinationRef) -> str:
    """Tell the credentials of one Secret apart: a word for the fields that one is given."""
    return sha256(f"{ref.key_id_field}\n{ref.secret_field}".encode()).hexdigest()[:10]


def manager_of(ref: DestinationRef) -> str:
    """Name the field manager that applies a credential's fields, and nobody else's.

    Were it one for all, an apply for one credential would remove the others' fields.
    """
    return f"{MANAGER}-{mark_of(ref)}"


def fields_of(ref: DestinationRef) -> frozenset[str]:
    """Name the data fields of a credential."""
    return frozenset({ref.key_id_field, ref.secret_field}) - {""}


def current_version(ref: DestinationRef, metadata: Mapping[str, Any]) -> VersionId:
    """Tell the version that consumers of a credential's fields read.

    Ours while nobody else wrote these fields since; what others write elsewhere in the
    Secret does not matter then. Otherwise one that is made up of who wrote and when,
    so that it is the same until somebody writes again.
    """
    entries = tuple(_entries(metadata))
    version = (metadata.get("annotations") or {}).get(VERSION)
    if version and _stands(ref, metadata, entries):
        return VersionId(version)
    return _found(ref, metadata, entries)


def _stands(ref: DestinationRef, metadata: Mapping[str, Any], entries: tuple[Entry, ...]) -> bool:
    """Whether the annotated version is what is there, as far as this credential goes."""
    ours = [item for item in entries if item.is_ours]
    annotated = [item.at for item in ours if VERSION in item.annotations]
    if not annotated:
        return False
    wanted = fields_of(ref)
    if PUBLISHED.format(mark=mark_of(ref)) in (metadata.get("annotations") or {}):
        own = [item for item in ours if item.manager == manager_of(ref)]
        is_owned = wanted <= frozenset().union(*(item.data for item in own))
        # In the same second they may have come after us, so that counts as a change.
        texts = [item.at for item in entries if not item.is_ours and item.texts & wanted]
        return is_owned and all(at < max(item.at for item in own) for at in texts)
    # Another credential's version, made before these fields are ours: who wrote them
    # in the same second may have done so after it, so that counts as a change.
    foreign = (item for item in entries if not item.is_ours and item.written & wanted)
    return all(item.at < max(annotated) for item in foreign)


def _found(
    ref: DestinationRef, metadata: Mapping[str, Any], entries: tuple[Entry, ...]
) -> VersionId:
    """Name a state that others made; the annotation tells it from the same one before us."""
    foreign = sorted(
        (item for item in entries if item.written and not item.is_ours),
        key=lambda item: (
            bool(item.written & fields_of(ref)),
            item.at,
            item.manager,
            item.operation,
        ),
    )
    told = [[item.manager, item.operation, item.at, sorted(item.written)] for item in foreign]
    annotated = (metadata.get("annotations") or {}).get(VERSION)
    text = json.dumps([metadata.get("uid"), annotated, told])
    name = foreign[-1].manager if foreign else _NOBODY
    slug = _UNSAFE.sub("-", name)[:_LONGEST_NAME].strip("-.")
    return VersionId(f"{_FOUND}-{slug or _NOBODY}-{sha256(text.encode()).hexdigest()[:16]}")


def _entries(metadata: Mapping[str, Any]) -> Iterator[Entry]:
    for entry in metadata.get("managedFields") or ():
        fields = entry.get("fieldsV1") or {}
        told = (fields.get("f:metadata") or {}).get("f:annotations") or {}
        yield Entry(
            manager=entry.get("manager") or "",
            operation=entry.get("operation") or "",
            at=entry.get("time") or "",
            data=_names(fields.get("f:data") or {}),
            texts=_names(fields.get("f:stringData") or {}),
            annotations=_names(told),
        )


def _names(fields: Mapping[str, Any]) -> frozenset[str]:
    return frozenset(name.removeprefix("f:") for name in fields if name.startswith("f:"))
