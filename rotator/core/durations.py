"""Durations as people write them: ``90d``, ``36h``, ``15m``, ``30s``, ``67d12h``."""

from __future__ import annotations

import re
from datetime import timedelta

PATTERN = r"^([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?$"
"""What `parse_duration` reads, but for the empty text, which it refuses."""

LONGEST = timedelta(days=3650)
"""Ten years: longer is a slip of the pen, and arithmetic with it may overflow."""

_UNITS = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}
_PART = re.compile(r"([0-9]+)([dhms])")
_MOST_DIGITS = 9


def parse_duration(text: str) -> timedelta:
    """Read a duration: numbers with the units d, h, m, s, the largest unit first.

    Raises:
        ValueError: It has no unit, another form, is zero, or longer than `LONGEST`.
    """
    parts = _PART.findall(text)
    if not parts or re.fullmatch(PATTERN, text) is None:
        raise ValueError(f"`{text}` is not a duration")
    if any(len(number) > _MOST_DIGITS for number, _ in parts):
        raise ValueError(f"`{text}` is longer than {format_duration(LONGEST)}")
    value = timedelta(seconds=sum(int(number) * _UNITS[unit] for number, unit in parts))
    if not value:
        raise ValueError(f"`{text}` is no time at all")
    if value > LONGEST:
        raise ValueError(f"`{text}` is longer than {format_duration(LONGEST)}")
    return value


def format_duration(value: timedelta) -> str:
    """Write a duration as `parse_duration` reads it; parts of a second are dropped."""
    rest = int(abs(value).total_seconds())
    parts = []
    for unit, size in _UNITS.items():
        count, rest = divmod(rest, size)
        if count:
            parts.append(f"{count}{unit}")
    sign = "-" if value < timedelta() and parts else ""
    return sign + ("".join(parts) or "0s")
