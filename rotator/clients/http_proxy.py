"""A way through a proxy: it connects us to a host, and carries what it cannot read.

The proxy resolves the vendor's name and picks its address. So what a name leads to
is not checked here: of an address that stands in the URL itself we judge as ever,
and TLS still proves who answers. Which inner hosts can be reached by name is the
proxy's own rule.
"""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import TYPE_CHECKING

from rotator.clients.http_guard import parsed_url, refusal
from rotator.errors import RejectedError, UnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpcore

    from rotator.clients.http_guard import Origin
    from rotator.clients.http_network import Call

_SUBJECT = "proxy"
_LARGEST_HEAD = 16 << 10
_STATUS_LINE = re.compile(rb"HTTP/1\.[01] ([0-9]{3})( [^\r\n]*)?\r\n")
_OK = b"2"


def proxy_origin(url: str) -> Origin | None:
    """Return where a proxy listens; None for an empty URL.

    Raises:
        RejectedError: It is no plain ``http://host:port``.
    """
    if not url:
        return None
    _, origin = parsed_url(url, what="the proxy cannot be used", subject=_SUBJECT)
    if origin.scheme != "http":
        msg = "the proxy cannot be used: it is spoken to in plain http, and carries TLS inside"
        hint = "write http://host:port"
        raise RejectedError(msg, subject=_SUBJECT, code="bad_proxy", hint=hint)
    return origin


def literal_refusal(call: Call, *, allow_private: bool) -> str:
    """Say why a proxy is not asked for the call's host; empty where nothing is known against it."""
    if call.origin.scheme != "https":
        return "what is not https does not go through a proxy"
    try:
        ip_address(call.host)
    except ValueError:
        return ""
    return refusal(call.host, scheme=call.origin.scheme, allow_private=allow_private)


def open_tunnel(stream: httpcore.NetworkStream, call: Call, patience: Callable[[], float]) -> None:
    """Let a proxy connect a stream to the call's host; nothing of the call itself is sent.

    Args:
        stream: Just connected to the proxy.
        call: For whose host.
        patience: Returns how many seconds the next step may take.

    Raises:
        UnavailableError: The proxy refuses, or speaks no HTTP.
        httpcore.NetworkError: The connection breaks.
        httpcore.TimeoutException: It takes too long.
    """
    authority = f"[{call.host}]" if ":" in call.host else call.host
    authority = f"{authority}:{call.origin.port}"
    lines = f"CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n\r\n"
    stream.write(lines.encode("ascii"), patience())
    head = _head(stream, patience)
    found = _STATUS_LINE.match(head)
    if found is None or not head.endswith(b"\r\n\r\n"):
        raise _refused(call, "answered something that is no HTTP")
    if not found[1].startswith(_OK):
        raise _refused(call, f"answered {found[1].decode()}")


def _head(stream: httpcore.NetworkStream, patience: Callable[[], float]) -> bytes:
    """Read up to an empty line; whoever is behind the proxy speaks only after us."""
    head = b""
    while b"\r\n\r\n" not in head and len(head) < _LARGEST_HEAD:
        more = stream.read(_LARGEST_HEAD, patience())
        if not more:
            break
        head += more
    return head


def _refused(call: Call, what: str) -> UnavailableError:
    msg = f"{call.operation} was not sent to {call.host}: the proxy {what}"
    hint = "see that the proxy lets rotator connect to this host"
    return UnavailableError(msg, subject=call.subject, code="proxy_refused", hint=hint)
