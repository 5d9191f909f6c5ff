"""What a hole of a template makes of its value: ``${new.expiresAt|date}``."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from rotator.core.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Mapping

LEAVES_OUT: Final = "optional"
"""The filter that leaves a field out where there is no value."""

REPLACES: Final = "default"
"""The filter that says what stands where there is no value."""

_MILLISECOND = timedelta(milliseconds=1)


class Takes(StrEnum):
    """What a filter can be given."""

    TIME = "time"
    DURATION = "duration"
    LIST = "list"
    ANY = "any"


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """One filter as a spec writes it.

    Attributes:
        argument: What follows the colon, as it stands.
    """

    name: str
    argument: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """What is known of a filter.

    Attributes:
        has_argument: Whether a colon and a text follow it.
    """

    takes: Takes
    has_argument: bool
    make: Callable[[object, str], object]


def convert(item: Filter, value: object) -> tuple[str, object]:
    """Send a value through a filter.

    Returns:
        What is wrong, in words that go on after the hole's name, or nothing; and the
        result. The words never have the value in them.
    """
    kind = FILTERS[item.name]
    if not _fits(kind.takes, value):
        return f"is no {kind.takes}, and so nothing for the filter `{item.name}`", None
    result = kind.make(value, item.argument)
    if result is None:
        return f"cannot be written by the filter `{item.name}`", None
    return "", result


def written(value: object) -> str | Secret | None:
    """Write a text, a number or a truth as it stands in a URL; None for anything else."""
    match value:
        case str() | Secret():
            return value
        case bool() | int() | float():
            return json.dumps(value)
        case _:
            return None


def _fits(takes: Takes, value: object) -> bool:
    if takes is Takes.LIST:
        return isinstance(value, Sequence) and not isinstance(value, str)
    wanted = {Takes.TIME: datetime, Takes.DURATION: timedelta}
    return isinstance(value, wanted.get(takes, object))


def _time(write: Callable[[datetime], str | int]) -> Kind:
    def make(value: object, _: str) -> object:
        assert isinstance(value, datetime)  # noqa: S101 - `_fits` has looked
        return write(value.astimezone(UTC))

    return Kind(takes=Takes.TIME, has_argument=False, make=make)


def _count(unit: timedelta) -> Kind:
    """Count whole units; none at all is refused, for to many an API 0 means never."""

    def make(value: object, _: str) -> object:
        assert isinstance(value, timedelta)  # noqa: S101 - `_fits` has looked
        return value // unit if value >= unit else None

    return Kind(takes=Takes.DURATION, has_argument=False, make=make)


def _text(value: object, _: str) -> object:
    return written(value)


def _join(value: object, separator: str) -> object:
    assert isinstance(value, Sequence)  # noqa: S101 - `_fits` has looked
    parts = [written(item) for item in value]
    texts = [part for part in parts if isinstance(part, str)]
    return separator.join(texts) if len(texts) == len(parts) else None


def _unchanged(value: object, _: str) -> object:
    return value


FILTERS: Final[Mapping[str, Kind]] = {
    "date": _time(lambda at: f"{at:%Y-%m-%d}"),
    "rfc3339": _time(lambda at: f"{at:%Y-%m-%dT%H:%M:%S}Z"),
    "epoch": _time(lambda at: int(at.timestamp())),
    "epoch_ms": _time(lambda at: (at - datetime.fromtimestamp(0, UTC)) // _MILLISECOND),
    "days": _count(timedelta(days=1)),
    "hours": _count(timedelta(hours=1)),
    "minutes": _count(timedelta(minutes=1)),
    "seconds": _count(timedelta(seconds=1)),
    "millis": _count(_MILLISECOND),
    "text": Kind(takes=Takes.ANY, has_argument=False, make=_text),
    "join": Kind(takes=Takes.LIST, has_argument=True, make=_join),
    REPLACES: Kind(takes=Takes.ANY, has_argument=True, make=_unchanged),
    LEAVES_OUT: Kind(takes=Takes.ANY, has_argument=False, make=_unchanged),
}
"""Every filter by its name."""
