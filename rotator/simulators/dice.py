"""Chance that is the same for the same seed."""

from __future__ import annotations

import hashlib
from base64 import b32encode
from uuid import UUID


class Dice:
    """Draws bytes; equal seeds, equal draws."""

    def __init__(self, seed: int) -> None:
        """Start at the first draw."""
        self._seed = seed
        self._drawn = 0

    def draw(self, size: int) -> bytes:
        """Return the next `size` bytes."""
        self._drawn += 1
        return hashlib.shake_256(f"{self._seed}:{self._drawn}".encode()).digest(size)

    def uuid(self) -> str:
        """Return a random UUID."""
        return str(UUID(bytes=self.draw(16), version=4))

    def base32(self, characters: int) -> str:
        """Return a text of A to Z and 2 to 7; the length is a multiple of 8."""
        return b32encode(self.draw(characters * 5 // 8)).decode()
