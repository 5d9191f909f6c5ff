"""Keys that sign checkpoints: what is signed can be verified with nothing of ours."""

from __future__ import annotations

import base64
import hashlib
import stat
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from rotator.audit.signing import Signer, Verifier, generate, save
from rotator.core.checkpoint import Checkpoint, NoteSignature, note, parse_note
from rotator.core.secret import Secret
from rotator.errors import RejectedError

if TYPE_CHECKING:
    from pathlib import Path

LOG = "audit.example.com/prod"
PEM = """-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f
-----END PRIVATE KEY-----
"""
SIGNER = Signer.read(Secret(PEM), LOG)
CHECKPOINT = Checkpoint(origin=LOG, size=512, root=bytes(32))
GOLDEN_KEY = "audit.example.com/prod+175a851d+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4"
GOLDEN_NOTE = (
    "audit.example.com/prod\n512\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\n"
    "\u2014 audit.example.com/prod F1qFHfA1J/9nW++vmsAIFv8Zbs8l2YGy2bRRfrGsDmQM"
    "Cl3vXOd56UFD+gvBCxH0uOryTBqlyGXcwY9pDInFQB+wTQE=\n"
)


def test_a_note_and_its_key_are_written_as_ever() -> None:
    assert SIGNER.verifier_key == GOLDEN_KEY
    assert SIGNER.sign(CHECKPOINT) == GOLDEN_NOTE


def test_the_golden_note_is_verified_by_what_the_standard_says_alone() -> None:
    """Of ours nothing is used: cryptography, hashlib, base64."""
    name, digest, encoded = GOLDEN_KEY.split("+", 2)
    kind, public = base64.b64decode(encoded)[:1], base64.b64decode(encoded)[1:]
    text, _, under = GOLDEN_NOTE.partition("\n\n")
    dash, signer, signature = under.removesuffix("\n").split(" ")
    signed = base64.b64decode(signature)

    assert (dash, signer, kind) == ("\u2014", name, b"\x01")
    assert hashlib.sha256(f"{name}\n".encode() + kind + public).digest()[:4].hex() == digest
    assert signed[:4].hex() == digest
    Ed25519PublicKey.from_public_bytes(public).verify(signed[4:], f"{text}\n".encode())
    assert text.split("\n") == [LOG, "512", base64.b64encode(bytes(32)).decode()]


def test_what_was_signed_is_believed_by_the_public_key_alone() -> None:
    assert Verifier.parse(f" {GOLDEN_KEY}\n").verify(SIGNER.sign(CHECKPOINT)) == CHECKPOINT


def test_another_signature_beside_ours_takes_nothing_from_it() -> None:
    ours = parse_note(GOLDEN_NOTE)
    witness = NoteSignature(name="witness.example", key_id=b"wxyz", signature=b"s" * 64)

    assert SIGNER.verifier.verify(note(ours.text, witness, *ours.signatures)) == CHECKPOINT


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("no note", "there is no signature under the text"),
        (GOLDEN_NOTE.replace("512", "513"), "its signature is wrong"),
        (GOLDEN_NOTE.replace("512", "x"), "the checkpoint's size is not a number"),
        (Signer.read(generate(), LOG).sign(CHECKPOINT), "it is not signed with this key"),
        (
            SIGNER.sign(Checkpoint(origin="other", size=1, root=bytes(32))),
            "it is that of the log other",
        ),
    ],
    ids=["no note", "changed", "no number", "another key", "another log"],
)
def test_what_was_not_signed_so_is_refused(text: str, why: str) -> None:
    with pytest.raises(RejectedError, match=f"the checkpoint cannot be believed: {why}") as raised:
        SIGNER.verifier.verify(text)

    assert raised.value.code == "bad_checkpoint"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a+b",
        GOLDEN_KEY.replace("prod+", "dev+"),
        GOLDEN_KEY[:-1],
        GOLDEN_KEY + "AAAA",
        GOLDEN_KEY.replace("+AQ", "+Ag"),
    ],
)
def test_a_public_key_with_a_wrong_character_is_refused(text: str) -> None:
    with pytest.raises(RejectedError, match="the key for checkpoints cannot be used"):
        Verifier.parse(text)


def encrypted() -> str:
    key = load_pem_private_key(PEM.encode(), password=None)
    way = BestAvailableEncryption(b"x")
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, way).decode()


def of_another_kind() -> str:
    key = generate_private_key(SECP256R1())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


@pytest.mark.parametrize(
    ("pem", "name", "why"),
    [
        ("", LOG, "not a private key in PEM"),
        (PEM.replace("MC4C", "MC4D"), LOG, "not a private key in PEM"),
        (encrypted(), LOG, "without a passphrase"),
        (of_another_kind(), LOG, "not an Ed25519 key"),
        (PEM, "a log", "no spaces and no plus sign"),
    ],
    ids=["empty", "damaged", "with a passphrase", "of another kind", "a name with a space"],
)
def test_a_private_key_that_cannot_sign_is_refused_without_a_word_of_it(
    pem: str, name: str, why: str
) -> None:
    with pytest.raises(RejectedError, match=why) as raised:
        Signer.read(Secret(pem), name)

    assert "AAEC" not in raised.value.diagnostics()


def test_a_new_key_is_written_for_its_owner_only_and_over_nothing(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    made = generate()

    save(made, path)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert Signer.read(Secret(path.read_text()), LOG).verifier_key.startswith(f"{LOG}+")
    with pytest.raises(RejectedError, match="File exists"):
        save(generate(), path)
    assert path.read_text() == made.reveal()
