"""The command `rotator demo`."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import click

from rotator.cli.invocation import FAILED, common_options, examples, json_option, pass_invocation
from rotator.errors import RotatorError

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import Console

    from rotator.cli.demo.stage import Play
    from rotator.cli.demo.view import View
    from rotator.cli.invocation import Invocation


@click.command(epilog=examples("rotator demo", "rotator demo --json | jq .isAsExpected"))
@click.option(
    "--keep",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="FOLDER",
    help="Keep configuration, journal, logs and audit log there, to look at afterwards.",
)
@json_option
@common_options
@pass_invocation
@click.pass_context
def demo(
    context: click.Context, invocation: Invocation, *, keep: Path | None, as_json: bool
) -> None:
    """Watch the real daemon rotate keys through 120 days in some seconds.

    The daemon talks HTTP to a simulated AWS on this machine; nothing leaves it
    and no account is needed. Eight users show what it does with young, old,
    busy and people's keys. Exits with 1 if a consumer was refused, a key was
    lost, or anybody ends otherwise than expected.
    """
    from rich.console import Console

    console = Console(no_color=invocation.is_plain, stderr=as_json, highlight=False)
    with TemporaryDirectory(prefix="rotator-demo-") as temporary:
        folder = (keep or Path(temporary)).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        context.exit(_perform(console, folder, as_json=as_json))


def _perform(console: Console, folder: Path, *, as_json: bool) -> int:
    try:
        from rotator.cli.demo.stage import perform
        from rotator.cli.demo.view import View, introduce
    except ModuleNotFoundError as error:
        raise RotatorError(
            f"the demonstration needs {error.name}",
            hint="install the extra: pip install 'rotator[demo]'",
        ) from error
    from rotator.telemetry.logs import configure_logs

    with (folder / "daemon.log").open("w", encoding="utf-8") as log:
        configure_logs(stream=log)
        introduce(console)
        view = View(console)
        try:
            return perform(folder, view.watch, _closing(console, view, as_json=as_json))
        finally:
            view.close()
            configure_logs(stream=sys.stderr)


def _closing(console: Console, view: View, *, as_json: bool) -> Callable[[Play], int]:
    from rotator.cli.demo.report import summarize
    from rotator.cli.demo.view import show_summary
    from rotator.telemetry.clock import monotonic_seconds

    began = monotonic_seconds()

    def closing(play: Play) -> int:
        view.close()
        summary = summarize(play)
        seconds = monotonic_seconds() - began
        show_summary(console, summary, seconds=seconds, steps=play.steps)
        if as_json:
            told = {**asdict(summary), "isAsExpected": summary.is_as_expected}
            click.echo(json.dumps(told, indent=2))
        return 0 if summary.is_as_expected else FAILED

    return closing
