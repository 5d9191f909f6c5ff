"""What is looked up in an answer: JMESPath, a regular expression, a form of time.

Both languages are the spec's own text, taken apart when it is loaded, and never made
of values. No exception here has anything of the answer in it: lists of keys may hold
secrets, and what the libraries raise quotes what they were given.
"""

from __future__ import annotations

from base64 import b64decode
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from rotator.providers.http.paths import Path, PathError, compile_path
from rotator.providers.http.patterns import first_group
from rotator.providers.http.times import TimeForm, read_time

if TYPE_CHECKING:
    import re
    from collections.abc import Mapping

    from rotator.providers.http.spec import Place

__all__ = [
    "ABSENT",
    "Absent",
    "Decoding",
    "Path",
    "PathError",
    "Selector",
    "SelectorError",
    "TimeForm",
    "compile_path",
    "pick",
    "word",
]


class Decoding(StrEnum):
    """How a text is wrapped up."""

    BASE64 = "base64"


class _Absent(Enum):
    ABSENT = "absent"


Absent: TypeAlias = "Literal[_Absent.ABSENT]"
"""The type of `ABSENT`."""

ABSENT: Final = _Absent.ABSENT
"""An answer does not have the field at all, which is not the same as null."""


class SelectorError(Exception):
    """What was found is not what the spec says it is; the value is never part of it.

    Attributes:
        problem: What is wrong with it.
    """

    def __init__(self, problem: str) -> None:
        """Keep the words that follow the field's name."""
        super().__init__(problem)
        self.problem = problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Selector:
    """Where an answer has something, and how it is read; the steps are taken in this order.

    Attributes:
        path: Where it is; None where `const` stands for it.
        never: Values that mean that it never was, or never will be.
        decode: How it is wrapped up.
        regex: Has one group, which is taken; it may be anywhere in the text.
        values: Our words for the API's; a word that is not among them stays.
        time: How the time is written.
        const: The same for every key; None for none.
    """

    place: Place
    path: Path | None
    regex: re.Pattern[str] | None = None
    decode: Decoding | None = None
    time: TimeForm | None = None
    never: tuple[str, ...] = ()
    values: Mapping[str, str] = field(default_factory=dict)
    const: object = None


def pick(selector: Selector, item: object) -> object:
    """Look something up.

    Returns:
        `ABSENT` where the answer does not tell it; None for null and for what means
        never; an `Instant` where the selector says how times are written; else texts,
        numbers, truths, lists and mappings as they are.

    Raises:
        SelectorError: It is there, and cannot be read as the spec says.
    """
    if selector.path is None:
        return selector.const
    try:
        value = selector.path.find(item) if selector.path.is_told(item) else ABSENT
    except PathError as error:
        raise SelectorError(error.problem) from None
    if value is ABSENT or value is None or word(value) in selector.never:
        return ABSENT if value is ABSENT else None
    return _read(selector, value)


def word(value: object) -> str | None:
    """Write a text, a number or a truth as `never` and `values` have it; None for others."""
    match value:
        case bool():
            return "true" if value else "false"
        case str() | int() | float():
            return str(value)
        case _:
            return None


def _read(selector: Selector, value: object) -> object:
    if selector.decode is not None:
        value = _decoded(value)
    if selector.regex is not None:
        value = _captured(selector.regex, value)
    if selector.values:
        value = selector.values.get(word(value) or "", value)
    if selector.time is not None:
        value = _instant(selector.time, value)
    return value


def _decoded(value: object) -> str:
    text = value.translate(str.maketrans("-_", "+/")) if isinstance(value, str) else ""
    try:
        decoded = b64decode(text + "=" * (-len(text) % 4), validate=True).decode()
    except ValueError:
        decoded = ""
    # Outside of `except`: the exception may quote the text.
    if not decoded:
        raise SelectorError("is no text in base64")
    return decoded


def _captured(regex: re.Pattern[str], value: object) -> str:
    found = first_group(regex, word(value))
    if found is None:
        raise SelectorError("does not have the form that the regex asks for")
    return found


def _instant(form: TimeForm, value: object) -> object:
    at = read_time(form, value)
    if at is None:
        raise SelectorError(f"is no time of the form {form}")
    return at
