"""The page about adoption knows every verdict and every cause."""

from __future__ import annotations

import re
from pathlib import Path

from rotator.core.adoption import Cause, Verdict

PAGE = (Path(__file__).parents[2] / "docs" / "adoption.md").read_text(encoding="utf-8")


def rows(title: str) -> list[str]:
    """Return the lines of the table that begins with a title."""
    table = re.search(rf"^\| {re.escape(title)} \|.*\n\|[-|]+\n((?:\|.*\n)+)", PAGE, re.MULTILINE)
    assert table is not None
    return table[1].splitlines()


def test_every_verdict_is_explained() -> None:
    told = set(re.findall(r"`([a-z_]+)`", PAGE))

    assert {verdict.value for verdict in Verdict} <= told
    assert [row.split("`")[1] for row in rows("Verdict")] == [
        verdict.value for verdict in Verdict if verdict not in {Verdict.STRAY, Verdict.UNREADABLE}
    ]


def test_every_cause_has_its_line() -> None:
    # Text and binary share one.
    assert len(rows("Reported because")) == len(Cause) - 1
