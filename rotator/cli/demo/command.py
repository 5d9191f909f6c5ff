"""The command `rotator demo`."""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import click

from rotator.cli.invocation import common_options, examples, json_option, pass_invocation
from rotator.errors import RotatorError

if TYPE_CHECKING:
    from rich.console import Console

    from rotator.cli.invocation import Invocation

JOURNAL = "rotator.db"
_MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of our own is made in it
"""Where Linux keeps files in memory: the journal waits for its disk at every commit."""


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
    """Watch the real daemon rotate a company's keys in about a minute.

    The daemon talks HTTP to a simulated AWS, CipherStash, Stage5 and Kubernetes on
    this machine; nothing leaves it and no account is needed. More than forty users in
    two accounts live through some weeks: young, old, busy and people's keys,
    secrets of many shapes, throttled calls, lost answers. Beside them live the
    access keys and clients of a CipherStash workspace, with which applications
    encrypt and decrypt every day, and the access keys of a Stage5 workspace, with
    which integrations pass messages on. One key is in a Secret of a cluster, too, whose
    pods are restarted once it is there. At the end the signed audit log is verified,
    tampered with in copies, and reported on. Exits with 1 if a consumer was refused,
    a key was lost, evidence is not whole, or anybody ends otherwise than expected.
    """
    from rich.console import Console

    console = Console(no_color=invocation.is_plain, stderr=as_json, highlight=False)
    with TemporaryDirectory(prefix="rotator-demo-", dir=_scratch()) as temporary:
        folder = (keep or Path(temporary)).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        if (folder / JOURNAL).exists():
            hint = "name another one, or remove it"
            raise RotatorError("an earlier demo is in the folder", subject=str(folder), hint=hint)
        context.exit(_perform(console, folder, as_json=as_json, is_kept=keep is not None))


def _scratch() -> Path | None:
    return _MEMORY if _MEMORY.is_dir() else None


def _perform(console: Console, folder: Path, *, as_json: bool, is_kept: bool) -> int:
    try:
        from rotator.cli.demo.stage import perform
        from rotator.cli.demo.view import View
    except ModuleNotFoundError as error:
        raise RotatorError(
            f"the demonstration needs {error.name}",
            hint="install the extra: pip install 'rotator[demo]'",
        ) from error
    from rotator.telemetry.logs import configure_logs

    with (folder / "daemon.log").open("w", encoding="utf-8") as log:
        configure_logs(stream=log)
        try:
            return perform(folder, View(console, as_json=as_json, is_kept=is_kept))
        finally:
            configure_logs(stream=sys.stderr)
