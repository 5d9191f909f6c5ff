"""The index of decisions and the pages agree."""

from __future__ import annotations

import re

import pytest

from tests.gates.tree import ROOT

DECISIONS = ROOT / "docs" / "decisions"
PAGES = sorted(path.name for path in DECISIONS.glob("[0-9]*.md"))
ROW = re.compile(r"^\| (\d{4}) \| \[([^\]]+)\]\(([^)]+)\) \| ([^|]+) \|$", re.MULTILINE)


def index() -> list[tuple[str, str, str, str]]:
    """Read number, title, page and status of each row of the index."""
    return ROW.findall((DECISIONS / "README.md").read_text(encoding="utf-8"))


def test_every_page_is_in_the_index_in_order() -> None:
    assert [page for _, _, page, _ in index()] == PAGES


def test_numbers_have_no_gaps() -> None:
    assert [int(page[:4]) for page in PAGES] == list(range(1, len(PAGES) + 1))


@pytest.mark.parametrize(("number", "title", "page", "status"), index())
def test_a_page_says_what_the_index_says(number: str, title: str, page: str, status: str) -> None:
    text = (DECISIONS / page).read_text(encoding="utf-8")

    assert page.startswith(f"{number}-")
    assert text.startswith(f"# {number}. {title}\n\nStatus: {status.strip()}\n")


@pytest.mark.parametrize("page", PAGES)
def test_a_page_has_the_four_sections(page: str) -> None:
    text = (DECISIONS / page).read_text(encoding="utf-8")

    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == [
        "Context",
        "Choice",
        "Alternatives",
        "Consequences",
    ]
