"""`rotator keys`: what keys there are, and an order to rotate one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from rotator.cli.consent import reason_option, yes_option
from rotator.cli.finding import find_credential, find_key
from rotator.cli.invocation import common_options, examples, json_option, pass_invocation
from rotator.cli.printing import (
    NOTHING,
    print_folded,
    print_json,
    print_table,
    span,
    when,
)
from rotator.core.accounts import effective_mode
from rotator.core.orders import Verb
from rotator.core.rotation import Action, Trigger
from rotator.core.terms import Mode
from rotator.core.ways import ID_SHOWN
from rotator.errors import RejectedError

if TYPE_CHECKING:
    from collections.abc import Sequence

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


_HANG = 4


@click.group(epilog=examples("rotator keys list", "rotator keys rotate ci-deployer"))
def keys() -> None:
    """List keys, order the rotation of one, or switch one on again."""


@keys.command("list", epilog=examples("rotator keys list", "rotator keys list --all --json"))
@click.option("--all", "with_gone", is_flag=True, help="List keys that no longer exist, too.")
@json_option
@common_options
@pass_invocation
def list_keys(invocation: Invocation, *, with_gone: bool, as_json: bool) -> None:
    """List every known key, as of the last look at it.

    Reads the journal only, beside a running daemon if there is one.
    """
    from rotator.cli.account_rows import standing
    from rotator.cli.key_rows import key_rows

    with invocation.app(read_only=True) as app:
        limits = invocation.settings().limits
        rows = key_rows(app.journal, app.clock.now(), limits, with_gone=with_gone)
        notes = standing(app)
    if as_json:
        print_json([_record(row) for row in rows])
    elif rows:
        print_table(invocation, _TITLES, [_cells(row) for row in rows])
        _tell(invocation, rows, notes)
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
        credential = find_credential(app.journal, name, account)
        _check(app.journal, credential, invocation.settings().mode)
        app.order(credential, Trigger.MANUAL, operator=invocation.operator)
    click.echo(f"ordered: the key of {name} in account {credential.principal.account}")


@keys.command(
    epilog=examples(
        "rotator keys enable AKIAIOSFODNN7EXAMPLE --reason 'the nightly job still needs it'",
        "rotator keys enable AKIAIOSFODNN7EXAMPLE --reason 'ticket 123' --yes",
    )
)
@click.argument("key_id", metavar="KEY")
@reason_option
@yes_option
@json_option
@common_options
@pass_invocation
def enable(invocation: Invocation, *, key_id: str, reason: str, yes: bool, as_json: bool) -> None:
    """Switch KEY on again: the old key of a rotation, or a suspect.

    The rotation then halts, so that the key is not disabled again before somebody
    decides. A key that a person disabled outside a rotation is refused.
    """
    from rotator.cli.instructing import Wish, check_key, give

    with invocation.app(read_only=True) as app:
        record = find_key(app.journal, key_id)
        of = record.credential_id
        credential = next(row for row in app.journal.credentials() if row.id == of)
        rotation = next((row for row in app.journal.rotations(of) if row.is_open), None)
        is_old = rotation is not None and rotation.old_key_id == record.key_id
        wish = Wish(
            verb=Verb.ENABLE,
            credential=credential,
            rotation=rotation if is_old else None,
            keys=app.journal.keys(of),
            key_id=record.key_id,
        )
        check_key(wish, record)
        give(invocation, app, wish, reason=reason, yes=yes, as_json=as_json)


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
    principal = credential.principal
    said = journal.accounts()
    if effective_mode(mode, said, principal.provider, principal.account) is Mode.PLAN:
        why = "its account is not confirmed, so it is in plan mode"
        hint = f"rotator accounts confirm {principal.account}"
        raise RejectedError(why, subject=name, hint=hint)
    rotation = next((row for row in journal.rotations(credential.id) if row.is_open), None)
    if rotation is not None:
        raise RejectedError(
            f"a rotation is under way already, {rotation.phase.value}",
            subject=name,
            hint=f"rotator rotations show {rotation.id}",
        )


def _tell(invocation: Invocation, rows: Sequence[KeyRow], notes: Sequence[str]) -> None:
    """Say below the table why something waits for a person, and where to read on."""
    held = {(row.account, row.name): row for row in rows if row.happened}
    if held or notes:
        click.echo()
    for line in notes:
        print_folded(invocation, "", line, hang=_HANG)
    for row in held.values():
        print_folded(invocation, f"{row.name}: ", row.happened, hang=_HANG)
        if row.contact:
            print_folded(invocation, "  ask: ", row.contact, hang=_HANG)
        if row.rotation_id is not None:
            click.echo(f"  see: rotator rotations show {row.rotation_id[:ID_SHOWN]}")
            continue
        for way in row.ways:
            print_folded(invocation, f"  {way.command or 'by hand'}: ", way.effect, hang=_HANG)


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
        "happened": row.happened or None,
        "rotationId": row.rotation_id,
        "contact": row.contact or None,
        "ways": [{"command": way.command or None, "effect": way.effect} for way in row.ways],
    }
