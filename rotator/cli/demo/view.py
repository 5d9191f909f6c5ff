"""The demonstration on the screen: a moving table for a terminal, plain lines for a pipe."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from rich.console import Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from rotator.cli.demo.estate import CAST, DAYS
from rotator.core.rotation import Action, Phase

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console, RenderableType

    from rotator.cli.demo.estate import Character
    from rotator.cli.demo.report import Line, Summary
    from rotator.cli.demo.stage import Play
    from rotator.core.ids import CredentialId
    from rotator.core.rotation import Credential, Rotation

_COLOURS: Final = {
    "rotated": "green",
    "completed": "green",
    "held": "yellow",
    "reported": "cyan",
    Phase.PROMOTED.value: "magenta",
    Phase.DISABLED.value: "blue",
}


@dataclass(slots=True)
class View:
    """Shows every step of a play."""

    console: Console
    _live: Live | None = None
    _shown: dict[str, str] = field(default_factory=dict)

    def watch(self, play: Play) -> None:
        """Show where everyone stands now."""
        if self.console.is_terminal:
            self._move(play)
        else:
            self._tell(play)

    def close(self) -> None:
        """Leave the last picture on the screen."""
        if self._live is not None:
            self._live.stop()
            self._live = None

    def _move(self, play: Play) -> None:
        if self._live is None:
            self._live = Live(console=self.console, auto_refresh=False)
            self._live.start()
        self._live.update(_picture(play), refresh=True)

    def _tell(self, play: Play) -> None:
        """Say what changed, a line each."""
        for character, credential, rotation in _rows(play):
            state = _state(credential, rotation)
            if credential is None:
                continue
            if self._shown.get(character.name) != state:
                self._shown[character.name] = state
                self.console.print(
                    f"{play.clock.now():%Y-%m-%d %H:%M}  {character.name:<14} {state}",
                    soft_wrap=True,
                    markup=False,
                )


def _picture(play: Play) -> RenderableType:
    table = Table(title=f"day {play.day:5.1f} of {DAYS}", expand=False)
    for title in ("User", "State", "Calls", "Refused"):
        table.add_column(title, no_wrap=title != "State")
    for character, credential, rotation in _rows(play):
        consumer = play.consumers.of(character.name)
        state = _state(credential, rotation)
        table.add_row(
            character.name,
            Text(state, style=_style(state)),
            str(consumer.calls) if consumer else "-",
            str(consumer.refusals) if consumer else "-",
        )
    return Group(table, ProgressBar(total=DAYS, completed=min(play.day, DAYS), width=60))


def _rows(play: Play) -> Iterator[tuple[Character, Credential | None, Rotation | None]]:
    """Read the journal once for everyone: what stands there, and the newest rotation."""
    credentials = {item.principal.name: item for item in play.app.journal.credentials()}
    newest: dict[CredentialId, Rotation] = {}
    for rotation in play.app.journal.rotations():
        newest.setdefault(rotation.credential_id, rotation)
    for character in CAST:
        credential = credentials.get(character.name)
        yield character, credential, newest.get(credential.id) if credential else None


def _state(credential: Credential | None, rotation: Rotation | None) -> str:
    if credential is None:
        return "not seen yet"
    if credential.action is Action.REPORT:
        return f"reported: {credential.note}"
    phase = rotation.phase.value if rotation is not None and rotation.is_open else "idle"
    if credential.hold is not None:
        return f"held: {credential.hold.reason.value} ({phase})"
    if credential.last_error:
        return f"{phase}, tries again after {credential.last_error}"
    if phase == "idle" and rotation is not None and rotation.phase is Phase.COMPLETED:
        return "completed: one key, and it is new"
    return phase


def _style(state: str) -> str:
    word = state.partition(":")[0].partition(",")[0]
    return _COLOURS.get(word, "white")


def introduce(console: Console) -> None:
    """Say who takes part."""
    console.print(f"{len(CAST)} users, {DAYS} days, a daemon, and a simulated AWS on loopback")
    for character in CAST:
        console.print(f"  {character.name:<14} {character.about}", soft_wrap=True)


def show_summary(console: Console, summary: Summary, *, seconds: float, steps: int) -> None:
    """Show what became of everyone, and whether it is as it should be."""
    table = Table(title=f"after {DAYS} days", expand=False)
    for title in ("User", "Ends", "Rotations", "Calls", "Refused", "As expected"):
        table.add_column(title, no_wrap=title != "As expected")
    for line in summary.lines:
        table.add_row(*_cells(line))
    console.print(table)
    for line in summary.lines:
        if line.reason and line.ends != "rotated":
            text = Text.assemble((line.name, "bold"), f" {line.ends}: {line.reason}")
            console.print(text, soft_wrap=True)
    _close(console, summary, seconds=seconds, steps=steps)


def _cells(line: Line) -> tuple[str | Text, ...]:
    verdict = "; ".join(line.faults) or "yes"
    return (
        line.name,
        Text(line.ends, style=_COLOURS.get(line.ends, "red")),
        str(line.rotations),
        str(line.calls),
        Text(str(line.refusals), style="red" if line.refusals else "green"),
        Text(verdict, style="red" if line.faults else "green"),
    )


def _close(console: Console, summary: Summary, *, seconds: float, steps: int) -> None:
    calls = sum(line.calls for line in summary.lines)
    refusals = sum(line.refusals for line in summary.lines)
    faults = ", ".join(summary.audit_findings) or "the chain verifies"
    console.print(
        f"\n{calls} consumer calls, {refusals} refused; "
        f"{summary.audit_records} audit records, {faults}; "
        f"{steps} steps of the clock in {seconds:.0f} s",
        soft_wrap=True,
    )
    verdict = "everything is as expected" if summary.is_as_expected else "NOT as expected"
    style = "bold green" if summary.is_as_expected else "bold red"
    console.print(verdict, style=style)
