"""The whole fleet on one screen: a cell for everyone, and what has happened last."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from rich.console import Group
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from rotator.cli.demo.character import Ends
from rotator.cli.demo.estate import DAYS
from rotator.core.rotation import Phase

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.console import RenderableType

    from rotator.cli.demo.fleet import Scene, Standing

COLUMNS: Final = 2

STYLES: Final[Mapping[Ends | Phase, tuple[str, str]]] = {
    Ends.YOUNG: ("·", "white"),
    Ends.DUE: ("*", "white"),
    Phase.PLANNED: ("○", "cyan"),
    Phase.CREATED: ("◔", "cyan"),
    Phase.STAGED: ("◑", "cyan"),
    Phase.VERIFIED: ("◕", "cyan"),
    Phase.PROMOTED: ("●", "magenta"),
    Phase.DISABLED: ("◌", "blue"),
    Ends.ROTATED: ("✓", "green"),
    Ends.HELD: ("!", "yellow"),
    Ends.REPORTED: ("-", "white"),
    Ends.LEFT: (" ", "white"),
}
"""Sign and colour of every state, in the order in which they are counted."""


def board(scene: Scene, news: Sequence[str]) -> RenderableType:
    """Draw everyone in two columns, the counts above and the news below.

    Args:
        scene: What there is to be seen.
        news: What has happened last, oldest first.
    """
    fleet = scene.fleet
    return Group(_head(scene), _counts(fleet), Text(), _cells(fleet), Text(), *map(_line, news))


def _head(scene: Scene) -> RenderableType:
    head = Table.grid(padding=(0, 2))
    day = min(scene.day, DAYS)
    refused = "bold red" if scene.refusals else "green"
    head.add_row(
        Text(f"day {day:4.1f} of {DAYS}", style="bold"),
        ProgressBar(total=DAYS, completed=day, width=30),
        Text.assemble(f"{scene.calls} consumer calls, ", (f"{scene.refusals} refused", refused)),
    )
    return head


def _counts(fleet: Sequence[Standing]) -> Text:
    counts = Counter(item.state for item in fleet)
    parts = [(f"{counts[state]} {state.value}", style) for state, (_, style) in STYLES.items()]
    shown = [part for part, state in zip(parts, STYLES, strict=True) if counts[state]]
    return Text("  ").join(Text(text, style=style) for text, style in shown)


def _cells(fleet: Sequence[Standing]) -> Table:
    grid = Table.grid(padding=(0, 1), expand=True)
    for _ in range(COLUMNS):
        grid.add_column(no_wrap=True, ratio=1, overflow="ellipsis")
    rows = -(-len(fleet) // COLUMNS)
    for row in range(rows):
        grid.add_row(*(_cell(item) for item in fleet[row::rows]))
    return grid


def _cell(item: Standing) -> Text:
    sign, style = STYLES[item.state]
    return Text.assemble(f"{sign} {item.character.label:<20} ", (item.brief, style))


def _line(text: str) -> Text:
    return Text(text, no_wrap=True, overflow="ellipsis", style="dim")
