"""`rotator accounts`: in which accounts rotator may act, and who said so."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from rotator.cli.consent import ask, optional_reason_option, yes_option
from rotator.cli.finding import need_journal
from rotator.cli.invocation import common_options, examples, json_option, pass_invocation
from rotator.cli.printing import NOTHING, print_json, print_table, when
from rotator.core.accounts import find_account
from rotator.core.terms import Mode

if TYPE_CHECKING:
    from rotator.cli.account_rows import AccountRow
    from rotator.cli.invocation import App, Invocation
    from rotator.core.accounts import Account, Place

_TITLES = (
    "Account", "Name", "Mode", "Principals", "Managed", "Held", "Due now", "Confirmed by",
)  # fmt: skip


@click.group(epilog=examples("rotator accounts list", "rotator accounts confirm 111122223333"))
def accounts() -> None:
    """List accounts, and say in which of them keys may be rotated.

    An account starts in plan mode: it is looked at, and nothing in it is
    changed, until somebody confirms it and the configuration says `mode: enforce`.
    """


@accounts.command("list", epilog=examples("rotator accounts list", "rotator accounts list --json"))
@json_option
@common_options
@pass_invocation
def list_accounts(invocation: Invocation, *, as_json: bool) -> None:
    """List the configured accounts, as of the last look at each.

    Reads the journal only, beside a running daemon if there is one.
    """
    from rotator.cli.account_rows import account_rows

    with invocation.app(read_only=True) as app:
        rows = account_rows(app, invocation.settings().mode)
    if as_json:
        print_json([row.record() for row in rows])
        return
    print_table(invocation, _TITLES, [_cells(row) for row in rows])


@accounts.command(
    epilog=examples(
        "rotator accounts confirm 111122223333",
        "rotator accounts confirm 111122223333 --reason 'ticket 123' --yes",
    )
)
@click.argument("account", metavar="ID")
@optional_reason_option
@yes_option
@json_option
@common_options
@pass_invocation
def confirm(invocation: Invocation, *, account: str, reason: str, yes: bool, as_json: bool) -> None:
    """Show what would begin in the account ID, ask, and allow it.

    The account is read as it is now. The daemon follows at its next look.
    Repeating it does no harm.
    """
    from rotator.cli.account_rows import confirmed, forecast

    with invocation.app(read_only=True) as app:
        place = _place(app, account)
        need_journal(app)
        said = find_account(app.journal.accounts(), place.provider, place.account)
        if said is not None and said.is_confirmed:
            _tell_confirmed_before(said, as_json=as_json)
            return
        configured = invocation.settings().mode
        seen = forecast(app.plan(place.account), app.clock.now())
        headline = f"confirm account {_title(place)}"
        ask(invocation, headline, confirmed(seen, place, configured), yes=yes, as_json=as_json)
        made = app.confirm_account(place.account, operator=invocation.operator, reason=reason)
    if as_json:
        print_json(_record(made) | {"plan": seen.record()})
        return
    click.echo(f"confirmed: account {_title(place)}")
    click.echo(_next(configured))


@accounts.command(
    epilog=examples(
        "rotator accounts withdraw 111122223333 --reason 'audit week'",
        "rotator accounts withdraw 111122223333 --yes",
    )
)
@click.argument("account", metavar="ID")
@optional_reason_option
@yes_option
@json_option
@common_options
@pass_invocation
def withdraw(
    invocation: Invocation, *, account: str, reason: str, yes: bool, as_json: bool
) -> None:
    """Put the account ID back into plan mode.

    Nothing new is started, and no old key is disabled or deleted. What has
    begun is brought to safety.
    """
    from rotator.cli.account_rows import withdrawn

    with invocation.app(read_only=True) as app:
        place = _place(app, account)
        need_journal(app)
        details = withdrawn(app, place)
        headline = f"take the confirmation of account {_title(place)} back"
        ask(invocation, headline, details, yes=yes, as_json=as_json)
        made = app.withdraw_account(place.account, operator=invocation.operator, reason=reason)
    if as_json:
        print_json(_record(made))
        return
    click.echo(f"withdrawn: account {_title(place)} is in plan mode")
    click.echo(f"it holds from the next call on; confirm it again with: {_confirming(place)}")


def _place(app: App, account: str) -> Place:
    places = app.places()
    found = next((place for place in places if account in {place.account, place.name}), None)
    if found is None:
        known = ", ".join(_title(place) for place in places)
        raise click.BadParameter(
            f"no account {account} is configured; known are {known}", param_hint="ID"
        )
    return found


def _title(place: Place) -> str:
    return f"{place.account} ({place.name})" if place.name else place.account


def _confirming(place: Place) -> str:
    return f"rotator accounts confirm {place.account}"


def _tell_confirmed_before(said: Account, *, as_json: bool) -> None:
    if as_json:
        print_json(_record(said) | {"plan": None})
        return
    click.echo(f"nothing to do: {said.operator} confirmed it, {when(said.since)}")


def _next(configured: Mode) -> str:
    if configured is Mode.PLAN:
        return "now set `mode: enforce` and restart the daemon; until then nothing is changed"
    return (
        "the daemon, or the next `rotator once`, begins at its next look; watch: rotator keys list"
    )


def _record(said: Account) -> dict[str, object]:
    return {
        "account": said.id,
        "provider": said.provider,
        "isConfirmed": said.is_confirmed,
        "operator": said.operator,
        "reason": said.reason,
        "since": said.since,
    }


def _cells(row: AccountRow) -> tuple[str, ...]:
    return (
        row.place.account,
        row.place.name or NOTHING,
        row.mode,
        str(row.principals),
        str(row.managed),
        str(row.held),
        str(row.due),
        row.word or NOTHING,
    )
