"""Forms in which APIs write times, and which of them can be believed."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import TYPE_CHECKING, assert_never

from rotator.clients.http_answers import provider_time
from rotator.core.ids import instant

if TYPE_CHECKING:
    from rotator.clients.http_messages import Answer
    from rotator.core.ids import Instant

_RFC3339 = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?([Zz]|[+-]\d\d:\d\d)", re.ASCII
)
_DATE = re.compile(r"(\d{4})-(\d\d)-(\d\d)", re.ASCII)
_NUMBER = re.compile(r"-?\d{1,15}(\.\d{1,9})?", re.ASCII)
_LONGEST_RFC2822 = 64
_EPOCH = datetime.fromtimestamp(0, UTC)
_OUR_YEARS = range(2000, 3000)
_MOST_AHEAD = timedelta(days=1)


class TimeForm(StrEnum):
    """How an API writes times; a date means its first instant in UTC."""

    RFC3339 = "rfc3339"
    DATE = "date"
    EPOCH = "epoch"
    EPOCH_MS = "epoch_ms"
    RFC2822 = "rfc2822"


def read_time(form: TimeForm, value: object) -> Instant | None:
    """Read a time; None if it is none of that form. Fractions end at microseconds."""
    try:
        return _read(form, value)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def told_time(answer: Answer) -> Instant | None:
    """Read a server's own time; None if it tells none, or one of another millennium.

    One that is off by less is told as it is: it may be our own clock that is wrong.
    """
    at = provider_time(answer)
    return at if at is not None and at.year in _OUR_YEARS else None


def is_past(at: Instant | None, answer: Answer) -> bool:
    """Whether what an answer tells can have been, give or take a day; None is no time at all.

    A time far ahead would be counted on where nothing can be added to it.
    """
    now = max(told_time(answer) or answer.received_at, answer.received_at)
    return at is None or at - now <= _MOST_AHEAD


def _read(form: TimeForm, value: object) -> Instant | None:
    match form:
        case TimeForm.EPOCH:
            return _since_epoch(value, timedelta(seconds=1))
        case TimeForm.EPOCH_MS:
            return _since_epoch(value, timedelta(milliseconds=1))
        case TimeForm.RFC3339 | TimeForm.DATE | TimeForm.RFC2822:
            return _written(form, value) if isinstance(value, str) else None
        case _:
            assert_never(form)


def _written(form: TimeForm, text: str) -> Instant | None:
    if form is TimeForm.RFC3339:
        return _rfc3339(text)
    return _date(text) if form is TimeForm.DATE else _rfc2822(text)


def _since_epoch(value: object, unit: timedelta) -> Instant | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    text = str(value) if is_number or isinstance(value, str) else ""
    if not _NUMBER.fullmatch(text):
        return None
    number = float(text) if "." in text else int(text)
    return instant(_EPOCH + number * unit)


def _date(text: str) -> Instant | None:
    found = _DATE.fullmatch(text)
    if found is None:
        return None
    year, month, day = map(int, found.groups())
    return instant(datetime(year, month, day, tzinfo=UTC))


def _rfc3339(text: str) -> Instant | None:
    found = _RFC3339.fullmatch(text)
    if found is None:
        return None
    *numbers, fraction, zone = found.groups()
    microsecond = int((fraction or "")[:6].ljust(6, "0"))
    year, month, day, hour, minute, second = map(int, numbers)
    at = datetime(year, month, day, hour, minute, second, microsecond, tzinfo=_zone(zone))
    return instant(at)


def _zone(text: str) -> timezone:
    if text in {"Z", "z"}:
        return UTC
    hours, minutes = int(text[1:3]), int(text[4:6])
    away = timedelta(hours=hours, minutes=minutes)
    return timezone(-away if text[0] == "-" else away)


def _rfc2822(text: str) -> Instant | None:
    """Read a mail's date; without a zone, or with ``-0000``, it is UTC (RFC 5322, 3.3)."""
    if len(text) > _LONGEST_RFC2822:
        return None
    at = parsedate_to_datetime(text)
    return instant(at if at.tzinfo else at.replace(tzinfo=UTC))
