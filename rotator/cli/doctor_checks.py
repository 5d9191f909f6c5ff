"""`rotator doctor` without a principal: what the daemon needs, tried from where it would run."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import click

from rotator.cli.invocation import WAITING
from rotator.cli.printing import NOTHING, print_json, print_table
from rotator.core.permissions import State
from rotator.errors import RotatorError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rotator.cli.invocation import App, Invocation
    from rotator.reconcile.checking import AccountCheck
    from rotator.settings.settings import Settings

_TITLES: Final = ("Account", "What", "State", "What that means")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One thing that was checked.

    Attributes:
        account: The account that it is about; empty for the installation itself.
        missing: What is missing, or what could not be found out.
        meaning: What that leads to; empty if nothing is missing.
    """

    what: str
    state: State
    account: str = ""
    missing: tuple[str, ...] = ()
    meaning: str = ""


def check(invocation: Invocation, *, as_json: bool) -> None:
    """Check everything that can be checked without changing anything, and print it.

    Ends the command with exit code 3 if something is surely off.

    Raises:
        ConfigError: The configuration has faults, and nothing else could be checked.
    """
    lines = tuple(_lines(invocation))
    if as_json:
        print_json([_record(line) for line in lines])
    else:
        print_table(invocation, _TITLES, [_cells(line) for line in lines])
    if any(line.state is State.OFF for line in lines):
        click.get_current_context().exit(WAITING)


def _lines(invocation: Invocation) -> Iterator[Line]:
    settings = invocation.settings()
    yield Line(what="configuration", state=State.OK)
    yield _audit(settings)
    try:
        with invocation.opener(settings, read_only=True) as app:
            yield _journal(app)
            found = app.check_permissions()
            yield _clock(app, settings)
    except RotatorError as error:
        meaning = "the daemon does not start"
        yield _off("journal", error.diagnostics(), meaning)
        return
    for item in found:
        yield from _of_account(item)


def _off(what: str, missing: str, meaning: str, *, account: str = "") -> Line:
    return Line(what=what, state=State.OFF, account=account, missing=(missing,), meaning=meaning)


def _audit(settings: Settings) -> Line:
    file = settings.audit_file
    if os.access(file if file.exists() else file.parent, os.W_OK):
        return Line(what="audit log", state=State.OK)
    meaning = "nothing is started while evidence cannot be written"
    return _off("audit log", f"{file} cannot be written", meaning)


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
    return _off("clock", told, "nothing is minted or destroyed until the clocks agree")


def _of_account(found: AccountCheck) -> Iterator[Line]:
    if found.trouble:
        meaning = "nothing works in the account"
        yield _off("access", found.trouble, meaning, account=found.account)
    for finding in found.findings:
        yield Line(
            account=found.account,
            what=finding.feature.name,
            state=finding.state,
            missing=finding.denied or finding.unknown,
            meaning="" if finding.state is State.OK else finding.feature.without,
        )


def _cells(line: Line) -> tuple[str, ...]:
    return (line.account or NOTHING, line.what, line.state.value, _sentence(line) or NOTHING)


def _sentence(line: Line) -> str:
    """Say what is missing and what that means; of what is unknown, what it would mean."""
    missing = ", ".join(line.missing)
    if line.account and line.state is State.UNKNOWN:
        return f"cannot be found out: {missing}; if denied, {line.meaning}"
    return ": ".join(filter(None, (missing, line.meaning)))


def _record(line: Line) -> dict[str, object]:
    return {
        "account": line.account or None,
        "what": line.what,
        "state": line.state.value,
        "missing": line.missing,
        "meaning": line.meaning,
    }
