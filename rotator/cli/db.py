"""`rotator db`: the journal's schema, and copies of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from rotator.cli.invocation import common_options, examples, pass_invocation

if TYPE_CHECKING:
    from rotator.cli.invocation import Invocation


@click.group(epilog=examples("rotator db upgrade", "rotator db backup /backup/rotator-monday.db"))
def db() -> None:
    """Make the journal, bring it up to date, or copy it."""


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


@db.command(
    epilog=examples(
        "rotator db backup /backup/rotator-$(date +%F-%H%M).db",
        "rotator db backup --config /etc/rotator/rotator.yaml /backup/rotator.db",
    )
)
@click.argument("path", type=click.Path(path_type=Path, dir_okay=False))
@common_options
@pass_invocation
def backup(invocation: Invocation, path: Path) -> None:
    """Copy the journal to a new file, while the daemon runs.

    The copy is one consistent moment, checked and on the disk when this
    returns; an existing file is never overwritten. It holds no secret, and
    only its owner may read it. Copy the audit log first, then the journal:
    see docs/deploy/backup.md. A journal on PostgreSQL is copied with pg_dump.
    """
    from rotator.wiring.journal import copy_journal

    size = copy_journal(invocation.settings(), path)
    click.echo(f"copied the journal to {path} ({size:,} bytes)")
