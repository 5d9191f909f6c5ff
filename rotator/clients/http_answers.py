"""What an answer means to us: a table of statuses, and the readings of a body.

The rule beside the table: a change whose answer does not say for sure that it was
refused, or cannot be read at all, has an unknown outcome. So a 503 to a change is
`OutcomeUnknownError`, and so is a success whose body is no JSON: the key that it
told of exists. Only readings are called unavailable.

Messages name operation, host and status. What a vendor says in prose is dropped.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, NoReturn, Protocol

from rotator.clients.http_limits import LONGEST_WAIT
from rotator.core.ids import Instant, instant
from rotator.errors import (
    AccessDeniedError,
    NotFoundError,
    OutcomeUnknownError,
    RejectedError,
    RotatorError,
    ThrottledError,
    TransientError,
    UnavailableError,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rotator.clients.http_messages import Answer

_REQUEST_ID_HEADERS = (
    "x-request-id",
    "request-id",
    "x-amzn-requestid",
    "x-correlation-id",
    "x-trace-id",
    "cf-ray",
)
"""Where vendors write their own id of a request, the usual place first."""

_REQUEST_ID = re.compile(r"[A-Za-z0-9._:/+=-]{1,128}")

_FIRST_REFUSAL = 400
_SERVER_ERROR = 500
_DIGITS_OF_A_WAIT = 9
_DEEPEST = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """What a status means: our class, its code, whether nothing was done, what to try."""

    kind: type[RotatorError]
    code: str
    is_definite: bool = True
    hint: str = ""


STATUSES: Mapping[int, Meaning] = MappingProxyType(
    {
        400: Meaning(kind=RejectedError, code="bad_request"),
        401: Meaning(
            kind=AccessDeniedError,
            code="unauthenticated",
            hint="give rotator a credential that works and has not expired",
        ),
        402: Meaning(
            kind=RejectedError,
            code="payment_required",
            hint="settle the account with the vendor; the keys are not at fault",
        ),
        403: Meaning(
            kind=AccessDeniedError,
            code="forbidden",
            hint="let rotator's own credential do this",
        ),
        404: Meaning(kind=NotFoundError, code="not_found"),
        405: Meaning(
            kind=RejectedError,
            code="method_not_allowed",
            hint="see whether the vendor's API has changed",
        ),
        408: Meaning(kind=UnavailableError, code="status_408", is_definite=False),
        # Not `conflict`: our own class of that code means a lost lease.
        409: Meaning(kind=RejectedError, code="vendor_conflict"),
        410: Meaning(kind=NotFoundError, code="not_found"),
        413: Meaning(kind=RejectedError, code="request_too_large"),
        422: Meaning(kind=RejectedError, code="bad_request"),
        425: Meaning(kind=UnavailableError, code="status_425"),
        429: Meaning(kind=ThrottledError, code="throttled"),
        501: Meaning(kind=RejectedError, code="status_501"),
        505: Meaning(kind=RejectedError, code="status_505"),
    }
)
"""Statuses and what they mean; every other 4xx is a refusal, every other 5xx is open."""


class Exchange(Protocol):
    """What an answer and a call under way both know."""

    @property
    def operation(self) -> str:
        """Return what it does."""
        ...

    @property
    def subject(self) -> str:
        """Return what it is about."""
        ...

    @property
    def host(self) -> str:
        """Return whom it was sent to."""
        ...

    @property
    def is_change(self) -> bool:
        """Return whether it may have changed something."""
        ...


def check(answer: Answer) -> Answer:
    """Return a successful answer.

    Raises:
        RotatorError: The status is not a 2xx; the class and code of `STATUSES`.
        OutcomeUnknownError: It answers a change, and does not say that it was refused.
    """
    failure = failure_of(answer)
    if failure is not None:
        raise failure
    return answer


def failure_of(answer: Answer) -> RotatorError | None:
    """Return what `check` would raise; None for a success."""
    if answer.status < _FIRST_REFUSAL:
        return None
    meaning = STATUSES.get(answer.status) or _other(answer.status)
    kind = meaning.kind
    if answer.is_change and not meaning.is_definite:
        kind = OutcomeUnknownError
    msg = f"{answer.operation} failed: status {answer.status} from {answer.host}"
    if issubclass(kind, TransientError):
        return kind(
            msg,
            subject=answer.subject,
            code=meaning.code,
            hint=meaning.hint,
            retry_after=retry_after(answer),
        )
    return kind(msg, subject=answer.subject, code=meaning.code, hint=meaning.hint)


def json_of(answer: Answer) -> object:
    """Decode a body as JSON in UTF-8: numbers are finite, of repeated names the last wins.

    Nothing in it is nested deeper than 64 lists and objects: whoever walks through it
    must not run out of stack.

    Raises:
        RejectedError: A reading's body is no such JSON; code ``not_json``.
        OutcomeUnknownError: A change's is not; the same code.
    """
    try:
        value: object = json.loads(answer.content.decode(), parse_constant=_refuse_constant)
        # Half a surrogate pair would pass for text, and fail wherever it is written.
        # And a number like 1e999 is read as infinite without asking `parse_constant`.
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
        is_json = True
    except (ValueError, RecursionError):
        is_json = False
    # Outside of `except`: the decoder's exception holds the whole body.
    if not is_json:
        raise unusable(answer, "its body is no JSON", code="not_json")
    if _is_deep(value):
        raise unusable(answer, "its body is nested too deep", code="not_json")
    return value


def object_of(answer: Answer) -> Mapping[str, object]:
    """Decode a body that must be a JSON object; raises as `json_of` does."""
    value = json_of(answer)
    if not isinstance(value, dict):
        raise unusable(answer, "its body is no JSON object", code="not_json")
    return value


def text_of(answer: Answer) -> str:
    """Decode a body as UTF-8.

    Raises:
        RejectedError: A reading's body is no such text; code ``not_text``.
        OutcomeUnknownError: A change's is not; the same code.
    """
    try:
        return answer.content.decode()
    except UnicodeDecodeError:
        pass
    raise unusable(answer, "its body is no UTF-8 text", code="not_text")


def unusable(answer: Exchange, why: str, *, code: str) -> RotatorError:
    """Return what to raise for a success that lacks what it must have.

    Args:
        answer: A 2xx, or what is known of it before all of it is there.
        why: What is wrong with it, such as ``its body has no accessKey``; never a
            part of the body.
        code: A word for it.

    Returns:
        `RejectedError` for a reading; `OutcomeUnknownError` for a change, which
        was made.
    """
    kind = OutcomeUnknownError if answer.is_change else RejectedError
    msg = f"{answer.operation}: {answer.host} answered, but {why}"
    return kind(msg, subject=answer.subject, code=code)


def provider_time(answer: Answer) -> Instant | None:
    """Read the server's own time from the ``Date`` header, to the second.

    None if it has none that can be read; then no guard may lean on it.
    """
    return _date(answer.headers.get("date", ""))


def request_id_of(answer: Answer) -> str:
    """Read the vendor's own id of the request, which its support and its logs know.

    Returns:
        Empty where no usual header has one of at most 128 plain characters: what a
        vendor writes elsewhere, or at length, has no place in an audit log.
    """
    found = (answer.headers.get(name, "").strip() for name in _REQUEST_ID_HEADERS)
    return next((text for text in found if _REQUEST_ID.fullmatch(text)), "")


def retry_after(answer: Answer) -> timedelta | None:
    """Read how long the server asks us to wait: seconds, or a date; a day at most.

    A date is measured from the server's own time where it tells it. The vendor's own
    headers of `Answer.limit` come after the usual one. None if it does not say, or
    not so that it can be read.
    """
    now = server_time(answer)
    text = answer.headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return min(timedelta(seconds=int(text[:_DIGITS_OF_A_WAIT])), LONGEST_WAIT)
    until = _date(text)
    if until is None:
        return answer.limit.asked(answer.headers, now)
    return min(max(until - now, timedelta(0)), LONGEST_WAIT)


def server_time(answer: Answer) -> Instant:
    """Return the server's own time, or ours where it does not tell."""
    return provider_time(answer) or answer.received_at


def _other(status: int) -> Meaning:
    if status < _SERVER_ERROR:
        return Meaning(kind=RejectedError, code=f"status_{status}")
    return Meaning(kind=UnavailableError, code=f"status_{status}", is_definite=False)


def _date(text: str) -> Instant | None:
    try:
        found = parsedate_to_datetime(text)
        return instant(_in_utc(found))
    except (ValueError, OverflowError):
        return None


def _in_utc(found: datetime) -> datetime:
    """A zone of ``-0000`` says that the time is UTC and nothing of the place."""
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


def _is_deep(value: object) -> bool:
    level = [value]
    for _ in range(_DEEPEST):
        level = [item for outer in level for item in _inside(outer)]
    return bool(level)


def _inside(value: object) -> Iterable[object]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _refuse_constant(name: str) -> NoReturn:
    msg = f"{name} is no JSON number"
    raise ValueError(msg)
