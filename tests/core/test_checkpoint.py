"""Checkpoints as signed notes: one form for one meaning, and nothing else is read."""

from __future__ import annotations

import base64
import hashlib

import pytest

from rotator.core.checkpoint import (
    Checkpoint,
    NoteSignature,
    body,
    file_of_notes,
    is_key_name,
    key_id,
    note,
    parse_checkpoint,
    parse_note,
    read_notes,
)

ROOT = bytes(range(32))
TEXT = "example.com/log\n77\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n"
SIGNED = NoteSignature(name="example.com/log", key_id=b"abcd", signature=b"x" * 64)
ENCODED = base64.b64encode(b"abcd" + b"x" * 64).decode()
NOTE = f"{TEXT}\n\u2014 example.com/log {ENCODED}\n"


def test_a_checkpoint_is_three_lines() -> None:
    checkpoint = Checkpoint(origin="example.com/log", size=77, root=ROOT)

    assert body(checkpoint) == TEXT
    assert parse_checkpoint(TEXT) == checkpoint


def test_a_note_carries_its_signatures_under_an_empty_line() -> None:
    assert note(TEXT, SIGNED) == NOTE
    assert parse_note(NOTE).text == TEXT
    assert parse_note(NOTE).signatures == (SIGNED,)
    assert parse_note(note(TEXT, SIGNED, SIGNED)).signatures == (SIGNED, SIGNED)


def test_a_key_is_known_by_four_bytes_of_its_hash() -> None:
    public = b"p" * 32
    expected = hashlib.sha256(b"example.com/log\n\x01" + public).digest()[:4]

    assert key_id("example.com/log", public) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        TEXT.removesuffix("\n"),
        TEXT + "more\n",
        TEXT.replace("example.com/log", ""),
        TEXT.replace("\n77\n", "\n077\n"),
        TEXT.replace("\n77\n", "\n-77\n"),
        TEXT.replace("\n77\n", "\n\u0667\n"),
        TEXT.replace("\n77\n", "\n\n"),
        TEXT.replace("Hh8=", "Hh8"),
        TEXT.replace("Hh8=", "Hh9="),
        TEXT.replace("Hh8=", "H!8="),
        TEXT.replace("AAEC", ""),
    ],
)
def test_what_is_not_a_checkpoint_in_its_one_form_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"checkpoint|base64|bytes"):
        parse_checkpoint(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        TEXT,
        NOTE.removesuffix("\n"),
        NOTE.replace("\u2014 ", "- "),
        NOTE.replace("\u2014 example.com/log ", "\u2014 example.com/log+1 "),
        NOTE.replace("\u2014 example.com/log ", "\u2014 "),
        NOTE.replace(ENCODED, ""),
        NOTE.replace(ENCODED, "YWJjZA=="),
        NOTE.replace(ENCODED, ENCODED[:-2] + "h="),
    ],
)
def test_what_is_not_a_note_in_its_one_form_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"signature|base64"):
        parse_note(text)


@pytest.mark.parametrize(
    ("name", "answer"),
    [("example.com/log", True), ("", False), ("a b", False), ("a+b", False), ("a\u00a0b", False)],
)
def test_a_key_has_a_name_without_spaces_and_plus(name: str, answer: bool) -> None:  # noqa: FBT001
    assert is_key_name(name) is answer


def test_a_file_of_notes_is_split_into_them() -> None:
    assert read_notes("") == ()
    assert read_notes(file_of_notes(NOTE)) == (NOTE,)
    assert read_notes(file_of_notes(NOTE, NOTE)) == (NOTE, NOTE)


@pytest.mark.parametrize("cut", range(1, len(NOTE) + 1))
def test_a_note_at_the_end_that_is_cut_off_is_refused_or_lacks_only_its_empty_line(
    cut: int,
) -> None:
    whole, *rest = read_notes(file_of_notes(NOTE, NOTE)[:-cut])

    assert whole == NOTE
    assert len(rest) <= 1
    for text in rest:
        if cut == 1:
            assert text == NOTE
        else:
            with pytest.raises(ValueError, match=r"signature|base64"):
                parse_note(text)
