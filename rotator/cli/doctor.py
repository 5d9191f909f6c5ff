"""`rotator doctor`: what is missing, and what each key of a principal is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from rotator.cli.invocation import (
    WAITING,
    common_options,
    examples,
    json_option,
    pass_invocation,
)
from rotator.cli.printing import clean, print_fields, print_folded, print_json, print_lines
from rotator.errors import RejectedError

if TYPE_CHECKING:
    from rotator.cli.invocation import Invocation
    from rotator.core.doctor import Examination, KeyFinding


@click.group(
    invoke_without_command=True,
    epilog=examples("rotator doctor", "rotator doctor principal ci-deployer"),
)
@json_option
@common_options
@pass_invocation
@click.pass_context
def doctor(context: click.Context, invocation: Invocation, *, as_json: bool) -> None:
    """Say what is missing, and what each key of a principal is.

    Without a command it checks the installation: what our identity may not do,
    and which feature is off because of that. Nothing is changed. Exits with 3
    if something waits for a person.
    """
    if context.invoked_subcommand is None:
        from rotator.cli.doctor_checks import check

        check(invocation, as_json=as_json)
    elif as_json:
        raise click.UsageError(f"write --json behind {context.invoked_subcommand}")


@doctor.command(
    epilog=examples(
        "rotator doctor principal ci-deployer",
        "rotator doctor principal ci-deployer --account 111122223333 --json",
    )
)
@click.argument("name")
@click.option("--account", metavar="ID", help="The account, if the name exists in several.")
@json_option
@common_options
@pass_invocation
@click.pass_context
def principal(
    context: click.Context,
    invocation: Invocation,
    *,
    name: str,
    account: str | None,
    as_json: bool,
) -> None:
    """Explain every key of the principal NAME.

    For each key: what it is to rotator and what shows that, what will happen to
    it and when, and what a person can safely do now. Reads the account and the
    journal, and changes nothing. Exits with 3 if something waits for a person.
    """
    examination = _examine(invocation, name, account)
    if as_json:
        from rotator.cli.doctor_views import record

        print_json(record(examination))
    else:
        _tell(invocation, examination)
    if examination.needs_person:
        context.exit(WAITING)


def _examine(invocation: Invocation, name: str, account: str | None) -> Examination:
    from rotator.cli.finding import configured_account
    from rotator.reconcile.doctoring import AMBIGUOUS

    number = configured_account(invocation.settings(), account) if account else None
    with invocation.app(read_only=True) as app:
        try:
            return app.examine(name, number)
        except RejectedError as error:
            if error.code != AMBIGUOUS:
                raise
            raise click.UsageError(f"{error.diagnostics()}; add --account") from error


def _tell(invocation: Invocation, examination: Examination) -> None:
    """Print the verdict, then a paragraph for each key: a table is too narrow for sentences."""
    from rotator.cli.doctor_views import heading

    print_lines(heading(examination))
    print_folded(invocation, "  ", examination.verdict)
    for finding in examination.keys:
        click.echo()
        _tell_key(invocation, examination, finding)


def _tell_key(invocation: Invocation, examination: Examination, finding: KeyFinding) -> None:
    from rotator.cli.doctor_views import paragraph, title

    style = {} if invocation.is_plain or not invocation.is_terminal else {"bold": True}
    click.echo(click.style(clean(title(examination, finding)), **style))
    print_fields(invocation, paragraph(finding), indent="  ")
