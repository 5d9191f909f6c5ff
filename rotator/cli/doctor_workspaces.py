"""`rotator doctor` about workspaces: are we let in, may our keys do their work, is all apart."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Final, TypeVar

from rotator.cli.doctor_lines import Line, off
from rotator.core.environments import Breach, findings
from rotator.core.facts import Principal
from rotator.core.lineages import lineage
from rotator.core.permissions import State
from rotator.core.policy import decide
from rotator.core.rotation import Action
from rotator.errors import FatalError, RotatorError
from rotator.providers.cipherstash.config import ACCESS_KEYS, CLIENT_KEYS, SETTINGS, ApiKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from rotator.cli.invocation import App
    from rotator.core.environments import Finding
    from rotator.core.workspace import AccessKey, Client, Keyset
    from rotator.ports.workspace import Workspace
    from rotator.settings.cipherstash import Workspace as Place
    from rotator.settings.settings import Settings

T = TypeVar("T")

_SHOWN: Final = 5
_NO_ADMIN: Final = "no key of the workspace is seen or rotated"
_NO_KEYSETS: Final = "no client key is seen or rotated, and commands about keysets are refused"

_REMEDIES: Final = {
    Breach.CLIENT_CROSSES: "one key reads the data of both; take one keyset from it with "
    "`rotator cipherstash keyset revoke`",
    Breach.KEYSET_SHARED: f"nothing keeps them apart; give each its own in {SETTINGS}.environments",
    Breach.KEYSET_MISSING: f"correct {SETTINGS}.environments, or make it with "
    "`rotator cipherstash keyset create`",
    Breach.KEYSET_AMBIGUOUS: f"write the id in {SETTINGS}.environments",
    Breach.KEYSET_DISABLED: "`rotator cipherstash keyset enable` lets it be read again",
}


def workspace_lines(app: App, settings: Settings) -> Iterator[Line]:
    """Check every configured workspace; the trouble of one hides no other's."""
    for place in settings.workspaces:
        try:
            workspace = app.workspace(place.id)
        except FatalError:
            raise
        except RotatorError as error:
            yield off("access", error.diagnostics(), _NO_ADMIN, account=place.id)
            continue
        yield from _access_keys(place, workspace, settings)
        if CLIENT_KEYS in place.providers:
            yield from _keysets(place, workspace)


def _access_keys(place: Place, workspace: Workspace, settings: Settings) -> Iterator[Line]:
    """Enter with the admin key, and see whose role is told."""
    keys, line = _tried("admin key", place, workspace.access_keys, _NO_ADMIN)
    yield line
    if place.section.api.kind is ApiKind.LEGACY:
        return
    untold = [key.name for key in keys if _has_no_role(key, place, settings)]
    if untold:
        meaning = f"they are not rotated; write it under {SETTINGS}.accessKeyRoles"
        yield off("roles", f"nobody tells the role of {_some(untold)}", meaning, account=place.id)


def _has_no_role(key: AccessKey, place: Place, settings: Settings) -> bool:
    """Whether a key is to be rotated whose successor nobody could give a role."""
    base = lineage(key.name).base
    if key.role or any(fnmatchcase(base, glob) for glob in place.section.access_key_roles):
        return False
    principal = Principal(provider=ACCESS_KEYS, account=place.id, name=base, uid=base)
    return decide(settings.policy, principal).action is Action.ROTATE


def _keysets(place: Place, workspace: Workspace) -> Iterator[Line]:
    """Enter with the key for keysets, and see whether everybody's grants are told and apart."""
    name = "control key" if place.section.control_key else "keysets"
    keysets, line = _tried(name, place, workspace.keysets, _NO_KEYSETS)
    yield line
    if line.state is not State.OK:
        return
    clients, line = _tried("clients", place, workspace.clients, _NO_KEYSETS)
    yield line
    if line.state is State.OK:
        yield from _grants(place, clients)
        yield from _environments(place, clients, keysets)


def _grants(place: Place, clients: Sequence[Client]) -> Iterator[Line]:
    unread = [client.name for client in clients if client.grants is None]
    if unread:
        meaning = (
            "they are not rotated, and nobody knows whose data they read; name the field that "
            f"tells in {SETTINGS}.api.clientKeysetsField"
        )
        missing = f"the service does not tell every keyset of {_some(unread)}"
        yield off("grants", missing, meaning, account=place.id)


def _environments(
    place: Place, clients: Sequence[Client], keysets: Sequence[Keyset]
) -> Iterator[Line]:
    """Say what lets data of one environment be read in another."""
    named = place.section.environments
    found = findings(named, clients, keysets)
    if named and not found:
        yield Line(what="environments", state=State.OK, account=place.id)
    # Of clients whose grants are not told it was said already.
    told = [item for item in found if item.breach in _REMEDIES]
    yield from (_finding(place, item) for item in told)


def _finding(place: Place, found: Finding) -> Line:
    return off("environments", found.text, _REMEDIES[found.breach], account=place.id)


def _tried(
    what: str, place: Place, read: Callable[[], Sequence[T]], meaning: str
) -> tuple[Sequence[T], Line]:
    """Make a reading call, and say what came of it."""
    try:
        return read(), Line(what=what, state=State.OK, account=place.id)
    except FatalError:
        raise
    except RotatorError as error:
        return (), off(what, error.diagnostics(), meaning, account=place.id)


def _some(names: Sequence[str]) -> str:
    """Name the first few of many."""
    shown = sorted(names)[:_SHOWN]
    more = len(names) - len(shown)
    return f"{', '.join(shown)} and {more} more" if more else ", ".join(shown)
