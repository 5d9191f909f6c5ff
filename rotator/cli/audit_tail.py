"""`rotator audit tail`: the newest audit records, as they are written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import click

from rotator.cli.audit_records import sealed_lines, waiting_lines
from rotator.cli.invocation import common_options, examples, json_option, pass_invocation
from rotator.cli.printing import NOTHING, clean, escaped
from rotator.core.audit_lines import read_record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from rotator.cli.invocation import Invocation
    from rotator.ports.journal import Journal

    News = tuple[str, Mapping[str, Any], bool]

_SECOND: Final = len("2026-11-21T09:30:15")
_WIDTHS: Final = (20, 8, 16, 28, 8, 24)


@click.command(
    epilog=examples(
        "rotator audit tail",
        "rotator audit tail -n 100 --json",
        "rotator audit tail -f",
    )
)
@click.option(
    "-n",
    "count",
    type=click.IntRange(min=0),
    default=20,
    metavar="N",
    show_default=True,
    help="How many records to begin with.",
)
@click.option("-f", "--follow", is_flag=True, help="Go on with new records until interrupted.")
@json_option
@common_options
@pass_invocation
def tail(invocation: Invocation, *, count: int, follow: bool, as_json: bool) -> None:
    """Print the newest audit records.

    Each is one line: when, its number, who, what, the outcome, whose key, and why.
    The journal is read, beside a running daemon if there is one. A record
    without a number waits to be sealed. With --json each line is the record as
    the log has it.
    """
    show = _shown if not as_json else _escaped if invocation.is_terminal else _as_it_is
    with invocation.app(read_only=True) as app:
        feed = _Feed(app.journal, count)
        try:
            _print(feed.new(), show)
            while follow:
                app.clock.sleep(1.0)
                _print(feed.new(), show)
        except KeyboardInterrupt:
            return


class _Feed:
    """Reads each record once, whether it waits for its number or has it."""

    def __init__(self, journal: Journal, count: int) -> None:
        self._journal = journal
        head = journal.head()
        waiting = sum(1 for _ in waiting_lines(journal))
        self._last = max((head.seq if head else -1) - max(count - waiting, 0), -1)
        self._skipped = max(waiting - count, 0)
        self._early: set[str] = set()

    def new(self) -> Iterator[News]:
        """Yield what is new: the line, what it says, and whether it has its number."""
        for sealed in sealed_lines(self._journal, after=self._last):
            self._last = sealed.seq
            record = read_record(sealed.line)
            if record["id"] in self._early:
                self._early.discard(record["id"])
            else:
                yield sealed.line, record, True
        yield from self._waiting()

    def _waiting(self) -> Iterator[News]:
        for sealed in waiting_lines(self._journal):
            record = read_record(sealed.line)
            if record["id"] not in self._early:
                self._early.add(record["id"])
                if self._skipped:
                    self._skipped -= 1
                else:
                    yield sealed.line, record, False


def _print(news: Iterator[News], show: Callable[[News], str]) -> None:
    for item in news:
        click.echo(show(item))


def _as_it_is(news: News) -> str:
    return news[0]


def _escaped(news: News) -> str:
    """Keep other people's control characters off a terminal; it is the same JSON."""
    return escaped(news[0])


def _shown(news: News) -> str:
    """Write one record as one line, its columns under those of the line before."""
    _, record, is_sealed = news
    whose = record["target"].get("principal") or record["evidence"].get("name") or NOTHING
    columns = (
        record["time"][:_SECOND].replace("T", " ") + "Z",
        f"#{record['seq']}" if is_sealed else NOTHING,
        record["actor"],
        record["action"],
        record["outcome"],
        str(whose),
    )
    cells = [clean(cell).ljust(width) for cell, width in zip(columns, _WIDTHS, strict=True)]
    return "  ".join((*cells, clean(_why(record)))).rstrip()


def _why(record: Mapping[str, Any]) -> str:
    """Say why it was done, or which error kept it from being done, and to which key."""
    why = record["error"] or record["reason"] or record["rotation"].get("trigger") or ""
    key = record["target"].get("key_id") or record["evidence"].get("key_id")
    return " ".join(filter(None, (str(why), f"({key})" if key else "")))
