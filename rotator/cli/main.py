"""The command `rotator`: a table of commands that are imported when they are named."""

from __future__ import annotations

from typing import Any, ClassVar

import click

from rotator import __version__
from rotator.cli.coredumps import forbid_core_dumps
from rotator.cli.invocation import FAILED, MISCONFIGURED, common_options, examples
from rotator.cli.lazy import LazyGroup
from rotator.cli.printing import print_lines
from rotator.errors import ConfigError, RotatorError

COMMANDS = {
    "run": "rotator.cli.run:run",
    "once": "rotator.cli.run:once",
    "plan": "rotator.cli.plan:plan",
    "adopt": "rotator.cli.adopt:adopt",
    "keys": "rotator.cli.keys:keys",
    "rotations": "rotator.cli.rotations:rotations",
    "pause": "rotator.cli.pauses:pause",
    "resume": "rotator.cli.pauses:resume",
    "pauses": "rotator.cli.pauses:pauses",
    "doctor": "rotator.cli.doctor:doctor",
    "rebuild": "rotator.cli.rebuild:rebuild",
    "history": "rotator.cli.history:history",
    "report": "rotator.cli.report:report",
    "aws": "rotator.cli.aws:aws",
    "cipherstash": "rotator.cli.cipherstash:cipherstash",
    "provider": "rotator.cli.provider:provider",
    "consumers": "rotator.cli.consumers:consumers",
    "accounts": "rotator.cli.accounts:accounts",
    "notifications": "rotator.cli.notifications:notifications",
    "audit": "rotator.cli.audit:audit",
    "config": "rotator.cli.config:config",
    "db": "rotator.cli.db:db",
    "demo": "rotator.cli.demo.command:demo",
}
"""Each command and where it is: ``module:attribute``, in the order of the help text."""


class Commands(LazyGroup):
    """Turns our errors into exit codes."""

    places: ClassVar = COMMANDS

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 - whatever a command returns
        """Run a command; an error of ours is shown in its own words, without a traceback."""
        try:
            return super().invoke(ctx)
        except ConfigError as error:
            print_lines(error.diagnostics(), err=True)
            ctx.exit(MISCONFIGURED)
        except RotatorError as error:
            print_lines(f"error: {error.diagnostics()}", err=True)
            ctx.exit(FAILED)


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=examples(
        "rotator config check",
        "rotator plan",
        "rotator run --config /etc/rotator/rotator.yaml",
    ),
)
@click.version_option(__version__, prog_name="rotator")
@common_options
def cli() -> None:
    """Keep every long-lived access key younger than policy.

    Exit codes: 0 done, 1 failed, 2 wrong configuration or usage, 3 done, but
    something waits for a person.
    """


def main() -> None:
    """Run the command line, in a process that leaves no core dump."""
    forbid_core_dumps()
    cli(prog_name="rotator")
