"""`rotator keys`: what keys there are, orders to rotate them, and access keys made by hand."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING

import click

from rotator.cli.cipherstash_place import workspace_options
from rotator.cli.consent import optional_reason_option, reason_option, yes_option
from rotator.cli.emergency import last_resort, ordering_options
from rotator.cli.finding import account_id, find_credential, find_key
from rotator.cli.invocation import common_options, examples, json_option, pass_invocation
from rotator.cli.keys_api_commands import history, prune, show
from rotator.cli.keys_options import (
    ending_options,
    key_argument,
    name_argument,
    place_options,
    wish_options,
)
from rotator.cli.printing import print_json
from rotator.core.api_keys import ApiKeyWish
from rotator.core.orders import Verb
from rotator.core.workspace import AccessRole

if TYPE_CHECKING:
    from rotator.cli.cipherstash_place import Wanted
    from rotator.cli.emergency import Ordering
    from rotator.cli.invocation import Invocation
    from rotator.cli.keys_options import Ending
    from rotator.core.rotation import Credential


@click.group(epilog=examples("rotator keys list", "rotator keys rotate ci-deployer"))
def keys() -> None:
    """List keys, order the rotation of one, or switch one on again.

    CipherStash access keys, and keys of HTTP APIs, are created and revoked here, too.
    """


keys.add_command(show)
keys.add_command(prune)
keys.add_command(history)


@keys.command(
    "list",
    epilog=examples(
        "rotator keys list",
        "rotator keys list --all --json",
        "rotator keys list --account stage5-prod",
        "rotator keys list --profile ABC1234",
    ),
)
@click.option("--all", "with_gone", is_flag=True, help="List keys that no longer exist, too.")
@place_options
@common_options
@pass_invocation
def list_keys(
    invocation: Invocation,
    *,
    with_gone: bool,
    account: str | None,
    wanted: Wanted,
) -> None:
    """List every known key, as of the last look at it.

    Reads the journal only, beside a running daemon if there is one. With --account
    it asks that HTTP API instead, with --profile or --workspace CipherStash, and
    lists every key that is there, also those that nobody manages; times are UTC.
    """
    if with_gone and (account or wanted.is_named):
        raise click.UsageError("no API lists a key that is gone; leave --all out")
    if account:
        from rotator.cli.keys_api import list_api_keys

        list_api_keys(invocation, account, as_json=wanted.as_json)
    elif wanted.is_named:
        from rotator.cli.keys_access import list_access_keys

        list_access_keys(invocation, wanted)
    else:
        from rotator.cli.keys_known import list_known

        list_known(invocation, with_gone=with_gone, as_json=wanted.as_json)


@keys.command(
    epilog=examples(
        "rotator keys create ci --account stage5-prod --expires 90d --scope read",
        "rotator keys create --name MyAccessKey --profile ABC1234",
        "rotator keys create --name ci --workspace vault | secret-tool store --label ci key ci",
    )
)
@name_argument
@wish_options
@click.option(
    "--role",
    type=click.Choice([role.value for role in AccessRole]),
    show_default=AccessRole.MEMBER.value,
    help="Of CipherStash: what it may do; use data, manage keysets, or everything.",
)
@optional_reason_option
@place_options
@common_options
@pass_invocation
def create(
    invocation: Invocation,
    *,
    wish: ApiKeyWish,
    role: str | None,
    reason: str,
    account: str | None,
    wanted: Wanted,
) -> None:
    """Create a key of an HTTP API or of CipherStash, and show it once.

    Standard output gets VARIABLE=VALUE lines and nothing else; all other words
    go to standard error. The key is kept nowhere and can never be shown again.
    """
    if account:
        from rotator.cli.keys_api_acts import create_api_key

        if role:
            raise click.UsageError("keys of an HTTP API have scopes: write --scope, not --role")
        create_api_key(invocation, account, wish, reason=reason, as_json=wanted.as_json)
        return
    from rotator.cli.keys_access import create_access_key

    if wish != ApiKeyWish(name=wish.name):
        raise click.UsageError("--expires, --description, --scope and --like need --account")
    if not wish.name:
        raise click.UsageError("say what to call it: rotator keys create NAME")
    asked = AccessRole(role) if role else AccessRole.MEMBER
    create_access_key(invocation, wanted, wish.name, asked, reason=reason)


@keys.command(
    epilog=examples(
        "rotator keys revoke old-key --account stage5-prod --reason 'laptop stolen'",
        "rotator keys revoke --name AccessKeyOne --profile ABC1234 --yes",
        "rotator keys revoke --keyset tenants/company-a --reason 'laptop stolen'",
    )
)
@key_argument
@click.option("--keyset", metavar="KEYSET", help="Every client that is granted this keyset.")
@ending_options
@place_options
@common_options
@pass_invocation
def revoke(
    invocation: Invocation,
    *,
    called: str,
    keyset: str | None,
    how: Ending,
    account: str | None,
    wanted: Wanted,
) -> None:
    """Revoke a key, or what is granted a keyset.

    KEY is a name, or with --account also an id; it is revoked at once, for good. With
    --keyset every client that rotator manages and that is granted the keyset is
    replaced ahead of all that is routine, and ended as soon as its successor is
    published, without a grace. Clients that are not managed, or whose rotation is
    under way, are named and left alone. Exits with 3 if there are such.
    """
    if bool(called) is bool(keyset) or (keyset and (how.now or account)):
        why = "write either a KEY, perhaps with --now, or --keyset without --account"
        raise click.UsageError(why)
    if how.proves and not account:
        raise click.UsageError("--prove needs --account")
    if account:
        from rotator.cli.keys_api_acts import revoke_api_key

        revoke_api_key(invocation, account, called, how, as_json=wanted.as_json)
    elif keyset:
        from rotator.cli.keys_orders import order_for_keyset

        order_for_keyset(invocation, wanted, keyset, how.urgent, reason=how.reason, yes=how.yes)
    else:
        from rotator.cli.keys_access import revoke_access_key

        revoke_access_key(invocation, wanted, called, how)


@keys.command(
    epilog=examples(
        "rotator keys rotate ci-deployer",
        "rotator keys rotate ci-deployer --account 111122223333",
        "rotator keys rotate ci-deployer --taint --reason 'key was in a public repository'",
        "rotator keys rotate --keyset tenants/company-a",
    )
)
@click.argument("name", required=False)
@click.option("--account", metavar="ID_OR_NAME", help="The account, if the name exists in several.")
@click.option("--provider", metavar="NAME", help="The provider, if the name exists at several.")
@click.option("--keyset", metavar="KEYSET", help="Every client that is granted this keyset.")
@ordering_options
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
    how: Ordering,
    wanted: Wanted,
) -> None:
    """Order the rotation of NAME's key, now, or of a keyset's clients.

    Every guard holds as always: the old key works until nobody uses it. The
    order is written to the journal, and the daemon, or the next `rotator once`,
    carries it out. With --taint the old key is ended as soon as its successor is
    published; with --break-glass even while the audit log cannot be kept, for this
    one rotation. With --keyset every client that rotator manages and that is
    granted the keyset is rotated; the others are named. Exits with 3 if there are.
    """
    from rotator.cli.keys_orders import order_for_keyset

    if how.trigger.is_taint and keyset:
        raise click.UsageError("write: rotator keys revoke --keyset KEYSET")
    if keyset and not (name or account or provider):
        order_for_keyset(invocation, wanted, keyset, how.trigger, reason=how.reason, yes=how.yes)
        return
    if name is None or keyset or wanted.is_named:
        raise click.UsageError("write either a NAME, or --keyset, perhaps with --workspace")
    _rotate(invocation, name, account, provider, how, as_json=wanted.as_json)


def _rotate(
    invocation: Invocation,
    name: str,
    account: str | None,
    provider: str | None,
    how: Ordering,
    *,
    as_json: bool,
) -> None:
    from rotator.cli.keys_orders import ask_for_taint, check_order

    settings = invocation.settings()
    found: list[Credential] = []
    number = account_id(settings, account) if account else None
    helping = last_resort(name, found) if how.trigger.is_taint else nullcontext()
    with helping, invocation.app(read_only=True) as app:
        credential = find_credential(app.journal, name, number, provider)
        found.append(credential)
        check_order(app.journal, credential, settings.mode)
        if how.trigger.is_taint:
            ask_for_taint(invocation, credential, how, as_json=as_json)
        app.order(credential, how.trigger, operator=invocation.operator, reason=how.reason)
    principal = credential.principal
    if as_json:
        record = {"name": name, "account": principal.account, "provider": principal.provider}
        print_json(record | {"keyId": credential.current_key_id, "reason": how.reason})
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
