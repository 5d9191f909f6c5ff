"""`rotator rotations`: what was rotated, what is under way, and what it waits for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from rotator.cli.invocation import (
    WAITING,
    common_options,
    examples,
    json_option,
    pass_invocation,
)
from rotator.cli.printing import NOTHING, print_fields, print_json, print_table, when
from rotator.errors import NotFoundError

if TYPE_CHECKING:
    from rotator.cli.invocation import Invocation
    from rotator.cli.rotation_views import RotationView
    from rotator.core.events import Event

_TITLES = ("ID", "Name", "Account", "Phase", "Since", "Trigger", "Old Key", "New Key", "Waits For")
_ID_SHOWN = 8


@click.group(epilog=examples("rotator rotations list", "rotator rotations show 6f1c2a3b"))
def rotations() -> None:
    """List rotations, or tell the story of one."""


@rotations.command(
    "list", epilog=examples("rotator rotations list", "rotator rotations list --open --json")
)
@click.option("--open", "only_open", is_flag=True, help="Only those that are under way.")
@json_option
@common_options
@pass_invocation
@click.pass_context
def list_rotations(
    context: click.Context, invocation: Invocation, *, only_open: bool, as_json: bool
) -> None:
    """List rotations, the newest first.

    Reads the journal only. Exits with 3 if one of them waits for a person.
    """
    from rotator.cli.rotation_views import rotation_views

    with invocation.app(read_only=True) as app:
        views = [
            view for view in rotation_views(app.journal) if view.rotation.is_open or not only_open
        ]
    if as_json:
        print_json([view.record() for view in views])
    elif views:
        print_table(invocation, _TITLES, [_cells(invocation, view) for view in views])
    else:
        click.echo("no rotation is under way" if only_open else "no rotation yet")
    if any(view.needs_person for view in views):
        context.exit(WAITING)


@rotations.command(
    epilog=examples("rotator rotations show 6f1c2a3b", "rotator rotations show 6f1c2a3b --json")
)
@click.argument("rotation_id", metavar="ID")
@json_option
@common_options
@pass_invocation
@click.pass_context
def show(
    context: click.Context, invocation: Invocation, *, rotation_id: str, as_json: bool
) -> None:
    """Tell the story of the rotation ID; the first few letters are enough.

    Reads the journal only. Exits with 3 if it waits for a person.
    """
    from rotator.cli.rotation_views import rotation_views

    with invocation.app(read_only=True) as app:
        view = _find(rotation_views(app.journal), rotation_id)
        events = app.journal.events(view.rotation.id)
    if as_json:
        print_json({**view.record(), "events": [_event_record(event) for event in events]})
    else:
        print_fields(view.fields())
        if events:
            click.echo()
            titles = ("At", "Event", "Phase", "Effect", "Detail")
            print_table(invocation, titles, [_event_cells(event) for event in events])
    if view.needs_person:
        context.exit(WAITING)


def _find(views: list[RotationView], prefix: str) -> RotationView:
    found = [view for view in views if view.rotation.id.startswith(prefix.lower())]
    if not found:
        hint = "see `rotator rotations list`"
        raise NotFoundError("no rotation begins like this", subject=prefix, hint=hint)
    if len(found) > 1:
        raise click.UsageError(f"{len(found)} rotations begin with {prefix}; write more of it")
    return found[0]


def _cells(invocation: Invocation, view: RotationView) -> tuple[str, ...]:
    rotation, principal = view.rotation, view.credential.principal
    return (
        rotation.id[:_ID_SHOWN] if invocation.is_terminal else rotation.id,
        principal.name,
        principal.account,
        rotation.phase.value,
        when(rotation.phase_since),
        rotation.trigger.value,
        rotation.old_key_id,
        rotation.new_key_id or NOTHING,
        view.waits_for or NOTHING,
    )


def _event_cells(event: Event) -> tuple[str, ...]:
    return (
        when(event.at),
        event.kind,
        event.phase or NOTHING,
        event.effect or NOTHING,
        " ".join(f"{name}={value}" for name, value in event.detail.items()) or NOTHING,
    )


def _event_record(event: Event) -> dict[str, object]:
    return {
        "at": event.at,
        "kind": event.kind,
        "phase": event.phase,
        "effect": event.effect,
        "detail": dict(event.detail),
    }
