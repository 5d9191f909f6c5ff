"""`rotator run` and `rotator once`: the daemon, and one round of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from rotator.cli.invocation import WAITING, common_options, examples, pass_invocation
from rotator.cli.stopping import stop_on_signals

if TYPE_CHECKING:
    from rotator.cli.invocation import Invocation


@click.command(epilog=examples("rotator run", "rotator run --config /etc/rotator/rotator.yaml"))
@common_options
@pass_invocation
def run(invocation: Invocation) -> None:
    """Watch and rotate until stopped.

    The daemon ends what it has begun when it is told to stop (SIGTERM), and
    another start goes on where any end, even a power cut, left it.
    """
    # Heard before the app is opened, which takes a second: a stop in it is a stop, too.
    with (
        stop_on_signals() as stop,
        invocation.app(read_only=False) as app,
        invocation.surface(app),
    ):
        stop.calls(app.stop)
        app.run()


@click.command(epilog=examples("rotator once", "rotator once || test $? -eq 3"))
@common_options
@pass_invocation
@click.pass_context
def once(context: click.Context, invocation: Invocation) -> None:
    """Scan once, do all due work, and exit; for cron and pipelines.

    Exits with 3 if something waits for a person.
    """
    with invocation.app(read_only=False) as app:
        held = app.once()
    if held:
        click.echo(f"{held} waiting for a person; see `rotator rotations list` and `rotator plan`")
        context.exit(WAITING)
