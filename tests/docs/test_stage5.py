"""The page on Stage5 names what exists, and leaves no statement of the documentation out."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pytest

from rotator.simulators.stage5.refusals import ACCESS_DENIED
from rotator.simulators.stage5.routes import OPERATIONS
from tests.gates.tree import ROOT

TEXT = (ROOT / "docs" / "providers" / "stage5.md").read_text(encoding="utf-8")
LINES = 165
"""How many lines Stage5's text on access keys has."""

_LINE = re.compile(r"004:(\d+)(?:-(\d+))?")
_LINK = re.compile(r"\]\(([\w./-]*)(?:#([\w-]+))?\)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Row:
    """What one statement is answered by."""

    first: int
    last: int
    statement: str
    answer: str


def _rows() -> list[Row]:
    section = TEXT.split("\n## The documentation, line by line\n", 1)[1]
    found = []
    for line in re.findall(r"^\| 004:.*$", section, re.MULTILINE):
        place, statement, answer = (cell.strip() for cell in line.strip(" |").split(" | "))
        spans = _LINE.fullmatch(place)
        assert spans is not None, line
        found.append(Row(int(spans[1]), int(spans[2] or spans[1]), statement, answer))
    return found


ROWS = _rows()


def test_every_line_of_the_documentation_is_in_one_row_in_its_order() -> None:
    told = [line for row in ROWS for line in range(row.first, row.last + 1)]

    assert told == list(range(1, LINES + 1))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: str(row.first))
def test_every_statement_has_an_answer_or_says_why_it_does_not_apply(row: Row) -> None:
    assert row.statement
    assert re.search(r"\w{3}", row.answer)
    if row.answer.startswith("does not apply"):
        assert re.match(r"does not apply(?: to [^:]+)?: \w", row.answer)


def test_most_statements_are_answered_by_a_command() -> None:
    applying = [row for row in ROWS if not row.answer.startswith("does not apply")]
    commanded = [row for row in applying if "`rotator " in row.answer]

    assert len(commanded) > len(applying) / 2


def test_the_page_says_that_the_api_is_invented_and_never_seen() -> None:
    for words in ("Nothing public is known", "our own invention", "ever run against it"):
        assert words in " ".join(TEXT.split())


def test_nothing_of_the_invented_api_is_taken_for_stage5s() -> None:
    invented = {operation.path for operation in OPERATIONS}

    assert not any(path.removeprefix("/v1") in TEXT for path in invented)


def test_the_refusal_is_the_documentations_own() -> None:
    assert ACCESS_DENIED.startswith("You need administrator or owner privileges.")


@pytest.mark.parametrize(("page", "anchor"), sorted(set(_LINK.findall(TEXT))))
def test_every_link_leads_somewhere(page: str, anchor: str) -> None:
    target = ROOT / "docs" / "providers" / (page or "stage5.md")
    assert target.exists()
    heads = re.findall(r"^#+ (.+)$", target.read_text(encoding="utf-8"), re.MULTILINE)
    anchors = {re.sub(r"[^\w -]", "", head).lower().replace(" ", "-") for head in heads}

    assert not anchor or anchor in anchors
