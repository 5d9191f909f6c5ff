"""The whole truth about the simulated CipherStash, for checkers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rotator.simulators.cipherstash.shapes import (
    AccessKeyState,
    ClientState,
    KeysetState,
    State,
    WorkspaceState,
)

if TYPE_CHECKING:
    from rotator.simulators.cipherstash.workspaces import AccessKey, Client, Workspace
    from rotator.simulators.cipherstash.world import World


def state_of(world: World, *, workspace_id: str = "") -> State:
    """Tell everything, or one workspace."""
    return State(
        now=world.now(),
        workspaces={
            workspace.id: _workspace_state(world, workspace)
            for workspace in world.workspaces.values()
            if workspace_id in ("", workspace.id)
        },
    )


def _workspace_state(world: World, workspace: Workspace) -> WorkspaceState:
    return WorkspaceState(
        region=workspace.region,
        access_keys=tuple(_key_state(world, key) for key in workspace.access_keys.values()),
        clients=tuple(_client_state(world, client) for client in workspace.clients.values()),
        keysets=tuple(
            KeysetState(
                id=keyset.id,
                name=keyset.name,
                description=keyset.description,
                is_default=keyset.is_default,
                is_disabled=keyset.is_disabled,
            )
            for keyset in workspace.keysets.values()
        ),
    )


def _key_state(world: World, key: AccessKey) -> AccessKeyState:
    now = world.now()
    return AccessKeyState(
        key_id=key.key_id,
        name=key.name,
        role=key.role,
        access_key=key.text,
        created_at=key.life.begins_at,
        revoked_at=key.life.ends_at,
        is_accepted=key.life.is_accepted(now, world.settings),
        last_used_at=key.uses.last(now),
        uses=len(key.uses.at),
        calls=len(key.calls.at),
        last_called_at=key.calls.last(now),
    )


def _client_state(world: World, client: Client) -> ClientState:
    now = world.now()
    return ClientState(
        id=client.id,
        name=client.name,
        client_type=client.kind,
        client_key=client.key.to_bytes().hex(),
        bound_keyset=client.bound or None,
        grants=frozenset(client.granted(now)),
        created_at=client.life.begins_at,
        deleted_at=client.life.ends_at,
        last_used_at=client.uses.last(now),
        uses=len(client.uses.at),
    )
