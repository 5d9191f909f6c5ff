"""Filling the simulated Stage5 directly."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from rotator.simulators.stage5.access_keys import new_key
from rotator.simulators.stage5.shapes import (
    OWNER_NAME,
    AccessKeySeed,
    PersonSeed,
    SeededAccessKey,
    SeededWorkspace,
    WorkspaceSeed,
)
from rotator.simulators.stage5.workspaces import (
    SESSION_PREFIX,
    Person,
    Project,
    Use,
    Workspace,
)

if TYPE_CHECKING:
    from rotator.simulators.stage5.workspaces import AccessKey
    from rotator.simulators.stage5.world import World


def seed(world: World, wanted: WorkspaceSeed) -> SeededWorkspace:
    """Add projects, people and access keys to a workspace.

    Raises:
        ValueError: A name of a person or project, or the id of a key, is taken; or a
            person is of a project that is unknown.
    """
    workspace = world.workspaces.get(wanted.workspace_id) or _new_workspace(world, wanted)
    for name in wanted.projects:
        _add_project(world, workspace, name)
    for person in wanted.people:
        _add_person(world, workspace, person)
    keys = {key.name: _add_key(world, workspace, key) for key in wanted.access_keys}
    return SeededWorkspace(
        workspace_id=workspace.id,
        admin=_told(workspace.keys[workspace.admin]),
        sessions={person.name: person.session for person in workspace.people.values()},
        projects={project.name: project.id for project in workspace.projects.values()},
        access_keys={name: _told(key) for name, key in keys.items()},
    )


def _new_workspace(world: World, wanted: WorkspaceSeed) -> Workspace:
    workspace = Workspace(id=wanted.workspace_id, name=wanted.name, plan=wanted.plan)
    world.workspaces[workspace.id] = workspace
    _add_person(world, workspace, PersonSeed(name=OWNER_NAME, role="owner"))
    workspace.admin = _add_key(world, workspace, wanted.admin).id
    return workspace


def _add_project(world: World, workspace: Workspace, name: str) -> None:
    if any(project.name == name for project in workspace.projects.values()):
        raise ValueError(f"a project is named {name}")
    project = Project(id=f"prj_{world.draw_id()}", name=name)
    workspace.projects[project.id] = project


def _add_person(world: World, workspace: Workspace, wanted: PersonSeed) -> None:
    if any(person.name == wanted.name for person in workspace.people.values()):
        raise ValueError(f"a person is named {wanted.name}")
    ids = {project.name: project.id for project in workspace.projects.values()}
    if missing := {*wanted.projects} - {*ids}:
        raise ValueError(f"there is no project {min(missing)}")
    drawn = world.draw_id()
    person = Person(
        id=f"usr_{drawn}",
        name=wanted.name,
        role=wanted.role,
        session=f"{SESSION_PREFIX}{drawn}_{world.draw_secret()}",
        projects=tuple(ids[name] for name in wanted.projects),
    )
    workspace.people[person.id] = person


def _add_key(world: World, workspace: Workspace, wanted: AccessKeySeed) -> AccessKey:
    if wanted.key_id and world.find_key(wanted.key_id):
        raise ValueError(f"access key {wanted.key_id} exists")
    key = new_key(
        world,
        name=wanted.name,
        description=wanted.description,
        scopes=wanted.scopes,
        created_by=next(iter(workspace.people)),
        key_id=wanted.key_id,
        secret=wanted.secret,
    )
    key.created_at -= timedelta(seconds=wanted.age_seconds)
    if wanted.expires_in_seconds is not None:
        key.expires_at = world.now() + timedelta(seconds=wanted.expires_in_seconds)
    key.rotate_every_days = wanted.rotate_every_days
    if wanted.last_used_at is not None:
        key.uses.add(Use(at=wanted.last_used_at, address="192.0.2.1", user_agent="seeded"), 0)
    workspace.keys[key.id] = key
    return key


def _told(key: AccessKey) -> SeededAccessKey:
    return SeededAccessKey(id=key.id, key=key.text)
