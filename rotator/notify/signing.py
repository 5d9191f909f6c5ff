"""Signatures of Standard Webhooks 1.0.0, by shared secrets (`v1`)."""

from __future__ import annotations

import hmac
from base64 import b64decode, b64encode
from binascii import Error
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from rotator.errors import RejectedError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rotator.core.secret import Secret

_PREFIX: Final = "whsec_"
_SHORTEST, _LONGEST = 24, 64


def checked(secret: Secret) -> Secret:
    """Return a secret that can sign.

    Raises:
        RejectedError: It is not ``whsec_`` and the base64 of 24 to 64 bytes.
    """
    if not _SHORTEST <= len(_bytes(secret)) <= _LONGEST:
        msg = "the webhook's secret is not `whsec_` and the base64 of 24 to 64 bytes"
        raise RejectedError(msg, code="bad_secret", hint="make one: openssl rand -base64 32")
    return secret


def signatures(secrets: Sequence[Secret], message_id: str, timestamp: int, body: bytes) -> str:
    """Sign a message with every secret: while one is replaced, receivers know either.

    Args:
        secrets: The new one first.
        message_id: As in the header ``webhook-id``.
        timestamp: Seconds since 1970, as in the header ``webhook-timestamp``.
        body: As it is sent, byte for byte.
    """
    content = f"{message_id}.{timestamp}.".encode() + body
    return " ".join(
        f"v1,{b64encode(hmac.new(_bytes(secret), content, sha256).digest()).decode()}"
        for secret in secrets
    )


def _bytes(secret: Secret) -> bytes:
    """Decode a secret; nothing for one that is of another form."""
    text = secret.reveal()
    try:
        return b64decode(text.removeprefix(_PREFIX), validate=True) if _PREFIX in text[:6] else b""
    except Error:
        return b""
