"""The act on the screen: commands, and what they answered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from rotator.cli.demo.evidence.act import KNOWN

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console, RenderableType

    from rotator.cli.demo.evidence.act import Evidence


def show(console: Console, evidence: Evidence, *, is_kept: bool) -> None:
    """Show what an auditor is told.

    Args:
        console: Where.
        evidence: What.
        is_kept: Whether the files are there afterwards.
    """
    console.print(Group(*_parts(evidence, is_kept=is_kept)))


def _parts(evidence: Evidence, *, is_kept: bool) -> Iterator[RenderableType]:
    yield Text("\nevidence", style="bold")
    yield _typed("rotator audit verify")
    yield _indented(Text(evidence.verified))
    yield Text("\n  and of copies that somebody tampered with:")
    yield _indented(_edits(evidence))
    yield _typed("rotator report compliance --at DAY")
    yield _indented(_compliance(evidence))
    yield _indented(Text(_where(evidence, is_kept=is_kept)))
    yield _typed(f"rotator history {KNOWN.name}")
    for line in evidence.story.partition("\nBETWEEN")[0].rstrip().splitlines():
        yield Text(f"  {line}", no_wrap=True, overflow="ellipsis")
    yield _typed("rotator audit hash < found-on-the-web.txt")
    yield _indented(Text(evidence.recognised))
    yield Text(f"\n{_notices(evidence)}")


def _typed(command: str) -> Text:
    return Text.assemble("\n  ", ("$ ", "dim"), (command, "bold"))


def _indented(what: RenderableType) -> Padding:
    return Padding(what, (0, 0, 0, 2), expand=False)


def _edits(evidence: Evidence) -> Table:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(max_width=36)
    for edit in evidence.edits:
        first = edit.findings[0] if edit.findings else "NOT FOUND OUT"
        grid.add_row(edit.what, Text(" ".join(first.split()), style="red"))
    return grid


def _compliance(evidence: Evidence) -> Table:
    grid = Table.grid(padding=(0, 3))
    grid.add_row("", "keys in scope", "compliant", "too old", "unknown", "only reported")
    for day in (evidence.before, evidence.after):
        counts = (day.in_scope, day.compliant, day.breach, day.unknown, day.reported)
        grid.add_row(day.day, *map(str, counts))
    return grid


def _where(evidence: Evidence, *, is_kept: bool) -> str:
    held = "who still has a key that is too old is held, for the reason above"
    if is_kept:
        return f"{held}; the whole report: {evidence.report}"
    return f"{held}; `rotator demo --keep FOLDER` keeps the whole report as a page"


def _notices(evidence: Evidence) -> str:
    told = sorted(evidence.told.items(), key=lambda item: (-item[1], item[0]))
    kinds = ", ".join(f"{count} {kind}" for kind, count in told)
    return f"{sum(evidence.told.values())} notices told to a webhook, each signed: {kinds}"
