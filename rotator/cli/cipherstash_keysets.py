"""`rotator cipherstash keyset`: made with somebody who may use it, listed, granted, switched."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from rotator.cli.cipherstash_place import description_option, workspace_options
from rotator.cli.consent import optional_reason_option, yes_option
from rotator.cli.invocation import common_options, examples, pass_invocation
from rotator.core.keyset_names import check_description, check_keyset_name

if TYPE_CHECKING:
    from rotator.cli.cipherstash_place import Wanted
    from rotator.cli.invocation import Invocation


@click.group(
    epilog=examples(
        "rotator cipherstash keyset list",
        "rotator cipherstash keyset create tenants/company-a --grant checkout",
    )
)
def keyset() -> None:
    """Create, list, grant, revoke, enable and disable keysets.

    A keyset and a client are named by id or by name. These commands enter the
    workspace with `controlKey`, or with `adminKey` if there is none.
    """


@keyset.command(
    "list",
    epilog=examples(
        "rotator cipherstash keyset list",
        "rotator cipherstash keyset list --workspace vault --json",
    ),
)
@workspace_options
@common_options
@pass_invocation
def list_keysets(invocation: Invocation, *, wanted: Wanted) -> None:
    """List the keysets, with the clients that are granted each."""
    from rotator.cli.cipherstash_keyset_acts import show

    show(invocation, wanted)


@keyset.command(
    epilog=examples(
        "rotator cipherstash keyset create tenants/company-a --grant checkout",
        "rotator cipherstash keyset create staging --grant checkout --grant batch --yes",
    )
)
@click.argument("name")
@click.option(
    "--grant",
    "clients",
    metavar="CLIENT",
    multiple=True,
    required=True,
    help="A client that may use it, by id or name; may be repeated.",
)
@description_option
@optional_reason_option
@yes_option
@workspace_options
@common_options
@pass_invocation
def create(
    invocation: Invocation,
    *,
    name: str,
    clients: tuple[str, ...],
    description: str,
    reason: str,
    yes: bool,
    wanted: Wanted,
) -> None:
    """Create the keyset NAME and grant it to clients.

    If it stops halfway, the same command again finishes it: a keyset of that name
    is not made twice.
    """
    from rotator.cli.cipherstash_keyset_acts import create_granted

    check_keyset_name(name)
    check_description(description)
    create_granted(invocation, wanted, name, description, clients, reason=reason, yes=yes)


@keyset.command(
    epilog=examples("rotator cipherstash keyset grant tenants/company-a checkout --yes")
)
@click.argument("keyset_", metavar="KEYSET")
@click.argument("client")
@optional_reason_option
@yes_option
@workspace_options
@common_options
@pass_invocation
def grant(
    invocation: Invocation,
    *,
    keyset_: str,
    client: str,
    reason: str,
    yes: bool,
    wanted: Wanted,
) -> None:
    """Let CLIENT encrypt and decrypt data of KEYSET."""
    from rotator.cli.cipherstash_keyset_acts import grant_or_revoke

    words = (keyset_, client)
    grant_or_revoke(invocation, wanted, *words, is_grant=True, reason=reason, yes=yes)


@keyset.command(
    epilog=examples(
        "rotator cipherstash keyset revoke tenants/company-a checkout --reason 'ticket 123'"
    )
)
@click.argument("keyset_", metavar="KEYSET")
@click.argument("client")
@optional_reason_option
@yes_option
@workspace_options
@common_options
@pass_invocation
def revoke(
    invocation: Invocation,
    *,
    keyset_: str,
    client: str,
    reason: str,
    yes: bool,
    wanted: Wanted,
) -> None:
    """Take KEYSET from CLIENT; `grant` gives it back."""
    from rotator.cli.cipherstash_keyset_acts import grant_or_revoke

    words = (keyset_, client)
    grant_or_revoke(invocation, wanted, *words, is_grant=False, reason=reason, yes=yes)


@keyset.command(epilog=examples("rotator cipherstash keyset enable tenants/company-a"))
@click.argument("keyset_", metavar="KEYSET")
@optional_reason_option
@yes_option
@workspace_options
@common_options
@pass_invocation
def enable(invocation: Invocation, *, keyset_: str, reason: str, yes: bool, wanted: Wanted) -> None:
    """Make the disabled KEYSET usable again."""
    from rotator.cli.cipherstash_keyset_acts import switch

    switch(invocation, wanted, keyset_, is_disabled=False, reason=reason, yes=yes)


@keyset.command(
    epilog=examples("rotator cipherstash keyset disable tenants/company-a --reason 'left us'")
)
@click.argument("keyset_", metavar="KEYSET")
@optional_reason_option
@yes_option
@workspace_options
@common_options
@pass_invocation
def disable(
    invocation: Invocation, *, keyset_: str, reason: str, yes: bool, wanted: Wanted
) -> None:
    """Make KEYSET unusable for every client until it is enabled again."""
    from rotator.cli.cipherstash_keyset_acts import switch

    switch(invocation, wanted, keyset_, is_disabled=True, reason=reason, yes=yes)
