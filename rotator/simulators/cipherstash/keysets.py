"""ZeroKMS: keysets, and who is granted which."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rotator.simulators.cipherstash.refusals import RefusalError, malformed, not_found
from rotator.simulators.cipherstash.visits import Done
from rotator.simulators.cipherstash.workspaces import DEFAULT_KEYSET, Keyset

if TYPE_CHECKING:
    from rotator.simulators.cipherstash.visits import Visit
    from rotator.simulators.cipherstash.world import World

_NAME = re.compile(r"[A-Za-z0-9_/-]{1,64}")
_DESCRIPTION_LONGEST = 256


def create_keyset(visit: Visit) -> Done:
    """Make a keyset that nobody is granted yet."""
    name, description = visit.fields.text("name"), visit.fields.text("description")
    _refuse_name(visit, name)
    _refuse_description(description)
    keyset = new_keyset(visit.world, name=name, description=description)
    visit.workspace.keysets[keyset.id] = keyset
    return Done(value=told_of(keyset), subject=keyset.id)


def list_keysets(visit: Visit) -> Done:
    """Tell the keysets; those that are disabled only when asked."""
    at, shows_all = visit.world.listed_at(), visit.fields.flag("show_disabled")
    keysets = (k for k in visit.workspace.keysets.values() if k.created_at <= at)
    return Done(value=[told_of(k) for k in keysets if shows_all or not k.is_disabled])


def grant_keyset(visit: Visit) -> Done:
    """Let a client in to a keyset, also to a disabled one; again is harmless."""
    client, keyset = visit.client(), visit.keyset()
    client.grant(keyset.id, visit.world.now())
    return Done(value={}, subject=keyset.id)


def revoke_keyset(visit: Visit) -> Done:
    """Take a grant back; the client stays bound to the keyset if it was."""
    client, keyset = visit.client(), visit.keyset()
    if not client.revoke(keyset.id, visit.world.now()):
        raise not_found(keyset.id)
    return Done(value={}, subject=keyset.id)


def enable_keyset(visit: Visit) -> Done:
    """Let the clients of a keyset use it again."""
    return _switch(visit, is_disabled=False)


def disable_keyset(visit: Visit) -> Done:
    """Refuse a keyset to all its clients, until it is enabled."""
    return _switch(visit, is_disabled=True)


def modify_keyset(visit: Visit) -> Done:
    """Change a keyset's name, its description, or both."""
    keyset = visit.keyset()
    name, description = visit.fields.told("name"), visit.fields.told("description")
    if name and name != keyset.name:
        _refuse_name(visit, name)
        keyset.name = name
    if description:
        _refuse_description(description)
        keyset.description = description
    return Done(value={}, subject=keyset.id)


def new_keyset(
    world: World, *, name: str, description: str, keyset_id: str | None = None
) -> Keyset:
    """Make a keyset that no workspace knows yet."""
    return Keyset(
        id=keyset_id or world.dice.uuid(),
        name=name,
        description=description,
        created_at=world.now(),
        root=world.dice.draw(32),
    )


def told_of(keyset: Keyset) -> dict[str, object]:
    """Tell what anybody in the workspace may know of a keyset."""
    return {
        "id": keyset.id,
        "name": keyset.name,
        "description": keyset.description,
        "is_disabled": keyset.is_disabled,
        "is_default": keyset.is_default,
    }


def _switch(visit: Visit, *, is_disabled: bool) -> Done:
    keyset = visit.keyset()
    keyset.is_disabled = is_disabled
    return Done(value={}, subject=keyset.id)


def _refuse_name(visit: Visit, name: str) -> None:
    if not _NAME.fullmatch(name) or name == DEFAULT_KEYSET:
        raise malformed(f"invalid keyset name `{name}`")
    if any(keyset.name == name for keyset in visit.workspace.keysets.values()):
        raise RefusalError(409, f"A keyset named {name} already exists")


def _refuse_description(description: str) -> None:
    if not 1 <= len(description) <= _DESCRIPTION_LONGEST:
        raise malformed(f"a description has 1 to {_DESCRIPTION_LONGEST} characters")
