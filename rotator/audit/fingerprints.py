"""Fingerprints: HMAC-SHA256 of a secret, so that one that leaked is recognised as ours.

Nobody can guess a secret from its fingerprint without the key, and whoever has the key
can only compare. The key's name stands in each fingerprint: a key is replaced by naming
another one as current, and is kept for ever, for its fingerprints stay in the log.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rotator.core.secret import Secret

ALGORITHM = "hmac-sha256"
SHORTEST_KEY = 32
"""Bytes; a shorter key could be guessed more easily than what it protects."""


def is_long_enough(key: Secret) -> bool:
    """Whether a key may be used, by its length in bytes."""
    return len(_bytes(key)) >= SHORTEST_KEY


class Fingerprinter:
    """Makes the fingerprints of secrets; keeps none."""

    def __init__(self, keys: Mapping[str, Secret], current: str) -> None:
        """Take the keys.

        Args:
            keys: Every key there ever was, by name; may be empty.
            current: Name of the one for new fingerprints; empty without keys.

        Raises:
            ValueError: `keys` lacks the current one, or one of them is too short.
        """
        weak = sorted(name for name, key in keys.items() if not is_long_enough(key))
        if weak:
            raise ValueError(f"shorter than {SHORTEST_KEY} bytes: {', '.join(weak)}")
        if keys and current not in keys:
            raise ValueError(f"there is no key {current}")
        self._keys = dict(keys)
        self._current = current

    def of(self, secret: Secret) -> str | None:
        """Return a fingerprint as ``hmac-sha256:<key name>:<hex>``; None without a key."""
        return self._made(self._current, secret) if self._keys else None

    def all_of(self, secret: Secret) -> tuple[str, ...]:
        """Return what a secret's fingerprint is, or was, by each of the keys."""
        return tuple(self._made(name, secret) for name in sorted(self._keys))

    def _made(self, name: str, secret: Secret) -> str:
        # Any text has one: this is asked right after a mint, when a failure would cost the key.
        text = secret.reveal().encode(errors="surrogatepass")
        digest = hmac.new(_bytes(self._keys[name]), text, hashlib.sha256)
        return f"{ALGORITHM}:{name}:{digest.hexdigest()}"


def _bytes(key: Secret) -> bytes:
    return key.reveal().encode(errors="surrogateescape")
