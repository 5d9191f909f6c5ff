"""`rotator plan`: what would happen, key by key."""

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
from rotator.cli.printing import NOTHING, print_json, print_table, span, when, without_same

if TYPE_CHECKING:
    from rotator.cli.invocation import Invocation
    from rotator.reconcile.planning import PlanRow

_TITLES = ("Name", "Key ID", "Provider", "Account", "Age", "Policy", "What", "When", "Why")


@click.command(epilog=examples("rotator plan", "rotator plan --json | jq '.[] | select(.isHeld)'"))
@json_option
@common_options
@pass_invocation
@click.pass_context
def plan(context: click.Context, invocation: Invocation, *, as_json: bool) -> None:
    """Show what would happen to each key, and change nothing.

    Accounts are read as they are now; the answer is that of enforce mode, so
    that it can be read before enforce mode is switched on.

    Exits with 3 if something waits for a person.
    """
    with invocation.app(read_only=True) as app:
        rows = app.plan()
    if as_json:
        print_json([_record(row) for row in rows])
    elif rows:
        lines = without_same([_TITLES, *(_cells(row) for row in rows)], "Provider")
        titles, *cells = without_same(lines, "Account") if invocation.is_terminal else lines
        print_table(invocation, titles, cells)
    else:
        click.echo("no principal has a key that policy does not ignore")
    if any(row.is_held for row in rows):
        context.exit(WAITING)


def _cells(row: PlanRow) -> tuple[str, ...]:
    return (
        row.principal,
        row.key_id or NOTHING,
        row.provider or NOTHING,
        row.account,
        span(row.age),
        row.rule,
        row.what,
        when(row.when),
        row.reason,
    )


def _record(row: PlanRow) -> dict[str, object]:
    return {
        "name": row.principal,
        "keyId": row.key_id,
        "provider": row.provider or None,
        "account": row.account,
        "createdAt": row.created_at,
        "ageSeconds": row.age,
        "policy": row.rule,
        "what": row.what,
        "when": row.when,
        "why": row.reason,
        "isHeld": row.is_held,
        "contact": row.contact or None,
    }
