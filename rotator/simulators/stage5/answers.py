"""Answers as they go back over HTTP."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from rotator.simulators.messages import Answer
from rotator.simulators.stage5.refusals import (
    RefusalError,
    access_denied,
    not_admitted,
    not_found,
    too_many,
)
from rotator.simulators.stage5.shapes import FaultKind

if TYPE_CHECKING:
    from rotator.simulators.stage5.shapes import FaultRule
    from rotator.simulators.stage5.visits import Done

_JSON = "application/json"
_FAILED = RefusalError(500, "internal", "Something went wrong on our side.")
_THROTTLED = RefusalError(429, "rate_limited", "Too many requests.")

_REFUSED = {
    FaultKind.SERVER_ERROR: _FAILED,
    FaultKind.ACCESS_DENIED: access_denied(),
    FaultKind.CREDENTIAL_REVOKED: not_admitted("revoked_key", "The access key was revoked."),
    FaultKind.PLAN_LIMIT: too_many(0),
    FaultKind.NOT_FOUND: not_found("path"),
    FaultKind.THROTTLE: _THROTTLED,
    FaultKind.RATE_LIMIT: _THROTTLED,
    FaultKind.REDIRECT: RefusalError(302, "moved", "It is elsewhere."),
}
"""What is answered instead of doing anything."""


def success(done: Done) -> Answer:
    """Answer with what was done."""
    body = b"" if done.value is None else json.dumps(done.value).encode()
    return Answer(status=done.status, content_type=_JSON, body=body)


def refuse(refusal: RefusalError) -> Answer:
    """Answer with why nothing was done."""
    error = {"code": refusal.code, "title": refusal.title, "message": refusal.message}
    body = json.dumps({"error": error}).encode()
    return Answer(status=refusal.status, content_type=_JSON, body=body, error=refusal.code)


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


def spoil(answer: Answer, rule: FaultRule) -> Answer:
    """Put what a fault makes of an answer in its place, after the effect."""
    match rule.kind:
        case FaultKind.SERVER_ERROR_AFTER:
            return refuse(_FAILED)
        case FaultKind.GARBLE:
            return replace(answer, body=answer.body[: len(answer.body) // 2])
        case FaultKind.DELAY_ANSWER:
            return replace(answer, delay_seconds=rule.seconds)
        case _:
            return answer
