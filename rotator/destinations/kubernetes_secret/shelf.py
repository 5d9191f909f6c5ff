"""The companion Secret: what it keeps of staged and former versions, and how that changes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rotator.core.ids import VersionId
from rotator.destinations.kubernetes_secret.config import PENDING, STORED
from rotator.destinations.kubernetes_secret.data import encoded

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from rotator.core.secret import Secret

MOST_UNLABELLED = 4
"""Versions that are kept beside the current, the previous and the pending one, the newest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """What a companion's annotations say of it.

    Attributes:
        stored: Its versions, the oldest first.
        pending: The one that waits to be promoted.
        resource_version: The server's word for this state of the companion.
    """

    stored: tuple[VersionId, ...]
    pending: VersionId | None
    resource_version: str

    @classmethod
    def of(cls, metadata: Mapping[str, Any]) -> Shelf:
        """Read a companion's metadata."""
        told = metadata.get("annotations") or {}
        pending = told.get(PENDING)
        return cls(
            stored=tuple(VersionId(item) for item in (told.get(STORED) or "").split(",") if item),
            pending=VersionId(pending) if pending else None,
            resource_version=metadata.get("resourceVersion") or "",
        )

    def without_label(self) -> dict[str, Any]:
        """Return the patch after which nothing is pending."""
        return self._patch({PENDING: None})

    def with_pending(
        self,
        version: VersionId,
        contents: Mapping[VersionId, Secret],
        labelled: Collection[VersionId | None],
    ) -> dict[str, Any]:
        """Return the patch that stores a pending version and forgets what is old.

        Args:
            version: What is pending from then on.
            contents: What is written of it and of others.
            labelled: Versions that are never forgotten.
        """
        known = dict.fromkeys((*self.stored, *sorted(contents, key=lambda item: item == version)))
        loose = [item for item in known if item not in {version, *contents, *labelled}]
        dropped = loose[: max(len(loose) - MOST_UNLABELLED, 0)]
        kept = [item for item in known if item not in dropped]
        data: dict[str, Secret | None] = {
            item: encoded(text.reveal()) for item, text in contents.items()
        }
        data |= dict.fromkeys(dropped)
        return {**self._patch({PENDING: version, STORED: ",".join(kept)}), "data": data}

    def _patch(self, annotations: Mapping[str, str | None]) -> dict[str, Any]:
        """Change annotations if the companion is still the one that was read."""
        metadata = {"annotations": annotations, "resourceVersion": self.resource_version}
        return {"metadata": metadata}
