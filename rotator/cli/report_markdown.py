"""A document as Markdown, in which other people's names cannot become markup."""

from __future__ import annotations

import re
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rotator.cli.report_document import Document, Section, Table

_MARKUP = re.compile(r"([\\`*_\[\]|~$@])")
_LINKS = re.compile(r"(?i):(?=//)|(?<=www)\.")


def markdown(document: Document) -> str:
    """Set a document as Markdown with tables."""
    return "\n".join(_document(document)) + "\n"


def escaped(text: str) -> str:
    """Write a text so that it is shown as it is: no markup, no link, no new cell."""
    plain = _MARKUP.sub(r"\\\1", escape(text, quote=False))
    return _LINKS.sub(r"\\\g<0>", plain)


def _document(document: Document) -> Iterator[str]:
    yield from (f"# {document.title}", "", document.lead, "")
    yield from _pairs(("Ground", "Value"), document.grounds)
    yield from ("", "## Summary", "")
    yield from _pairs(("Keys", "Count"), document.summary)
    for section in document.sections:
        yield from _section(section)


def _section(section: Section) -> Iterator[str]:
    yield from ("", f"## {section.title}", "", section.intro, "")
    if section.table is None:
        yield section.empty
    else:
        yield from _table(section.table)


def _table(table: Table) -> Iterator[str]:
    yield _row(table.titles)
    yield "|" + "---|" * len(table.titles)
    yield from (_row([escaped(cell) for cell in row]) for row in table.rows)


def _pairs(titles: tuple[str, str], rows: Sequence[tuple[str, str]]) -> Iterator[str]:
    yield _row(titles)
    yield "|---|---|"
    yield from (_row((name, escaped(value))) for name, value in rows)


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
