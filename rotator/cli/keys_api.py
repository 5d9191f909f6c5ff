"""`rotator keys` with an account of an HTTP API: its keys as the vendor tells them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from rotator.cli.api_place import choose_account, find_api_key, listing, title
from rotator.cli.managed import managed, part_of
from rotator.cli.printing import NOTHING, print_fields, print_json, print_table, when
from rotator.core.api_keys import KeyStatus

if TYPE_CHECKING:
    from rotator.cli.invocation import Invocation
    from rotator.cli.managed import Managed
    from rotator.core.api_keys import ApiKey, KeyUsage
    from rotator.core.ids import KeyId
    from rotator.settings.http import HttpPlace

_TITLES = (
    "Name",
    "Key ID",
    "Status",
    "Created At",
    "Last Used At",
    "Expires At",
    "Managed",
    "Scopes",
)
_UNTOLD = "not told"


def list_api_keys(invocation: Invocation, account: str, *, as_json: bool) -> None:
    """List the keys of an account, as its API tells them now."""
    place = choose_account(invocation.settings(), account)
    with invocation.app(read_only=True) as app:
        keys = app.api_keys(place.id).api_keys()
        known = managed(app.journal, place.spec.name, place.id)
    if as_json:
        print_json([key_record(place, key, known.get(key.key_id)) for key in keys])
    elif keys:
        print_table(invocation, _TITLES, [_cells(key, known.get(key.key_id)) for key in keys])
    else:
        click.echo(f"account {title(place)} has no keys")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Portrait:
    """One key, and all that can be said of it.

    Attributes:
        kept: The key as the journal knows it; None if it does not.
        usage: None where the vendor does not tell.
        is_own: Whether we are admitted by it.
    """

    place: HttpPlace
    key: ApiKey
    kept: Managed | None
    usage: KeyUsage | None
    is_own: bool


def show_api_key(invocation: Invocation, account: str, word: str, *, as_json: bool) -> None:
    """Show what an API tells of one key, and how much it is used."""
    place = choose_account(invocation.settings(), account)
    with invocation.app(read_only=True) as app:
        keys = app.api_keys(place.id)
        key = find_api_key(keys.api_keys(), word, shown_by=listing(place))
        portrait = _Portrait(
            place=place,
            key=key,
            kept=managed(app.journal, place.spec.name, place.id).get(key.key_id),
            usage=keys.usage(key.key_id),
            is_own=keys.own_key() == key.key_id,
        )
    if as_json:
        print_json(_portrait_record(portrait))
    else:
        print_fields(invocation, _fields(portrait))


def status(key: ApiKey) -> str:
    """Say a key's status; one that nobody translated with the vendor's own word."""
    if key.status is KeyStatus.UNKNOWN and key.raw_status:
        return f"{key.status.value} ({key.raw_status})"
    return key.status.value


def last_use(key: ApiKey) -> str:
    """Say when a key was last used; "never" is another answer than none."""
    if not key.is_use_told:
        return _UNTOLD
    return when(key.last_used_at) if key.last_used_at else "never"


def key_record(place: HttpPlace, key: ApiKey, kept: Managed | None) -> dict[str, object]:
    """Say for machines what is told of a key."""
    return {
        "name": key.name or None,
        "keyId": key.key_id,
        "account": place.id,
        "provider": place.spec.name,
        "description": key.description or None,
        "status": key.status.value,
        "rawStatus": key.raw_status or None,
        "createdAt": key.created_at,
        "isUseTold": key.is_use_told,
        "lastUsedAt": key.last_used_at,
        "expiresAt": key.expires_at,
        "scopes": None if key.scopes is None else list(key.scopes),
        "credential": kept.credential.principal.name if kept else None,
        "part": kept.role.value if kept else None,
    }


def key_cells(key: ApiKey) -> tuple[str, ...]:
    """Say in a table's first six columns what is told of a key."""
    return (
        key.name or NOTHING,
        key.key_id,
        status(key),
        when(key.created_at),
        last_use(key),
        when(key.expires_at),
    )


def _cells(key: ApiKey, kept: Managed | None) -> tuple[str, ...]:
    return (
        *key_cells(key),
        f"{kept.role.value} of {kept.credential.principal.name}" if kept else "no",
        _scopes(key),
    )


def _scopes(key: ApiKey) -> str:
    return " ".join(key.scopes) if key.scopes else NOTHING


def _fields(shown: _Portrait) -> list[tuple[str, str]]:
    key, kept = shown.key, shown.kept
    return [
        ("key", f"{key.key_id} {key.name}".strip()),
        ("account", f"{title(shown.place)}, {shown.place.spec.title}"),
        ("description", key.description),
        ("status", status(key)),
        ("created", when(key.created_at) if key.created_at else _UNTOLD),
        ("expires", when(key.expires_at) if key.expires_at else "no end is told"),
        ("scopes", _UNTOLD if key.scopes is None else _scopes(key)),
        ("last used", last_use(key)),
        *_usage_fields(shown.usage),
        ("managed", part_of(kept) if kept else "no: rotator does not know this key"),
        ("own", _own(key.key_id) if shown.is_own else ""),
        ("history", f"rotator keys history --account {shown.place.id}"),
    ]


def _own(key: KeyId) -> str:
    return f"rotator is admitted by {key} itself, and never ends it"


def _usage_fields(usage: KeyUsage | None) -> list[tuple[str, str]]:
    if usage is None:
        return [("uses", _UNTOLD)]
    return [
        ("uses", _UNTOLD if usage.count is None else str(usage.count)),
        ("from", usage.last_address),
        ("by", usage.last_user_agent),
    ]


def _portrait_record(shown: _Portrait) -> dict[str, object]:
    usage = shown.usage
    told = usage and {
        "count": usage.count,
        "lastAddress": usage.last_address or None,
        "lastUserAgent": usage.last_user_agent or None,
    }
    record = key_record(shown.place, shown.key, shown.kept)
    return record | {"usage": told, "isOwn": shown.is_own}
