"""Regular expressions of a spec; those for answers have a form that none can make slow."""

from __future__ import annotations

import re
import warnings
from typing import Final

from rotator.providers.http.notations import NotationError

LONGEST: Final = 200
"""Most characters of a regular expression."""

LONGEST_INPUT: Final = 4 << 10
"""Most characters that one is tried on."""

_MOST_REPEATS = 4
_INERT = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]", re.DOTALL)
_REPEAT = re.compile(r"[*+]|\{\d*,\d*\}")
_REPEATED_GROUP = re.compile(r"\)(?:[*+]|\{)")
_BACK_REFERENCE = re.compile(r"\\[1-9]|\(\?P=|\(\?\(")


class PatternError(NotationError):
    """A text is no regular expression that we use."""


def compile_pattern(text: str) -> re.Pattern[str]:
    """Take a regular expression apart that is tried on what operators write.

    Raises:
        PatternError: It is too long, or no expression.
    """
    if len(text) > LONGEST:
        raise PatternError(f"is longer than {LONGEST} characters", "write a shorter one")
    pattern = _compiled(text)
    if pattern is None:
        raise PatternError("is no regular expression", "write one as Python's `re` reads it")
    return pattern


def compile_capture(text: str) -> re.Pattern[str]:
    """Take a regular expression apart that is tried on answers, and takes a part of them.

    Raises:
        PatternError: As `compile_pattern`; also if it has not exactly one group, or could
            be made endless by an answer.
    """
    pattern = compile_pattern(text)
    if pattern.groups != 1:
        raise PatternError(
            f"has {pattern.groups} groups", "write one `(...)`, and `(?:...)` for others"
        )
    _check_pace(text)
    return pattern


def first_group(pattern: re.Pattern[str], text: str | None) -> str | None:
    """Return what a pattern's one group holds; None if the pattern is nowhere in the text."""
    if text is None or len(text) > LONGEST_INPUT:
        return None
    found = pattern.search(text)
    return None if found is None else found[1]


def _compiled(text: str) -> re.Pattern[str] | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            return re.compile(text)
    except (re.error, Warning, OverflowError, RecursionError):
        return None


def _check_pace(text: str) -> None:
    bare = _INERT.sub("x", text)
    if _REPEATED_GROUP.search(bare) or _BACK_REFERENCE.search(text):
        raise PatternError("repeats a group", "repeat single characters or `[...]` only")
    if len(_REPEAT.findall(bare)) > _MOST_REPEATS:
        raise PatternError(f"has more than {_MOST_REPEATS} repetitions", "write a simpler one")
