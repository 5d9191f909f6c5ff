"""What is sent and what comes back over HTTP; nothing here shows what it carries.

A URL's path or query, a header or a body may be a secret, and so may an answer:
some vendors list their keys in clear. So each of them takes `Secret` where the
caller has one, and none of them is part of any `repr`.
"""

from __future__ import annotations

import json
from base64 import b64encode
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from rotator.clients.http_limits import RateLimit
from rotator.core.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rotator.core.ids import Instant

Text = str | Secret
"""A text that may be a secret; it is revealed when it is sent."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Body:
    """A request's body, encoded.

    Attributes:
        content_type: As the header says it.
        content: The bytes.
    """

    content_type: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HttpRequest:
    """One request.

    Attributes:
        operation: What it does, for messages and metrics: a constant word such as
            ``cts:CreateAccessKey``.
        url: The whole URL; its origin must have been allowed.
        method: The verb; vendors' own ones, such as ``LIST``, too.
        query: Joined to what `url` has.
        headers: Beside those that the transport writes itself.
        body: What is sent; any verb may have one.
        subject: What it is about, for messages.
    """

    operation: str
    url: Text = field(repr=False)
    method: str = "GET"
    query: Mapping[str, Text] = field(default_factory=dict, repr=False)
    headers: Mapping[str, Text] = field(default_factory=dict, repr=False)
    body: Body | None = field(default=None, repr=False)
    subject: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Answer:
    """What a server said, whatever its status; never a redirect.

    Attributes:
        operation: The request's.
        subject: The request's.
        host: Who answered.
        is_change: Whether the request may have changed something.
        status: 200 to 299 and 400 to 599.
        headers: Names in lower case; a repeated one is joined by ``", "``.
        content: The body, decompressed.
        received_at: When it had arrived, by our clock.
        limit: Which of its headers tell of limits.
    """

    operation: str
    subject: str
    host: str
    is_change: bool
    status: int
    headers: Mapping[str, str] = field(repr=False)
    content: bytes = field(repr=False)
    received_at: Instant
    limit: RateLimit = field(default_factory=RateLimit, repr=False)


def json_body(value: object) -> Body:
    """Encode lists, mappings, texts, numbers, booleans and None; secrets among them too."""
    text = json.dumps(value, default=_revealed, allow_nan=False, separators=(",", ":"))
    return Body(content_type="application/json", content=text.encode())


def form_body(fields: Mapping[str, Text]) -> Body:
    """Encode fields as a form does."""
    return Body(
        content_type="application/x-www-form-urlencoded", content=query_text(fields).encode()
    )


def bearer(token: Secret) -> Secret:
    """Return the value of an ``Authorization`` header that carries a token."""
    return Secret(f"Bearer {token.reveal()}")


def basic(user: str, password: Secret) -> Secret:
    """Return the value of an ``Authorization`` header with a name and a password, in UTF-8."""
    return Secret(f"Basic {b64encode(f'{user}:{password.reveal()}'.encode()).decode()}")


def query_text(fields: Mapping[str, Text]) -> str:
    """Encode fields as a URL's query carries them; for the transport."""
    return urlencode({name: plain(value) for name, value in fields.items()})


def plain(text: Text) -> str:
    """Return the text itself; for the transport."""
    return text.reveal() if isinstance(text, Secret) else text


def _revealed(value: object) -> str:
    if isinstance(value, Secret):
        return value.reveal()
    msg = f"a {type(value).__name__} has no form in JSON"
    raise TypeError(msg)
