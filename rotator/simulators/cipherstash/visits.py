"""A call that was let in, and what comes of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rotator.simulators.cipherstash.refusals import malformed, not_found, not_permitted
from rotator.simulators.cipherstash.roles import SCOPES

if TYPE_CHECKING:
    from rotator.simulators.cipherstash.addresses import Address
    from rotator.simulators.cipherstash.fields import Fields
    from rotator.simulators.cipherstash.workspaces import AccessKey, Client, Keyset, Workspace
    from rotator.simulators.cipherstash.world import World


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who is let in, and to which workspace; without a key it is the person."""

    workspace: Workspace
    key: AccessKey | None = None

    @property
    def role(self) -> str:
        """Return the role; a person has every right."""
        return self.key.role if self.key else "admin"

    def must(self, scope: str) -> None:
        """Insist on a scope.

        Raises:
            RefusalError: The role does not have it.
        """
        if scope not in SCOPES[self.role]:
            raise not_permitted()


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """A call that was let in.

    Attributes:
        argument: What follows the operation's path; empty when nothing does.
    """

    world: World
    address: Address
    fields: Fields
    argument: str
    caller: Caller

    @property
    def workspace(self) -> Workspace:
        """Return the caller's workspace; there is no way to another."""
        return self.caller.workspace

    def must_mean(self, workspace_id: str) -> None:
        """Insist that a workspace that is named is the caller's.

        Raises:
            RefusalError: It is another, which may or may not exist.
        """
        if workspace_id != self.workspace.id:
            raise not_permitted()

    def client(self) -> Client:
        """Return the client that is meant.

        Raises:
            RefusalError: It is unknown, deleted, or not known yet.
        """
        client_id = self.fields.text("client_id")
        found = self.workspace.clients.get(client_id.lower())
        if found is None or not found.life.is_accepted(self.world.now(), self.world.settings):
            raise not_found(client_id)
        return found

    def keyset(self) -> Keyset:
        """Return the keyset that is meant, by id or by name.

        Raises:
            RefusalError: None is named, or there is none of this id or name.
        """
        identity = self.fields.identity("keyset_id")
        if not identity:
            raise malformed("missing field `keyset_id`")
        found = self.workspace.keyset(identity)
        if found is None:
            raise not_found(identity)
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What an operation has done.

    Attributes:
        value: What goes back: a text as it is, anything else as JSON.
        subject: The id of what was made, changed or ended.
    """

    value: object
    subject: str = ""
