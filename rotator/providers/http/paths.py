"""JMESPath: where an answer has something."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import jmespath
from jmespath.exceptions import JMESPathError
from jmespath.functions import Functions

from rotator.providers.http.notations import NotationError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jmespath.parser import ParsedResult

LONGEST: Final = 512
"""Most characters of a path."""

_DEEPEST = 24
_MOST_GROWTH = 128
_GROWTH_OF_ESCAPES = 4
_SELECTIONS = frozenset({"multi_select_list", "multi_select_dict"})
_FORM = "write JMESPath, such as `data.keys[*]`; https://jmespath.org"


class PathError(NotationError):
    """A text is no path, or an answer has something else there; its values are not told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Path:
    """A path taken apart.

    Attributes:
        text: As the spec has it.
        fields: The names on the way, if it is nothing but names; else None.
    """

    text: str
    fields: tuple[str, ...] | None
    _parsed: ParsedResult = field(compare=False, repr=False)

    def find(self, body: object) -> object:
        """Look it up; null, and what is not there, is None.

        Raises:
            PathError: A function on the way meets a value that it cannot take.
        """
        found: object = None
        try:
            found = self._parsed.search(body)
            failed = False
        except Exception:  # noqa: BLE001 - whatever the library raises may quote the body
            failed = True
        if failed:
            raise PathError(
                "cannot be looked up: the answer has something of another type there", _FORM
            )
        return found

    def is_told(self, body: object) -> bool:
        """Whether the field is really there, be it null.

        Of a path that is more than names: whether something other than null is found.

        Raises:
            PathError: As `find`.
        """
        if self.fields is None:
            return self.find(body) is not None
        for name in self.fields:
            if not isinstance(body, Mapping) or name not in body:
                return False
            body = body[name]
        return True


def compile_path(text: str) -> Path:
    """Take a path apart.

    Raises:
        PathError: It is too long or deep, no JMESPath, calls a function that does not
            exist, or multiplies what it finds.
    """
    if len(text) > LONGEST:
        raise PathError(f"is longer than {LONGEST} characters", "write a shorter path")
    parsed = _parsed(text)
    if parsed is None:
        raise PathError("is no path in JMESPath", _FORM)
    growth = 1
    for node in _nodes(parsed.parsed, 0):
        _check_call(node)
        growth *= _growth(node)
    if growth > _MOST_GROWTH:
        raise PathError("could make far more of an answer than there is", "write a simpler path")
    return Path(text=text, fields=_names(parsed.parsed), _parsed=parsed)


def _parsed(text: str) -> ParsedResult | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            return jmespath.compile(text)
    except (JMESPathError, Warning, ValueError, RecursionError):
        return None


def _nodes(node: Any, depth: int) -> Iterator[dict[str, Any]]:  # noqa: ANN401 - the library's tree
    if depth > _DEEPEST:
        raise PathError("is nested too deep", "write a simpler path")
    if isinstance(node, dict):
        yield node
        for child in node.get("children", ()):
            yield from _nodes(child, depth + 1)


def _growth(node: dict[str, Any]) -> int:
    """Return how many times its input a node can be; `[@, @][]` doubles it each time."""
    if node.get("type") in _SELECTIONS:
        return max(len(node["children"]), 1)
    is_escaped = node.get("type") == "function_expression" and node["value"] == "to_string"
    return _GROWTH_OF_ESCAPES if is_escaped else 1


def _check_call(node: dict[str, Any]) -> None:
    if node.get("type") != "function_expression":
        return
    name = node["value"]
    known: dict[str, Any] = Functions.FUNCTION_TABLE
    if name not in known:
        raise PathError(f"calls `{name}`, which is no function of JMESPath", _FORM)
    signature, given = known[name]["signature"], len(node["children"])
    is_open = bool(signature) and bool(signature[-1].get("variadic"))
    if given < len(signature) or (given > len(signature) and not is_open):
        raise PathError(f"calls `{name}` with {given} arguments", f"it takes {len(signature)}")


def _names(node: Any) -> tuple[str, ...] | None:  # noqa: ANN401 - the library's tree
    match node["type"]:
        case "current":
            return ()
        case "field":
            return (node["value"],)
        case "subexpression":
            parts = [_names(child) for child in node["children"]]
            names = [part for part in parts if part is not None]
            return sum(names, ()) if len(names) == len(parts) else None
        case _:
            return None
