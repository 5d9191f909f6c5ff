"""Filling the simulated CipherStash directly."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from rotator.simulators.cipherstash.access_keys import is_name_taken, new_access_key
from rotator.simulators.cipherstash.client_keys import new_client
from rotator.simulators.cipherstash.keysets import new_keyset
from rotator.simulators.cipherstash.shapes import (
    AccessKeySeed,
    ClientSeed,
    KeysetSeed,
    SeededAccessKey,
    SeededClient,
    SeededWorkspace,
    WorkspaceSeed,
)
from rotator.simulators.cipherstash.workspaces import DEFAULT_KEYSET, Workspace

if TYPE_CHECKING:
    from datetime import datetime

    from rotator.simulators.cipherstash.workspaces import AccessKey
    from rotator.simulators.cipherstash.world import World


def seed(world: World, wanted: WorkspaceSeed) -> SeededWorkspace:
    """Add access keys, keysets and clients to a workspace.

    Raises:
        ValueError: A name or an id is taken, or a client is granted an unknown keyset.
    """
    workspace = world.workspaces.get(wanted.workspace_id) or _new_workspace(world, wanted)
    for keyset in wanted.keysets:
        _add_keyset(world, workspace, keyset)
    keys = {key.name: _add_access_key(world, workspace, key) for key in wanted.access_keys}
    clients = {client.name: _add_client(world, workspace, client) for client in wanted.clients}
    return SeededWorkspace(
        workspace_id=workspace.id,
        region=workspace.region,
        crn=workspace.crn,
        admin=_told(workspace.access_keys[workspace.admin]),
        human=workspace.human,
        access_keys={name: _told(key) for name, key in keys.items()},
        keysets={keyset.name: keyset.id for keyset in workspace.keysets.values()},
        clients=clients,
    )


def _new_workspace(world: World, wanted: WorkspaceSeed) -> Workspace:
    workspace = Workspace(
        id=wanted.workspace_id, region=wanted.region, human=world.dice.base32(64).lower()
    )
    world.workspaces[workspace.id] = workspace
    first = new_keyset(world, name=DEFAULT_KEYSET, description="Default keyset")
    first.is_default = True
    first.created_at -= timedelta(days=365)
    workspace.keysets[first.id] = first
    workspace.admin = _add_access_key(world, workspace, wanted.admin).key_id
    return workspace


def _add_access_key(world: World, workspace: Workspace, wanted: AccessKeySeed) -> AccessKey:
    if is_name_taken(world, workspace, wanted.name):
        raise ValueError(f"an access key is named {wanted.name}")
    if wanted.key_id and world.find_access_key(wanted.key_id, ""):
        raise ValueError(f"access key {wanted.key_id} exists")
    key = new_access_key(
        world, name=wanted.name, role=wanted.role, key_id=wanted.key_id, secret=wanted.secret
    )
    key.life.begins_at = wanted.created_at or _past(world, wanted.age_seconds)
    if wanted.last_used_at is not None:
        key.uses.at.append(wanted.last_used_at)
    workspace.access_keys[key.key_id] = key
    return key


def _add_keyset(world: World, workspace: Workspace, wanted: KeysetSeed) -> None:
    if workspace.keyset(wanted.name) or (wanted.id and workspace.keyset(wanted.id)):
        raise ValueError(f"keyset {wanted.name} exists, or another has its id")
    keyset = new_keyset(
        world, name=wanted.name, description=wanted.description, keyset_id=wanted.id
    )
    keyset.is_disabled = wanted.is_disabled
    keyset.created_at -= timedelta(days=365)
    workspace.keysets[keyset.id] = keyset


def _add_client(world: World, workspace: Workspace, wanted: ClientSeed) -> SeededClient:
    if wanted.id in workspace.clients:
        raise ValueError(f"client {wanted.id} exists")
    granted = [_keyset_id(workspace, name) for name in wanted.keysets]
    client = new_client(
        world,
        name=wanted.name,
        description=wanted.description,
        kind=wanted.client_type,
        bound=granted[0] if granted else "",
        client_id=wanted.id,
    )
    client.life.begins_at = _past(world, wanted.age_seconds)
    for keyset in granted:
        client.grant(keyset, client.life.begins_at)
    workspace.clients[client.id] = client
    return SeededClient(id=client.id, client_key=client.key.to_bytes().hex())


def _keyset_id(workspace: Workspace, name: str) -> str:
    found = workspace.keyset(name)
    if found is None:
        raise ValueError(f"there is no keyset {name}")
    return found.id


def _past(world: World, age_seconds: float) -> datetime:
    return world.now() - timedelta(seconds=age_seconds)


def _told(key: AccessKey) -> SeededAccessKey:
    return SeededAccessKey(key_id=key.key_id, access_key=key.text)
