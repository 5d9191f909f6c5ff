"""`rotator notifications`: what people are still to be told, and whether channels work."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from rotator.cli.finding import need_journal
from rotator.cli.invocation import (
    FAILED,
    common_options,
    examples,
    json_option,
    pass_invocation,
)
from rotator.cli.printing import NOTHING, print_json, print_table, when
from rotator.core.notices import Delivery

if TYPE_CHECKING:
    from rotator.cli.invocation import Invocation
    from rotator.core.notices import Outgoing

_TITLES = ("Channel", "Notice", "Noted", "Tries", "Next try", "Last error", "What")


@click.group(
    epilog=examples("rotator notifications list", "rotator notifications test security"),
)
def notifications() -> None:
    """List notices that were not told yet, try channels, and tell again.

    Pages go through Alertmanager; what is told here are events, to the channels of
    `notifications` in the configuration.
    """


@notifications.command(
    "list",
    epilog=examples("rotator notifications list --given-up", "rotator notifications list --json"),
)
@click.option("--given-up", is_flag=True, help="Only those that are not tried any more.")
@json_option
@common_options
@pass_invocation
def list_notices(invocation: Invocation, *, given_up: bool, as_json: bool) -> None:
    """List what waits to be told and what was given up, the oldest first.

    Reads the journal only.
    """
    with invocation.app(read_only=True) as app:
        found = [
            item
            for item in app.notices.waiting()
            if not given_up or item.delivery is Delivery.GIVEN_UP
        ]
    if as_json:
        print_json([_record(item) for item in found])
    elif found:
        print_table(invocation, _TITLES, [_cells(item) for item in found])
    else:
        click.echo("no notice was given up" if given_up else "nothing waits to be told")


@notifications.command(
    epilog=examples(
        "rotator notifications test security", "rotator notifications test security --json"
    )
)
@click.argument("channel")
@json_option
@common_options
@pass_invocation
def test(invocation: Invocation, *, channel: str, as_json: bool) -> None:
    """Send a test notice to a channel now, and say what it answered.

    Nothing is kept of it, and it is not tried again. Works beside a running daemon.
    """
    with invocation.app(read_only=True) as app:
        verdict = app.notices.try_out(channel, operator=invocation.operator)
    if as_json:
        print_json({"channel": channel, "isTold": verdict.is_told, "error": verdict.code})
    elif verdict.is_told:
        click.echo(f"told: {channel} took the test notice")
    else:
        click.echo(f"not told: {channel} answered {verdict.code}", err=True)
    if not verdict.is_told:
        click.get_current_context().exit(FAILED)


@notifications.command(
    epilog=examples("rotator notifications retry", "rotator notifications retry security --json")
)
@click.argument("channel", required=False)
@json_option
@common_options
@pass_invocation
def retry(invocation: Invocation, *, channel: str | None, as_json: bool) -> None:
    """Try what waits or was given up again, from the first attempt.

    Without a CHANNEL the notices of all of them. The daemon tells them at its next
    round, within 15 seconds.
    """
    with invocation.app(read_only=True) as app:
        need_journal(app)
        count = app.notices.again(channel)
    if as_json:
        print_json({"channel": channel, "retried": count})
    elif count:
        click.echo(f"{count} notice{'s' if count > 1 else ''} will be tried at the next round")
    else:
        click.echo("nothing waits to be told")


def _record(item: Outgoing) -> dict[str, Any]:
    is_waiting = item.delivery is Delivery.WAITING
    return {
        "id": item.id,
        "channel": item.channel,
        "kind": item.notice.kind,
        "summary": item.notice.summary,
        "notedAt": item.made_at,
        "tries": item.attempts,
        "nextTryAt": item.next_at if is_waiting else None,
        "isGivenUp": not is_waiting,
        "lastError": item.last_error,
    }


def _cells(item: Outgoing) -> tuple[str, ...]:
    is_waiting = item.delivery is Delivery.WAITING
    return (
        item.channel,
        item.notice.kind,
        when(item.made_at),
        str(item.attempts),
        when(item.next_at) if is_waiting else "given up",
        item.last_error or NOTHING,
        item.notice.summary,
    )
