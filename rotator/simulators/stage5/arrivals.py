"""Requests as they arrive, read once for faults, the operation and the log."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from rotator.simulators.stage5.access_keys import key_id_in
from rotator.simulators.stage5.body import Body, read_body
from rotator.simulators.stage5.faults import Sighting
from rotator.simulators.stage5.refusals import RefusalError
from rotator.simulators.stage5.routes import Operation, find_operation
from rotator.simulators.stage5.workspaces import SESSION_PREFIX

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rotator.simulators.messages import HttpRequest
    from rotator.simulators.stage5.world import World

_BEARER = "bearer "


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A parsed request.

    Attributes:
        asked: What is asked for, and what its path says; or why nobody serves it.
        body: Its fields; or why they cannot be read.
        token: What it came with as a bearer; None where it came in another way.
    """

    request: HttpRequest
    asked: tuple[Operation, Mapping[str, str]] | RefusalError
    query: Mapping[str, str]
    body: Body | RefusalError
    token: str | None
    sighting: Sighting


def read_arrival(world: World, request: HttpRequest) -> Arrival:
    """Parse a request; what makes no sense is refused later."""
    asked = find_operation(request.method, request.path)
    try:
        body: Body | RefusalError = read_body(request)
    except RefusalError as refusal:
        body = refusal
    authorization = request.headers.get("authorization", "")
    is_bearer = authorization.lower().startswith(_BEARER)
    token = authorization[len(_BEARER) :] if is_bearer else None
    return Arrival(
        request=request,
        asked=asked,
        query=dict(parse_qsl(request.query, keep_blank_values=True)),
        body=body,
        token=token,
        sighting=_sighting(world, asked, body, token or ""),
    )


def person_id_in(token: str) -> str:
    """Return the id of the person whose session a text claims to be; empty when it is none."""
    drawn = token.removeprefix(SESSION_PREFIX).partition("_")[0]
    return f"usr_{drawn}" if token.startswith(SESSION_PREFIX) else ""


def _sighting(
    world: World,
    asked: tuple[Operation, Mapping[str, str]] | RefusalError,
    body: Body | RefusalError,
    token: str,
) -> Sighting:
    name, arguments = ("", {}) if isinstance(asked, RefusalError) else (asked[0].name, asked[1])
    caller = key_id_in(token) or person_id_in(token)
    found = world.find_key(caller) or world.find_person(caller)
    return Sighting(
        operation=name,
        workspace_id=arguments.get("workspace") or (found[0].id if found else ""),
        key_id=arguments.get("key", ""),
        name="" if isinstance(body, RefusalError) else body.told("name"),
        caller=caller,
    )
