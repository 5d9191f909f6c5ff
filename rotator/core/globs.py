"""Patterns of names, as policies write them; globs are compared with each other as texts."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rotator.core.tags import TagGlobs


def is_literal(pattern: str) -> bool:
    """Whether a glob matches one text only, itself."""
    return not set(pattern) & set("*?[")


def any_glob(patterns: tuple[str, ...], text: str) -> bool:
    """Whether a text is taken by one of the patterns; no patterns at all take any."""
    return not patterns or any(fnmatchcase(text, pattern) for pattern in patterns)


def includes(wide: tuple[str, ...], narrow: tuple[str, ...]) -> bool:
    """Whether `wide` surely takes whatever `narrow` takes."""
    if not wide or "*" in wide:
        return True
    return bool(narrow) and all(
        pattern in wide or (is_literal(pattern) and any_glob(wide, pattern)) for pattern in narrow
    )


def implies(given: TagGlobs, asked: TagGlobs) -> bool:
    """Whether whoever carries the given tag surely carries the asked one."""
    is_same = given.name.casefold() == asked.name.casefold()
    return is_same and includes(asked.values, given.values)
