"""`rotator doctor` without a principal: what the daemon needs, tried from where it would run."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

import click

from rotator.cli.doctor_apis import api_lines
from rotator.cli.doctor_lines import Line, cells, off, record
from rotator.cli.doctor_workspaces import workspace_lines
from rotator.cli.invocation import WAITING
from rotator.cli.printing import print_json, print_table
from rotator.core.permissions import State
from rotator.errors import RotatorError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rotator.cli.invocation import App, Invocation
    from rotator.reconcile.checking import AccountCheck
    from rotator.settings.settings import Settings

_TITLES: Final = ("Account", "What", "State", "What that means")


def check(invocation: Invocation, *, as_json: bool) -> None:
    """Check everything that can be checked without changing anything, and print it.

    Ends the command with exit code 3 if something is surely off.

    Raises:
        ConfigError: The configuration has faults, and nothing else could be checked.
    """
    lines = tuple(_lines(invocation))
    if as_json:
        print_json([record(line) for line in lines])
    else:
        print_table(invocation, _TITLES, [cells(line) for line in lines])
    if any(line.state is State.OFF for line in lines):
        click.get_current_context().exit(WAITING)


def _lines(invocation: Invocation) -> Iterator[Line]:
    settings = invocation.settings()
    yield Line(what="configuration", state=State.OK)
    yield _audit(settings)
    yield from _bucket(settings)
    try:
        with invocation.opener(settings, read_only=True) as app:
            yield _journal(app)
            found = app.check_permissions()
            yield _clock(app, settings)
            of_others = (*workspace_lines(app, settings), *api_lines(app, settings))
    except RotatorError as error:
        meaning = "the daemon does not start"
        yield off("journal", error.diagnostics(), meaning)
        return
    for item in found:
        yield from _of_account(item)
    yield from of_others


def _audit(settings: Settings) -> Line:
    file = settings.audit_file
    if os.access(file if file.exists() else file.parent, os.W_OK):
        return Line(what="audit log", state=State.OK)
    meaning = "nothing is started while evidence cannot be written"
    return off("audit log", f"{file} cannot be written", meaning)


def _bucket(settings: Settings) -> Iterator[Line]:
    """Try to read the log's bucket, if there is one; whether it takes records is not tried."""
    section = settings.audit.s3
    if section is None:
        return
    from rotator.wiring.audit_bucket import bucket_log

    try:
        next(bucket_log(f"s3://{section.bucket}/{section.prefix}", settings).lines(), None)
    except RotatorError as error:
        meaning = "the file alone keeps the log; the bucket is given what it lacks when it answers"
        yield off("audit bucket", error.diagnostics(), meaning)
    else:
        yield Line(what="audit bucket", state=State.OK)


def _journal(app: App) -> Line:
    if app.missing is None:
        return Line(what="journal", state=State.OK)
    meaning = "the daemon makes one at its first start"
    missing = (str(app.missing),)
    return Line(what="journal", state=State.UNKNOWN, missing=missing, meaning=meaning)


def _clock(app: App, settings: Settings) -> Line:
    ahead = app.clock_skew
    if ahead is None:
        meaning = "no account told its time"
        return Line(what="clock", state=State.UNKNOWN, meaning=meaning)
    if abs(ahead) <= settings.limits.clock_skew:
        return Line(what="clock", state=State.OK)
    seconds = ahead.total_seconds()
    told = f"this host is {abs(seconds):.0f} s {'behind' if seconds > 0 else 'ahead'}"
    return off("clock", told, "nothing is minted or destroyed until the clocks agree")


def _of_account(found: AccountCheck) -> Iterator[Line]:
    if found.trouble:
        meaning = "nothing works in the account"
        yield off("access", found.trouble, meaning, account=found.account)
    for finding in found.findings:
        yield Line(
            account=found.account,
            what=finding.feature.name,
            state=finding.state,
            missing=finding.denied or finding.unknown,
            meaning="" if finding.state is State.OK else finding.feature.without,
        )
