"""Requests as they arrive, read once for faults, the operation and the log."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from rotator.simulators.kubernetes.faults import Sighting
from rotator.simulators.kubernetes.paths import target_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rotator.simulators.kubernetes.paths import Target
    from rotator.simulators.kubernetes.world import World
    from rotator.simulators.messages import HttpRequest

_BEARER = "bearer "
APPLY = "application/apply-patch+yaml"
_VERBS = {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A parsed request.

    Attributes:
        target: The resource that it is about; None when it is about something else.
        verb: As the authorizer names it; empty when the method is none of ours.
        content_type: Of the body, without parameters.
        token: What it came with as a bearer; None where it came without one.
        is_partial: Only metadata is asked for.
    """

    request: HttpRequest
    target: Target | None
    verb: str
    query: Mapping[str, str]
    content_type: str
    token: str | None
    is_partial: bool
    sighting: Sighting


def read_arrival(world: World, request: HttpRequest) -> Arrival:
    """Parse a request; what makes no sense is refused later."""
    target = target_of(request.path)
    query = dict(parse_qsl(request.query, keep_blank_values=True))
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    verb = _verb(request.method, target, query)
    authorization = request.headers.get("authorization", "")
    is_bearer = authorization.lower().startswith(_BEARER)
    token = authorization[len(_BEARER) :].strip() if is_bearer else None
    account = world.accounts.get(token or "")
    operation = "apply" if verb == "patch" and content_type == APPLY else verb
    return Arrival(
        request=request,
        target=target,
        verb=verb,
        query=query,
        content_type=content_type,
        token=token,
        is_partial="as=PartialObjectMetadata" in request.headers.get("accept", ""),
        sighting=Sighting(
            operation=f"{operation}-{target.kind.plural}" if target and verb else "",
            namespace=target.namespace if target else "",
            name=target.name if target else "",
            caller=account.user if account else "",
        ),
    )


def _verb(method: str, target: Target | None, query: Mapping[str, str]) -> str:
    if method == "GET":
        if target is None or target.name:
            return "get"
        return "watch" if query.get("watch") in ("1", "true") else "list"
    return _VERBS.get(method, "")
