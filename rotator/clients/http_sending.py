"""How a request is written; what could be read in two ways is refused before.

The library that sends refuses line breaks in a header too, but only when the
connection stands, and its message prints the value.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rotator import __version__
from rotator.clients.http_messages import plain, query_text
from rotator.core.secret import Secret
from rotator.errors import RejectedError

if TYPE_CHECKING:
    import httpx

    from rotator.clients.http_guard import Origin
    from rotator.clients.http_messages import HttpRequest, Text

_METHOD = re.compile(r"[A-Z]{1,16}")
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(r"([!-~\x80-\xff]([\t -~\x80-\xff]*[!-~\x80-\xff])?)?")
_OURS = frozenset(
    {
        "accept-encoding",
        "connection",
        "content-length",
        "expect",
        "host",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
"""Headers that say how a message is framed or where it goes: the transport's alone."""

_WITH_LENGTH = frozenset({"PATCH", "POST", "PUT"})


def method_of(request: HttpRequest) -> str:
    """Return the verb.

    Raises:
        RejectedError: It is not 1 to 16 capital letters.
    """
    if not _METHOD.fullmatch(request.method):
        raise _refused(request, "its method is no verb", code="bad_method")
    return request.method


def target_of(request: HttpRequest, url: httpx.URL) -> Secret:
    """Return path and query as they stand in the request's first line."""
    path = url.raw_path.decode("ascii")
    if not request.query:
        return Secret(path)
    link = "&" if url.query else "" if path.endswith("?") else "?"
    return Secret(path + link + query_text(request.query))


def headers_of(
    request: HttpRequest, origin: Origin, *, is_last: bool = False
) -> list[tuple[bytes, bytes]]:
    """Return all headers, the transport's own first.

    Args:
        request: What is sent.
        origin: Where to.
        is_last: Both sides close the connection after this request.

    Raises:
        RejectedError: A name or a value cannot be sent, or the name is the
            transport's; the message has the name and never the value.
    """
    ours = {
        "host": str(origin).partition("://")[2],
        "accept": "application/json, */*;q=0.1",
        "accept-encoding": "identity",
        "user-agent": f"rotator/{__version__}",
    }
    if is_last:
        ours["connection"] = "close"
    if request.body is not None or request.method in _WITH_LENGTH:
        ours["content-length"] = str(len(content_of(request)))
    given = dict(request.headers)
    if request.body is not None:
        given = {"content-type": request.body.content_type, **given}
    written = ours | {name.lower(): _value(request, name, given[name]) for name in given}
    return [(name.encode(), value.encode("latin-1")) for name, value in written.items()]


def content_of(request: HttpRequest) -> bytes:
    """Return the body's bytes; empty without one."""
    return b"" if request.body is None else request.body.content


def _value(request: HttpRequest, name: str, text: Text) -> str:
    if not _NAME.fullmatch(name):
        raise _refused(request, "a header's name cannot be sent", code="bad_header")
    if name.lower() in _OURS:
        raise _refused(request, f"header {name} is the transport's own", code="bad_header")
    value = plain(text)
    if not _VALUE.fullmatch(value):
        why = f"the value of header {name} has characters that cannot be sent"
        raise _refused(request, why, code="bad_header")
    return value


def _refused(request: HttpRequest, why: str, *, code: str) -> RejectedError:
    msg = f"{request.operation} was not sent: {why}"
    return RejectedError(msg, subject=request.subject, code=code)
