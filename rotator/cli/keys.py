"""`rotator keys`: what keys there are, and an order to rotate one."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

import click

from rotator.cli.invocation import common_options, examples, json_option, pass_invocation
from rotator.cli.printing import NOTHING, print_json, print_table, span, when
from rotator.core.rotation import Action, Trigger
from rotator.core.terms import Mode
from rotator.errors import NotFoundError, RejectedError

if TYPE_CHECKING:
    from rotator.cli.invocation import Invocation
    from rotator.cli.key_rows import KeyRow
    from rotator.core.rotation import Credential
    from rotator.ports.journal import Journal

_TITLES = (
    "Name",
    "Key ID",
    "Account",
    "Created At",
    "Last Used At",
    "Age",
    "Status",
    "Policy",
    "Next",
)


@click.group(epilog=examples("rotator keys list", "rotator keys rotate ci-deployer"))
def keys() -> None:
    """List keys, or order the rotation of one."""


@keys.command("list", epilog=examples("rotator keys list", "rotator keys list --all --json"))
@click.option("--all", "with_gone", is_flag=True, help="List keys that no longer exist, too.")
@json_option
@common_options
@pass_invocation
def list_keys(invocation: Invocation, *, with_gone: bool, as_json: bool) -> None:
    """List every known key, as of the last look at it.

    Reads the journal only, beside a running daemon if there is one.
    """
    from rotator.cli.key_rows import key_rows

    with invocation.app(read_only=True) as app:
        rows = key_rows(app.journal, app.clock.now(), with_gone=with_gone)
    if as_json:
        print_json([_record(row) for row in rows])
    elif rows:
        print_table(invocation, _TITLES, [_cells(row) for row in rows])
    else:
        click.echo("no key is known yet; `rotator once` or `rotator run` looks for them")


@keys.command(
    epilog=examples(
        "rotator keys rotate ci-deployer", "rotator keys rotate ci-deployer --account 111122223333"
    )
)
@click.argument("name")
@click.option("--account", metavar="ID", help="The account, if the name exists in several.")
@common_options
@pass_invocation
def rotate(invocation: Invocation, name: str, account: str | None) -> None:
    """Order the rotation of NAME's key, now.

    Every guard holds as always: the old key works until nobody uses it. The
    order is written to the journal, and the daemon, or the next `rotator once`,
    carries it out.
    """
    with invocation.app(read_only=True) as app:
        credential = _find(app.journal, name, account)
        _check(app.journal, credential, invocation.settings().mode)
        app.order(credential, Trigger.MANUAL, operator=invocation.environ.get("USER", "unknown"))
    click.echo(f"ordered: the key of {name} in account {credential.principal.account}")


def _find(journal: Journal, name: str, account: str | None) -> Credential:
    known = journal.credentials()
    found = [
        row
        for row in known
        if row.principal.name == name and account in {None, row.principal.account}
    ]
    if not found:
        close = get_close_matches(name, {row.principal.name for row in known}, n=1)
        hint = f"did you mean {close[0]}?" if close else "see `rotator keys list`"
        raise NotFoundError("no such principal is known", subject=name, hint=hint)
    if len(found) > 1:
        accounts = ", ".join(row.principal.account for row in found)
        raise click.UsageError(f"{name} exists in several accounts: {accounts}; add --account")
    return found[0]


def _check(journal: Journal, credential: Credential, mode: Mode) -> None:
    """Refuse an order that nobody would carry out, or only at some later time."""
    name = credential.principal.name
    if credential.action is not Action.ROTATE:
        why = credential.note or "policy only reports it"
        raise RejectedError(why, subject=name, hint="add a rule with `action: rotate`")
    if mode is Mode.PLAN:
        raise RejectedError(
            "plan mode changes nothing", subject=name, hint="set `mode: enforce` first"
        )
    rotation = next((row for row in journal.rotations(credential.id) if row.is_open), None)
    if rotation is not None:
        raise RejectedError(
            f"a rotation is under way already, {rotation.phase.value}",
            subject=name,
            hint=f"rotator rotations show {rotation.id}",
        )


def _cells(row: KeyRow) -> tuple[str, ...]:
    return (
        row.name,
        row.key_id or NOTHING,
        row.account,
        when(row.created_at),
        when(row.last_used_at),
        span(row.age),
        row.status,
        row.policy,
        row.next or NOTHING,
    )


def _record(row: KeyRow) -> dict[str, object]:
    return {
        "name": row.name,
        "keyId": row.key_id,
        "account": row.account,
        "createdAt": row.created_at,
        "lastUsedAt": row.last_used_at,
        "ageSeconds": row.age,
        "status": row.status,
        "policy": row.policy,
        "next": row.next,
        "nextAt": row.next_at,
    }
