"""Answers as they go back over HTTP."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING
from wsgiref.handlers import format_date_time

from rotator.simulators.kubernetes.refusals import RefusalError, unauthorized
from rotator.simulators.kubernetes.shapes import FaultKind
from rotator.simulators.messages import Answer

if TYPE_CHECKING:
    from datetime import datetime

    from rotator.simulators.kubernetes.resources import Object
    from rotator.simulators.kubernetes.shapes import FaultRule

_JSON = "application/json"
_FAILED = RefusalError(500, "InternalError", "Internal error occurred: etcdserver: no leader")
_TIMED_OUT = RefusalError(
    504, "Timeout", "Timeout: request did not complete within requested timeout"
)
_THROTTLED = RefusalError(
    429, "TooManyRequests", "The server has received too many requests, please try again later."
)
_REFUSED = {
    FaultKind.CONFLICT: RefusalError(
        409,
        "Conflict",
        "Operation cannot be fulfilled: the object has been modified; please apply your changes to"
        " the latest version and try again",
    ),
    FaultKind.SERVER_ERROR: _FAILED,
    FaultKind.UNAVAILABLE: RefusalError(
        503, "ServiceUnavailable", "the server is currently unable to handle the request"
    ),
    FaultKind.ACCESS_DENIED: RefusalError(403, "Forbidden", "forbidden by an admission policy"),
    FaultKind.CREDENTIAL_REVOKED: unauthorized(),
    FaultKind.NOT_FOUND: RefusalError(
        404, "NotFound", "the server could not find the requested resource"
    ),
    FaultKind.THROTTLE: _THROTTLED,
    FaultKind.RATE_LIMIT: _THROTTLED,
    FaultKind.REDIRECT: RefusalError(302, "", "It is elsewhere."),
}
"""What is answered instead of doing anything."""


def success(status: int, told: Object) -> Answer:
    """Answer with an object."""
    return Answer(status=status, content_type=_JSON, body=json.dumps(told).encode())


def refuse(refusal: RefusalError) -> Answer:
    """Answer with why nothing was done."""
    return Answer(
        status=refusal.status, content_type=_JSON, body=refusal.body(), error=refusal.reason
    )


def refuse_for(rule: FaultRule) -> Answer | None:
    """Answer what a fault says, with the headers that belong to it; None if it refuses nothing."""
    refusal = _REFUSED.get(rule.kind)
    if refusal is None:
        return None
    headers = {}
    if refusal is _THROTTLED and rule.seconds:
        headers["Retry-After"] = f"{rule.seconds:.0f}"
    if rule.kind is FaultKind.REDIRECT:
        headers["Location"] = "https://elsewhere.invalid/"
    return replace(refuse(refusal), headers=headers)


def spoil(answer: Answer, rule: FaultRule, now: datetime) -> Answer:
    """Put what a fault makes of an answer in its place, after the effect."""
    match rule.kind:
        case FaultKind.SERVER_ERROR_AFTER:
            return refuse(_FAILED)
        case FaultKind.TIMEOUT_AFTER:
            return refuse(_TIMED_OUT)
        case FaultKind.GARBLE:
            return replace(answer, body=answer.body[: len(answer.body) // 2])
        case FaultKind.DELAY_ANSWER:
            return replace(answer, delay_seconds=rule.seconds)
        case FaultKind.WRONG_DATE:
            told = now + timedelta(seconds=rule.seconds)
            headers = {**answer.headers, "Date": format_date_time(told.timestamp())}
            return replace(answer, headers=headers)
        case _:
            return answer
