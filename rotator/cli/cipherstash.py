"""`rotator cipherstash`: keysets and clients of a workspace, by an operator's hand."""

from __future__ import annotations

import click

from rotator.cli.cipherstash_clients import client
from rotator.cli.cipherstash_keysets import keyset
from rotator.cli.invocation import examples


@click.group(
    epilog=examples(
        "rotator cipherstash keyset create tenants/company-a --grant checkout",
        "rotator cipherstash client list",
    )
)
def cipherstash() -> None:
    """Manage keysets and clients of a CipherStash workspace by hand.

    Access keys are under `rotator keys`. Whatever changes something is written to
    the audit log before it is sent, and what came of it after.
    """


cipherstash.add_command(keyset)
cipherstash.add_command(client)
