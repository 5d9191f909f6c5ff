"""What it means that no whole answer came.

Before the first byte was sent it surely was not done. After that a change has an
unknown outcome, whatever went wrong, and a reading may be tried again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpcore

from rotator.clients.http_network import Stage
from rotator.errors import OutcomeUnknownError, RotatorError, UnavailableError

if TYPE_CHECKING:
    from rotator.clients.http_network import Call

CAUGHT: tuple[type[Exception], ...] = (
    RotatorError,
    httpcore.TimeoutException,
    httpcore.NetworkError,
    httpcore.ProtocolError,
)
"""Everything that an exchange may raise, our own refusals included."""

_UNSENT = {
    Stage.RESOLVE: ("its name was not resolved", "see that this host resolves the vendor's name"),
    Stage.CONNECT: ("no connection was made", "see that this host reaches the vendor"),
    Stage.PROXY: (
        "the proxy made no connection to it",
        "see that the proxy lets rotator connect to this host",
    ),
    Stage.TLS: (
        "its certificate or its TLS was not accepted",
        "see that the vendor's certificate is good, and which ones are trusted",
    ),
}


def explain(error: Exception, call: Call) -> RotatorError:
    """Turn one of `CAUGHT` into our own error, with nothing of its text."""
    if isinstance(error, RotatorError):
        return error.with_traceback(None)
    if call.stage is not Stage.SENT:
        what, hint = _UNSENT[call.stage]
        return UnavailableError(
            f"{call.operation} was not sent to {call.host}: {what}",
            subject=call.subject,
            code=f"{call.stage}_failed",
            hint=hint,
        )
    what, code = _lost(error)
    kind = OutcomeUnknownError if call.is_change else UnavailableError
    return kind(f"{call.operation}: {call.host} {what}", subject=call.subject, code=code)


def _lost(error: Exception) -> tuple[str, str]:
    if isinstance(error, httpcore.TimeoutException):
        return "did not answer in time", "timeout"
    if isinstance(error, httpcore.RemoteProtocolError):
        return "sent no whole answer in HTTP", "broken_answer"
    return "dropped the connection", "connection_lost"
