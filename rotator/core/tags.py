"""Tags of principals, and what a policy or a configuration looks for in them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TypeAlias

Tags: TypeAlias = Mapping[str, str]
"""A principal's tags; a provider has no two whose names differ by case alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TagGlobs:
    """One tag that must be there, with a value that one of the globs takes.

    Attributes:
        name: The tag's name, in any case: IAM does not tell them apart.
        values: Globs for its value, at least one; case counts.
    """

    name: str
    values: tuple[str, ...] = ("*",)

    def covers(self, tags: Tags) -> bool:
        """Whether the tag is there and has such a value."""
        value = tag_named(tags, self.name)
        return value is not None and any(fnmatchcase(value, glob) for glob in self.values)


def tag_named(tags: Tags, name: str) -> str | None:
    """Return the value of a tag by its name in any case; None if it is not there."""
    wanted = name.casefold()
    return next((value for key, value in tags.items() if key.casefold() == wanted), None)
