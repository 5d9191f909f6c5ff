from __future__ import annotations

from base64 import b64encode
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rotator.core.api_keys import ApiKey, KeyStatus
from rotator.core.doctor_api_value import KeyForm, examine, listed_faults
from rotator.core.ids import KeyId
from rotator.core.value_reading import read_value
from tests.builders import at

KEY = "s5k_ABCDEFGHIJKLMNOPQRSTUVWX"
FORM = KeyForm(prefix="s5k_", length=len(KEY), min_length=8, alphabet="ABCDEFGHIJKLMNOPQRSTUVWXYZ")
LOOSE = KeyForm(min_length=8)


def codes(text: str, form: KeyForm = FORM) -> list[str]:
    return [it.code for it in examine(text.encode(), form).faults]


def test_a_right_value_is_right_with_or_without_its_line_end() -> None:
    assert codes(KEY) == []
    assert codes(f"{KEY}\n") == []
    assert examine(f"{KEY}\n".encode(), FORM).notes


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", ["empty"]),
        (f" {KEY}", ["space_around"]),
        (f'"{KEY}"', ["quoted"]),
        (f'"{KEY}', ["half_quoted"]),
        (f"{KEY}'", ["half_quoted"]),
        (f"Bearer {KEY}", ["bearer"]),
        (f"STAGE5_KEY={KEY}", ["assignment"]),
        ("${STAGE5_KEY}", ["placeholder"]),
        ("{{ stage5 }}", ["placeholder"]),
        (KEY[:-3], ["cut"]),
        (KEY + "A", ["too_much"]),
        (KEY[2:], ["prefix"]),
        (KEY[:-1] + "-", ["character"]),
        (f"{KEY[:9]} {KEY[9:]}", ["space_inside"]),
        (quote(KEY + "=", safe=""), ["url_encoded"]),
        (b64encode(KEY.encode()).decode(), ["base64"]),
        (b64encode(b"\xff" + KEY.encode()).decode(), ["prefix"]),
        ("half%", ["prefix"]),
        ("x" * 70_000, ["too_long"]),
    ],
)
def test_what_is_wrong_with_a_text_is_told(text: str, found: list[str]) -> None:
    assert codes(text) == found


def test_two_things_that_are_wrong_are_both_told() -> None:
    assert codes(f'"{KEY[:-4]}') == ["half_quoted", "cut"]


def test_what_is_no_text_is_told() -> None:
    assert [it.code for it in examine(b"\xff\xfe", FORM).faults] == ["not_text"]


def test_an_api_of_which_little_is_known_refuses_only_what_is_surely_wrong() -> None:
    assert codes("anything-at-all", LOOSE) == []
    assert codes("short", LOOSE) == ["cut"]
    assert codes("a%2Bb%3Dc", LOOSE) == ["url_encoded"]
    assert codes("a%2Bb%3Dc", KeyForm(alphabet="abc%23BD")) == []


@given(st.binary(max_size=200), st.sampled_from([FORM, LOOSE]))
def test_any_value_is_judged_and_none_is_quoted(data: bytes, form: KeyForm) -> None:
    found = examine(data, form)

    text = data.decode(errors="ignore").strip()
    said = repr(found) + repr(read_value(data))
    assert len(text) < 12 or text not in said


@pytest.mark.parametrize(
    ("key", "found"),
    [
        (None, ["revoked"]),
        ({"status": KeyStatus.EXPIRED}, ["expired"]),
        ({"expires_at": at(days=1)}, ["expired"]),
        ({"expires_at": at(days=3)}, []),
        ({"status": KeyStatus.INACTIVE}, ["inactive"]),
        ({"status": KeyStatus.PENDING}, ["pending"]),
        ({"status": KeyStatus.UNKNOWN}, []),
        ({}, []),
    ],
)
def test_what_a_listing_says_against_a_key_is_told(
    key: dict[str, object] | None, found: list[str]
) -> None:
    listed = None if key is None else ApiKey(key_id=KeyId("k"), **key)  # type: ignore[arg-type]

    assert [it.code for it in listed_faults(listed, at(days=2))] == found
