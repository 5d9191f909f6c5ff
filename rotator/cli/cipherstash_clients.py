"""`rotator cipherstash client`: clients made with their keysets, listed, deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from rotator.cli.cipherstash_place import description_option, workspace_options
from rotator.cli.consent import optional_reason_option, yes_option
from rotator.cli.invocation import common_options, examples, pass_invocation

if TYPE_CHECKING:
    from rotator.cli.cipherstash_place import Wanted
    from rotator.cli.invocation import Invocation


@click.group(
    epilog=examples(
        "rotator cipherstash client list",
        "rotator cipherstash client create checkout --keyset orders --keyset tenants/company-a",
    )
)
def client() -> None:
    """Create, list and delete clients, each of which has a client key.

    A client and a keyset are named by id or by name. These commands enter the
    workspace with `adminKey`.
    """


@client.command(
    "list",
    epilog=examples(
        "rotator cipherstash client list",
        "rotator cipherstash client list --workspace vault --json",
    ),
)
@workspace_options
@common_options
@pass_invocation
def list_clients(invocation: Invocation, *, wanted: Wanted) -> None:
    """List the clients, what each is granted, and what is wrong with environments.

    Exits with 3 if there is a finding, such as a client that can read the data of
    two environments.
    """
    from rotator.cli.cipherstash_client_acts import show

    show(invocation, wanted)


@client.command(
    epilog=examples(
        "rotator cipherstash client create checkout --keyset orders",
        "rotator cipherstash client create batch --keyset orders --keyset tenants/company-a --yes",
    )
)
@click.argument("name")
@click.option(
    "--keyset",
    "keysets",
    metavar="KEYSET",
    multiple=True,
    help="A keyset that it may use, by id or name; may be repeated. The first one is bound: "
    "opened where a program names none. Left out, the default keyset.",
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
    keysets: tuple[str, ...],
    description: str,
    reason: str,
    yes: bool,
    wanted: Wanted,
) -> None:
    """Create the client NAME, grant it keysets, and show its key once.

    Standard output gets CS_CLIENT_ID and CS_CLIENT_KEY, one a line, and nothing
    else; all other words go to standard error. The key is kept nowhere.
    """
    from rotator.cli.cipherstash_client_acts import create_granted

    create_granted(invocation, wanted, name, keysets, description, reason=reason, yes=yes)


@client.command(
    epilog=examples("rotator cipherstash client delete laptop-of-jane --reason 'left the company'")
)
@click.argument("client_", metavar="CLIENT")
@click.option(
    "--now", is_flag=True, help="Delete a client that consumers use: an outage, with --reason."
)
@optional_reason_option
@yes_option
@workspace_options
@common_options
@pass_invocation
def delete(
    invocation: Invocation, *, client_: str, now: bool, reason: str, yes: bool, wanted: Wanted
) -> None:
    """Delete CLIENT, for good; other clients and all data stay as they are."""
    from rotator.cli.cipherstash_client_acts import delete_client

    delete_client(invocation, wanted, client_, now=now, reason=reason, yes=yes)
