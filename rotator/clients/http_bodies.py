"""An answer as it arrives: bounded, decompressed, and never a redirect."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

import httpx

from rotator.clients.http_answers import unusable
from rotator.clients.http_guard import HOST
from rotator.clients.http_messages import Answer
from rotator.errors import OutcomeUnknownError, RejectedError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import httpcore

    from rotator.clients.http_limits import RateLimit
    from rotator.clients.http_network import Call
    from rotator.errors import RotatorError

_SUCCESS = 200
_REDIRECTION = 300
_REFUSAL = 400
_LAST = 600
_PERHAPS_DONE = frozenset({302, 303})
"""Redirects that may follow a deed: "it is done, look there"."""

_GZIP_OR_ZLIB = 32 + zlib.MAX_WBITS


def received(
    response: httpcore.Response,
    call: Call,
    *,
    limit: RateLimit,
    max_body_bytes: int,
    max_header_bytes: int,
) -> Answer:
    """Read an answer to its end.

    Raises:
        RejectedError: It is a redirect, too large, or cannot be unpacked.
        OutcomeUnknownError: The same of a change, unless the redirect says that
            nothing was done.
    """
    headers = _headers(response)
    if sum(len(name) + len(value) for name, value in response.headers) > max_header_bytes:
        raise unusable(call, "its headers are too large", code="too_large")
    if _REDIRECTION <= response.status < _REFUSAL:
        raise _redirected(response.status, headers.get("location", ""), call)
    if not _SUCCESS <= response.status < _LAST:
        raise unusable(call, f"with status {response.status}", code="bad_status")
    return Answer(
        operation=call.operation,
        subject=call.subject,
        host=call.host,
        is_change=call.is_change,
        status=response.status,
        headers=headers,
        content=_content(response.iter_stream(), headers, call, max_body_bytes),
        received_at=call.clock.now(),
        limit=limit,
    )


def _headers(response: httpcore.Response) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for raw_name, raw_value in response.headers:
        name, value = raw_name.decode("ascii").lower(), raw_value.decode("latin-1")
        found[name] = f"{found[name]}, {value}" if name in found else value
    return found


def _redirected(status: int, location: str, call: Call) -> RotatorError:
    is_open = call.is_change and status in _PERHAPS_DONE
    kind = OutcomeUnknownError if is_open else RejectedError
    msg = f"{call.operation}: {call.host} points to {_host_of(location, call)}, not followed"
    hint = "see whether the configured URL is the API's own"
    return kind(msg, subject=call.subject, code="redirected", hint=hint)


def _host_of(location: str, call: Call) -> str:
    """Return the host that a redirect leads to, and nothing else of where it leads."""
    try:
        host = httpx.URL(location).raw_host.decode("ascii")
    except (httpx.InvalidURL, ValueError):
        return "an unreadable place"
    if not host:
        return call.host
    return host if HOST.fullmatch(host) else "an unreadable place"


def _content(
    parts: Iterable[bytes], headers: Mapping[str, str], call: Call, max_bytes: int
) -> bytes:
    encoding = headers.get("content-encoding", "identity").strip().lower()
    if encoding == "identity":
        return _bounded(parts, call, max_bytes)
    if encoding not in {"gzip", "x-gzip", "deflate"}:
        raise unusable(call, "its body is packed in an unknown way", code="bad_encoding")
    return _unpacked(_bounded(parts, call, max_bytes), call, max_bytes)


def _bounded(parts: Iterable[bytes], call: Call, max_bytes: int) -> bytes:
    content = bytearray()
    for part in parts:
        content += part
        if len(content) > max_bytes:
            raise unusable(call, "its body is too large", code="too_large")
    return bytes(content)


def _unpacked(packed: bytes, call: Call, max_bytes: int) -> bytes:
    """Decompress, and stop at the first byte too many."""
    unpacking = zlib.decompressobj(wbits=_GZIP_OR_ZLIB)
    try:
        content = unpacking.decompress(packed, max_bytes + 1)
    except zlib.error:
        content = b""
    if len(content) > max_bytes:
        raise unusable(call, "its body is too large", code="too_large")
    if packed and not unpacking.eof:
        raise unusable(call, "its body cannot be unpacked", code="bad_encoding")
    return content
