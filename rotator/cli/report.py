"""`rotator report`: what an auditor is handed."""

from __future__ import annotations

from datetime import UTC, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from rotator.cli.instants import InstantType
from rotator.cli.invocation import WAITING, common_options, examples, pass_invocation
from rotator.core.ids import AccountId, Instant
from rotator.errors import NotFoundError, RejectedError, TamperError, UnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rotator.cli.invocation import App, Invocation
    from rotator.core.attestation import Attestation
    from rotator.core.checkpoint import Checkpoint
    from rotator.core.compliance import Report
    from rotator.core.pictures import Picture
    from rotator.core.snapshots import StoredSnapshot

_FORMATS: Final = ("markdown", "html", "csv", "json")


class _Until(InstantType):
    """An instant; a day means its end, so that what was kept of the day counts."""

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> Instant:
        """Read it."""
        read = super().convert(value, param, ctx)
        return _end_of(read) if len(str(value)) == len("2026-09-30") else read


@click.group(
    epilog=examples(
        "rotator report compliance",
        "rotator report compliance --at 2026-09-30 --format html --output report.html",
    )
)
def report() -> None:
    """Make a report for an auditor."""


@report.command(
    epilog=examples(
        "rotator report compliance",
        "rotator report compliance --account prod --format csv --output keys.csv",
        "rotator report compliance --at 2026-09-30 --format html --output report.html",
        "rotator report compliance --at 2026-09-30T12:00:00Z --format json",
    )
)
@click.option(
    "--at",
    type=_Until(),
    metavar="DATE|INSTANT",
    help="Of a past day or instant, in UTC unless an offset is written: from the picture that was "
    "kept of it. Without it, of now.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(_FORMATS),
    default=_FORMATS[0],
    show_default=True,
    help="How it is written.",
)
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="PATH",
    help="Write it to a file, in place of what is there.",
)
@click.option(
    "--account",
    "accounts",
    multiple=True,
    metavar="ID",
    help="Only this account or workspace, by id or name; may be given several times.",
)
@common_options
@pass_invocation
@click.pass_context
def compliance(
    context: click.Context,
    invocation: Invocation,
    *,
    at: Instant | None,
    form: str,
    output: Path | None,
    accounts: tuple[str, ...],
) -> None:
    """Tell which keys are as old as policy allows, and everything that is not as it should be.

    With --at it is made of the picture of that day, which the daemon keeps with
    its hash in the audit log, and comes out the same whenever it is made. Reads the
    journal only. Exits with 3 if a key is in breach, or if nobody can say that
    none is.
    """
    from rotator.core.compliance import report as of

    _spare_evidence(invocation, output)
    with invocation.app(read_only=True) as app:
        picture, attested = _ground(invocation, app, at)
    found = of(picture, _accounts(picture, accounts))
    text = _written(form, found, attested)
    if output is None:
        click.echo(text, nl=False)
    else:
        _save(output, text)
    if found.waits_for_person:
        context.exit(WAITING)


def _ground(
    invocation: Invocation, app: App, at: Instant | None
) -> tuple[Picture, Attestation | None]:
    from rotator.cli.finding import need_journal
    from rotator.cli.report_ground import check_in_log
    from rotator.core.attestation import attest
    from rotator.core.pictures import from_text

    need_journal(app)
    if at is None:
        return app.pictures.now(), None
    snapshot = _snapshot(app, _past(at, app.clock.now()))
    if snapshot.day != at.date().isoformat():
        told = f"no picture was kept of {at.date()} until then; this is of {snapshot.day}"
        click.echo(f"note: {told}", err=True)
    record = app.pictures.snapshots.attesting(snapshot)
    check_in_log(record, invocation.settings().audit_file)
    try:
        picture = from_text(snapshot.body)
    except ValueError as error:
        attest(snapshot, record, ())  # says so if somebody changed it
        raise TamperError(str(error), subject=snapshot.day, code="picture_unreadable") from error
    return picture, attest(snapshot, record, _checkpoints(invocation, picture.log))


def _snapshot(app: App, at: Instant) -> StoredSnapshot:
    found = app.pictures.snapshots.snapshot_at(at)
    if found is None:
        hint = "the daemon keeps one picture a day, for as long as `audit.snapshotPeriod` says"
        raise NotFoundError("no picture was kept until then", subject=str(at.date()), hint=hint)
    return found


def _checkpoints(invocation: Invocation, log: str) -> Iterator[Checkpoint]:
    """Yield the checkpoints of the log that the picture was attested in, whatever it is now."""
    from rotator.audit.reading import notes
    from rotator.audit.signing import believed
    from rotator.audit.verification import read_note

    settings = invocation.settings()
    terms = settings.audit
    verifiers = believed(terms.signing_key, settings.log_name, terms.former_keys)
    for note in notes(settings.audit_file):
        try:
            checkpoint = read_note(note, verifiers)
        except RejectedError as error:
            raise TamperError(
                f"a checkpoint of the log is damaged: {error}",
                subject=str(settings.audit_file),
                code="checkpoint_damaged",
                hint="`rotator audit verify` tells which",
            ) from error
        if checkpoint.origin == log:
            yield checkpoint


def _past(at: Instant, now: Instant) -> Instant:
    """Refuse what is still to come; today is not, though its end is."""
    if at > now and at != _end_of(now):
        raise click.BadParameter(f"{at.isoformat()} is still to come", param_hint="--at")
    return at


def _end_of(day: Instant) -> Instant:
    return Instant(datetime.combine(day.date(), time.max, tzinfo=UTC))


def _accounts(picture: Picture, words: Sequence[str]) -> frozenset[AccountId]:
    """Find accounts by what they were called when the picture was taken."""
    named = {item.name: item.id for item in picture.accounts if item.name}
    ids = {item.id for item in picture.accounts} | {it.account for it in picture.credentials}
    found = {AccountId(named.get(word, word)) for word in words}
    strange = sorted(found - ids)
    if strange:
        known = ", ".join(sorted(ids))
        raise click.UsageError(f"no account {strange[0]} is in the picture; known are {known}")
    return frozenset(found)


def _written(form: str, found: Report, attested: Attestation | None) -> str:
    from rotator.cli.report_data import as_csv, as_json
    from rotator.cli.report_document import document

    match form:
        case "json":
            return as_json(found, attested)
        case "csv":
            return as_csv(found, attested)
        case "html":
            from rotator.cli.report_html import html

            return html(document(found, attested))
        case _:
            from rotator.cli.report_markdown import markdown

            return markdown(document(found, attested))


def _spare_evidence(invocation: Invocation, output: Path | None) -> None:
    """Refuse to write a report in place of the log or of what vouches for it."""
    from rotator.audit.reading import CHECKPOINTS

    settings = invocation.settings()
    log = settings.audit_file
    own = (log, log.with_name(log.name + CHECKPOINTS), settings.audit.witness)
    if output is not None and output.resolve() in {it.resolve() for it in own if it}:
        msg = f"{output} belongs to the audit log, and is left alone"
        raise click.BadParameter(msg, param_hint="--output")


def _save(path: Path, text: str) -> None:
    try:
        path.write_bytes(text.encode())
    except OSError as error:
        msg = f"the report cannot be written: {error.strerror}"
        raise UnavailableError(msg, subject=str(path), code="io_error") from error
