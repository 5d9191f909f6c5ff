"""What integrations call with their access keys, and who is in a workspace."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rotator.simulators.stage5.refusals import access_denied, invalid, not_found
from rotator.simulators.stage5.rows import key_row, page_of
from rotator.simulators.stage5.scopes import ROLES
from rotator.simulators.stage5.visits import Done

if TYPE_CHECKING:
    from rotator.simulators.stage5.visits import Visit
    from rotator.simulators.stage5.workspaces import Person, Project


def get_me(visit: Visit) -> Done:
    """Tell who calls; every key may ask."""
    caller = visit.caller
    return Done(
        value={
            "workspace": {"id": visit.workspace.id, "name": visit.workspace.name},
            "accessKey": key_row(visit, caller.key, visit.now) if caller.key else None,
            "person": _person(caller.person) if caller.person else None,
        }
    )


def get_workspace(visit: Visit) -> Done:
    """Tell the workspace and what its plan includes."""
    workspace, limits = visit.workspace, visit.workspace.limits
    return Done(
        value={
            "id": workspace.id,
            "name": workspace.name,
            "plan": workspace.plan,
            "accessKeys": {
                "active": workspace.active(visit.now),
                "limit": limits.active_keys,
                "usageStatistics": limits.has_usage,
                "longestDays": limits.longest_days,
                "expiryRequired": limits.needs_expiry,
            },
        }
    )


def list_projects(visit: Visit) -> Done:
    """Tell the projects: all of them to a key, which is the workspace's; to a person theirs."""
    person = visit.caller.person
    seen = [
        (number, project)
        for number, project in enumerate(visit.workspace.projects.values())
        if person is None or person.role != "member" or project.id in person.projects
    ]
    return page_of(visit, seen, lambda project: {"id": project.id, "name": project.name})


def send_message(visit: Visit) -> Done:
    """Speak to a project's assistant, as an end-user's channel does."""
    project = _project(visit)
    text = visit.body.text("text")
    if not text:
        raise invalid("text", "must not be empty")
    reply = f"{project.name} has read {len(text)} characters"
    return Done(value={"projectId": project.id, "reply": reply}, status=201)


def list_people(visit: Visit) -> Done:
    """Tell who is in the workspace, and in which role."""
    return page_of(visit, [*enumerate(visit.workspace.people.values())], _person)


def change_person(visit: Visit) -> Done:
    """Give a person another role; an owner's matter."""
    person = visit.workspace.people.get(visit.arguments["person"])
    if visit.caller.person is None or visit.caller.person.role != "owner":
        raise access_denied()
    if person is None:
        raise not_found("person")
    visit.body.must_know("role")
    role = next((role for role in ROLES if role == visit.body.text("role")), None)
    if role is None:
        raise invalid("role", f"must be one of {', '.join(ROLES)}")
    person.role = role
    return Done(value=_person(person), subject=person.id)


def _project(visit: Visit) -> Project:
    found = visit.workspace.projects.get(visit.arguments["project"])
    if found is None:
        raise not_found("project")
    return found


def _person(person: Person) -> dict[str, object]:
    return {
        "id": person.id,
        "name": person.name,
        "role": person.role,
        "projects": list(person.projects),
    }
