"""What the commands about keysets do."""

from __future__ import annotations

from dataclasses import replace
from shlex import quote
from typing import TYPE_CHECKING

import click

from rotator.cli.cipherstash_entering import entering
from rotator.cli.cipherstash_finding import find_client, find_keyset
from rotator.cli.consent import ask
from rotator.cli.printing import NOTHING, clean, print_json, print_table
from rotator.core.environments import keysets_called
from rotator.core.events import AuditAction
from rotator.errors import PermanentError, RejectedError, RotatorError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rotator.cli.cipherstash_entering import Entered
    from rotator.cli.cipherstash_place import Wanted
    from rotator.cli.invocation import Invocation
    from rotator.cli.managed import Managed
    from rotator.core.workspace import Client, Keyset

_TITLES = ("Name", "Keyset ID", "State", "Environment", "Clients")
_DEVICE = "it is backed by a developer's device, and so is a person's"


def show(invocation: Invocation, wanted: Wanted) -> None:
    """List the keysets."""
    with entering(invocation, wanted, to_change=False) as entered:
        pass
    if wanted.as_json:
        print_json([_record(entered, it) for it in entered.keysets])
        return
    print_table(invocation, _TITLES, [_cells(entered, it) for it in entered.keysets])
    unread = [it.name for it in entered.unread()]
    if unread:
        names = ", ".join(unread)
        said = f"of these clients it cannot be read which keysets they are granted: {names}"
        click.echo(f"\n{clean(said)}")


def create_granted(
    invocation: Invocation,
    wanted: Wanted,
    name: str,
    description: str,
    words: Sequence[str],
    *,
    reason: str,
    yes: bool,
) -> None:
    """Create a keyset and grant it; what an earlier try has done already is not done again."""
    with entering(invocation, wanted, to_change=True) as entered:
        clients = [find_client(entered.clients, word) for word in words]
        found = find_keyset(entered.keysets, name) if _exists(entered, name) else None
        missing = [it for it in clients if found is None or found.id not in (it.grants or ())]
        if found is not None and not missing:
            _tell_created(wanted, entered, found, clients, is_new=False)
            return
        if found is not None:
            _check_half_done(entered, found, clients)
        what = "finish" if found else "create"
        ask(
            invocation,
            f"{what} keyset {name} in workspace {entered.title}",
            _creation(entered, found, name, missing),
            yes=yes,
            as_json=wanted.as_json,
        )
        made = found or _create(invocation, entered, name, description, reason=reason)
        _grant_all(invocation, entered, made, missing, reason=reason)
    _tell_created(wanted, entered, made, clients, is_new=found is None)


def grant_or_revoke(
    invocation: Invocation,
    wanted: Wanted,
    keyset_word: str,
    client_word: str,
    *,
    is_grant: bool,
    reason: str,
    yes: bool,
) -> None:
    """Let a client use a keyset, or not any more."""
    with entering(invocation, wanted, to_change=True) as entered:
        keyset = find_keyset(entered.keysets, keyset_word)
        client = find_client(entered.clients, client_word)
        is_done = client.grants is not None and (keyset.id in client.grants) is is_grant
        if not is_done:
            verb, link = ("grant", "to") if is_grant else ("revoke", "from")
            headline = f"{verb} keyset {keyset.name} {link} client {client.name}"
            details = (
                _granting(entered, keyset, client)
                if is_grant
                else _revoking(entered, keyset, client)
            )
            ask(invocation, headline, details, yes=yes, as_json=wanted.as_json)
            act = _grant if is_grant else _revoke
            act(invocation, entered, keyset, client, reason=reason)
    if wanted.as_json:
        pair = {"keysetId": keyset.id, "keyset": keyset.name, "client": client.name}
        state = {"clientId": client.client_id, "isGranted": is_grant, "changed": not is_done}
        print_json({"workspace": entered.place.id} | pair | state)
        return
    said = "granted to" if is_grant else "revoked from"
    before = "nothing to do: " if is_done else ""
    click.echo(clean(f"{before}keyset {keyset.name} is {said} client {client.name}"))


def switch(
    invocation: Invocation,
    wanted: Wanted,
    word: str,
    *,
    is_disabled: bool,
    reason: str,
    yes: bool,
) -> None:
    """Enable or disable a keyset."""
    with entering(invocation, wanted, to_change=True) as entered:
        keyset = find_keyset(entered.keysets, word)
        is_done = keyset.is_disabled is is_disabled
        verb = "disable" if is_disabled else "enable"
        if not is_done:
            headline = f"{verb} keyset {keyset.name} of workspace {entered.title}"
            details = _switching(entered, keyset, is_disabled=is_disabled)
            ask(invocation, headline, details, yes=yes, as_json=wanted.as_json)
            _switch(invocation, entered, keyset, is_disabled=is_disabled, reason=reason)
    if wanted.as_json:
        after = replace(keyset, is_disabled=is_disabled)
        print_json(_record(entered, after) | {"changed": not is_done})
        return
    before = "nothing to do: " if is_done else ""
    click.echo(clean(f"{before}keyset {keyset.name} is {verb}d"))


# ------------------------------------------------------------------------ what is sent


def _create(
    invocation: Invocation, entered: Entered, name: str, description: str, *, reason: str
) -> Keyset:
    look = (
        f"look with `rotator cipherstash keyset list {entered.options()}`; the same command again "
        "finishes what is there"
    )
    hand = entered.hand(invocation, reason)
    with hand.does(AuditAction.OPERATOR_CREATE_KEYSET, look=look, name=name) as told:
        made = entered.workspace.create_keyset(name, description)
        told["keyset_id"] = made.id
    return made


def _grant_all(
    invocation: Invocation,
    entered: Entered,
    keyset: Keyset,
    clients: Sequence[Client],
    *,
    reason: str,
) -> None:
    """Grant one client after the other.

    Raises:
        PermanentError: It stopped halfway; says what exists and how to finish.
    """
    for number, client in enumerate(clients):
        try:
            _grant(invocation, entered, keyset, client, reason=reason)
        except RotatorError as error:
            left = ", ".join(it.name for it in clients[number:])
            why = f"the keyset exists ({keyset.id}), but is not granted to {left} yet: {error}"
            hint = f"the same command again finishes it, or {_command(entered, keyset, client)}"
            raise PermanentError(why, subject=keyset.name, code=error.code, hint=hint) from error


def _grant(
    invocation: Invocation, entered: Entered, keyset: Keyset, client: Client, *, reason: str
) -> None:
    look = f"repeating it does no harm: {_command(entered, keyset, client)}"
    hand, ids = entered.hand(invocation, reason), _ids(keyset, client)
    with hand.does(AuditAction.OPERATOR_GRANT_KEYSET, look=look, **ids):
        entered.workspace.grant_keyset(keyset.id, client.client_id)


def _revoke(
    invocation: Invocation, entered: Entered, keyset: Keyset, client: Client, *, reason: str
) -> None:
    look = f"repeating it does no harm: {_command(entered, keyset, client, 'revoke')}"
    hand, ids = entered.hand(invocation, reason), _ids(keyset, client)
    with hand.does(AuditAction.OPERATOR_REVOKE_KEYSET, look=look, **ids):
        entered.workspace.revoke_keyset(keyset.id, client.client_id)


def _switch(
    invocation: Invocation, entered: Entered, keyset: Keyset, *, is_disabled: bool, reason: str
) -> None:
    look = f"look with `rotator cipherstash keyset list {entered.options()}`, and repeat it"
    hand, ids = entered.hand(invocation, reason), {"name": keyset.name, "keyset_id": keyset.id}
    if is_disabled:
        with hand.does(AuditAction.OPERATOR_DISABLE_KEYSET, look=look, **ids):
            entered.workspace.disable_keyset(keyset.id)
        return
    with hand.does(AuditAction.OPERATOR_ENABLE_KEYSET, look=look, **ids):
        entered.workspace.enable_keyset(keyset.id)


def _ids(keyset: Keyset, client: Client) -> dict[str, str]:
    return {
        "keyset": keyset.name,
        "keyset_id": keyset.id,
        "client": client.name,
        "client_id": client.client_id,
    }


def _command(entered: Entered, keyset: Keyset, client: Client, verb: str = "grant") -> str:
    words = f"{quote(keyset.id)} {quote(client.client_id)}"
    return f"rotator cipherstash keyset {verb} {words} {entered.options()}"


# ------------------------------------------------------------------------ what is said


def _exists(entered: Entered, name: str) -> bool:
    return bool(keysets_called(name, entered.keysets))


def _check_half_done(entered: Entered, found: Keyset, clients: Sequence[Client]) -> None:
    """Take a keyset for one that an earlier try has left only if nobody else uses it.

    Raises:
        RejectedError: It may hold somebody else's data.
    """
    reaching = (*entered.granted(found), *entered.unread())
    others = [it for it in reaching if it.client_id not in {it.client_id for it in clients}]
    if not others:
        return
    names = ", ".join(it.name for it in others)
    why = f"there is a keyset of this name already, which others may use: {names}"
    hint = f"choose another name; if this one is meant: {_command(entered, found, clients[0])}"
    raise RejectedError(why, subject=found.name, code="conflict", hint=hint)


def _creation(
    entered: Entered, found: Keyset | None, name: str, missing: Sequence[Client]
) -> list[tuple[str, str]]:
    names = ", ".join(f"{it.name} ({it.client_id})" for it in missing)
    would = found or _imagined(name)
    clients = {it.client_id: _with(it, would) for it in missing}
    return [
        ("exists", f"keyset {found.id}, which is not made again" if found else ""),
        ("grant", f"to {names}"),
        ("then", "data encrypted under it can be read with no other keyset"),
        (
            "finding",
            entered.new_findings([clients.get(it.client_id, it) for it in entered.clients]),
        ),
    ]


def _imagined(name: str) -> Keyset:
    from rotator.core.workspace import Keyset

    return Keyset(id=name, name=name)


def _granting(entered: Entered, keyset: Keyset, client: Client) -> list[tuple[str, str]]:
    after = [_with(it, keyset) if it is client else it for it in entered.clients]
    return [
        ("then", f"the client can encrypt and decrypt all data of keyset {keyset.id}"),
        ("client", f"{client.client_id}{f'; {_DEVICE}' if client.is_device else ''}"),
        ("managed", _kept_equal(entered, client)),
        ("keyset", "disabled: nobody can use it until it is enabled" if keyset.is_disabled else ""),
        ("finding", entered.new_findings(after)),
    ]


def _revoking(entered: Entered, keyset: Keyset, client: Client) -> list[tuple[str, str]]:
    is_bound = client.bound == keyset.id
    return [
        ("then", f"the client can no longer encrypt or decrypt data of keyset {keyset.id}"),
        ("client", f"{client.client_id}{f'; {_DEVICE}' if client.is_device else ''}"),
        (
            "bound",
            "it is the keyset that the client opens when it names none: without it most "
            "programs do not start"
            if is_bound
            else "",
        ),
        ("managed", _siblings(entered, keyset, client)),
        ("back", _command(entered, keyset, client)),
    ]


def _switching(entered: Entered, keyset: Keyset, *, is_disabled: bool) -> list[tuple[str, str]]:
    names = ", ".join(it.name for it in entered.granted(keyset)) or "none that is known"
    kind = "the default keyset: most programs open it" if keyset.is_default else ""
    if not is_disabled:
        return [("then", "its clients can use it again"), ("clients", names), ("keyset", kind)]
    back = f"rotator cipherstash keyset enable {quote(keyset.id)} {entered.options()}"
    return [
        ("then", "nobody can encrypt or decrypt its data until it is enabled: an outage"),
        ("clients", names),
        ("keyset", kind),
        ("environment", ", ".join(entered.environments_of(keyset))),
        ("back", back),
    ]


def _kept_equal(entered: Entered, client: Client) -> str:
    kept = entered.known.get(client.client_id)
    if kept is None:
        return ""
    name = kept.credential.principal.name
    return f"as {name}; a rotation gives its successor whatever it is granted"


def _siblings(entered: Entered, keyset: Keyset, client: Client) -> str:
    """Name the other keys of a credential that have the keyset, too."""
    kept = entered.known.get(client.client_id)
    if kept is None:
        return ""
    others = [
        f"{it.name} ({it.client_id})"
        for it in entered.granted(keyset)
        if it is not client and _is_of(entered, it, kept)
    ]
    name = kept.credential.principal.name
    if not others:
        return f"as {name}"
    return f"as {name}; its rotation is under way: take it from {', '.join(others)}, too"


def _is_of(entered: Entered, client: Client, kept: Managed) -> bool:
    other = entered.known.get(client.client_id)
    return other is not None and other.credential.id == kept.credential.id


def _with(client: Client, keyset: Keyset) -> Client:
    return replace(client, grants=(client.grants or frozenset()) | {keyset.id})


def _tell_created(
    wanted: Wanted, entered: Entered, keyset: Keyset, clients: Sequence[Client], *, is_new: bool
) -> None:
    names = ", ".join(it.name for it in clients)
    if wanted.as_json:
        ids = [{"id": it.client_id, "name": it.name} for it in clients]
        print_json(_record(entered, keyset) | {"clients": ids, "created": is_new})
        return
    said = "created" if is_new else "there already"
    click.echo(clean(f"keyset {keyset.name} ({keyset.id}) is {said}, and granted to {names}"))


def _cells(entered: Entered, keyset: Keyset) -> tuple[str, ...]:
    kind = ", default" if keyset.is_default else ""
    return (
        keyset.name,
        keyset.id,
        f"{'disabled' if keyset.is_disabled else 'enabled'}{kind}",
        ", ".join(entered.environments_of(keyset)) or NOTHING,
        ", ".join(it.name for it in entered.granted(keyset)) or NOTHING,
    )


def _record(entered: Entered, keyset: Keyset) -> dict[str, object]:
    return {
        "name": keyset.name,
        "keysetId": keyset.id,
        "workspace": entered.place.id,
        "description": keyset.description,
        "isDisabled": keyset.is_disabled,
        "isDefault": keyset.is_default,
        "environments": entered.environments_of(keyset),
        "clients": [{"id": it.client_id, "name": it.name} for it in entered.granted(keyset)],
        "clientsUnread": [{"id": it.client_id, "name": it.name} for it in entered.unread()],
    }
