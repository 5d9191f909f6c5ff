"""The act on the screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from rotator.cli.demo.cast import SHOP
from rotator.cli.demo.cluster.estate import MANIFESTS, NAMESPACE, SECRET

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rich.console import Console, RenderableType

    from rotator.cli.demo.cluster.act import ClusterStory


def show(console: Console, story: ClusterStory) -> None:
    """Show what became of the key that is in two places."""
    console.print(Group(*_parts(story)))


def _parts(story: ClusterStory) -> Iterator[RenderableType]:
    yield Text("\nin the cluster", style="bold")
    yield Text(f"  {SHOP.label} is published in two places, and pods are started with it:")
    yield _indented(_table((item.at, item.what) for item in story.moments))
    yield Text(f"\n  who owns the fields of the Secret {NAMESPACE}/{SECRET}:")
    yield _indented(_table(story.owners.items()))
    command = f"rotator consumers lint {MANIFESTS}"
    yield Text.assemble("\n  ", ("$ ", "dim"), (command, "bold"))
    yield _indented(_table((item.subject, item.code, item.problem) for item in story.lint))


def _indented(what: RenderableType) -> Padding:
    return Padding(what, (0, 0, 0, 2), expand=False)


def _table(rows: Iterable[tuple[str, ...]]) -> Table:
    grid = Table.grid(padding=(0, 2))
    for row in rows:
        grid.add_row(*map(Text, row))
    return grid
