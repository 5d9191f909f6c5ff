"""Recognising a secret without keeping it."""

from __future__ import annotations

import hashlib
import hmac

import pytest

from rotator.audit.fingerprints import Fingerprinter, is_long_enough
from rotator.core.secret import Secret

OLD, NEW = Secret("o" * 32), Secret("n" * 40)
LEAKED = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"


def test_a_fingerprint_is_an_hmac_that_any_tool_can_recompute() -> None:
    made = Fingerprinter({"k1": OLD}, "k1").of(Secret(LEAKED))

    digest = hmac.new(b"o" * 32, LEAKED.encode(), hashlib.sha256).hexdigest()
    assert made == f"hmac-sha256:k1:{digest}"


def test_a_secret_is_recognised_by_the_key_that_was_current_when_it_was_made() -> None:
    before = Fingerprinter({"k1": OLD}, "k1").of(Secret(LEAKED))
    keys = Fingerprinter({"k2": NEW, "k1": OLD}, "k2")

    assert keys.of(Secret(LEAKED)) != before
    assert before in keys.all_of(Secret(LEAKED))
    assert before not in keys.all_of(Secret("another"))


def test_without_a_key_nothing_is_made() -> None:
    nobody = Fingerprinter({}, "")

    assert nobody.of(Secret(LEAKED)) is None
    assert nobody.all_of(Secret(LEAKED)) == ()


def test_a_key_that_could_be_guessed_is_refused_by_its_name() -> None:
    assert not is_long_enough(Secret("x" * 31))
    with pytest.raises(ValueError, match="shorter than 32 bytes: weak"):
        Fingerprinter({"fine": OLD, "weak": Secret("x" * 31)}, "fine")


def test_the_current_key_must_be_one_of_them() -> None:
    with pytest.raises(ValueError, match="there is no key k9"):
        Fingerprinter({"k1": OLD}, "k9")


def test_bytes_that_are_no_unicode_are_taken_as_they_are() -> None:
    odd = b"\xff\xfe".decode(errors="surrogateescape")

    assert Fingerprinter({"k1": OLD}, "k1").of(Secret(odd)) is not None


def test_a_secret_that_is_no_unicode_has_a_fingerprint_like_any_other() -> None:
    keys = Fingerprinter({"k1": OLD}, "k1")

    assert keys.of(Secret("half \ud800")) != keys.of(Secret("half \udfff"))
