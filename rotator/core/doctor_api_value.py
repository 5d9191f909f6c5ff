"""What is wrong with one value that is to be a key of an HTTP API: without sending it.

The value may be a secret: no message quotes any of it.
"""

from __future__ import annotations

from base64 import b64decode
from binascii import Error
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rotator.core.api_keys import KeyStatus
from rotator.core.value_reading import read_value
from rotator.core.value_wrapping import ValueFault

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rotator.core.api_keys import ApiKey
    from rotator.core.ids import Instant

_AGAIN = "copy all of it again; a key that is lost is made anew, not shown again"
_HEX_DIGITS = frozenset("0123456789abcdefABCDEF")


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyForm:
    """What a key of an API looks like, as far as its spec says.

    Attributes:
        prefix: What it begins with; may be empty.
        length: Of the whole text; None where that differs.
        min_length: Of the whole text.
        alphabet: Of what is behind the prefix; empty if nobody says it.
    """

    prefix: str = ""
    length: int | None = None
    min_length: int = 1
    alphabet: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What is wrong with a value, and what is worth knowing."""

    faults: tuple[ValueFault, ...] = ()
    notes: tuple[str, ...] = ()


def examine(data: bytes, form: KeyForm) -> Finding:
    """Say what is wrong with a value, as far as its text tells.

    Args:
        data: The value as it was read; one line end at its end belongs to the pipe.
        form: What it is to look like.
    """
    read = read_value(data)
    if not read.text:
        return Finding(faults=read.faults, notes=read.notes)
    faults = (*read.faults, *_form_faults(read.text, form))
    return Finding(faults=faults, notes=read.notes)


def listed_faults(key: ApiKey | None, now: Instant) -> Iterator[ValueFault]:
    """Name what a listing says against a key.

    Args:
        key: As it is listed; None if it is not.
        now: The present.
    """
    if key is None:
        problem = "is listed no more: it was revoked"
        yield _fault("revoked", problem, "give its reader a new key, and look who revoked it")
    elif key.status is KeyStatus.EXPIRED or (key.expires_at and key.expires_at <= now):
        yield _fault("expired", "has expired", "give its reader a new key")
    elif key.status is KeyStatus.INACTIVE:
        yield _fault("inactive", "is switched off", "switch it on, or give its reader a new key")
    elif key.status is KeyStatus.PENDING:
        yield _fault("pending", "is not ready yet", "wait, and try again")


def _form_faults(text: str, form: KeyForm) -> Iterator[ValueFault]:
    encoded = _encoding(text, form)
    if encoded is not None:
        yield encoded
        return
    if not text.startswith(form.prefix):
        problem = f"does not begin with `{form.prefix}`, as keys of this API do"
        yield _fault("prefix", problem, f"it may lack its beginning, or be another key: {_AGAIN}")
        return
    yield from _length_faults(text, form)
    body = text.removeprefix(form.prefix)
    if form.alphabet and set(body) - set(form.alphabet):
        problem = "holds a character that no key of this API has"
        yield _fault("character", problem, _AGAIN)


def _length_faults(text: str, form: KeyForm) -> Iterator[ValueFault]:
    if form.length is not None and len(text) != form.length:
        way = "fewer" if len(text) < form.length else "more"
        problem = f"has {way} characters than the {form.length} of a key of this API"
        yield _fault("cut" if way == "fewer" else "too_much", problem, _AGAIN)
    elif len(text) < form.min_length:
        problem = f"has fewer than {form.min_length} characters, so it is cut"
        yield _fault("cut", problem, _AGAIN)


def _encoding(text: str, form: KeyForm) -> ValueFault | None:
    """Recognise a key that something has written in another way on its road."""
    if "%" not in form.alphabet and _is_url_encoded(text):
        problem = "is written as in a URL, with percent signs"
        return _fault("url_encoded", problem, "store it as it was shown, without encoding it")
    if form.prefix and not text.startswith(form.prefix):
        plain = _from_base64(text)
        if plain is not None and plain.startswith(form.prefix):
            problem = "is a key of this API in base64"
            return _fault("base64", problem, "store it as it was shown, without encoding it")
    return None


def _is_url_encoded(text: str) -> bool:
    parts = text.split("%")[1:]
    return bool(parts) and all(len(it) > 1 and set(it[:2]) <= _HEX_DIGITS for it in parts)


def _from_base64(text: str) -> str | None:
    usual = text.replace("-", "+").replace("_", "/").rstrip("=")
    try:
        return b64decode(usual + "=" * (-len(usual) % 4), validate=True).decode()
    except (Error, ValueError):
        return None


def _fault(code: str, problem: str, remedy: str) -> ValueFault:
    return ValueFault(code=code, problem=problem, remedy=remedy)
