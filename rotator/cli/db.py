"""`rotator db`: the journal's schema."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from rotator.cli.invocation import common_options, examples, pass_invocation

if TYPE_CHECKING:
    from rotator.cli.invocation import Invocation


@click.group(epilog=examples("rotator db upgrade"))
def db() -> None:
    """Make the journal, or bring it up to date."""


@db.command(epilog=examples("rotator db upgrade"))
@common_options
@pass_invocation
def upgrade(invocation: Invocation) -> None:
    """Make the journal, or bring its schema up to date.

    Stop the daemon first. Repeating it does no harm, and the release before
    this one still runs on the new schema.
    """
    from rotator.app import upgrade as upgrade_app

    before, now = upgrade_app(invocation.settings())
    if before is None:
        click.echo(f"made a journal at schema {now}")
    elif before == now:
        click.echo(f"nothing to do: the journal is at schema {now}")
    else:
        click.echo(f"brought the journal from schema {before} to {now}")
