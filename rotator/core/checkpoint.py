"""Checkpoints: how many lines a log has and the root of their tree, as a signed note.

The text is that of C2SP's tlog-checkpoint, three lines: the log's name, the number of
records, the root in base64. It is signed as C2SP's signed-note: an empty line, then one
line for each signature, an em dash, the signer's name, and in base64 the first four
bytes of the key's hash with the signature. Texts have one form only: what decodes but
would be written differently is refused, so that no byte can change unseen.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass

ED25519 = b"\x01"
"""The byte that says of which kind a key of a note is."""

_DASH = "\u2014 "
_GAP = "\n\n"
_KEY_ID_BYTES = 4
_ROOT_BYTES = 32
_LINES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """What is signed.

    Attributes:
        origin: The log's name.
        size: How many records it covers, from the first on.
        root: Root of their tree, 32 bytes.
    """

    origin: str
    size: int
    root: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteSignature:
    """One signature under a note.

    Attributes:
        name: Name of the key.
        key_id: Four bytes of the key's hash, see `key_id`.
        signature: The signature itself.
    """

    name: str
    key_id: bytes
    signature: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedNote:
    """A text, which ends with a line feed, and the signatures under it."""

    text: str
    signatures: tuple[NoteSignature, ...]


def is_key_name(name: str) -> bool:
    """Whether a note may be signed in this name: no spaces, no plus sign, not empty."""
    return bool(name) and not any(it.isspace() or it == "+" for it in name)


def key_id(name: str, public: bytes) -> bytes:
    """Return the four bytes by which a note tells of which Ed25519 key a signature is."""
    return hashlib.sha256(name.encode() + b"\n" + ED25519 + public).digest()[:_KEY_ID_BYTES]


def body(checkpoint: Checkpoint) -> str:
    """Write the text that is signed."""
    root = base64.b64encode(checkpoint.root).decode()
    return f"{checkpoint.origin}\n{checkpoint.size}\n{root}\n"


def note(text: str, *signatures: NoteSignature) -> str:
    """Write a text with its signatures under it."""
    lines = (
        f"{_DASH}{it.name} {base64.b64encode(it.key_id + it.signature).decode()}\n"
        for it in signatures
    )
    return f"{text}\n{''.join(lines)}"


def parse_note(text: str) -> SignedNote:
    """Take a note apart.

    Raises:
        ValueError: It is not a note in its one form.
    """
    signed, gap, lines = text.rpartition(_GAP)
    if not gap or not lines.endswith("\n"):
        raise ValueError("there is no signature under the text")
    signatures = tuple(map(_signature, lines[:-1].split("\n")))
    return SignedNote(text=f"{signed}\n", signatures=signatures)


def parse_checkpoint(text: str) -> Checkpoint:
    """Read a checkpoint's text, without its signatures.

    Raises:
        ValueError: It is not one in its one form.
    """
    lines = text.split("\n")
    if len(lines) != _LINES + 1 or lines[-1] or not lines[0]:
        raise ValueError("a checkpoint has three lines: name, size and root")
    origin, size, root, _ = lines
    if not (size.isascii() and size.isdigit()) or str(int(size)) != size:
        raise ValueError("the checkpoint's size is not a number")
    return Checkpoint(origin=origin, size=int(size), root=_exactly(root, _ROOT_BYTES))


def read_notes(text: str) -> tuple[str, ...]:
    """Split a file of notes, each of which is followed by one empty line.

    A damaged file is split, too, so that every fault can be told of: what is not a
    note is refused by `parse_note`.
    """
    pieces = text.split(_GAP)
    # The last piece is empty where the file is whole: its notes are ended.
    whole = [_GAP.join(pieces[at : at + 2]) + "\n" for at in range(0, len(pieces) - 2, 2)]
    rest = _GAP.join(pieces[len(whole) * 2 :])
    return (*whole, rest) if rest else tuple(whole)


def file_of_notes(*notes: str) -> str:
    """Write notes one after another, as `read_notes` splits them."""
    return "".join(f"{it}\n" for it in notes)


def _signature(line: str) -> NoteSignature:
    name, space, encoded = line.removeprefix(_DASH).partition(" ")
    if not line.startswith(_DASH) or not space or not is_key_name(name):
        raise ValueError("a line under the text is not a signature")
    decoded = _decode(encoded)
    if len(decoded) <= _KEY_ID_BYTES:
        raise ValueError("a signature is too short")
    return NoteSignature(
        name=name, key_id=decoded[:_KEY_ID_BYTES], signature=decoded[_KEY_ID_BYTES:]
    )


def _exactly(encoded: str, length: int) -> bytes:
    decoded = _decode(encoded)
    if len(decoded) != length:
        raise ValueError(f"{length} bytes were expected, not {len(decoded)}")
    return decoded


def _decode(encoded: str) -> bytes:
    """Read base64; the same bytes written in another way are refused."""
    try:
        decoded = base64.b64decode(encoded, validate=True)
    except ValueError as error:
        raise ValueError("the text is not base64") from error
    if base64.b64encode(decoded).decode() != encoded:
        raise ValueError("the text is not base64 in its one form")
    return decoded
