"""Every link of a page leads somewhere: to a file, and there to a heading."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
_LINK = re.compile(r"\]\(([^()\s]+)\)")
_BLOCK = re.compile(r"^ *```.*?^ *```", re.DOTALL | re.MULTILINE)
_ELSEWHERE = ("http://", "https://", "mailto:")


@cache
def anchors(page: Path) -> frozenset[str]:
    """Name a page's headings as a link has them."""
    text = _BLOCK.sub("", page.read_text(encoding="utf-8"))
    return frozenset(_anchor(title) for title in re.findall(r"^#+ +(.+)$", text, re.MULTILINE))


def _anchor(title: str) -> str:
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


def broken(page: Path, text: str) -> list[str]:
    """Name the links of a page that lead nowhere."""
    found = []
    for link in _LINK.findall(_BLOCK.sub("", text)):
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if link.startswith(_ELSEWHERE):
            continue
        is_there = target.exists()
        if not is_there or (anchor and anchor not in anchors(target)):
            found.append(link)
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    assert broken(page, page.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("link", ["docs/nowhere", "README.md#no-such-heading", "#no-such-heading"])
def test_a_link_that_leads_nowhere_is_found(link: str) -> None:
    assert broken(ROOT / "README.md", f"[a]({link})") == [link]
