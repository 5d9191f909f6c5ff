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
from rotator.cli.keys_options import place_options
from rotator.cli.printing import clean, print_fields, print_folded, print_json, print_lines
from rotator.core.doctor_value import ASKED, Kind
from rotator.core.workspace import AccessRole
from rotator.errors import RejectedError

if TYPE_CHECKING:
    from rotator.cli.cipherstash_place import Wanted
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
    which feature is off because of that, whether each workspace lets us in, and
    whether its environments are apart. Nothing is changed. Exits with 3 if
    something waits for a person.
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
        "rotator doctor principal checkout --provider cipherstash-client-key",
    )
)
@click.argument("name")
@click.option("--account", metavar="ID_OR_NAME", help="The account, if the name exists in several.")
@click.option("--provider", metavar="NAME", help="The provider, if the name exists at several.")
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
    provider: str | None,
    as_json: bool,
) -> None:
    """Explain every key of the principal NAME.

    NAME is a user, or an access key or a client without rotator's ending.
    For each key: what it is to rotator and what shows that, what will happen to
    it and when, and what a person can safely do now. Reads the account and the
    journal, and changes nothing. Exits with 3 if something waits for a person.
    """
    examination = _examine(invocation, name, account, provider)
    if as_json:
        from rotator.cli.doctor_views import record

        print_json(record(examination))
    else:
        _tell(invocation, examination)
    if examination.needs_person:
        context.exit(WAITING)


@doctor.command(
    context_settings={"ignore_unknown_options": True},
    epilog=examples(
        "rotator doctor value < key.txt",
        "printenv CS_CLIENT_KEY | rotator doctor value --as client-key",
        "printenv CS_CLIENT_ACCESS_KEY | rotator doctor value --as access-key --try --json",
        "printenv STAGE5_KEY | rotator doctor value --account stage5-prod --key ci --try",
    ),
)
@click.argument("stray", nargs=-1, type=click.UNPROCESSED, metavar="")
@click.option(
    "--as",
    "kind",
    type=click.Choice([kind.value for kind in ASKED]),
    help="What it is to be; else it is taken as what it looks like.",
)
@click.option("--try", "does_try", is_flag=True, help="Enter the workspace or the account with it.")
@click.option(
    "--role",
    type=click.Choice([role.value for role in AccessRole]),
    help="With --try: the role that it is to have.",
)
@click.option("--key", "word", metavar="KEY", help="With --account: id or name of its key.")
@place_options
@common_options
@pass_invocation
def value(
    invocation: Invocation,
    *,
    stray: tuple[str, ...],
    kind: str | None,
    does_try: bool,
    role: str | None,
    word: str | None,
    account: str | None,
    wanted: Wanted,
) -> None:
    """Say what one value is, and what is wrong with it.

    Reads the value from standard input, never echoes it, and shows no part of it
    but the public id of an access key. Nothing is sent before its text is right, and
    then only with --try. With --account it is to be a key of that HTTP API, and with
    --key it is said whether that key has expired or was revoked, and what it may do.
    Exits with 1 if something is wrong.
    """
    if stray:
        # What was typed here is not repeated: a shell's history is bad enough.
        why = "a value is given on standard input only; one that was typed here is in the history"
        raise click.UsageError(f"{why} of the shell now, so rotate it")
    if account:
        from rotator.cli import doctor_api_value

        if kind or role:
            raise click.UsageError("--as and --role are for CipherStash; leave them out")
        question = doctor_api_value.Question(word=word, does_try=does_try)
        doctor_api_value.check(invocation, account, question, as_json=wanted.as_json)
        return
    from rotator.cli.doctor_value import Question, check

    if word:
        raise click.UsageError("--key needs --account")
    asked = Question(
        kind=Kind(kind) if kind else None,
        does_try=does_try,
        role=AccessRole(role) if role else None,
    )
    check(invocation, wanted, asked)


@doctor.command(epilog=examples("rotator doctor account hub-prod"))
@click.argument("account", metavar="ID_OR_NAME")
@json_option
@common_options
@pass_invocation
def account(invocation: Invocation, *, account: str, as_json: bool) -> None:
    """Check whether an account of an HTTP API lets us do our work.

    Nothing is changed. A refusal is told in the vendor's own words, as the spec has
    them. Exits with 3 if something is missing.
    """
    from rotator.cli.doctor_apis import check_account

    check_account(invocation, account, as_json=as_json)


def _examine(
    invocation: Invocation, name: str, account: str | None, provider: str | None
) -> Examination:
    from rotator.cli.finding import configured_account
    from rotator.reconcile.doctoring import AMBIGUOUS

    number = configured_account(invocation.settings(), account) if account else None
    with invocation.app(read_only=True) as app:
        try:
            return app.examine(name, number, provider)
        except RejectedError as error:
            if error.code != AMBIGUOUS:
                raise
            raise click.UsageError(f"{error.diagnostics()}; add --account or --provider") from error


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
