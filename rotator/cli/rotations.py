"""`rotator rotations`: what was rotated, what is under way, and what it waits for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from rotator.cli.consent import reason_option, yes_option
from rotator.cli.finding import find_rotation
from rotator.cli.invocation import (
    WAITING,
    common_options,
    examples,
    json_option,
    pass_invocation,
)
from rotator.cli.printing import (
    NOTHING,
    print_fields,
    print_folded,
    print_json,
    print_table,
    when,
)
from rotator.core.orders import Verb
from rotator.core.ways import ID_SHOWN

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rotator.cli.invocation import Invocation
    from rotator.cli.rotation_views import RotationView
    from rotator.core.events import Event

_TITLES = ("ID", "Name", "Account", "Phase", "Since", "Trigger", "Old Key", "New Key", "Waits For")
_EVENT_TITLES = ("At", "Event", "Phase", "Effect", "Detail")
_LAST = 2
_HANG = 4


@click.group(
    epilog=examples(
        "rotator rotations list",
        "rotator rotations show 6f1c2a3b",
        "rotator rotations resume 6f1c2a3b --reason 'the old key may go'",
    )
)
def rotations() -> None:
    """List rotations, tell the story of one, or say how it goes on."""


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
    from rotator.cli.account_rows import standing
    from rotator.cli.rotation_views import rotation_views

    with invocation.app(read_only=True) as app:
        views = [
            view for view in rotation_views(app.journal) if view.rotation.is_open or not only_open
        ]
        notes = standing(app)
    if as_json:
        print_json([view.record() for view in views])
    elif views:
        print_table(invocation, _TITLES, [_cells(invocation, view) for view in views])
        for line in notes:
            print_folded(invocation, "", line, hang=_HANG)
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

    For one that is under way: what happened, what is safe now, and each way out
    with its command. Reads the journal only. Exits with 3 if it waits for a
    person.
    """
    from rotator.cli.rotation_views import rotation_views

    with invocation.app(read_only=True) as app:
        view = find_rotation(rotation_views(app.journal), rotation_id)
        events = app.journal.events(view.rotation.id)
    if as_json:
        told = [_event_record(event) for event in events]
        print_json({**view.record(), "situation": view.story(), "events": told})
    else:
        _tell(invocation, view, events)
    if view.needs_person:
        context.exit(WAITING)


def rotation_order(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the parameters of an order about a rotation."""
    ordered: Callable[..., None] = pass_invocation(command)
    ordered = yes_option(json_option(common_options(ordered)))
    return click.argument("rotation_id", metavar="ID")(reason_option(ordered))


@rotations.command(
    epilog=examples(
        "rotator rotations resume 6f1c2a3b --reason 'asked the team: it was a test'",
        "rotator rotations resume 6f1c2a3b --reason 'ticket 123' --yes",
    )
)
@rotation_order
def resume(
    invocation: Invocation, *, rotation_id: str, reason: str, yes: bool, as_json: bool
) -> None:
    """Let the halted rotation ID go on; you vouch for what halted it.

    Says first what that means for its keys. The first few letters of ID are
    enough. A pause is another matter: see `rotator resume`.
    """
    _order(invocation, Verb.RESUME, rotation_id, reason=reason, yes=yes, as_json=as_json)


@rotations.command(
    epilog=examples(
        "rotator rotations abort 6f1c2a3b --reason 'wrong destination'",
        "rotator rotations abort 6f1c2a3b --reason 'ticket 123' --yes --json",
    )
)
@rotation_order
def abort(
    invocation: Invocation, *, rotation_id: str, reason: str, yes: bool, as_json: bool
) -> None:
    """Give the rotation ID up.

    Before promotion the new key is discarded and consumers keep the old one.
    After it consumers keep the new key, and the old one is left as it stands, to
    a person. The first few letters of ID are enough.
    """
    _order(invocation, Verb.ABORT, rotation_id, reason=reason, yes=yes, as_json=as_json)


@rotations.command(
    epilog=examples(
        "rotator rotations rollback 6f1c2a3b --reason 'consumers refuse the new key'",
        "rotator rotations rollback 6f1c2a3b --reason 'incident 42' --yes",
    )
)
@rotation_order
def rollback(
    invocation: Invocation, *, rotation_id: str, reason: str, yes: bool, as_json: bool
) -> None:
    """Make the old key of the rotation ID current again.

    The old key is enabled if need be, proved, and published by compare-and-swap;
    then the credential is paused in your name. Before promotion this is an abort.
    Never do it by hand in the console: the daemon may be writing there. The first
    few letters of ID are enough.
    """
    _order(invocation, Verb.ROLLBACK, rotation_id, reason=reason, yes=yes, as_json=as_json)


def _order(
    invocation: Invocation,
    verb: Verb,
    rotation_id: str,
    *,
    reason: str,
    yes: bool,
    as_json: bool,
) -> None:
    from rotator.cli.instructing import Wish, check_rotation, give
    from rotator.cli.rotation_views import rotation_views

    with invocation.app(read_only=True) as app:
        view = find_rotation(rotation_views(app.journal), rotation_id)
        wish = Wish(verb=verb, credential=view.credential, rotation=view.rotation, keys=view.keys)
        check_rotation(wish, view.rotation)
        give(invocation, app, wish, reason=reason, yes=yes, as_json=as_json)


def _tell(invocation: Invocation, view: RotationView, events: Sequence[Event]) -> None:
    """Print the situation in one screen, then everything else that is known."""
    if view.rotation.is_open:
        _tell_situation(invocation, view, events)
    print_fields(invocation, view.fields())
    if events:
        click.echo()
        print_table(invocation, _EVENT_TITLES, [_event_cells(event) for event in events])


def _tell_situation(invocation: Invocation, view: RotationView, events: Sequence[Event]) -> None:
    told = view.situation
    principal = view.credential.principal
    click.echo(f"WHAT HAPPENED to {principal.name} in account {principal.account}")
    print_folded(invocation, "  ", told.happened)
    # A hold or a halt says again what the sentence above says.
    for event in [item for item in events if item.kind not in {"hold", "halt"}][-_LAST:]:
        print_folded(invocation, "  - ", " ".join(filter(_is_said, _event_cells(event))))
    click.echo("WHAT IS SAFE NOW")
    for line in told.safe_now:
        print_folded(invocation, "  - ", line)
    click.echo("WAYS OUT" if view.needs_person else "WAYS OUT, if it must not go on")
    for way in told.ways:
        if way.command:
            click.echo(f"  {way.command}")
            print_folded(invocation, "      ", way.effect)
        else:
            print_folded(invocation, "  by hand: ", way.effect, hang=6)
    click.echo()


def _is_said(cell: str) -> bool:
    return cell != NOTHING


def _cells(invocation: Invocation, view: RotationView) -> tuple[str, ...]:
    rotation, principal = view.rotation, view.credential.principal
    return (
        rotation.id[:ID_SHOWN] if invocation.is_terminal else rotation.id,
        principal.name,
        principal.account,
        rotation.phase.value,
        when(rotation.phase_since),
        rotation.trigger.value,
        rotation.old_key_id,
        rotation.new_key_id or NOTHING,
        view.waiting() or NOTHING,
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
