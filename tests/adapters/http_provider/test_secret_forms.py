"""Keys that we choose, keys that nobody was given, and texts that are no keys."""

from __future__ import annotations

import pytest

from rotator.core.secret import Secret
from rotator.providers.http.secret_forms import chosen, made_up, wrong_form
from rotator.providers.http.spec import SecretForm


@pytest.mark.parametrize(
    ("form", "length"),
    [
        (SecretForm(), 48),
        (SecretForm(prefix="sk_"), 51),
        (SecretForm(prefix="sk_", length=23), 23),
        (SecretForm(alphabet="01", length=64), 64),
    ],
)
def test_a_chosen_key_has_its_form_and_is_another_each_time(form: SecretForm, length: int) -> None:
    keys = {chosen(form).reveal() for _ in range(20)}
    assert len(keys) == 20
    for key in keys:
        assert len(key) == length
        assert key.startswith(form.prefix)
        assert set(key[len(form.prefix) :]) <= set(form.alphabet)
        assert not wrong_form(Secret(key), form)


@pytest.mark.parametrize(
    "real",
    ["sk_0aB-9.zZ_1", "0123456789abcdef", "deadbeef", "AAAA", "7", "a", "sk_", "---", "", "üöä"],
)
def test_a_made_up_key_looks_alike_and_is_another(real: str) -> None:
    form = SecretForm(prefix="sk_")
    other = made_up(Secret(real), form).reveal()
    assert other != real
    assert other.startswith("sk_") == real.startswith("sk_")
    if any(letter.isascii() and letter.isalnum() for letter in real.removeprefix("sk_")):
        assert len(other) == len(real)
        alike = [
            one for one, two in zip(real, other, strict=True) if one.isalnum() == two.isalnum()
        ]
        assert len(alike) == len(real)


def test_a_hexadecimal_key_stays_hexadecimal() -> None:
    real = "0123456789abcdef" * 2
    for _ in range(20):
        int(made_up(Secret(real), SecretForm()).reveal(), 16)


@pytest.mark.parametrize(
    ("text", "form", "word"),
    [
        ("abcdefgh", SecretForm(), ""),
        ("abcdefg", SecretForm(), "length"),
        ("", SecretForm(), "length"),
        ("abc***fgh", SecretForm(), "masked"),
        ("abcd...gh", SecretForm(), "masked"),
        ("abcd\u2026efgh", SecretForm(), "masked"),
        ("\u2022\u2022\u2022\u2022abcd", SecretForm(), "masked"),
        ("pk_abcdefgh", SecretForm(prefix="sk_"), "begin"),
        ("sk_abcde", SecretForm(prefix="sk_", length=9), "length"),
        ("sk_abcde~", SecretForm(prefix="sk_", alphabet="abcde"), "characters"),
        ("sk_abc~def", SecretForm(prefix="sk_"), ""),
        ("a.b.c.d.e", SecretForm(), ""),
    ],
)
def test_a_text_that_is_no_whole_key_is_told_so_without_it(
    text: str, form: SecretForm, word: str
) -> None:
    said = wrong_form(Secret(text), form)
    assert (word in said) if word else not said
    assert not text or text not in said
