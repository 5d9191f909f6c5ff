"""Answers as they go back over HTTP."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from rotator.simulators.cipherstash.refusals import RefusalError
from rotator.simulators.cipherstash.shapes import FaultKind
from rotator.simulators.messages import Answer

if TYPE_CHECKING:
    from rotator.simulators.cipherstash.shapes import FaultRule, Settings
    from rotator.simulators.cipherstash.visits import Done
    from rotator.simulators.messages import HttpRequest

# The real client takes an answer of ZeroKMS only with exactly this type, without a charset.
JSON = "application/json"
TEXT = "text/plain; charset=utf-8"

REFUSED = {
    FaultKind.SERVER_ERROR: RefusalError(500, "Internal server error"),
    FaultKind.ACCESS_DENIED: RefusalError(403, "Not permitted"),
    FaultKind.CREDENTIAL_REVOKED: RefusalError(401, "Access key is not valid"),
    FaultKind.PAYMENT_REQUIRED: RefusalError(402, "Insufficient balance: top up to go on"),
    FaultKind.NOT_FOUND: RefusalError(404, "Not Found"),
    FaultKind.NOT_ALLOWED: RefusalError(405, "Method Not Allowed"),
    FaultKind.THROTTLE: RefusalError(429, "Too many requests"),
    FaultKind.RATE_LIMIT: RefusalError(429, "Too many requests"),
    FaultKind.REDIRECT: RefusalError(302, "Found"),
}
"""What is answered instead of doing anything."""


def success(done: Done) -> Answer:
    """Answer with what was done."""
    if isinstance(done.value, str):
        return Answer(status=200, content_type=TEXT, body=done.value.encode())
    return Answer(status=200, content_type=JSON, body=json.dumps(done.value).encode())


def refuse(refusal: RefusalError, settings: Settings, request: HttpRequest) -> Answer:
    """Refuse in the style that is set."""
    content_type, text = TEXT, refusal.reason
    match settings.error_style:
        case "json":
            content_type, text = JSON, json.dumps({"message": refusal.reason})
        case "empty":
            text = ""
        case "quoting":
            bearer = request.headers.get("authorization", "")
            text = f"{refusal.reason} in {bearer} {request.body.decode('utf-8', 'replace')}"
        case "text":
            pass
    return Answer(
        status=refusal.status, content_type=content_type, body=text.encode(), error=refusal.reason
    )


def refuse_for(rule: FaultRule, settings: Settings, request: HttpRequest) -> Answer:
    """Refuse because of a fault, with the headers that belong to it."""
    answer = refuse(REFUSED[rule.kind], settings, request)
    headers = {}
    if rule.kind is FaultKind.THROTTLE and rule.seconds:
        headers["Retry-After"] = f"{rule.seconds:.0f}"
    if rule.kind is FaultKind.REDIRECT:
        headers["Location"] = "https://elsewhere.invalid/"
    return replace(answer, headers=headers)


def spoil(answer: Answer, rule: FaultRule, settings: Settings, request: HttpRequest) -> Answer:
    """Put what a fault makes of an answer in its place, after the effect."""
    match rule.kind:
        case FaultKind.SERVER_ERROR_AFTER:
            return refuse(RefusalError(500, "Internal server error"), settings, request)
        case FaultKind.GARBLE:
            return replace(answer, body=answer.body[: len(answer.body) // 2])
        case FaultKind.DELAY_ANSWER:
            return replace(answer, delay_seconds=rule.seconds)
        case _:
            return answer
