"""The kinds of fields that both files are made of."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, WithJsonSchema
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

from rotator.core.durations import PATTERN, format_duration, parse_duration
from rotator.settings.references import KEY_REFERENCE, is_key_reference


class Section(BaseModel):
    """A mapping in a file: frozen, with ``camelCase`` keys, and no others."""

    # Files are the only input; nobody calls a constructor with our own names.
    model_config = ConfigDict(  # type: ignore[pydantic-alias]
        frozen=True, extra="forbid", alias_generator=to_camel
    )


def refusal(problem: str, remedy: str) -> PydanticCustomError:
    """Make a refusal that carries its own remedy."""
    return PydanticCustomError("rotator", "{problem}", {"problem": problem, "remedy": remedy})


def _duration(value: object) -> timedelta:
    if not isinstance(value, str):
        raise refusal("is a duration without a unit", _with_unit(value))
    try:
        return parse_duration(value)
    except ValueError as error:
        raise refusal(str(error), "write a number with a unit: 90d, 36h, 15m or 30s") from error


def _with_unit(value: object) -> str:
    number = value if isinstance(value, int) and not isinstance(value, bool) else 90
    return f"say what it counts: {number}d, {number}h, {number}m or {number}s"


def _texts(value: object) -> object:
    """Take one text for a list of one; account ids without quotes are texts, too."""
    items = value if isinstance(value, tuple) else (value,)
    return tuple(map(_digits, items))


def _digits(value: object) -> object:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


_KEY_FORMS = "`env:NAME`, `file:PATH` or `secret:NAME#FIELD`"


def _key_reference(value: object) -> object:
    """Refuse anything that could be a key; what was written is not repeated."""
    if not isinstance(value, str) or not is_key_reference(value):
        raise refusal("does not refer to a key", f"write {_KEY_FORMS}; never the key itself")
    return value


_DURATION_SCHEMA: dict[str, Any] = {
    "type": "string",
    "pattern": PATTERN,
    "minLength": 2,
    "examples": ["90d", "36h", "15m", "30s"],
}
_GLOBS_SCHEMA: dict[str, Any] = {
    "anyOf": [
        {"type": "string", "minLength": 1},
        {"type": "array", "items": {"type": "string", "minLength": 1}, "minItems": 1},
    ]
}

Duration = Annotated[
    timedelta,
    BeforeValidator(_duration),
    PlainSerializer(format_duration, return_type=str, when_used="json"),
    WithJsonSchema(_DURATION_SCHEMA),
]
"""A length of time with a unit, greater than zero."""

Globs = Annotated[
    tuple[Annotated[str, Field(min_length=1)], ...],
    BeforeValidator(_texts),
    Field(min_length=1),
    WithJsonSchema(_GLOBS_SCHEMA),
]
"""One glob or a list of them."""

TagName = Annotated[str, Field(min_length=1, max_length=128)]
"""A tag's name; IAM does not tell upper from lower case in it."""

TagMap = dict[TagName, Globs]
"""Tags by name, each with one glob or several for its value."""

AccountNumber = Annotated[str, BeforeValidator(_digits), Field(pattern=r"^[0-9]{12}$")]
"""An AWS account's id; a leading zero survives because the reader keeps it."""

Region = Annotated[str, Field(pattern=r"^[a-z]{2}(-[a-z]+)+-[0-9]$")]
"""An AWS region's code."""

PathPrefix = Annotated[str, Field(pattern=r"^/([!-~]+/)?$")]
"""The beginning of an IAM path; both ends are slashes."""

Url = Annotated[str, Field(pattern=r"^https?://[^\s/@]+(/\S*)?$")]
"""Where a service is reached; without a name or password in it."""

_REFERENCE_SCHEMA: dict[str, Any] = {"type": "string", "pattern": KEY_REFERENCE}

KeyReference = Annotated[str, BeforeValidator(_key_reference), WithJsonSchema(_REFERENCE_SCHEMA)]
"""Where a key is kept; it is read anew whenever it is used."""
