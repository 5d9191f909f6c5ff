"""Requests as they arrive, read once for faults, the operation and the log."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rotator.simulators.cipherstash.access_keys import key_id_in
from rotator.simulators.cipherstash.addresses import Address, read_address
from rotator.simulators.cipherstash.faults import Sighting
from rotator.simulators.cipherstash.fields import Fields, read_fields
from rotator.simulators.cipherstash.refusals import RefusalError
from rotator.simulators.cipherstash.routes import AUTHORISE, Operation, find_operation
from rotator.simulators.cipherstash.tokens import key_of, read_claims

if TYPE_CHECKING:
    from rotator.simulators.cipherstash.world import World
    from rotator.simulators.messages import HttpRequest

_BEARER = "bearer "
_HUMAN = "human"


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A parsed request.

    Attributes:
        asked: What is asked for, and the rest of its path; or why nobody serves it.
        fields: The body's; or why it cannot be read.
        token: The bearer token; empty when there is none.
    """

    request: HttpRequest
    address: Address
    asked: tuple[Operation, str] | RefusalError
    fields: Fields | RefusalError
    token: str
    sighting: Sighting

    @property
    def told(self) -> dict[str, str]:
        """Return the texts and identities of the body."""
        return {} if isinstance(self.fields, RefusalError) else self.fields.identities()


def read_arrival(world: World, request: HttpRequest, base: str) -> Arrival:
    """Parse a request; what makes no sense is refused later."""
    address = read_address(base, request.path)
    asked = find_operation(address, request.method, world.settings.moved)
    try:
        fields: Fields | RefusalError = read_fields(
            request.headers.get("content-type", ""), request.body
        )
    except RefusalError as refusal:
        fields = refusal
    authorization = request.headers.get("authorization", "")
    is_bearer = authorization.lower().startswith(_BEARER)
    token = authorization[len(_BEARER) :].strip() if is_bearer else ""
    return Arrival(
        request=request,
        address=address,
        asked=asked,
        fields=fields,
        token=token,
        sighting=_sighting(world, asked, fields, token),
    )


def _sighting(
    world: World,
    asked: tuple[Operation, str] | RefusalError,
    fields: Fields | RefusalError,
    token: str,
) -> Sighting:
    operation = "" if isinstance(asked, RefusalError) else asked[0].name
    told = {} if isinstance(fields, RefusalError) else fields.identities()
    if operation == AUTHORISE:
        caller, workspace_id = _of_key(world, key_id_in(told.get("accessKey", "")))
    else:
        caller, workspace_id = _of_token(world, token)
    return Sighting(
        operation=operation,
        workspace_id=workspace_id or told.get("workspaceId", ""),
        name=told.get("keyName") or told.get("name", ""),
        client_id=told.get("client_id", ""),
        keyset=told.get("keyset_id") or told.get("dataset_id", ""),
        caller=caller,
    )


def _of_key(world: World, key_id: str) -> tuple[str, str]:
    found = world.find_access_key(key_id, "")
    return key_id, found[0].id if found else ""


def _of_token(world: World, token: str) -> tuple[str, str]:
    claims = read_claims(token, world.token_secret)
    if claims is not None:
        return key_of(claims), str(claims["workspace"])
    found = (workspace.id for workspace in world.workspaces.values() if workspace.human == token)
    workspace_id = next(found, "")
    return _HUMAN if workspace_id else "", workspace_id
