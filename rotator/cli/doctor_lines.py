"""One thing that `rotator doctor` has checked, as people and machines read it."""

from __future__ import annotations

from dataclasses import dataclass

from rotator.cli.printing import NOTHING
from rotator.core.permissions import State


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One thing that was checked.

    Attributes:
        account: The account or workspace that it is about; empty for the installation itself.
        missing: What is missing, or what could not be found out.
        meaning: What that leads to; empty if nothing is missing.
    """

    what: str
    state: State
    account: str = ""
    missing: tuple[str, ...] = ()
    meaning: str = ""


def off(what: str, missing: str, meaning: str, *, account: str = "") -> Line:
    """Say that something is missing."""
    return Line(what=what, state=State.OFF, account=account, missing=(missing,), meaning=meaning)


def cells(line: Line) -> tuple[str, ...]:
    """Show a line as a row of a table."""
    return (line.account or NOTHING, line.what, line.state.value, _sentence(line) or NOTHING)


def _sentence(line: Line) -> str:
    """Say what is missing and what that means; of what is unknown, what it would mean."""
    missing = ", ".join(line.missing)
    if line.account and line.state is State.UNKNOWN:
        return f"cannot be found out: {missing}; if denied, {line.meaning}"
    return ": ".join(filter(None, (missing, line.meaning)))


def record(line: Line) -> dict[str, object]:
    """Say a line for machines."""
    return {
        "account": line.account or None,
        "what": line.what,
        "state": line.state.value,
        "missing": line.missing,
        "meaning": line.meaning,
    }
