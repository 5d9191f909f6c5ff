"""Client keys: what they look like, and what a client does with one.

ZeroKMS keeps one key for each client and keyset, and the client the other half.
The server answers with a block sequence that only this client can turn into the
sequence that all clients of the keyset share; a hash of that is the data key. So
a simulator picks any shared sequence and sends each client the inverse of the
client's own turn, and a rotated client reads what its predecessor wrote.

Source:
    Behaviour of the real client, observed; see docs/providers/cipherstash.md.
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

BLOCK = 16
BLOCKS = 33
SIZE = BLOCK * BLOCKS
"""Bytes of key material in one answer of ZeroKMS."""
KEY_BYTES = 168
"""Bytes of a client key as it is encoded."""

_SIZES = {"p1": BLOCK, "p2_from": BLOCK, "p2_to": BLOCK, "p3": BLOCKS}
# CBOR's first bytes: a map or a text of n, a list, and what precedes a number above 23.
_MAP, _TEXT, _LIST, _WIDE = 0xA0, 0x60, 0x80, 0x18
_FIELD = "permutation"

Permutation = tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ProxyKey:
    """The secret half of a client: three permutations of a block, one of the blocks."""

    p1: Permutation
    p2_from: Permutation
    p2_to: Permutation
    p3: Permutation

    def to_bytes(self) -> bytes:
        """Return the CBOR map that `create-client` tells, in base64, and clients read, in hex."""
        parts = [bytes([_MAP | len(_SIZES)])]
        for name in _SIZES:
            inner = bytes([_MAP | 1]) + _cbor_text(_FIELD) + _cbor_list(getattr(self, name))
            parts += [_cbor_text(name), inner]
        return b"".join(parts)

    @classmethod
    def from_bytes(cls, data: bytes) -> ProxyKey:
        """Read what `to_bytes` wrote.

        Raises:
            ValueError: It is something else.
        """
        rest, found = data[1:], {}
        for name, size in _SIZES.items():
            head = _cbor_text(name) + bytes([_MAP | 1]) + _cbor_text(_FIELD)
            found[name], rest = _read_list(rest.removeprefix(head), size)
        key = cls(**found)
        if key.to_bytes() != data:
            msg = "this is no client key"
            raise ValueError(msg)
        return key

    def forward(self, data: bytes, iv: bytes) -> bytes:
        """Turn what the server sent into what every client of the keyset arrives at."""
        turned, previous = [], iv
        for block in _blocks(data):
            turned.append(_apply(self.p1, _xor(block, _apply(self.p2_from, previous))))
            previous = block
        placed, previous = [], iv
        for block in (turned[place] for place in self.p3):
            previous = _xor(block, _apply(self.p2_to, previous))
            placed.append(previous)
        return b"".join(placed)

    def backward(self, data: bytes, iv: bytes) -> bytes:
        """Undo `forward`: what must be sent so that the client arrives at `data`."""
        blocks, previous = [b""] * BLOCKS, iv
        for place, block in zip(self.p3, _blocks(data), strict=True):
            blocks[place] = _xor(block, _apply(self.p2_to, previous))
            previous = block
        original, previous, undo = [], iv, _inverse(self.p1)
        for block in blocks:
            previous = _xor(_apply(undo, block), _apply(self.p2_from, previous))
            original.append(previous)
        return b"".join(original)


def new_proxy_key(draw: Callable[[int], bytes], *, mark: str = "") -> ProxyKey:
    """Make a key; with a mark, one in which `marks_of` finds the mark."""
    drawn = {name: _shuffled(draw(4 * size), size) for name, size in _SIZES.items()}
    if mark:
        drawn["p1"] = _marked(mark)
    return ProxyKey(**drawn)


def marks_of(mark: str) -> tuple[str, ...]:
    """Name the texts to look for where no secret may be: in access keys, and in client keys."""
    spelled = bytes(_marked(mark))
    # The permutation begins at byte 18, a multiple of 3, and so does its base64.
    return (mark, spelled.hex(), b64encode(spelled[:15]).decode())


def _marked(mark: str) -> Permutation:
    return _shuffled(hashlib.shake_256(mark.encode()).digest(4 * BLOCK), BLOCK)


def _shuffled(drawn: bytes, size: int) -> Permutation:
    return tuple(sorted(range(size), key=lambda place: drawn[4 * place : 4 * place + 4]))


def _inverse(permutation: Permutation) -> Permutation:
    return tuple(sorted(range(len(permutation)), key=permutation.__getitem__))


def _apply(permutation: Permutation, block: bytes) -> bytes:
    return bytes(map(block.__getitem__, permutation))


def _xor(left: bytes, right: bytes) -> bytes:
    return (int.from_bytes(left) ^ int.from_bytes(right)).to_bytes(BLOCK)


def _blocks(data: bytes) -> Iterator[bytes]:
    return (data[start : start + BLOCK] for start in range(0, SIZE, BLOCK))


def _cbor_text(text: str) -> bytes:
    return bytes([_TEXT | len(text)]) + text.encode()


def _cbor_list(numbers: Permutation) -> bytes:
    head = bytes([_LIST | len(numbers)]) if len(numbers) < _WIDE else bytes([0x98, len(numbers)])
    return head + b"".join(_cbor_number(number) for number in numbers)


def _cbor_number(number: int) -> bytes:
    return bytes([number]) if number < _WIDE else bytes([_WIDE, number])


def _read_list(data: bytes, size: int) -> tuple[Permutation, bytes]:
    place, numbers = 1 if size < _WIDE else 2, []
    for _ in range(size):
        place += data[place : place + 1] == bytes([_WIDE])
        numbers.append(int.from_bytes(data[place : place + 1]))
        place += 1
    if sorted(numbers) != list(range(size)):
        msg = "this is no client key"
        raise ValueError(msg)
    return tuple(numbers), data[place:]
