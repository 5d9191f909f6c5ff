"""The truth at the provider on the last day, against what was to be expected."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rotator.cli.demo.character import Ends
from rotator.cli.demo.vault.cast import LATE_TENANT, ORDERS
from rotator.cli.demo.vault.estate import CRN_FIELD, ID_FIELD, KEY_FIELD, PAIR_FIELD

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rotator.cli.demo.vault.cast import VaultKey
    from rotator.cli.demo.vault.estate import VaultEstate
    from rotator.simulators.cipherstash.shapes import AccessKeyState, ClientState, WorkspaceState


@dataclass(frozen=True, slots=True, kw_only=True)
class VaultTruth:
    """What is there.

    Attributes:
        values: By name: the text of each secret that publishes a key of the workspace.
    """

    workspace: WorkspaceState
    values: Mapping[str, str]
    estate: VaultEstate

    def faults(self, member: VaultKey) -> Iterator[str]:
        """Name what is lost, left over, or touched although it is not ours to touch."""
        if member.ends is Ends.ROTATED:
            yield from self._replaced(member)
            return
        yield from self._kept(member)
        before = self.estate.values.get(member.secret)
        if member.hold is None and self.values.get(member.secret) != before:
            yield f"{member.secret}, which is not ours to touch, was touched"

    def _replaced(self, member: VaultKey) -> Iterator[str]:
        found = json.loads(self.values[member.secret])
        if found.get(CRN_FIELD) != self.estate.workspace.crn:
            yield "other fields of the secret were lost"
        if member.is_client:
            yield from self._new_client(member, found)
        elif [(key.access_key, key.role) for key in self._access_keys(member)] != [
            (found.get(KEY_FIELD), member.role)
        ]:
            yield "the published key is not the one and only key, with its role"

    def _new_client(self, member: VaultKey, found: Mapping[str, str]) -> Iterator[str]:
        clients = self._clients(member)
        pairs = [(client.id, client.client_key) for client in clients]
        if pairs != [(found.get(ID_FIELD), found.get(PAIR_FIELD))]:
            yield "the published client is not the one and only client"
        late = (LATE_TENANT,) if member is ORDERS else ()
        for client in clients:
            if not self._opens(client, (*member.keysets, *late)):
                yield f"{client.id} does not open what its predecessor opened"

    def _kept(self, member: VaultKey) -> Iterator[str]:
        """Check the client of the first day: it is there, and opens what it opened."""
        first = self.estate.workspace.clients[member.name].id
        here = next((item for item in self._clients(member) if item.id == first), None)
        if here is None or not self._opens(here, member.keysets):
            yield f"{first}, which is not ours to touch, was touched"

    def _opens(self, client: ClientState, keysets: tuple[str, ...]) -> bool:
        """Whether a client is bound to the first of these keysets, and granted exactly them."""
        bound, *others = (self.estate.workspace.keysets[name] for name in keysets)
        return client.bound_keyset == bound and client.grants == {bound, *others}

    def _access_keys(self, member: VaultKey) -> list[AccessKeyState]:
        keys = self.workspace.access_keys
        return [key for key in keys if _is_of(member, key.name) and key.revoked_at is None]

    def _clients(self, member: VaultKey) -> list[ClientState]:
        clients = self.workspace.clients
        return [item for item in clients if _is_of(member, item.name) and item.deleted_at is None]


def _is_of(member: VaultKey, name: str) -> bool:
    """Whether a key or client of this name is one of the line."""
    return name == member.name or name.startswith(f"{member.name}.rotator-")
