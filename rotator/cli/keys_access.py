"""`rotator keys` with a workspace: CipherStash access keys made, listed and revoked by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from rotator.cli.acting import Hand
from rotator.cli.cipherstash_finding import find_access_key
from rotator.cli.cipherstash_place import check_may_change, title
from rotator.cli.consent import ask
from rotator.cli.handover import check_shown, hand_over, say
from rotator.cli.keys_orders import succession
from rotator.cli.managed import check_free, check_name, check_outage, managed, part_of
from rotator.cli.printing import NOTHING, print_json, print_lines, print_table, when
from rotator.core.events import AuditAction
from rotator.core.forms import usual_fields
from rotator.core.workspace import AccessRole
from rotator.providers.cipherstash.config import ACCESS_KEYS, ApiKind

if TYPE_CHECKING:
    from rotator.cli.cipherstash_place import Wanted
    from rotator.cli.invocation import Invocation
    from rotator.cli.keys_options import Ending
    from rotator.cli.managed import Managed
    from rotator.core.ids import Instant
    from rotator.core.workspace import AccessKey
    from rotator.settings.cipherstash import Workspace

_TITLES = ("Name", "Key ID", "Workspace", "Created At", "Last Used At")
_LEGACY_VARIABLE = "CS_IDP_CLIENT_SECRET"
_TOKENS = "a program that has a token already goes on until it ends, for 15 minutes at most"


def list_access_keys(invocation: Invocation, wanted: Wanted) -> None:
    """List the access keys of a workspace, as the service knows them now."""
    place = wanted.place(invocation)
    with invocation.app(read_only=True) as app:
        keys = app.workspace(place.id).access_keys()
        known = managed(app.journal, ACCESS_KEYS, place.id)
    if wanted.as_json:
        print_json([_record(place, key, known.get(key.key_id)) for key in keys])
    elif keys:
        print_table(invocation, _TITLES, [_cells(place, key) for key in keys])
    else:
        click.echo(f"workspace {title(place)} has no access keys")


def create_access_key(
    invocation: Invocation, wanted: Wanted, name: str, role: AccessRole, *, reason: str
) -> None:
    """Make an access key and show it, the only time that anybody can."""
    check_name(name)
    place = wanted.place(invocation)
    variable, known_role = _variable(place), _known_role(place, role)
    with invocation.app(read_only=True) as app:
        check_may_change(app, invocation.settings())
        hand = Hand(app=app, account=place.id, operator=invocation.operator, reason=reason)
        workspace = app.workspace(place.id)
        check_free(name, ((it.name, it.key_id) for it in workspace.access_keys()))
        say(invocation, f"Generating access key {name} for workspace {title(place)}...")
        words = {"name": name} | known_role
        with hand.does(AuditAction.OPERATOR_CREATE_KEY, look=_lost(place, name), **words) as told:
            made = workspace.create_access_key(name, role)
            told["key_id"] = made.key_id
            hand.recognise(told, made.secret)
            with_role = "".join(f" (role {it})" for it in known_role.values())
            whose = f"The key {name}{with_role} for workspace {place.id} is:"
            say(invocation, "Access key created!", "", whose, "")
            record = {"keyId": made.key_id, "workspace": place.id} | words
            hand_over(
                {variable: made.secret},
                record=record if wanted.as_json else None,
                told=told,
            )
    check_shown(told, undo=_revoking(place, name))
    again = f"If it is lost, make another one and run: {_revoking(place, name)}"
    say(invocation, "", "It is never shown again: copy it to where it is read, now.", again)


def revoke_access_key(invocation: Invocation, wanted: Wanted, name: str, how: Ending) -> None:
    """End an access key by its name, after what follows was said and agreed to."""
    place, as_json, reason = wanted.place(invocation), wanted.as_json, how.reason
    with invocation.app(read_only=True) as app:
        check_may_change(app, invocation.settings())
        workspace = app.workspace(place.id)
        key = find_access_key(workspace.access_keys(), name, listing=_listing(place))
        kept = managed(app.journal, ACCESS_KEYS, place.id).get(key.key_id)
        check_outage(kept, name, is_ordered=how.now and bool(reason))
        heir, successor = succession(app.journal, kept, invocation.settings().mode)
        headline = f"revoke access key {name} of workspace {title(place)}, for good"
        details = [*_consequences(key, kept), ("successor", successor)]
        ask(invocation, headline, details, yes=how.yes, as_json=as_json)
        if heir is not None:
            app.order(heir, how.urgent, operator=invocation.operator, reason=reason)
        hand = Hand(app=app, account=place.id, operator=invocation.operator, reason=reason)
        look = f"see whether it is still listed: {_listing(place)}"
        words = {"name": name, "key_id": key.key_id}
        with hand.does(AuditAction.OPERATOR_REVOKE_KEY, look=look, **words):
            workspace.revoke_access_key(name)
    if as_json:
        print_json(_record(place, key, kept) | {"revoked": True})
        return
    print_lines(f"Access key {name} for workspace {place.id} revoked.")


def _variable(place: Workspace) -> str:
    if place.section.api.kind is ApiKind.LEGACY:
        return _LEGACY_VARIABLE
    return usual_fields(ACCESS_KEYS).secret


def _known_role(place: Workspace, role: AccessRole) -> dict[str, str]:
    """Return the role that a new key gets, where keys have one.

    Raises:
        click.UsageError: They have none there, and one was asked for.
    """
    if place.section.api.kind is not ApiKind.LEGACY:
        return {"role": role.value}
    if role is not AccessRole.MEMBER:
        raise click.UsageError(f"keys of workspace {title(place)} have no roles; leave --role out")
    return {}


def _lost(place: Workspace, name: str) -> str:
    return (
        f"look with `{_listing(place)}`; if {name} is listed, nobody has its secret: run "
        f"`{_revoking(place, name)}` and create it again"
    )


def _listing(place: Workspace) -> str:
    return f"rotator keys list --workspace {place.id}"


def _revoking(place: Workspace, name: str) -> str:
    from shlex import quote

    return f"rotator keys revoke --workspace {place.id} --name {quote(name)}"


def _consequences(key: AccessKey, kept: Managed | None) -> list[tuple[str, str]]:
    return [
        ("key", f"{key.key_id}, created {when(key.created_at)}{_role(key)}"),
        ("last used", when(key.last_used_at) if key.last_used_at else "never"),
        ("managed", part_of(kept) if kept else "no: rotator does not know this key"),
        ("then", f"whoever has it is refused from the next token on; {_TOKENS}"),
        ("outage", _refused(kept) if kept and kept.is_kept else ""),
    ]


def _role(key: AccessKey) -> str:
    return f", role {key.role.value}" if key.role else ""


def _refused(kept: Managed) -> str:
    place = kept.credential.destination
    where = f" from {place.name}" if place else ""
    return f"everybody who reads it{where} fails until a new key is published"


def _stamp(moment: Instant | None) -> str:
    """Write an instant to the millisecond, in UTC."""
    if moment is None:
        return NOTHING
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _cells(place: Workspace, key: AccessKey) -> tuple[str, ...]:
    return (key.name, key.key_id, place.id, _stamp(key.created_at), _stamp(key.last_used_at))


def _record(place: Workspace, key: AccessKey, kept: Managed | None) -> dict[str, object]:
    return {
        "name": key.name,
        "keyId": key.key_id,
        "workspace": place.id,
        "createdAt": _stamp(key.created_at),
        "lastUsedAt": _stamp(key.last_used_at) if key.last_used_at else None,
        "role": key.role.value if key.role else None,
        "credential": kept.credential.principal.name if kept else None,
        "part": kept.role.value if kept else None,
    }
