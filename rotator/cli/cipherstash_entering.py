"""A workspace as a command finds it: its keysets, its clients, whose keys they are."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rotator.cli.acting import Hand
from rotator.cli.cipherstash_place import check_may_change, title
from rotator.cli.managed import managed
from rotator.core.environments import findings, keysets_called

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rotator.cli.cipherstash_place import Wanted
    from rotator.cli.invocation import App, Invocation
    from rotator.cli.managed import Managed
    from rotator.core.environments import Finding
    from rotator.core.ids import KeyId
    from rotator.core.workspace import Client, Keyset
    from rotator.ports.workspace import Workspace
    from rotator.settings.cipherstash import Workspace as Place


@dataclass(slots=True, kw_only=True)
class Entered:
    """A workspace that a command has entered.

    Attributes:
        place: What the configuration says of it.
        workspace: The way in.
        keysets: All of them, as of the entering.
        clients: All of them, as of the entering.
        known: The client keys that the journal knows.
    """

    app: App
    place: Place
    workspace: Workspace
    keysets: Sequence[Keyset] = ()
    clients: Sequence[Client] = ()
    known: dict[KeyId, Managed] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """Name the workspace."""
        return title(self.place)

    def hand(self, invocation: Invocation, reason: str) -> Hand:
        """Give the operator a hand in it."""
        account, operator = self.place.id, invocation.operator
        return Hand(app=self.app, account=account, operator=operator, reason=reason)

    def granted(self, keyset: Keyset) -> list[Client]:
        """Return the clients that are known to be granted a keyset."""
        return [it for it in self.clients if keyset.id in (it.grants or ())]

    def unread(self) -> list[Client]:
        """Return the clients whose grants cannot be read."""
        return [it for it in self.clients if it.grants is None]

    def environments_of(self, keyset: Keyset) -> list[str]:
        """Name the environments that have this keyset."""
        named = self.place.section.environments
        return sorted(
            name
            for name, word in named.items()
            if keyset.id in {it.id for it in keysets_called(word, self.keysets)}
        )

    def findings(self, clients: Sequence[Client] | None = None) -> tuple[Finding, ...]:
        """Say what lets data of one environment be read in another.

        Args:
            clients: Clients as they would be; None takes them as they are.
        """
        of = self.clients if clients is None else clients
        return findings(self.place.section.environments, of, self.keysets)

    def new_findings(self, after: Sequence[Client]) -> str:
        """Say which findings a change of the clients would bring that are not there now."""
        before = set(self.findings())
        return "; ".join(it.text for it in self.findings(after) if it not in before)

    def named(self, keyset_id: str | None) -> str:
        """Name a keyset by its name, or by its id if it is not listed."""
        found = next((it.name for it in self.keysets if it.id == keyset_id), None)
        return found or keyset_id or ""

    def options(self) -> str:
        """Write the options that name this workspace on a command line."""
        return f"--workspace {self.place.id}"


@contextmanager
def entering(invocation: Invocation, wanted: Wanted, *, to_change: bool) -> Iterator[Entered]:
    """Enter a workspace and look around.

    Args:
        invocation: The command's options.
        wanted: Which workspace.
        to_change: Whether something is going to be changed.

    Raises:
        RejectedError: Something is going to be, and nothing may be.
    """
    from rotator.providers.cipherstash.config import CLIENT_KEYS

    place = wanted.place(invocation)
    with invocation.app(read_only=True) as app:
        if to_change:
            check_may_change(app, invocation.settings())
        workspace = app.workspace(place.id)
        yield Entered(
            app=app,
            place=place,
            workspace=workspace,
            keysets=workspace.keysets(),
            clients=workspace.clients(),
            known=managed(app.journal, CLIENT_KEYS, place.id),
        )
