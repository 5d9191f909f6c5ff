"""`rotator keys`: what keys there are, orders to rotate them, and access keys made by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from rotator.cli.cipherstash_place import workspace_options
from rotator.cli.consent import optional_reason_option, reason_option, yes_option
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
from rotator.core.orders import Verb
from rotator.core.rotation import Trigger
from rotator.core.ways import ID_SHOWN
from rotator.core.workspace import AccessRole

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rotator.cli.cipherstash_place import Wanted
    from rotator.cli.invocation import Invocation
    from rotator.cli.key_rows import KeyRow

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
    """List keys, order the rotation of one, or switch one on again.

    CipherStash access keys are created and revoked here, too.
    """


@keys.command(
    "list",
    epilog=examples(
        "rotator keys list",
        "rotator keys list --all --json",
        "rotator keys list --profile ABC1234",
    ),
)
@click.option("--all", "with_gone", is_flag=True, help="List keys that no longer exist, too.")
@workspace_options
@common_options
@pass_invocation
def list_keys(
    invocation: Invocation,
    *,
    with_gone: bool,
    wanted: Wanted,
) -> None:
    """List every known key, as of the last look at it.

    Reads the journal only, beside a running daemon if there is one. With
    --profile or --workspace it asks CipherStash instead, and lists every access
    key of that workspace; times are UTC.
    """
    if not wanted.is_named:
        _list_known(invocation, with_gone=with_gone, as_json=wanted.as_json)
        return
    from rotator.cli.keys_access import list_access_keys

    if with_gone:
        raise click.UsageError("CipherStash lists no key that is gone; leave --all out")
    list_access_keys(invocation, wanted)


def _list_known(invocation: Invocation, *, with_gone: bool, as_json: bool) -> None:
    from rotator.cli.account_rows import standing
    from rotator.cli.key_rows import key_rows

    with invocation.app(read_only=True) as app:
        limits = invocation.settings().limits
        rows = key_rows(app.journal, app.clock.now(), limits, with_gone=with_gone)
        notes = standing(app)
    if as_json:
        print_json([_record(row) for row in rows])
    elif rows:
        _print_known(invocation, rows)
        _tell(invocation, rows, notes)
    else:
        click.echo("no key is known yet; `rotator once` or `rotator run` looks for them")


@keys.command(
    epilog=examples(
        "rotator keys create --name MyAccessKey --profile ABC1234",
        "rotator keys create --name ci --workspace vault | secret-tool store --label ci key ci",
    )
)
@click.option("--name", required=True, metavar="NAME", help="What to call it; unique there.")
@click.option(
    "--role",
    type=click.Choice([role.value for role in AccessRole]),
    default=AccessRole.MEMBER.value,
    show_default=True,
    help="What it may do: use data, manage keysets, or everything.",
)
@optional_reason_option
@workspace_options
@common_options
@pass_invocation
def create(
    invocation: Invocation,
    *,
    name: str,
    role: str,
    reason: str,
    wanted: Wanted,
) -> None:
    """Create a CipherStash access key, and show it once.

    Standard output gets one line, VARIABLE=KEY, and nothing else; all other words
    go to standard error. The key is kept nowhere and can never be shown again.
    """
    from rotator.cli.keys_access import create_access_key

    create_access_key(invocation, wanted, name, AccessRole(role), reason=reason)


@keys.command(
    epilog=examples(
        "rotator keys revoke --name AccessKeyOne",
        "rotator keys revoke --name AccessKeyOne --profile ABC1234 --yes",
        "rotator keys revoke --keyset tenants/company-a --reason 'laptop stolen'",
    )
)
@click.option("--name", metavar="NAME", help="The CipherStash access key, by its name.")
@click.option("--keyset", metavar="KEYSET", help="Every client that is granted this keyset.")
@click.option(
    "--now", is_flag=True, help="Revoke a key that consumers are given: an outage, with --reason."
)
@optional_reason_option
@yes_option
@workspace_options
@common_options
@pass_invocation
def revoke(
    invocation: Invocation,
    *,
    name: str | None,
    keyset: str | None,
    now: bool,
    reason: str,
    yes: bool,
    wanted: Wanted,
) -> None:
    """Revoke a CipherStash access key, or what is granted a keyset.

    With --name the key is revoked at once, for good. With --keyset every client
    that rotator manages and that is granted the keyset is replaced ahead of all that
    is routine, and ended as soon as its successor is published, without a grace.
    Clients that are not managed, or whose rotation is under way, are named and left
    alone. Exits with 3 if there are such.
    """
    from rotator.cli.keys_access import revoke_access_key
    from rotator.cli.keys_orders import order_for_keyset

    if name and not keyset:
        revoke_access_key(invocation, wanted, name, reason=reason, now=now, yes=yes)
        return
    if not keyset or name or now:
        raise click.UsageError("write either --name, perhaps with --now, or --keyset")
    order_for_keyset(invocation, wanted, keyset, Trigger.TAINT, reason=reason, yes=yes)


@keys.command(
    epilog=examples(
        "rotator keys rotate ci-deployer",
        "rotator keys rotate ci-deployer --account 111122223333",
        "rotator keys rotate --keyset tenants/company-a",
    )
)
@click.argument("name", required=False)
@click.option("--account", metavar="ID", help="The account, if the name exists in several.")
@click.option("--provider", metavar="NAME", help="The provider, if the name exists at several.")
@click.option("--keyset", metavar="KEYSET", help="Every client that is granted this keyset.")
@optional_reason_option
@yes_option
@workspace_options
@common_options
@pass_invocation
def rotate(
    invocation: Invocation,
    *,
    name: str | None,
    account: str | None,
    provider: str | None,
    keyset: str | None,
    reason: str,
    yes: bool,
    wanted: Wanted,
) -> None:
    """Order the rotation of NAME's key, now, or of a keyset's clients.

    Every guard holds as always: the old key works until nobody uses it. The
    order is written to the journal, and the daemon, or the next `rotator once`,
    carries it out. With --keyset every client that rotator manages and that is
    granted the keyset is rotated; the others are named. Exits with 3 if there are.
    """
    from rotator.cli.keys_orders import order_for_keyset

    if keyset and not (name or account or provider):
        order_for_keyset(invocation, wanted, keyset, Trigger.MANUAL, reason=reason, yes=yes)
        return
    if name is None or keyset or wanted.is_named:
        raise click.UsageError("write either a NAME, or --keyset, perhaps with --workspace")
    _rotate(invocation, name, account, provider, reason=reason, as_json=wanted.as_json)


def _rotate(
    invocation: Invocation,
    name: str,
    account: str | None,
    provider: str | None,
    *,
    reason: str,
    as_json: bool,
) -> None:
    from rotator.cli.keys_orders import check_order

    with invocation.app(read_only=True) as app:
        credential = find_credential(app.journal, name, account, provider)
        check_order(app.journal, credential, invocation.settings().mode)
        app.order(credential, Trigger.MANUAL, operator=invocation.operator, reason=reason)
    principal = credential.principal
    if as_json:
        record = {"name": name, "account": principal.account, "provider": principal.provider}
        print_json(record | {"keyId": credential.current_key_id, "reason": reason})
        return
    click.echo(f"ordered: the key of {name} in account {principal.account}")


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


def _print_known(invocation: Invocation, rows: Sequence[KeyRow]) -> None:
    """Print the rows; their providers only where that tells any apart."""
    lines = [(*_cells(row), row.provider) for row in rows]
    if len({row.provider for row in rows}) == 1:
        print_table(invocation, _TITLES, [line[:-1] for line in lines])
        return
    at = _TITLES.index("Account")
    titles = (*_TITLES[:at], "Provider", *_TITLES[at:])
    print_table(invocation, titles, [(*line[:at], line[-1], *line[at:-1]) for line in lines])


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
        "provider": row.provider,
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
