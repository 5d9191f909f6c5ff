"""`rotator audit verify`: whether the audit log is whole, unchanged and signed."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from rotator.cli.instants import InstantType
from rotator.cli.invocation import (
    FAILED,
    common_options,
    examples,
    json_option,
    pass_invocation,
)
from rotator.cli.printing import print_json, print_lines
from rotator.errors import RotatorError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rotator.cli.audit_place import LogPlace
    from rotator.cli.invocation import Invocation
    from rotator.core.cloudtrail import TrailVerdict
    from rotator.core.ids import Instant
    from rotator.core.log_check import LogReport

UNREADABLE: Final = 2

_PATH = click.Path(path_type=Path)


@click.command(
    epilog=examples(
        "rotator audit verify",
        "rotator audit verify audit.jsonl --key 'platform-prod+98ca0cdc+AW...'",
        "rotator audit verify --witness /mnt/witness/rotator.checkpoints --expect-size 10422",
        "rotator audit verify ./downloaded-bucket --since 2026-11-01 --json",
        "rotator audit verify --cloudtrail ./AWSLogs",
    )
)
@click.argument("place", required=False)
@click.option(
    "--key",
    "keys",
    metavar="VERIFIER_KEY",
    multiple=True,
    help="The public key that signed the log, as `rotator audit keygen` printed it; else that of "
    "the configured key, and audit.formerKeys. May be repeated, for a log that was signed by "
    "several in turn.",
)
@click.option(
    "--checkpoints",
    "given",
    type=_PATH,
    metavar="PATH",
    multiple=True,
    help="A file of checkpoints beside the log's own; may be repeated.",
)
@click.option(
    "--witness",
    "witnesses",
    type=_PATH,
    metavar="PATH",
    multiple=True,
    help="Checkpoints that were kept in another place; else the configured witness. May be "
    "repeated.",
)
@click.option(
    "--expect-size",
    type=click.IntRange(min=0),
    metavar="N",
    help="How many records the log has at the least, such as by a metric or an earlier answer.",
)
@click.option(
    "--since",
    type=InstantType(),
    metavar="INSTANT",
    help="Tell only what is wrong with records from then on; everything is verified.",
)
@click.option(
    "--cloudtrail",
    "trail",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="CloudTrail's log files: tell what either log lacks of the other, too.",
)
@click.option(
    "--identity",
    "identities",
    metavar="GLOB",
    multiple=True,
    help="Whose calls in CloudTrail are rotator's, by ARN; else learned from calls that both "
    "logs name. May be repeated.",
)
@json_option
@common_options
@pass_invocation
def verify(invocation: Invocation, /, *, place: str | None, as_json: bool, **asked: Any) -> None:  # noqa: ANN401 - options, read by `_Asked`
    """Verify the whole audit log at PLACE.

    PLACE is a file, s3://BUCKET/PREFIX or a folder with its objects; without it the
    configured log is read. Every record is verified, its place in the chain, and
    every signature. No journal is needed. Each fault is one line: INVALID, GAP,
    MISSING or OPEN, with its number; against CloudTrail UNLOGGED or UNSEEN. Exits
    with 0 if there is none, 1 if there are any, 2 if the log cannot be read.
    """
    from rotator.cli.audit_place import find_log
    from rotator.cli.audit_report import report_record, tell
    from rotator.cli.audit_trail import trail_record

    log = find_log(invocation, place)
    try:
        report, compared = _verified(log, _Asked(**asked))
    except RotatorError as error:
        print_lines(f"error: {error.diagnostics()}", err=True)
        sys.exit(UNREADABLE)
    if as_json:
        print_json(report_record(report) | trail_record(compared))
    else:
        tell(invocation, report, compared)
    sys.exit(0 if report.is_clean and not (compared and compared.findings) else FAILED)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What the options say; see their help."""

    keys: tuple[str, ...]
    given: tuple[Path, ...]
    witnesses: tuple[Path, ...]
    expect_size: int | None
    since: Instant | None
    trail: Path | None
    identities: tuple[str, ...]


def _verified(log: LogPlace, asked: _Asked) -> tuple[LogReport, TrailVerdict | None]:
    """Verify a log, and join it with CloudTrail's on the way.

    Raises:
        RotatorError: One of them cannot be read.
    """
    from rotator.audit.verification import verify as verify_log
    from rotator.cli.audit_trail import Trail

    joined = Trail(asked.trail, asked.identities)
    # Checkpoints first: the log may grow meanwhile, and must have what they cover.
    notes = tuple(_notes(log, asked.given, asked.witnesses))
    report = verify_log(
        joined.watch(log.lines()),
        notes,
        verifiers=log.verifiers(asked.keys),
        expected=asked.expect_size,
        since=asked.since,
    )
    return report, joined.verdict(asked.since)


def _notes(log: LogPlace, given: Sequence[Path], witnesses: Sequence[Path]) -> Iterator[str]:
    """Gather checkpoints: the log's own, those that were named, and the witness's."""
    from rotator.audit.reading import notes_of

    own = log.notes()
    yield from own
    for path in (*given, *(witnesses or _configured_witness(log, is_signed=bool(own)))):
        yield from notes_of(path)


def _configured_witness(log: LogPlace, *, is_signed: bool) -> tuple[Path, ...]:
    """Return the configured witness, if it is that of this log.

    One that is not there is not passed over, unless nothing was signed yet.
    """
    settings = log.settings
    if settings is None or not log.is_configured or settings.audit.witness is None:
        return ()
    witness = settings.audit.witness
    return (witness,) if is_signed or witness.exists() else ()
