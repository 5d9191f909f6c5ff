"""What a key looks like: keys that we choose, keys that nobody has, keys that are none."""

from __future__ import annotations

import secrets
from string import ascii_lowercase, ascii_uppercase, digits
from typing import TYPE_CHECKING, Final

from rotator.core.secret import Secret
from rotator.providers.http.spec import SecretForm

if TYPE_CHECKING:
    from collections.abc import Iterator

_USUAL: Final = SecretForm()
_CHOSEN_LENGTH = 48
_MASKS = ("***", "...", "\u2026", "\u2022", "xxxx", "XXXX")


def chosen(form: SecretForm) -> Secret:
    """Choose a key of a form; 48 characters after the prefix where it gives no length."""
    count = (form.length or len(form.prefix) + _CHOSEN_LENGTH) - len(form.prefix)
    letters = (secrets.choice(form.alphabet) for _ in range(max(count, 1)))
    return Secret(form.prefix + "".join(letters))


def made_up(real: Secret, form: SecretForm) -> Secret:
    """Make a key up that looks like a real one and that nobody was ever given.

    Prefix, length and punctuation stay; letters and digits become others of their kind,
    out of those that stand in the real key: hexadecimal stays hexadecimal.
    """
    text = real.reveal()
    start = len(form.prefix) if text.startswith(form.prefix) else 0
    body = other = text[start:]
    if not set(body) & {*digits, *ascii_lowercase, *ascii_uppercase}:
        return Secret(text + "made-up-key")
    while other == body:
        other = "".join(_others(body))
    return Secret(text[:start] + other)


def wrong_form(secret: Secret, form: SecretForm) -> str:
    """Say why a text cannot be a whole key; empty if it can. Nothing of it is told."""
    text = secret.reveal()
    alphabet = "" if form.alphabet == _USUAL.alphabet else form.alphabet
    if any(mask in text and not set(mask) <= set(alphabet) for mask in _MASKS):
        return "is masked: the API does not show it whole"
    if not text.startswith(form.prefix):
        return "does not begin as the spec's secretForm says"
    if len(text) != (form.length or len(text)) or len(text) < form.min_length:
        return "does not have the length that the spec's secretForm says"
    if alphabet and set(text[len(form.prefix) :]) - set(alphabet):
        return "has characters that the spec's secretForm does not have"
    return ""


def _others(body: str) -> Iterator[str]:
    for letter in body:
        kinds = (digits, ascii_lowercase, ascii_uppercase)
        kind = next((kind for kind in kinds if letter in kind), letter)
        found = sorted(set(kind) & set(body))
        yield secrets.choice(found if len(found) > 1 else kind)
