"""Answers as they go back over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rotator.simulators.aws.arrivals import read_json
from rotator.simulators.aws.refusals import Refusal, error_answer
from rotator.simulators.messages import Answer

if TYPE_CHECKING:
    from collections.abc import Mapping

JSON = "application/x-amz-json-1.1"


def refuse(service: str, refusal: Refusal, message: str = "") -> Answer:
    """Refuse in the service's protocol; without a message, in the refusal's own words."""
    status, error, content_type, body = error_answer(service, refusal, message)
    return Answer(status=status, error=error, content_type=content_type, body=body)


def moto_answer(service: str, status: int, told: Mapping[str, str], body: str | bytes) -> Answer:
    """Wrap what moto's response classes return."""
    data = body.encode() if isinstance(body, str) else body
    if service == "secretsmanager":
        # moto answers 404 where Secrets Manager's protocol has 400 for every client error.
        error = read_json(data).get("__type", "") if status >= 400 else ""  # noqa: PLR2004
        status = min(status, 400) if error else status
        return Answer(status=status, error=str(error), content_type=JSON, body=data)
    content_type = str(told.get("Content-Type", "text/xml"))
    error = ""
    if status >= 400:  # noqa: PLR2004 - HTTP's own boundary
        error = data.partition(b"<Code>")[2].partition(b"</Code>")[0].decode()
    return Answer(status=status, error=error, content_type=content_type, body=data)


def born_key(answer: Answer) -> str:
    """Read the id of a key that was made; its secret stays in the answer."""
    return answer.body.partition(b"<AccessKeyId>")[2].partition(b"</AccessKeyId>")[0].decode()
