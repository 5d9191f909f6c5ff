"""The page on safety and the campaigns agree; a failure prints the rows as they should be."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.gates.tree import ROOT
from tests.simulation.faults import Fault
from tests.simulation.mutants import MUTANTS

if TYPE_CHECKING:
    from collections.abc import Iterable

TEXT = (ROOT / "docs" / "safety.md").read_text(encoding="utf-8")
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")


def names_in(table: str) -> list[str]:
    """Read the first column of the table that a comment of this name begins."""
    block = TEXT.split(f"<!-- {table} -->\n", 1)[1].split("<!-- end -->", 1)[0]
    rows = [line for line in block.splitlines() if line.startswith("|")][2:]
    return [row.split("|")[1].strip() for row in rows]


def agree(found: list[str], expected: Iterable[str]) -> None:
    """Compare two lists of names and print the right one if they differ."""
    told = list(expected)
    assert found == told, "the page must list:\n" + "\n".join(told)


def test_every_fault_of_the_matrix_is_on_the_page_in_its_order() -> None:
    agree(names_in("faults"), (fault.value for fault in Fault))


def test_every_mutant_is_on_the_page_in_its_order() -> None:
    agree(names_in("mutants"), MUTANTS)


def test_every_invariant_is_promised_in_its_order() -> None:
    promised = re.findall(r"^\| (I\d+) \|", TEXT, re.MULTILINE)

    assert promised == [f"I{number}" for number in range(1, 11)]


def test_every_figure_is_filled_in() -> None:
    """Red until `make chaos` and `make chaos-processes` were run and their figures written in."""
    assert re.findall(r"<<[^>]*>>", TEXT) == []


@pytest.mark.parametrize("path", sorted(set(re.findall(r"`(tests/[\w/.]+)`", TEXT))))
def test_what_the_page_points_at_exists(path: str) -> None:
    assert (ROOT / path).exists()


@pytest.mark.parametrize(
    "target", sorted(set(re.findall(r"(?:`|^)make ([a-z-]+)", TEXT, re.MULTILINE)))
)
def test_every_target_of_make_on_the_page_exists(target: str) -> None:
    assert re.search(rf"^{target}:", MAKEFILE, re.MULTILINE)


@pytest.mark.parametrize("page", re.findall(r"\]\(([\w/-]+\.md)(?:#[\w-]+)?\)", TEXT))
def test_every_page_that_is_linked_exists(page: str) -> None:
    assert (ROOT / "docs" / page).exists()
