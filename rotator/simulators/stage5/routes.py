"""What the simulated Stage5 does: every operation, its path, and the scope that it needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote

from rotator.simulators.stage5 import access_keys, public_api
from rotator.simulators.stage5.refusals import RefusalError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rotator.simulators.stage5.scopes import Scope
    from rotator.simulators.stage5.visits import Done, Visit

_WORKSPACE = "/v1/workspaces/{workspace}"
_KEYS = f"{_WORKSPACE}/access-keys"
_KEY = f"{_KEYS}/{{key}}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One thing that can be asked for.

    Attributes:
        path: Names in braces stand for one segment each.
        scope: What the caller needs; None when whoever is let in may.
    """

    name: str
    method: str
    path: str
    perform: Callable[[Visit], Done]
    scope: Scope | None = None

    def arguments(self, segments: list[str]) -> dict[str, str] | None:
        """Return what a path says, by name; None if it is another path."""
        parts = self.path.split("/")
        if len(parts) != len(segments):
            return None
        pairs = [*zip(parts, segments, strict=True)]
        if any(part != segment for part, segment in pairs if not part.startswith("{")):
            return None
        return {part.strip("{}"): unquote(seg) for part, seg in pairs if part.startswith("{")}


def _key_operations() -> tuple[Operation, ...]:
    return (
        Operation(
            name="list-access-keys",
            method="GET",
            path=_KEYS,
            perform=access_keys.list_access_keys,
            scope="access_keys:read",
        ),
        Operation(
            name="create-access-key",
            method="POST",
            path=_KEYS,
            perform=access_keys.create_access_key,
            scope="access_keys:write",
        ),
        Operation(
            name="get-access-key",
            method="GET",
            path=_KEY,
            perform=access_keys.get_access_key,
            scope="access_keys:read",
        ),
        Operation(
            name="get-usage",
            method="GET",
            path=f"{_KEY}/usage",
            perform=access_keys.get_usage,
            scope="access_keys:read",
        ),
    )


def _history_operations() -> tuple[Operation, ...]:
    return (
        Operation(
            name="rotate-access-key",
            method="POST",
            path=f"{_KEY}/rotate",
            perform=access_keys.rotate_access_key,
            scope="access_keys:write",
        ),
        Operation(
            name="revoke-access-key",
            method="DELETE",
            path=_KEY,
            perform=access_keys.revoke_access_key,
            scope="access_keys:write",
        ),
        Operation(
            name="list-rotations",
            method="GET",
            path=f"{_WORKSPACE}/rotations",
            perform=access_keys.list_rotations,
            scope="access_keys:read",
        ),
        Operation(
            name="list-revocations",
            method="GET",
            path=f"{_WORKSPACE}/revocations",
            perform=access_keys.list_revocations,
            scope="access_keys:read",
        ),
    )


def _other_operations() -> tuple[Operation, ...]:
    return (
        Operation(name="get-me", method="GET", path="/v1/me", perform=public_api.get_me),
        Operation(
            name="get-workspace",
            method="GET",
            path=_WORKSPACE,
            perform=public_api.get_workspace,
        ),
        Operation(
            name="list-projects",
            method="GET",
            path=f"{_WORKSPACE}/projects",
            perform=public_api.list_projects,
            scope="projects:read",
        ),
        Operation(
            name="send-message",
            method="POST",
            path=f"{_WORKSPACE}/projects/{{project}}/messages",
            perform=public_api.send_message,
            scope="messages:write",
        ),
        Operation(
            name="list-people",
            method="GET",
            path=f"{_WORKSPACE}/people",
            perform=public_api.list_people,
            scope="people:read",
        ),
        Operation(
            name="change-person",
            method="PATCH",
            path=f"{_WORKSPACE}/people/{{person}}",
            perform=public_api.change_person,
        ),
    )


OPERATIONS = (*_key_operations(), *_history_operations(), *_other_operations())


def find_operation(method: str, path: str) -> tuple[Operation, Mapping[str, str]] | RefusalError:
    """Return what is asked for and what the path says, or why nobody serves it."""
    segments, is_known = path.split("/"), False
    for operation in OPERATIONS:
        arguments = operation.arguments(segments)
        if arguments is None:
            continue
        is_known = True
        if operation.method == method:
            return operation, arguments
    if is_known:
        return RefusalError(405, "not_allowed", "The path does not know this method.")
    return RefusalError(404, "no_such_path", "There is no such path.")
