"""Reading one value that somebody pasted: its text, without whatever is wrapped around it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from rotator.core.value_wrapping import ValueFault, unwrapped

if TYPE_CHECKING:
    from collections.abc import Sequence

LONGEST: Final = 65_536
"""Bytes; whatever is longer is no single value."""

_PLACEHOLDER = re.compile(r"\$\{.*|\{\{.*|\$\(.*|\$[A-Za-z_]\w*|<[^<>]*>|%\w+%", re.DOTALL)
_LINE_END = (
    "one line end at its end was left out; if it is part of what is stored, take it out there"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadValue:
    """A value as it was read.

    Attributes:
        text: Without what was wrapped around it and without spaces; empty if there is no
            value. It may be a secret, and is not shown.
        faults: What was wrong with it so far.
        notes: What is worth knowing and is no fault.
    """

    text: str
    faults: tuple[ValueFault, ...] = ()
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        """Show what is wrong, and not the value."""
        return f"ReadValue(faults={self.faults!r}, notes={self.notes!r})"


def read_value(data: bytes) -> ReadValue:
    """Read a value; one line end at its end belongs to the pipe."""
    if len(data) > LONGEST:
        return _nothing("too_long", "is longer than any value", "give one value, not a file")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return _nothing("not_text", "is not UTF-8 text", "save it as UTF-8, without a BOM")
    is_line = text.endswith("\n") and not text.endswith("\r\n")
    text, faults = unwrapped(text.removesuffix("\n") if is_line else text)
    notes = (_LINE_END,) if is_line else ()
    if not text:
        remedy = "look whether the variable or the field is set"
        return _nothing("empty", "is empty", remedy, before=faults, notes=notes)
    if _PLACEHOLDER.fullmatch(text):
        remedy = "look why the template was not filled in, and give what stands in its place"
        problem = "is a placeholder, and no value"
        return _nothing("placeholder", problem, remedy, before=faults, notes=notes)
    compact = "".join(text.split())
    if compact != text:
        remedy = "copy it again in one piece"
        inside = ValueFault(code="space_inside", problem="holds a space inside", remedy=remedy)
        faults.append(inside)
    return ReadValue(text=compact, faults=tuple(faults), notes=notes)


def _nothing(
    code: str,
    problem: str,
    remedy: str,
    *,
    before: Sequence[ValueFault] = (),
    notes: tuple[str, ...] = (),
) -> ReadValue:
    fault = ValueFault(code=code, problem=problem, remedy=remedy)
    return ReadValue(text="", faults=(*before, fault), notes=notes)
