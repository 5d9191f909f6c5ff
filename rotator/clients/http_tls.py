"""Whom we believe, how we show who we are, and which keys alone we take for the vendor's."""

from __future__ import annotations

import re
import ssl
from base64 import b64encode
from hashlib import sha256
from typing import TYPE_CHECKING

import certifi

from rotator.errors import RejectedError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_PIN = re.compile(r"[A-Za-z0-9+/]{43}=")

_FIELDS_BEFORE_KEY = 5
"""Number, algorithm, issuer, validity and subject stand before a certificate's key."""

_VERSION = 0xA0
_LONG = 0x80


def trust(ca_file: Path | None, certificate: Path | None, key: Path | None) -> ssl.SSLContext:
    """Return whom we believe, and what we show of ourselves.

    Args:
        ca_file: Authorities in PEM; the public ones if None.
        certificate: Ours in PEM, with those that lead to its authority; None for none.
        key: Its private key in PEM, not encrypted; None where `certificate` has it.

    Raises:
        RejectedError: One of them cannot be read, or they do not belong together.
    """
    # Not `ssl.create_default_context`: it lets the environment log the session keys.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_verify_locations(cafile=ca_file or certifi.where())
    except OSError:
        msg = "the file of trusted certificates cannot be read"
        raise RejectedError(msg, subject=str(ca_file), code="bad_ca_file") from None
    if certificate is not None:
        _show(context, certificate, key)
    return context


def checked_pins(pins: Sequence[str]) -> frozenset[str]:
    """Return pins that may be compared with; empty takes every trusted certificate.

    Raises:
        RejectedError: One is no SHA-256 in base64.
    """
    for pin in pins:
        if not _PIN.fullmatch(pin):
            msg = "a pin is no SHA-256 of a public key in base64"
            hint = "give the 44 characters that end with ="
            raise RejectedError(msg, subject=pin[:64], code="bad_pin", hint=hint)
    return frozenset(pins)


def pin_of(certificate: bytes) -> str:
    """Return the SHA-256 of a certificate's public key (SubjectPublicKeyInfo), in base64.

    Args:
        certificate: In DER; TLS has taken it apart before, so it is one.
    """
    body = _content(_content(certificate))
    if body[0] == _VERSION:
        body = _rest(body)
    for _ in range(_FIELDS_BEFORE_KEY):
        body = _rest(body)
    return b64encode(sha256(body[: _extent(body)[1]]).digest()).decode()


def _show(context: ssl.SSLContext, certificate: Path, key: Path | None) -> None:
    try:
        # With an empty password, OpenSSL does not ask for one at the terminal.
        context.load_cert_chain(certificate, key, password=bytes)
    except (OSError, ValueError):
        msg = "our own certificate and its key cannot be read, or do not belong together"
        hint = "give both in PEM, the key not encrypted"
        raise RejectedError(
            msg, subject=str(certificate), code="bad_client_certificate", hint=hint
        ) from None


def _extent(element: bytes) -> tuple[int, int]:
    """Return where a DER element's content begins, and where it ends."""
    length, begins = element[1], 2
    if length & _LONG:
        begins += length & ~_LONG
        length = int.from_bytes(element[2:begins])
    return begins, begins + length


def _content(element: bytes) -> bytes:
    begins, ends = _extent(element)
    return element[begins:ends]


def _rest(elements: bytes) -> bytes:
    """Return what stands after the first of several elements."""
    return elements[_extent(elements)[1] :]
