"""What gets around a value on its way from one screen to another, and off again.

Every fault says what was found and what to do; none quotes the value.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_DEEPEST = 12
"""Layers; whatever is wrapped deeper is no value, and not worth the time."""
_INVISIBLE = frozenset({"Cf", "Cc"})
_QUOTES = {'"': '"', "'": "'", "`": "`", "\u201c": "\u201d", "\u2018": "\u2019"}
_ANY_QUOTE = "".join(_QUOTES) + "\u201d\u2019"
_ASSIGNED = re.compile(r"(?:export\s+)?[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\s*[=:]\s*", re.ASCII)
_BEARER = re.compile(r"(?:authorization:\s*)?bearer\s+", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueFault:
    """One thing that is wrong with a value.

    Attributes:
        code: A short, stable word.
        problem: What is wrong; quotes nothing of the value.
        remedy: What to do about it.
    """

    code: str
    problem: str
    remedy: str


def unwrapped(text: str) -> tuple[str, list[ValueFault]]:
    """Take off whatever does not belong to a value, and say what it was, each thing once."""
    faults: dict[str, ValueFault] = {}
    for _ in range(_DEEPEST):
        before = text
        for unwrap in _WRAPPINGS:
            text, fault = unwrap(text)
            if fault is not None:
                faults.setdefault(fault.code, fault)
        if text == before:
            break
    return text, [*faults.values()]


def _bom(text: str) -> tuple[str, ValueFault | None]:
    if not text.startswith("\ufeff"):
        return text, None
    return text.lstrip("\ufeff"), _fault(
        "bom", "begins with a byte order mark", "save it as UTF-8 without a BOM"
    )


def _line_ends(text: str) -> tuple[str, ValueFault | None]:
    if "\r" in text:
        problem = "holds a carriage return, as files from Windows do"
        return text.replace("\r\n", "\n").replace("\r", "\n").strip("\n"), _fault(
            "carriage_return", problem, "convert the file, for instance with dos2unix"
        )
    if text != text.strip("\n"):
        return text.strip("\n"), _fault(
            "line_end", "begins or ends with line ends", "store it without: printf %s, not echo"
        )
    if "\n" in text:
        return text.replace("\n", ""), _fault(
            "several_lines", "has several lines", "give one value on one line"
        )
    return text, None


def _odd_spaces(text: str) -> tuple[str, ValueFault | None]:
    odd = {letter for letter in text if unicodedata.category(letter) == "Zs"} - {" "}
    if not odd:
        return text, None
    problem = "holds a space that only looks like one (such as a no-break space)"
    return "".join(" " if letter in odd else letter for letter in text), _fault(
        "odd_space", problem, "copy it from its source again, not from a page or a chat"
    )


def _unseen(text: str) -> tuple[str, ValueFault | None]:
    unseen = {letter for letter in text if unicodedata.category(letter) in _INVISIBLE} - {"\t"}
    if not unseen:
        return text, None
    problem = "holds characters that nobody sees (zero width, or control characters)"
    return "".join(letter for letter in text if letter not in unseen), _fault(
        "invisible", problem, "copy it from its source again, not from a page or a chat"
    )


def _around(text: str) -> tuple[str, ValueFault | None]:
    if text == text.strip(" \t"):
        return text, None
    return text.strip(" \t"), _fault(
        "space_around", "begins or ends with a space", "store it without the space"
    )


def _quotes(text: str) -> tuple[str, ValueFault | None]:
    if len(text) > 1 and text[-1] == _QUOTES.get(text[0]):
        return text[1:-1], _fault(
            "quoted", "stands in quotes, which became part of it", "store it without the quotes"
        )
    if text != text.strip(_ANY_QUOTE):
        problem = "has a quote on one side only, so it may be cut on the other"
        return text.strip(_ANY_QUOTE), _fault(
            "half_quoted", problem, "copy all of it again, without quotes"
        )
    return text, None


def _assignment(text: str) -> tuple[str, ValueFault | None]:
    found = _ASSIGNED.match(text)
    if found is None:
        return text, None
    return text[found.end() :], _fault(
        "assignment", "still has its variable's name before it", "store what is behind the `=`"
    )


def _bearer(text: str) -> tuple[str, ValueFault | None]:
    found = _BEARER.match(text)
    if found is None:
        return text, None
    return text[found.end() :], _fault(
        "bearer", "still has `Bearer` before it", "store what is behind it; programs add it"
    )


_WRAPPINGS: tuple[Callable[[str], tuple[str, ValueFault | None]], ...] = (
    _bom, _line_ends, _odd_spaces, _unseen, _around, _assignment, _bearer, _quotes,
)  # fmt: skip


def _fault(code: str, problem: str, remedy: str) -> ValueFault:
    return ValueFault(code=code, problem=problem, remedy=remedy)
