"""The whole truth about the simulated Stage5, for checkers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rotator.simulators.stage5.shapes import AccessKeyState, State, WorkspaceState

if TYPE_CHECKING:
    from rotator.simulators.stage5.workspaces import AccessKey
    from rotator.simulators.stage5.world import World


def state_of(world: World, *, workspace_id: str = "") -> State:
    """Tell everything, or one workspace."""
    return State(
        now=world.now(),
        workspaces={
            workspace.id: WorkspaceState(
                plan=workspace.plan,
                access_keys=tuple(_key_state(world, key) for key in workspace.keys.values()),
            )
            for workspace in world.workspaces.values()
            if workspace_id in ("", workspace.id)
        },
    )


def _key_state(world: World, key: AccessKey) -> AccessKeyState:
    now, uses = world.now(), key.uses.all
    return AccessKeyState(
        id=key.id,
        key=key.text,
        name=key.name,
        description=key.description,
        scopes=key.scopes,
        status=key.status(now),
        created_at=key.created_at,
        created_by=key.created_by,
        replaces=key.replaces,
        expires_at=key.expires_at,
        revoked_at=key.revoked_at,
        is_accepted=key.is_accepted(now, world.settings),
        uses=len(uses),
        last_used_at=uses[-1].at if uses else None,
    )
