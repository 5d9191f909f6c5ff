"""Saying what a command will do, and asking before it does it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from rotator.cli.printing import print_fields, print_folded

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rotator.cli.invocation import Command, Invocation

_REASON_HELP = "Why, for colleagues and the audit log."


def reason_option(command: Command) -> Command:
    """Give a command the option ``--reason``, which it needs."""
    return click.option(
        "--reason", required=True, metavar="WHY", callback=_worded, help=_REASON_HELP
    )(command)


def optional_reason_option(command: Command) -> Command:
    """Give a command the option ``--reason``, which it can do without."""
    return click.option("--reason", default="", metavar="WHY", help=_REASON_HELP)(command)


def yes_option(command: Command) -> Command:
    """Give a command the option ``--yes``."""
    return click.option(
        "--yes", is_flag=True, help="Do not ask; needed where nobody can be asked."
    )(command)


def ask(
    invocation: Invocation,
    headline: str,
    details: Sequence[tuple[str, str]],
    *,
    yes: bool,
    as_json: bool,
) -> None:
    """Say what will be done, and go on only with consent.

    Args:
        invocation: Knows whether anybody can be asked.
        headline: What will be done, in one line.
        details: Named sentences; empty ones are left out.
        yes: Consent was given beforehand.
        as_json: Standard output belongs to a machine, so people are told beside it.

    Raises:
        click.UsageError: Nobody can be asked, and there was no consent.
        click.Abort: The answer was no.
    """
    print_folded(invocation, "", headline, hang=2, err=as_json)
    print_fields(invocation, details, indent="  ", err=as_json)
    if yes:
        return
    if not invocation.can_ask:
        raise click.UsageError("nobody can be asked here, so nothing was done; add --yes")
    click.confirm("Go on?", abort=True, err=as_json)


def _worded(_: click.Context, __: click.Parameter, value: str) -> str:
    if not value.strip():
        raise click.BadParameter("say why in a few words")
    return value
