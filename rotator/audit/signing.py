"""Ed25519 keys that sign checkpoints, and the public keys that verify them.

The private key is a file that the platform mounts. The public key goes to auditors as a
*verifier key*, one line of text: the key's name, four bytes of its hash, and the key.
"""

from __future__ import annotations

import base64
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from rotator.core.checkpoint import (
    ED25519,
    Checkpoint,
    NoteSignature,
    body,
    is_key_name,
    key_id,
    note,
    parse_checkpoint,
    parse_note,
)
from rotator.core.secret import Secret
from rotator.errors import RejectedError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_OWNER_ONLY = 0o600
_PARTS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Verifier:
    """The public half: tells whether a checkpoint was signed with the private one.

    Attributes:
        name: The key's name, which is the log's.
        public: The key, 32 bytes.
    """

    name: str
    public: bytes

    @classmethod
    def parse(cls, text: str) -> Verifier:
        """Read a verifier key as `rotator audit keygen` prints it.

        Raises:
            RejectedError: It is not one, or a character of it is wrong.
        """
        parts = text.strip().split("+", _PARTS - 1)
        if len(parts) != _PARTS:
            raise _refused_key("it is not NAME+HASH+KEY")
        name, digest, encoded = parts
        try:
            kind, public = _split_key(base64.b64decode(encoded, validate=True))
            Ed25519PublicKey.from_public_bytes(public)
        except ValueError as error:
            raise _refused_key("it holds no Ed25519 key") from error
        if kind != ED25519 or not is_key_name(name) or key_id(name, public).hex() != digest:
            raise _refused_key("its name, hash and key do not belong together")
        return cls(name=name, public=public)

    def __str__(self) -> str:
        """Write the verifier key."""
        encoded = base64.b64encode(ED25519 + self.public).decode()
        return f"{self.name}+{key_id(self.name, self.public).hex()}+{encoded}"

    def verify(self, text: str) -> Checkpoint:
        """Read a signed checkpoint.

        Raises:
            RejectedError: It is not signed with this key, is not a checkpoint, or is
                that of another log.
        """
        try:
            signed = parse_note(text)
            checkpoint = parse_checkpoint(signed.text)
        except ValueError as error:
            raise _refused(str(error)) from error
        mine = key_id(self.name, self.public)
        found = [it for it in signed.signatures if (it.name, it.key_id) == (self.name, mine)]
        if not found:
            raise _refused("it is not signed with this key")
        if checkpoint.origin != self.name:
            raise _refused(f"it is that of the log {checkpoint.origin}")
        for it in found:
            self._check(it.signature, signed.text)
        return checkpoint

    def _check(self, signature: bytes, text: str) -> None:
        key = Ed25519PublicKey.from_public_bytes(self.public)
        try:
            key.verify(signature, text.encode())
        except InvalidSignature as error:
            raise _refused("its signature is wrong") from error


class Signer:
    """Signs checkpoints of one log; equal checkpoints are signed equally."""

    def __init__(self, key: Ed25519PrivateKey, name: str) -> None:
        """Take the key; `read` makes one of a file's content."""
        self._key = key
        self._verifier = Verifier(name=name, public=key.public_key().public_bytes_raw())

    @classmethod
    def read(cls, pem: Secret, name: str) -> Signer:
        """Read a private key in PEM.

        Args:
            pem: The file's content.
            name: The log's name, in which is signed.

        Raises:
            RejectedError: It is no Ed25519 key, or it wants a passphrase, or the name
                is none for a note: empty, or with a space or a plus sign.
        """
        if not is_key_name(name):
            raise _refused_key(f"{name!r} cannot be signed with: no spaces and no plus sign")
        try:
            key = load_pem_private_key(pem.reveal().encode(), password=None)
        except (TypeError, ValueError) as error:
            # What the library says could tell of the key; what it was is enough.
            raise _refused_key("the file is not a private key in PEM without a passphrase") from (
                error
            )
        if not isinstance(key, Ed25519PrivateKey):
            raise _refused_key("the key is not an Ed25519 key")
        return cls(key, name)

    @property
    def verifier(self) -> Verifier:
        """The public half."""
        return self._verifier

    @property
    def verifier_key(self) -> str:
        """The public half as text, for auditors."""
        return str(self._verifier)

    def sign(self, checkpoint: Checkpoint) -> str:
        """Return the checkpoint as a signed note."""
        text, name = body(checkpoint), self._verifier.name
        return note(
            text,
            NoteSignature(
                name=name,
                key_id=key_id(name, self._verifier.public),
                signature=self._key.sign(text.encode()),
            ),
        )


def believed(key: Secret | None, name: str, former: Sequence[Verifier]) -> tuple[Verifier, ...]:
    """Return the keys whose checkpoints of a log are believed; empty where nobody signs it.

    Args:
        key: The private key in use, if there is one; raises as `Signer.read` does.
        name: The log's name.
        former: The public halves of earlier ones.
    """
    own = () if key is None else (Signer.read(key, name).verifier,)
    return (*own, *former)


def generate() -> Secret:
    """Make a new private key, in PEM."""
    key = Ed25519PrivateKey.generate()
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return Secret(pem.decode())


def save(key: Secret, path: Path) -> None:
    """Write a private key to a new file that only its owner can read.

    Raises:
        RejectedError: There is such a file already, or it cannot be written.
    """
    try:
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY)
        with os.fdopen(fd, "w") as file:
            file.write(key.reveal())
    except OSError as error:
        msg = f"the key cannot be written: {error.strerror}"
        raise RejectedError(msg, subject=str(path), code="io_error") from error


def _split_key(decoded: bytes) -> tuple[bytes, bytes]:
    return decoded[:1], decoded[1:]


def _refused(problem: str) -> RejectedError:
    return RejectedError(f"the checkpoint cannot be believed: {problem}", code="bad_checkpoint")


def _refused_key(problem: str) -> RejectedError:
    return RejectedError(
        f"the key for checkpoints cannot be used: {problem}",
        code="bad_signing_key",
        hint="make one with 'rotator audit keygen', and copy its verifier key as a whole",
    )
