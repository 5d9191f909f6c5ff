"""What is said of a file's versions; it stands beside the file and holds no secret."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

from rotator.core.ids import VersionId

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """A version that is in the file, or was about to be.

    Attributes:
        identity: Of the file that carries it (`rotator.destinations.file.disk.identity`).
        before: The version that was current before it; None when nobody may fall back to it.
    """

    version: VersionId
    identity: str
    before: VersionId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Labels:
    """Whose file it is, which version is pending, and which are known by their file.

    Attributes:
        published: At most two: what is there, and what is about to be.
    """

    owner: str | None = None
    pending: VersionId | None = None
    published: tuple[Published, ...] = ()

    def at(self, identity: str) -> Published | None:
        """Return what is known of a file; None if somebody else wrote it."""
        return next((item for item in self.published if item.identity == identity), None)

    def staging(self, version: VersionId) -> Labels:
        """Put the label "pending" on a version, and take it off another."""
        return replace(self, pending=version)

    def promoting(self, coming: Published, present: str) -> Labels:
        """Know a file that is about to take the place of the one that is there."""
        known = self.at(present)
        return replace(self, published=(*((known,) if known else ()), coming))

    def without(self, version: VersionId, present: str) -> Labels:
        """Take the labels "pending" and "previous" off a version."""
        known = self.at(present)
        published = self.published
        if known is not None and known.before == version:
            published = (replace(known, before=None),)
        return replace(
            self,
            pending=None if self.pending == version else self.pending,
            published=published,
        )

    def text(self) -> str:
        """Write them down."""
        return json.dumps(asdict(self))


def labels_from(text: str) -> Labels:
    """Read what `Labels.text` wrote.

    Raises:
        ValueError: It is something else.
    """
    try:
        told = json.loads(text)
        return Labels(
            owner=told["owner"],
            pending=told["pending"],
            published=tuple(_published(item) for item in told["published"]),
        )
    except (KeyError, TypeError) as error:
        msg = "these are no labels"
        raise ValueError(msg) from error


def _published(told: Mapping[str, str]) -> Published:
    return Published(
        version=VersionId(told["version"]),
        identity=told["identity"],
        before=VersionId(told["before"]) if told["before"] else None,
    )
