"""The closing screen: rotated, held and why, reported and why, and whether it is as expected."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from rotator.cli.demo.board import STYLES
from rotator.cli.demo.character import Ends
from rotator.cli.demo.cluster import screen as cluster_screen
from rotator.cli.demo.estate import DAYS
from rotator.cli.demo.evidence import screen
from rotator.core.reasons import Reason, explain

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rich.console import Console, RenderableType

    from rotator.cli.demo.report import Line, Summary

_WIDTH_OF_NAMES = 20
_ORDER = (Ends.ROTATED, Ends.DUE, Ends.YOUNG, Ends.HELD, Ends.REPORTED, Ends.LEFT)


def show(console: Console, summary: Summary, *, seconds: float, is_kept: bool) -> None:
    """Show what became of everyone.

    Args:
        console: Where.
        summary: What.
        seconds: How long it took, in real time.
        is_kept: Whether the files are there afterwards.
    """
    console.print(Text(f"\nafter {DAYS} days", style="bold"))
    for end in _ORDER:
        lines = [line for line in summary.lines if line.ends == end.value]
        if lines:
            _group(console, end, lines)
    cluster_screen.show(console, summary.cluster)
    screen.show(console, summary.evidence, is_kept=is_kept)
    _close(console, summary, seconds=seconds)


def _group(console: Console, end: Ends, lines: list[Line]) -> None:
    _, style = STYLES[end]
    console.print(Text.assemble("\n", (f"{len(lines)} {end.value}", style), _times(lines)))
    for reason, labels in _reasons(lines).items():
        if end is Ends.HELD:
            console.print(_indented(_each(labels, reason)))
        else:
            text = ", ".join(labels) + (f": {reason}" if reason else "")
            console.print(_indented(Text(text)))


def _indented(what: RenderableType) -> Padding:
    return Padding(what, (0, 0, 0, 2), expand=False)


def _each(labels: Iterable[str], reason: str) -> Table:
    grid = Table.grid(padding=(0, 2))
    for label in labels:
        grid.add_row(f"{label:<{_WIDTH_OF_NAMES}}", reason)
    return grid


def _times(lines: Iterable[Line]) -> str:
    times = sum(line.rotations for line in lines)
    return f", {times} rotations" if times else ""


def _reasons(lines: Iterable[Line]) -> dict[str, list[str]]:
    """Gather names by what they have in common."""
    found: dict[str, list[str]] = defaultdict(list)
    for line in lines:
        reason = explain(Reason(line.hold)) if line.hold else line.reason
        found[reason].append(line.label)
    return found


def _close(console: Console, summary: Summary, *, seconds: float) -> None:
    calls = Text.assemble(
        f"\n{summary.calls} consumer calls of AWS, ",
        _refused(summary.refusals),
        f"\n{summary.vault_calls} encryptions and decryptions, ",
        _refused(summary.vault_refusals),
        f"\n{summary.chat_calls} messages through Stage5, ",
        _refused(summary.chat_refusals),
        f"; {summary.chat_ended} old keys refused when tried again",
        f"\n{summary.cluster.calls} calls of AWS by pods in the cluster, ",
        _refused(summary.cluster.refusals),
        f"\n{summary.evidence.records} audit records, ",
        (_verdict(summary), "red" if summary.evidence.findings else "green"),
        f"; {seconds:.0f} s",
    )
    console.print(calls)
    for fault in _faults(summary):
        console.print(Text(fault, style="red"))
    if summary.is_as_expected:
        console.print(Text("everything is as expected", style="bold green"))
    else:
        console.print(Text("NOT as expected", style="bold red"))


def _verdict(summary: Summary) -> str:
    found = summary.evidence
    if found.findings:
        return "AND THE LOG DOES NOT VERIFY"
    return f"the log verifies, {found.covered} of them are signed"


def _refused(count: int) -> tuple[str, str]:
    return f"{count} refused", "red" if count else "green"


def _faults(summary: Summary) -> Iterator[str]:
    yield from (*summary.evidence.faults, *summary.cluster.faults, *summary.trespasses)
    for line in summary.lines:
        yield from (f"{line.label}: {fault}" for fault in line.faults)
