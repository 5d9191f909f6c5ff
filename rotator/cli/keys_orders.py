"""Orders to rotate: of one principal, or of every client that is granted a keyset."""

from __future__ import annotations

from dataclasses import dataclass
from shlex import quote
from typing import TYPE_CHECKING

import click

from rotator.cli.cipherstash_finding import find_keyset
from rotator.cli.cipherstash_place import title
from rotator.cli.consent import ask
from rotator.cli.finding import need_journal
from rotator.cli.invocation import WAITING
from rotator.cli.managed import managed
from rotator.cli.printing import clean, print_json, print_table
from rotator.core.accounts import effective_mode
from rotator.core.remedies import scope_options
from rotator.core.rotation import Action, Role, Trigger
from rotator.core.terms import Mode
from rotator.errors import RejectedError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rotator.cli.cipherstash_place import Wanted
    from rotator.cli.emergency import Ordering
    from rotator.cli.invocation import App, Invocation
    from rotator.cli.managed import Managed
    from rotator.core.rotation import Credential
    from rotator.core.workspace import Client, Keyset
    from rotator.ports.journal import Journal
    from rotator.settings.cipherstash import Workspace

_TITLES = ("Client", "Client ID", "Principal", "What")

_ENDED = "replace and end, without a grace, the managed clients that are granted keyset"
_REPLACED = (
    "each gets a successor, which is proved and published; right after that the old client loses "
    "its keysets and is deleted, for good"
)
_SENTENCES = {
    Trigger.MANUAL: "rotate the managed clients that are granted keyset",
    Trigger.TAINT: _ENDED,
    Trigger.BREAK_GLASS: _ENDED,
}
_AFTER = {
    Trigger.MANUAL: "every guard holds as always: the old client works until its grace is over",
    Trigger.TAINT: _REPLACED,
    Trigger.BREAK_GLASS: _REPLACED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Concerned:
    """A client that is granted a keyset, or may be.

    Attributes:
        credential: Whose key it is; None if rotator does not manage it.
        refusal: Why no rotation can be ordered; empty if one can.
        lifting: The command that lifts the pause for which an order waits; empty without one.
    """

    client: Client
    credential: Credential | None
    refusal: str = ""
    lifting: str = ""

    @property
    def may_be_ordered(self) -> bool:
        """Whether its credential's rotation can be ordered."""
        return self.credential is not None and not self.refusal


def check_order(journal: Journal, credential: Credential, mode: Mode) -> None:
    """Refuse an order that nobody would carry out, or only at some later time.

    Raises:
        RejectedError: Policy only reports it, it is in plan mode, or its rotation
            is under way.
    """
    name = credential.principal.name
    if credential.action is not Action.ROTATE:
        why = credential.note or "policy only reports it"
        raise RejectedError(why, subject=name, hint="add a rule with `action: rotate`")
    if mode is Mode.PLAN:
        raise RejectedError(
            "plan mode changes nothing", subject=name, hint="set `mode: enforce` first"
        )
    principal = credential.principal
    said = journal.accounts()
    if effective_mode(mode, said, principal.provider, principal.account) is Mode.PLAN:
        why = "its account is not confirmed, so it is in plan mode"
        hint = f"rotator accounts confirm {principal.account}"
        raise RejectedError(why, subject=name, hint=hint)
    rotation = next((row for row in journal.rotations(credential.id) if row.is_open), None)
    if rotation is not None:
        raise RejectedError(
            f"a rotation is under way already, {rotation.phase.value}",
            subject=name,
            hint=f"rotator rotations show {rotation.id}",
        )


def succession(journal: Journal, kept: Managed | None, mode: Mode) -> tuple[Credential | None, str]:
    """Say who needs a successor when a key is ended by hand: nobody else would order one.

    Args:
        journal: Where rotations are.
        kept: The key as the journal knows it; None if it does not.
        mode: The configured mode.

    Returns:
        Whose urgent rotation to order, if one is to be; and a sentence about it.
    """
    if kept is None or kept.role is not Role.CURRENT:
        return None, ""
    try:
        check_order(journal, kept.credential, mode)
    except RejectedError as error:
        return None, f"none is ordered, so publish a key by hand: {error}"
    return kept.credential, "ordered before; the daemon, or `rotator once`, publishes it"


def ask_for_taint(
    invocation: Invocation, credential: Credential, how: Ordering, *, as_json: bool
) -> None:
    """Say what it means to call a key compromised, and go on only with consent."""
    name, account = credential.principal.name, credential.principal.account
    evidence = "the audit log is not waited for; every record is flagged `late` until it is kept"
    details = [
        ("key", credential.current_key_id or "not known yet"),
        ("then", "a successor is made, proved and published; right after that the key is ended"),
        ("outage", "a program that has not read its secret again by then fails until it does"),
        ("glass", evidence if how.trigger is Trigger.BREAK_GLASS else ""),
    ]
    headline = f"replace and end, without a grace, the key of {name} in account {account}"
    ask(invocation, headline, details, yes=how.yes, as_json=as_json)


def order_for_keyset(
    invocation: Invocation,
    wanted: Wanted,
    word: str,
    trigger: Trigger,
    *,
    reason: str,
    yes: bool,
) -> None:
    """Order the rotation of every client that is granted a keyset, and name the others.

    Ends the command with exit code 3 if a client that is granted it was not ordered.
    """
    place, as_json = wanted.place(invocation), wanted.as_json
    with invocation.app(read_only=True) as app:
        need_journal(app)
        keyset, rows = _look(invocation, app, wanted, word)
        if not as_json:
            _show(invocation, keyset, rows)
        ordered = [row for row in rows if row.may_be_ordered]
        if ordered:
            headline = f"{_SENTENCES[trigger]} {keyset.name} of workspace {title(place)}"
            details = _details(place, keyset, trigger, len(ordered))
            ask(invocation, headline, details, yes=yes, as_json=as_json)
        for row in ordered:
            assert row.credential is not None, "only a credential is ordered"  # noqa: S101
            app.order(row.credential, trigger, operator=invocation.operator, reason=reason)
    if as_json:
        print_json([_record(keyset, row) for row in rows])
    else:
        _tell(len(ordered), len(rows) - len(ordered))
    if len(ordered) < len(rows):
        click.get_current_context().exit(WAITING)


def _look(
    invocation: Invocation, app: App, wanted: Wanted, word: str
) -> tuple[Keyset, list[Concerned]]:
    from rotator.providers.cipherstash.config import CLIENT_KEYS

    place, mode = wanted.place(invocation), invocation.settings().mode
    workspace = app.workspace(place.id)
    keyset = find_keyset(workspace.keysets(), word)
    known = managed(app.journal, CLIENT_KEYS, place.id)
    return keyset, [
        _concerned(app.journal, client, known.get(client.client_id), mode)
        for client in workspace.clients()
        if _may_reach(client, keyset)
    ]


def _may_reach(client: Client, keyset: Keyset) -> bool:
    """Whether a client is granted a keyset; one whose grants cannot be read may be."""
    return client.grants is None or keyset.id in client.grants


def _concerned(journal: Journal, client: Client, kept: Managed | None, mode: Mode) -> Concerned:
    if kept is None or kept.role is Role.FOREIGN:
        whose = "a developer's device" if client.is_device else "not managed by rotator"
        return Concerned(client=client, credential=None, refusal=f"{whose}: it keeps its key")
    credential = kept.credential
    if client.grants is None:
        why = "its grants cannot be read, so nobody knows whether it is granted the keyset"
        return Concerned(client=client, credential=credential, refusal=why)
    try:
        check_order(journal, credential, mode)
    except RejectedError as error:
        return Concerned(client=client, credential=credential, refusal=str(error))
    if kept.role is not Role.CURRENT:
        why = f"it is no longer the current key but {kept.role.value}"
        return Concerned(client=client, credential=credential, refusal=why)
    return Concerned(client=client, credential=credential, lifting=_lifting(journal, credential))


def _lifting(journal: Journal, credential: Credential) -> str:
    account = credential.principal.account
    pauses = (it for it in journal.pauses() if it.covers(account, credential.id))
    return next((f"rotator resume {scope_options(it, credential)}" for it in pauses), "")


def _details(
    place: Workspace, keyset: Keyset, trigger: Trigger, number: int
) -> list[tuple[str, str]]:
    told = [("orders", str(number)), ("then", _AFTER[trigger])]
    if not trigger.is_taint:
        return told
    which = f"{quote(keyset.id)} --workspace {place.id}"
    later = "a program that has not read its secret again by then fails until it does"
    return [
        *told,
        ("outage", f"{later}; with a grace: rotator keys rotate --keyset {which}"),
        ("sooner", f"shut everybody out now: rotator cipherstash keyset disable {which}"),
    ]


def _show(invocation: Invocation, keyset: Keyset, rows: Sequence[Concerned]) -> None:
    if not rows:
        click.echo(clean(f"no client is granted keyset {keyset.name}"))
        return
    print_table(invocation, _TITLES, [_cells(row) for row in rows])


def _cells(row: Concerned) -> tuple[str, ...]:
    name = row.credential.principal.name if row.credential else "-"
    what = f"rotate, once it is not paused: {row.lifting}" if row.lifting else "rotate"
    return (row.client.name, row.client.client_id, name, row.refusal or what)


def _tell(ordered: int, others: int) -> None:
    if ordered:
        click.echo(f"ordered: {ordered}; watch: rotator rotations list")
    if others:
        click.echo(f"not ordered: {others}; see the last column above")


def _record(keyset: Keyset, row: Concerned) -> dict[str, object]:
    return {
        "keyset": keyset.name,
        "keysetId": keyset.id,
        "client": row.client.name,
        "clientId": row.client.client_id,
        "isDevice": row.client.is_device,
        "credential": row.credential.principal.name if row.credential else None,
        "ordered": row.may_be_ordered,
        "refusal": row.refusal or None,
        "isPaused": bool(row.lifting),
    }
