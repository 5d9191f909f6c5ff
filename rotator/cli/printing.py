"""Tables for people, JSON for machines, and the same cells for both.

On a terminal tables are drawn by rich; anywhere else columns are only aligned, so
that ids are never cut and a line is a row.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from shutil import get_terminal_size
from textwrap import fill
from typing import TYPE_CHECKING, Final

import click

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rotator.cli.invocation import Invocation

NOTHING: Final = "-"

_STYLES: Final = {
    "current": "green",
    "completed": "green",
    "halted": "bold red",
    "hold": "bold yellow",
    "rotate": "cyan",
    "disabled": "yellow",
    "suspect": "yellow",
    "ok": "green",
    "off": "bold red",
}
_GAP = 3
_LAST_COLUMN = 24
_DAY = timedelta(days=1)
_DAYS_SHOWN_IN_HOURS = 2


def when(moment: datetime | None) -> str:
    """Write an instant to the minute; every time is UTC."""
    return moment.strftime("%Y-%m-%d %H:%MZ") if moment else NOTHING


def span(length: timedelta | None) -> str:
    """Write an age in whole days, or in hours below two days."""
    if length is None:
        return NOTHING
    if length < _DAYS_SHOWN_IN_HOURS * _DAY:
        return f"{int(length.total_seconds() // 3600)}h"
    return f"{length.days}d"


def print_json(value: object) -> None:
    """Print a value as `json_text` writes it."""
    click.echo(json_text(value))


def json_text(value: object) -> str:
    """Write a value as JSON; instants are ISO 8601, lengths of time seconds."""
    return escaped(json.dumps(value, indent=2, default=_scalar, ensure_ascii=False))


def escaped(text: str) -> str:
    """Escape in a JSON text what it leaves as it is: DEL, C1 controls, marks of direction."""
    return "".join(it if it.isprintable() or it == "\n" else json.dumps(it)[1:-1] for it in text)


def print_lines(text: str, *, err: bool = False) -> None:
    """Print lines as they are, without other people's control characters."""
    for line in text.split("\n"):
        click.echo(_printable(line), err=err)


def print_table(
    invocation: Invocation, titles: Sequence[str], rows: Sequence[Sequence[str]]
) -> None:
    """Print rows under their titles."""
    cells = [[clean(cell) for cell in row] for row in rows]
    if invocation.is_terminal:
        _print_rich(invocation, titles, cells)
    else:
        _print_aligned(titles, cells)


def without_same(lines: Sequence[tuple[str, ...]], title: str) -> list[tuple[str, ...]]:
    """Leave a column out if it says nothing or the same everywhere but in the titles."""
    column = lines[0].index(title)
    is_same = len({line[column] for line in lines[1:]} - {NOTHING}) <= 1
    return [line[:column] + line[column + 1 :] for line in lines] if is_same else list(lines)


def print_fields(
    invocation: Invocation,
    fields: Sequence[tuple[str, str]],
    *,
    indent: str = "",
    err: bool = False,
) -> None:
    """Print named values, one a line; those without a value are left out.

    On a terminal long values are folded at its width, under their own beginning.
    """
    shown = [(name, clean(text)) for name, text in fields if text and text != NOTHING]
    names = max(len(name) for name, _ in shown)
    for name, text in shown:
        print_folded(invocation, f"{indent}{name.ljust(names)}  ", text, err=err)


def print_folded(
    invocation: Invocation, start: str, text: str, *, hang: int | None = None, err: bool = False
) -> None:
    """Print text after a start; on a terminal it is folded.

    Args:
        invocation: Knows whether it is a terminal.
        start: What stands before it on the first line.
        text: What to print.
        hang: Where further lines begin; None is under the text's own beginning.
        err: Whether it goes to standard error.
    """
    line, margin = _printable(start) + clean(text), " " * (len(start) if hang is None else hang)
    if invocation.is_terminal:
        # An id or a command that is broken in the middle cannot be copied.
        line = fill(
            line,
            max(get_terminal_size().columns, len(margin) + _LAST_COLUMN),
            subsequent_indent=margin,
            break_long_words=False,
            break_on_hyphens=False,
        )
    click.echo(line, err=err)


def clean(text: str) -> str:
    """Keep a text on its line, and other people's control characters off the terminal."""
    return _printable("; ".join(line.strip() for line in text.splitlines()))


def _printable(line: str) -> str:
    return "".join(letter if letter.isprintable() else "?" for letter in line)


def _print_aligned(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    lines = [[title.upper() for title in titles], *rows]
    widths = _widths(lines)
    for line in lines:
        cells = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        click.echo("  ".join(cells).rstrip())


def _widths(lines: Sequence[Sequence[str]]) -> list[int]:
    return [max(map(len, column)) for column in zip(*lines, strict=True)]


def _print_rich(
    invocation: Invocation, titles: Sequence[str], rows: Sequence[Sequence[str]]
) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(force_terminal=True, color_system=None if invocation.is_plain else "auto")
    widths = _widths([titles, *rows])
    # Only the last column is folded. What is too wide for the window is left to the window,
    # for an id that is broken in the middle of a table cannot be copied.
    needed = sum(widths[:-1]) + _GAP * len(widths) + min(widths[-1], _LAST_COLUMN)
    if needed > console.width and widths[-1] > _LAST_COLUMN:
        _print_stacked(invocation, titles, rows)
        return
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for title in titles:
        table.add_column(title, overflow="fold", no_wrap=title != titles[-1])
    for row in rows:
        table.add_row(*(Text(cell, _style(cell)) for cell in row))
    console.width = max(console.width, needed)
    console.print(table)


def _print_stacked(
    invocation: Invocation, titles: Sequence[str], rows: Sequence[Sequence[str]]
) -> None:
    """Print what would leave no room for its last column: that one stands below each row."""
    widths = _widths([titles[:-1], *(row[:-1] for row in rows)])
    for index, line in enumerate((titles, *rows)):
        padded = "  ".join(cell.ljust(width) for cell, width in zip(line[:-1], widths, strict=True))
        is_bold = index == 0 and not invocation.is_plain
        click.echo(click.style(padded.rstrip(), bold=True) if is_bold else padded.rstrip())
        if line[-1] not in {"", NOTHING}:
            print_folded(invocation, "    ", line[-1])


def _style(cell: str) -> str:
    """Colour a cell by its first word."""
    return _STYLES.get(cell.partition(" ")[0].rstrip(":,"), "")


def _scalar(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, timedelta):
        return int(value.total_seconds())
    raise TypeError(type(value).__name__)
