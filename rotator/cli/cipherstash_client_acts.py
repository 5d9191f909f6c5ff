"""What the commands about clients do."""

from __future__ import annotations

from shlex import quote
from typing import TYPE_CHECKING

import click

from rotator.cli.cipherstash_entering import entering
from rotator.cli.cipherstash_finding import find_client, find_keyset
from rotator.cli.consent import ask
from rotator.cli.handover import check_shown, hand_over, say
from rotator.cli.invocation import WAITING
from rotator.cli.keys_orders import succession
from rotator.cli.managed import check_free, check_name, check_outage, part_of
from rotator.cli.printing import NOTHING, clean, print_json, print_table
from rotator.core.events import AuditAction
from rotator.core.forms import usual_fields
from rotator.core.ids import KeyId
from rotator.core.keyset_names import check_description
from rotator.core.rotation import Trigger
from rotator.core.workspace import Client
from rotator.errors import PermanentError, RotatorError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rotator.cli.cipherstash_entering import Entered
    from rotator.cli.cipherstash_place import Wanted
    from rotator.cli.invocation import Invocation
    from rotator.cli.managed import Managed
    from rotator.core.workspace import Keyset

_TITLES = ("Name", "Client ID", "Kind", "Managed as", "Bound to", "Keysets")


def show(invocation: Invocation, wanted: Wanted) -> None:
    """List the clients, and what is wrong with environments."""
    with entering(invocation, wanted, to_change=False) as entered:
        found = entered.findings()
    if wanted.as_json:
        print_json([_record(entered, it) for it in entered.clients])
    elif entered.clients:
        print_table(invocation, _TITLES, [_cells(entered, it) for it in entered.clients])
    else:
        click.echo(f"workspace {entered.title} has no clients")
    if found:
        _tell_findings([it.text for it in found], as_json=wanted.as_json)
        click.get_current_context().exit(WAITING)


def create_granted(
    invocation: Invocation,
    wanted: Wanted,
    name: str,
    words: Sequence[str],
    description: str,
    *,
    reason: str,
    yes: bool,
) -> None:
    """Create a client, hand its key over, and grant it its further keysets."""
    check_name(name)
    check_description(description)
    with entering(invocation, wanted, to_change=True) as entered:
        check_free(name, ((it.name, it.client_id) for it in entered.clients))
        keysets = [find_keyset(entered.keysets, word) for word in words]
        bound, others = next(iter(keysets), None), keysets[1:]
        headline = f"create client {name} in workspace {entered.title}"
        # Standard output is for the variables alone, so people are told beside it.
        details = _creation(entered, name, bound, others)
        ask(invocation, headline, details, yes=yes, as_json=True)
        made = _create(
            invocation, entered, name, bound, others, description, wanted=wanted, reason=reason
        )
        _grant_all(invocation, entered, name, made, others, reason=reason)
    say(invocation, "", "It is never shown again: copy both lines to where they are read, now.")


def delete_client(
    invocation: Invocation, wanted: Wanted, word: str, *, now: bool, reason: str, yes: bool
) -> None:
    """Delete a client, after what follows was said and agreed to."""
    with entering(invocation, wanted, to_change=True) as entered:
        client = find_client(entered.clients, word)
        kept = entered.known.get(client.client_id)
        check_outage(kept, client.name, is_ordered=now and bool(reason))
        heir, successor = succession(entered.app.journal, kept, invocation.settings().mode)
        headline = f"delete client {client.name} of workspace {entered.title}, for good"
        details = [*_deletion(entered, client, kept), ("successor", successor)]
        ask(invocation, headline, details, yes=yes, as_json=wanted.as_json)
        if heir is not None:
            entered.app.order(heir, Trigger.TAINT, operator=invocation.operator, reason=reason)
        look = (
            f"see whether it is still listed: rotator cipherstash client list {entered.options()}"
        )
        hand, ids = entered.hand(invocation, reason), {"client": client.name}
        ids["client_id"] = client.client_id
        with hand.does(AuditAction.OPERATOR_DELETE_CLIENT, look=look, **ids):
            entered.workspace.delete_client(client.client_id)
    if wanted.as_json:
        print_json(_record(entered, client) | {"deleted": True})
        return
    click.echo(clean(f"client {client.name} ({client.client_id}) is deleted"))


# ------------------------------------------------------------------------ what is sent


def _create(
    invocation: Invocation,
    entered: Entered,
    name: str,
    bound: Keyset | None,
    others: Sequence[Keyset],
    description: str,
    *,
    wanted: Wanted,
    reason: str,
) -> KeyId:
    """Make the client and hand its key over before anything else can fail."""
    listing = f"rotator cipherstash client list {entered.options()}"
    undo = f"rotator cipherstash client delete {quote(name)} {entered.options()}"
    look = f"look with `{listing}`; if it is there, nobody has its key: run `{undo}`"
    hand, words = entered.hand(invocation, reason), {"client": name}
    words["keyset_id"] = bound.id if bound else "default"
    with hand.does(AuditAction.OPERATOR_CREATE_CLIENT, look=look, **words) as told:
        material = entered.workspace.create_client(name, description, bound.id if bound else None)
        told["client_id"] = material.key_id
        hand.recognise(told, material.secret)
        fields = usual_fields("cipherstash-client-key")
        keysets = [it.id for it in (bound, *others) if it]
        record = {"name": name, "workspace": entered.place.id, "keysets": keysets}
        say(invocation, "", f"Client {name} of workspace {entered.place.id} is created:", "")
        hand_over(
            {fields.key_id: material.key_id, fields.secret: material.secret},
            record=record if wanted.as_json else None,
            told=told,
        )
    check_shown(told, undo=undo)
    return material.key_id


def _grant_all(
    invocation: Invocation,
    entered: Entered,
    name: str,
    client: KeyId,
    keysets: Sequence[Keyset],
    *,
    reason: str,
) -> None:
    """Grant one keyset after the other.

    Raises:
        PermanentError: It stopped halfway; says what exists and how to finish.
    """
    for number, keyset in enumerate(keysets):
        again = f"rotator cipherstash keyset grant {keyset.id} {client} {entered.options()}"
        hand = entered.hand(invocation, reason)
        ids = {"keyset": keyset.name, "keyset_id": keyset.id, "client": name, "client_id": client}
        look = f"repeating it does no harm: {again}"
        try:
            with hand.does(AuditAction.OPERATOR_GRANT_KEYSET, look=look, **ids):
                entered.workspace.grant_keyset(keyset.id, client)
        except RotatorError as error:
            left = ", ".join(it.name for it in keysets[number:])
            why = f"the client exists ({client}), but is not granted {left} yet: {error}"
            hint = f"finish it with `{again}`, and so for each"
            raise PermanentError(why, subject=name, code=error.code, hint=hint) from error


# ------------------------------------------------------------------------ what is said


def _creation(
    entered: Entered, name: str, bound: Keyset | None, others: Sequence[Keyset]
) -> list[tuple[str, str]]:
    default = next((it for it in entered.keysets if it.is_default), None)
    grants = frozenset(it.id for it in (bound or default, *others) if it)
    made = Client(client_id=KeyId("new"), name=name, grants=grants)
    disabled = ", ".join(it.name for it in (bound, *others) if it and it.is_disabled)
    return [
        ("bound to", f"{bound.name} ({bound.id})" if bound else "the default keyset"),
        ("granted", ", ".join(f"{it.name} ({it.id})" for it in others)),
        ("disabled", f"{disabled}: nobody can use it until it is enabled" if disabled else ""),
        ("then", "its key is printed once; whoever has it reads the data of these keysets"),
        ("finding", entered.new_findings([*entered.clients, made])),
    ]


def _deletion(entered: Entered, client: Client, kept: Managed | None) -> list[tuple[str, str]]:
    device = "a developer's device; other developers are not affected" if client.is_device else ""
    return [
        ("client", client.client_id),
        ("kind", device or "an application"),
        ("keysets", _keysets(entered, client)),
        ("managed", part_of(kept) if kept else "no: rotator does not know this client"),
        ("then", "whoever has its key is refused; other clients and all data stay as they are"),
    ]


def _keysets(entered: Entered, client: Client) -> str:
    if client.grants is None:
        return "cannot be read"
    return ", ".join(sorted(map(entered.named, client.grants))) or "none"


def _tell_findings(texts: Sequence[str], *, as_json: bool) -> None:
    """Say what is wrong below the table; beside the JSON, whose rows name it, too."""
    if not as_json:
        click.echo()
    for text in texts:
        click.echo(clean(f"finding: {text}"), err=as_json)


def _cells(entered: Entered, client: Client) -> tuple[str, ...]:
    kept = entered.known.get(client.client_id)
    return (
        client.name,
        client.client_id,
        "device" if client.is_device else "application",
        f"{kept.credential.principal.name}, {kept.role.value}" if kept else NOTHING,
        entered.named(client.bound) or NOTHING,
        _keysets(entered, client),
    )


def _record(entered: Entered, client: Client) -> dict[str, object]:
    kept, grants = entered.known.get(client.client_id), client.grants
    return {
        "name": client.name,
        "clientId": client.client_id,
        "workspace": entered.place.id,
        "description": client.description,
        "isDevice": client.is_device,
        "bound": client.bound,
        "grants": None if grants is None else sorted(grants),
        "keysets": None if grants is None else sorted(map(entered.named, grants)),
        "credential": kept.credential.principal.name if kept else None,
        "part": kept.role.value if kept else None,
        "findings": [it.text for it in entered.findings() if it.client == client.client_id],
    }
