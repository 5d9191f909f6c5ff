from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rotator.core.durations import LONGEST, format_duration, parse_duration


@given(seconds=st.integers(1, int(LONGEST.total_seconds())))
def test_a_duration_is_written_as_it_is_read(seconds: int) -> None:
    value = timedelta(seconds=seconds)

    assert parse_duration(format_duration(value)) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("36h", timedelta(hours=36)),
        ("90d", timedelta(days=90)),
        ("15m", timedelta(minutes=15)),
        ("30s", timedelta(seconds=30)),
        ("67d12h", timedelta(days=67, hours=12)),
    ],
)
def test_people_write_a_number_and_a_unit(text: str, value: timedelta) -> None:
    assert parse_duration(text) == value


@pytest.mark.parametrize(
    "text", ["", "90", "d", "-1d", "1.5h", "36 h", "1w", "1h1d", "0s", "3651d", "9999999999d", "٣d"]
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="`"):
        parse_duration(text)


def test_what_cannot_be_written_in_a_file_can_still_be_shown() -> None:
    assert format_duration(timedelta()) == "0s"
    assert format_duration(timedelta(hours=-2)) == "-2h"
