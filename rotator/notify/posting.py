"""One request to a receiver of notices, through the safe transport."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rotator.clients.http import HttpConfig
from rotator.clients.http_answers import failure_of, retry_after
from rotator.errors import RotatorError
from rotator.notify.channel import TOLD_PATIENCE_SECONDS, Verdict

if TYPE_CHECKING:
    from rotator.clients.http import HttpClient
    from rotator.clients.http_messages import HttpRequest

_GONE: Final = 410
_CONNECT_SECONDS: Final = 5.0
_MAX_ANSWER_BYTES: Final = 64 << 10


def posting_config(origin: str, *, allow_private: bool) -> HttpConfig:
    """Say how a receiver is reached: patiently to a bound, and nowhere else."""
    return HttpConfig(
        origins=(origin,),
        allow_private=allow_private,
        connect_timeout_seconds=_CONNECT_SECONDS,
        read_timeout_seconds=TOLD_PATIENCE_SECONDS,
        total_seconds=TOLD_PATIENCE_SECONDS,
        max_body_bytes=_MAX_ANSWER_BYTES,
        attempts=1,
    )


def post(client: HttpClient, request: HttpRequest) -> Verdict:
    """Send a request once, and judge the answer."""
    try:
        answer = client.change(request, not_after=None)
    except RotatorError as error:
        return Verdict(code=error.code)
    failure = failure_of(answer)
    if failure is None:
        return Verdict()
    if answer.status == _GONE:
        return Verdict(code="gone", is_final=True)
    return Verdict(code=failure.code, retry_after=retry_after(answer))
