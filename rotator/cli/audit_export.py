"""`rotator audit export`: the audit log for a SIEM, a spreadsheet or another reader."""

from __future__ import annotations

import csv
import io
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from rotator.cli.audit_verify import UNREADABLE
from rotator.cli.instants import InstantType
from rotator.cli.invocation import FAILED, common_options, examples, pass_invocation
from rotator.cli.printing import print_lines
from rotator.errors import UnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import TextIO

    from rotator.cli.invocation import Invocation
    from rotator.core.ids import Instant

    Writer = Callable[[str], str]

NATIVE: Final = "native"
OCSF: Final = "ocsf"
CSV: Final = "csv"


@click.command(
    epilog=examples(
        "rotator audit export --format ocsf --since 2026-11-01 --output november.ocsf.jsonl",
        "rotator audit export --format csv --output audit.csv",
        "rotator audit export ./downloaded-bucket --format native | gzip > audit.jsonl.gz",
    )
)
@click.argument("place", required=False)
@click.option(
    "--format",
    "form",
    type=click.Choice((OCSF, CSV, NATIVE)),
    required=True,
    help="`ocsf`: one OCSF 1.8.0 event a line, class Entity Management, with the record in it. "
    "`csv`: one row a record. `native`: the records as the log has them.",
)
@click.option(
    "--since",
    type=InstantType(),
    metavar="INSTANT",
    help="Only records from then on.",
)
@click.option(
    "--until",
    type=InstantType(),
    metavar="INSTANT",
    help="Only records from before then.",
)
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="PATH",
    help="Where to write; a file that exists is left alone. Else standard output.",
)
@common_options
@pass_invocation
def audit_export(
    invocation: Invocation,
    *,
    place: str | None,
    form: str,
    since: Instant | None,
    until: Instant | None,
    output: Path | None,
) -> None:
    """Write the audit log at PLACE in another form.

    PLACE is a file, s3://BUCKET/PREFIX or a folder with its objects; without it the
    configured log is read. Nothing is verified here: run `rotator audit verify`
    first. Exits with 0, with 1 if there were lines that are no records, which are
    left out and counted, or with 2 if the log cannot be read.
    """
    from rotator.cli.audit_place import find_log

    log = find_log(invocation, place)
    try:
        with _destination(output) as target:
            left_out = _write(log.lines(), target, form, since, until)
    except UnavailableError as error:
        print_lines(f"error: {error.diagnostics()}", err=True)
        sys.exit(UNREADABLE)
    if left_out:
        print_lines(f"{left_out} lines left out: run `rotator audit verify`", err=True)
        sys.exit(FAILED)


def _destination(output: Path | None) -> TextIO:
    """Open what is written to; never one that exists, which may be the log itself."""
    if output is None:
        return click.open_file("-", "w", encoding="utf-8")  # type: ignore[return-value]
    try:
        return output.open("x", encoding="utf-8", newline="")
    except FileExistsError as error:
        msg = f"{output} exists, and is left alone"
        raise click.UsageError(msg) from error
    except OSError as error:
        msg = f"{output} cannot be written: {error.strerror}"
        raise click.UsageError(msg) from error


def _write(
    lines: Iterator[bytes], target: TextIO, form: str, since: Instant | None, until: Instant | None
) -> int:
    """Write every record of the span; return how many lines were none."""
    from rotator.core.audit_csv import COLUMNS

    left_out = 0
    if form == CSV:
        target.write(_row(COLUMNS))
    write = _writers()[form]
    for raw in lines:
        try:
            line = raw.removesuffix(b"\n").decode()
            if _is_within(line, since, until):
                target.write(write(line))
        except ValueError:
            left_out += 1
    return left_out


def _writers() -> Mapping[str, Writer]:
    from rotator.core.audit_csv import to_row
    from rotator.core.ocsf import to_ocsf

    return {
        NATIVE: lambda line: f"{line}\n",
        OCSF: lambda line: f"{json.dumps(to_ocsf(line), ensure_ascii=False)}\n",
        CSV: lambda line: _row(to_row(line)),
    }


def _is_within(line: str, since: Instant | None, until: Instant | None) -> bool:
    from rotator.core.audit_lines import read_record, time_of

    at = time_of(read_record(line))
    return (since is None or at >= since) and (until is None or at < until)


def _row(cells: tuple[str, ...]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(cells)
    return text.getvalue()
