"""What a model refused, as faults for a person: where, what, and what to write instead.

A refused value is repeated only where it is a word of a closed list or of the
wrong type altogether: elsewhere it might be a secret in the wrong place.
"""

from __future__ import annotations

import json
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, get_args

from pydantic import BaseModel

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pydantic import ValidationError
    from pydantic.fields import FieldInfo
    from pydantic_core import ErrorDetails

    from rotator.errors import Fault
    from rotator.settings.document import Document, Path

_MANUAL = "docs/configuration.md describes it"
_WANTED = {
    "string_type": ("is not text", "put it in quotes"),
    "int_type": ("is not a whole number", "write digits only"),
    "int_parsing": ("is not a whole number", "write digits only"),
    "int_from_float": ("is not a whole number", "write digits only"),
    "float_type": ("is not a number", "write digits only"),
    "float_parsing": ("is not a number", "write digits only"),
    "bool_type": ("is neither true nor false", "write `true` or `false`"),
    "bool_parsing": ("is neither true nor false", "write `true` or `false`"),
    "tuple_type": ("is not a list", "start each item with `- `"),
    "dict_type": ("is not a mapping", "write `name: value` lines below it"),
    "model_type": ("is not a mapping", "write `name: value` lines below it"),
}


def model_faults(
    document: Document, model: type[BaseModel], error: ValidationError
) -> tuple[Fault, ...]:
    """Translate everything that a model refused."""
    faults = []
    for detail in error.errors(include_url=False):
        path = _path(document, detail)
        if detail["type"] == "too_short" and (*path, 0) in document.lines:
            continue  # it has items, and what is wrong with each is told of its own
        faults.append(document.fault(path, *_explanation(model, path, detail)))
    return tuple(faults)


def fields_of(model: type[BaseModel]) -> dict[str, FieldInfo]:
    """Return a model's fields by the names that the file uses."""
    return {info.alias or name: info for name, info in model.model_fields.items()}


def submodel(info: FieldInfo) -> type[BaseModel] | None:
    """Return the model of a field that holds one, or a list of them."""
    candidates: list[Any] = [info.annotation]
    while candidates:
        kind = candidates.pop()
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            return kind
        candidates.extend(get_args(kind))
    return None


def _path(document: Document, detail: ErrorDetails) -> Path:
    """Cut off the end of a location that is not written in the file."""
    path: Path = detail["loc"]
    if detail["type"] != "missing":
        while path not in document.lines:
            path = path[:-1]
    return path


def _explanation(model: type[BaseModel], path: Path, detail: ErrorDetails) -> tuple[str, str]:
    kind, context = detail["type"], detail.get("ctx", {})
    if "remedy" in context:
        return detail["msg"], str(context["remedy"])
    if kind == "extra_forbidden":
        return "unknown key", _key_remedy(str(path[-1]), _known_keys(model, path[:-1]))
    if kind == "missing":
        return "is required", f"add it, such as `{path[-1]}: {_example(model, path)}`"
    if "expected" in context:
        return _choice(str(detail["input"]), str(context["expected"]))
    if kind in _WANTED:
        return _WANTED[kind]
    if kind == "too_short":
        return "is an empty list", _such_as(_example(model, path))
    if kind == "string_too_short":
        return "is empty", _such_as(_example(model, path))
    if kind == "string_pattern_mismatch":
        return "does not have the right form", _such_as(_example(model, path))
    return detail["msg"].replace("Input should be", "must be"), _such_as(_example(model, path))


def _choice(given: str, expected: str) -> tuple[str, str]:
    words = [word.strip("' ") for word in expected.replace(" or ", ", ").split(",")]
    return f"`{given}` is not one of: {', '.join(words)}", f"write `{_closest(given, words)}`"


def _key_remedy(key: str, known: Iterable[str]) -> str:
    close = get_close_matches(key, known, n=1, cutoff=0.6) or get_close_matches(
        key.lower(), [name.lower() for name in known], n=1, cutoff=0.6
    )
    by_lower = {name.lower(): name for name in known}
    if close:
        return f"did you mean `{by_lower[close[0].lower()]}`?"
    return f"remove it; known here: {', '.join(known)}"


def _closest(given: str, words: list[str]) -> str:
    return next(iter(get_close_matches(given, words, n=1)), words[0])


def _known_keys(model: type[BaseModel], path: Path) -> list[str]:
    for part in path:
        info = fields_of(model).get(part) if isinstance(part, str) else None
        model = model if info is None else submodel(info) or model
    return list(fields_of(model))


def _example(model: type[BaseModel], path: Path) -> str:
    """Return the example that the field's own definition gives."""
    example = ""
    for part in path:
        info = fields_of(model).get(str(part)) if isinstance(part, str) else None
        if info is not None:
            example = _as_yaml(info.examples[0]) if info.examples else ""
            model = submodel(info) or model
    return example


def _as_yaml(value: object) -> str:
    """Write a value as it may stand in the file; JSON is YAML, too."""
    is_plain = isinstance(value, str) and not value.isdigit() and "{" not in value
    return str(value) if is_plain else json.dumps(value)


def _such_as(example: str) -> str:
    return f"write for example `{example}`" if example else _MANUAL
