"""The demonstration on the screen: a moving board for a terminal, plain lines for a pipe."""

from __future__ import annotations

import json
from collections import deque
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

import click
from rich.live import Live

from rotator.cli.demo.board import board
from rotator.cli.demo.cast import CAST
from rotator.cli.demo.character import ACCOUNTS, Ends
from rotator.cli.demo.chat.cast import STAGE5
from rotator.cli.demo.closing import show
from rotator.cli.demo.estate import DAYS
from rotator.cli.demo.first_day import describe
from rotator.cli.demo.report import summarize
from rotator.cli.demo.vault.cast import VAULT
from rotator.cli.invocation import FAILED
from rotator.core.reasons import explain
from rotator.core.rotation import Phase
from rotator.telemetry.clock import monotonic_seconds

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console, RenderableType

    from rotator.cli.demo.fleet import Scene, Standing
    from rotator.cli.demo.stage import Play

_PICTURES_A_SECOND = 3
_LINES_KEPT = 6
_QUIET = frozenset({Ends.REPORTED.value, Ends.LEFT.value, Ends.YOUNG.value, Ends.DUE.value})
"""States in which nothing has happened: not worth a line."""

_TOLD = {
    Phase.PROMOTED.value: "promoted: consumers read the new key, both keys work",
    Phase.DISABLED.value: "disabled: the old key is off, and can be switched on again",
    Ends.ROTATED.value: "rotated: one key, and it is new",
}


@dataclass(slots=True)
class Teller:
    """Says in a line what happened to whom, each thing once."""

    _told: dict[tuple[str, str, str], str] = field(default_factory=dict)

    def news(self, scene: Scene) -> Iterator[str]:
        """Yield a line for everyone whose state is another than when last asked."""
        for item in scene.fleet:
            before = self._told.get(item.character.id)
            self._told[item.character.id] = item.brief
            if item.brief != before and item.brief not in _QUIET:
                yield f"{scene.now:%Y-%m-%d %H:%M}  {item.character.label:<20}  {_told(item)}"


@dataclass(slots=True)
class View:
    """Shows a play while it runs, and its end.

    Attributes:
        as_json: Whether the summary goes to standard output as JSON, too.
        is_kept: Whether the folder is there afterwards.
    """

    console: Console
    as_json: bool = False
    is_kept: bool = False
    _teller: Teller = field(default_factory=Teller)
    _latest: deque[str] = field(default_factory=lambda: deque(maxlen=_LINES_KEPT))
    _began: float = field(default_factory=monotonic_seconds)

    @contextmanager
    def running(self, play: Play) -> Iterator[None]:
        """Show the play as it moves; on a terminal several times a second."""
        self.say(
            f"{len(CAST)} users in {len(ACCOUNTS)} accounts, {len(VAULT) + len(STAGE5)} keys and "
            f"clients in two workspaces, {DAYS} days, the real daemon"
        )
        self.say(describe(play))
        if not self.console.is_terminal:
            yield
            return

        def picture() -> RenderableType:
            # Read anew, for between two jumps of time the fleet moves, too.
            return board(play.scene(), tuple(self._latest))

        with Live(
            console=self.console, get_renderable=picture, refresh_per_second=_PICTURES_A_SECOND
        ):
            yield

    def moved(self, scene: Scene) -> None:
        """Tell what has happened since time last jumped."""
        for line in self._teller.news(scene):
            self.say(line)

    def closing(self, play: Play) -> int:
        """Show the summary; 0 only if all is as expected."""
        summary = summarize(play)
        seconds = monotonic_seconds() - self._began
        show(self.console, summary, seconds=seconds, is_kept=self.is_kept)
        if self.as_json:
            told = {**asdict(summary), "isAsExpected": summary.is_as_expected}
            click.echo(json.dumps(told, indent=2))
        return 0 if summary.is_as_expected else FAILED

    def say(self, line: str) -> None:
        """Tell one thing: below the board, or as a line of its own."""
        self._latest.append(line)
        if not self.console.is_terminal:
            self.console.print(line, soft_wrap=True, markup=False)


def _told(item: Standing) -> str:
    if item.hold is not None and item.ends is Ends.HELD:
        return f"held: {explain(item.hold)}"
    return _TOLD.get(item.brief, item.brief)
