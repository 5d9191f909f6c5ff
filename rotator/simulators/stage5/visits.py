"""A call that was let in, and what comes of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rotator.simulators.stage5.refusals import access_denied, missing_scope, not_found
from rotator.simulators.stage5.scopes import MANAGERS, MANAGING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from rotator.simulators.stage5.body import Body
    from rotator.simulators.stage5.scopes import Scope
    from rotator.simulators.stage5.workspaces import AccessKey, Person, Workspace
    from rotator.simulators.stage5.world import World


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who is let in, and to which workspace: a key or a person."""

    workspace: Workspace
    key: AccessKey | None = None
    person: Person | None = None

    @property
    def id(self) -> str:
        """Name the caller in histories."""
        return self.key.id if self.key else self.person.id if self.person else ""

    def must(self, scope: Scope) -> None:
        """Insist on a scope; a person has those of the role.

        Raises:
            RefusalError: The caller lacks it.
        """
        if self.key is not None:
            if scope not in self.key.scopes:
                raise access_denied() if scope in MANAGING else missing_scope(scope)
        elif self.person is not None and scope in MANAGING and self.person.role not in MANAGERS:
            raise access_denied()


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """A call that was let in.

    Attributes:
        arguments: What the path says, by the names in `routes`.
        query: The last value of each parameter.
    """

    world: World
    arguments: Mapping[str, str]
    query: Mapping[str, str]
    body: Body
    caller: Caller

    @property
    def workspace(self) -> Workspace:
        """Return the caller's workspace; there is no way to another."""
        return self.caller.workspace

    @property
    def now(self) -> datetime:
        """Return the present instant."""
        return self.world.now()

    def key(self) -> AccessKey:
        """Return the access key that the path names, revoked or not.

        Raises:
            RefusalError: There is none.
        """
        found = self.workspace.keys.get(self.arguments["key"])
        if found is None:
            raise not_found("access key")
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What an operation has done.

    Attributes:
        value: What goes back as JSON; None for nothing at all.
        subject: The id of what was made, changed or ended.
    """

    value: object
    status: int = 200
    subject: str = ""
