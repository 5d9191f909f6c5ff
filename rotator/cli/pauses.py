"""`rotator pause`, `rotator resume` and `rotator pauses`: what is held back, and by whom."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from rotator.cli.consent import ask, optional_reason_option, reason_option, yes_option
from rotator.cli.invocation import common_options, examples, json_option, pass_invocation
from rotator.cli.printing import print_json, print_table, when

if TYPE_CHECKING:
    from rotator.cli.invocation import Command, Invocation
    from rotator.core.orders import Pause
    from rotator.ports.journal import Journal

_TITLES = ("Scope", "Since", "By", "Reason", "Covers")


def scope_options(command: Command) -> Command:
    """Give a command the options that name a scope."""
    for option in (
        click.option("--everything", is_flag=True, help="Every credential of the installation."),
        click.option(
            "--account", metavar="ID_OR_NAME", help="One account; with --principal, the one in it."
        ),
        click.option("--provider", metavar="NAME", help="With --principal, the one at it."),
        click.option("--principal", metavar="NAME", help="One principal's credential."),
    ):
        command = option(command)
    return command


@click.command(
    epilog=examples(
        "rotator pause --principal ci-deployer --reason 'release day'",
        "rotator pause --account 111122223333 --reason 'migration, ticket 123'",
        "rotator pause --everything --reason 'incident 42' --yes",
    )
)
@scope_options
@reason_option
@yes_option
@json_option
@common_options
@pass_invocation
def pause(
    invocation: Invocation,
    *,
    principal: str | None,
    account: str | None,
    provider: str | None,
    everything: bool,
    reason: str,
    yes: bool,
    as_json: bool,
) -> None:
    """Hold back what would start, disable or delete.

    Nothing is rotated, and no old key is disabled or deleted, until `rotator
    resume` with the same scope. What has begun is brought to safety. An older
    pause of the same scope is replaced.
    """
    from rotator.cli.pause_rows import announced, find_scope, pause_record

    with invocation.app(read_only=True) as app:
        scope = find_scope(
            app.journal,
            invocation.settings(),
            principal=principal,
            account=account,
            provider=provider,
            everything=everything,
        )
        ask(
            invocation,
            f"pause {scope.words}",
            announced(app.journal, scope),
            yes=yes,
            as_json=as_json,
        )
        made = app.pause(
            operator=invocation.operator,
            reason=reason,
            account=scope.account,
            credential=scope.credential.id if scope.credential else None,
        )
        record = pause_record(app.journal, made)
    if as_json:
        print_json(record)
        return
    click.echo(f"paused: {scope.words}")
    click.echo(f"it holds from the next call on; lift it with: rotator resume {scope.options}")


@click.command(
    epilog=examples(
        "rotator resume --principal ci-deployer",
        "rotator resume --everything --reason 'incident 42 is over' --yes",
    )
)
@scope_options
@optional_reason_option
@yes_option
@json_option
@common_options
@pass_invocation
def resume(
    invocation: Invocation,
    *,
    principal: str | None,
    account: str | None,
    provider: str | None,
    everything: bool,
    reason: str,
    yes: bool,
    as_json: bool,
) -> None:
    """Lift a pause; what it held back goes on.

    A halted rotation is another matter: see `rotator rotations resume`.
    """
    from rotator.cli.pause_rows import find_pause, find_scope, lifted, pause_record

    with invocation.app(read_only=True) as app:
        scope = find_scope(
            app.journal,
            invocation.settings(),
            principal=principal,
            account=account,
            provider=provider,
            everything=everything,
        )
        paused = find_pause(app.journal, scope)
        details = lifted(app.journal, scope, paused)
        ask(invocation, f"resume {scope.words}", details, yes=yes, as_json=as_json)
        record = pause_record(app.journal, paused)
        app.unpause(paused, operator=invocation.operator, reason=reason)
    if as_json:
        print_json(record)
        return
    click.echo(f"resumed: {scope.words}")
    click.echo("what was held back goes on at the daemon's next look; watch: rotator keys list")


@click.command(epilog=examples("rotator pauses", "rotator pauses --json"))
@json_option
@common_options
@pass_invocation
def pauses(invocation: Invocation, *, as_json: bool) -> None:
    """List every pause in force, the oldest first.

    Reads the journal only.
    """
    from rotator.cli.pause_rows import pause_record

    with invocation.app(read_only=True) as app:
        found = app.journal.pauses()
        records = [pause_record(app.journal, item) for item in found]
        rows = [_cells(app.journal, item) for item in found]
    if as_json:
        print_json(records)
    elif rows:
        print_table(invocation, _TITLES, rows)
    else:
        click.echo("nothing is paused")


def _cells(journal: Journal, pause: Pause) -> tuple[str, ...]:
    from rotator.cli.pause_rows import covered, scope_of

    scope = scope_of(journal, pause)
    return scope.words, when(pause.since), pause.operator, pause.reason, covered(journal, scope)
