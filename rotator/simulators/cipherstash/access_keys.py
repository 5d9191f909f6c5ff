"""CTS: tokens, workspaces and access keys."""

from __future__ import annotations

import hmac
import re
from datetime import timedelta
from typing import TYPE_CHECKING

from rotator.simulators.cipherstash.addresses import Service
from rotator.simulators.cipherstash.refusals import RefusalError, malformed
from rotator.simulators.cipherstash.roles import ROLES
from rotator.simulators.cipherstash.tokens import claims_of, signed
from rotator.simulators.cipherstash.visits import Caller, Done
from rotator.simulators.cipherstash.workspaces import PREFIX, AccessKey, Lifetime

if TYPE_CHECKING:
    from datetime import datetime

    from rotator.simulators.cipherstash.addresses import Address
    from rotator.simulators.cipherstash.fields import Fields
    from rotator.simulators.cipherstash.visits import Visit
    from rotator.simulators.cipherstash.workspaces import Workspace
    from rotator.simulators.cipherstash.world import World

_TEXT = re.compile(rf"{PREFIX}([^.]+)\.(.+)")
_ID_CHARACTERS, _SECRET_CHARACTERS = 16, 48


def authorise(world: World, address: Address, fields: Fields) -> tuple[Caller, Done]:
    """Give a token for an access key; that is the only use of it that is ever told."""
    text = fields.told("accessKey")
    if fields.told("oidcToken"):
        raise RefusalError(401, "No OIDC provider found for issuer")
    if not text:
        raise malformed("missing field `accessKey`")
    workspace, key = _admitted(world, address, text)
    if workspace.id in world.settings.unpaid:
        raise RefusalError(402, "Insufficient balance: top up to go on")
    key.uses.at.append(world.now())
    begins = int(world.token_time())
    ends = begins + int(world.settings.token_seconds)
    claims = claims_of(key, workspace, address, begins=begins, ends=ends)
    token = signed(claims, world.token_secret)
    done = Done(value={"accessToken": token, "expiry": ends}, subject=key.key_id)
    return Caller(workspace=workspace, key=key), done


def key_id_in(text: str) -> str:
    """Return the id in an access key, without prefix; empty when it is malformed."""
    found = _TEXT.fullmatch(text)
    return found.group(1) if found else ""


def list_workspaces(visit: Visit) -> Done:
    """Tell the one workspace that a token is for."""
    return Done(value=[{"id": visit.workspace.id, "region": visit.workspace.region}])


def create_access_key(visit: Visit) -> Done:
    """Make a key; its text is told this once."""
    key = _create(visit, visit.fields.told("role") or "member")
    return Done(value={"accessKey": key.text, "role": key.role}, subject=key.key_id)


def create_access_key_text(visit: Visit) -> Done:
    """Make a key in the old way: a member's, and the answer is its bare text."""
    key = _create(visit, "member")
    return Done(value=key.text, subject=key.key_id)


def list_access_keys(visit: Visit) -> Done:
    """Tell the keys that are there, without secrets."""
    if visit.argument:
        visit.must_mean(visit.argument)
    at = visit.world.listed_at()
    keys = visit.workspace.access_keys.values()
    rows = [_row(visit, key) for key in keys if key.life.covers(at)]
    is_silent = visit.address.service is Service.CONSOLE
    if not rows and is_silent and visit.world.settings.empty_list_is_empty_body:
        return Done(value="")
    return Done(value=rows)


def revoke_access_key(visit: Visit) -> Done:
    """End a key, by its name."""
    visit.must_mean(visit.fields.text("workspaceId"))
    name = visit.fields.text("keyName")
    key = visit.workspace.named(name, visit.world.now())
    if key is None:
        raise RefusalError(404, f"Not Found: no access key named {name}")
    if key is visit.caller.key and not visit.world.settings.keys_may_revoke_themselves:
        raise RefusalError(403, "An access key cannot revoke itself")
    key.life.ends_at = visit.world.now()
    return Done(value={"message": f"Access key {name} revoked"}, subject=key.key_id)


def new_access_key(
    world: World, *, name: str, role: str, key_id: str | None = None, secret: str | None = None
) -> AccessKey:
    """Make an access key that no workspace knows yet."""
    key_id = key_id or world.dice.base32(_ID_CHARACTERS)
    drawn = world.settings.secret_mark + world.dice.base32(_SECRET_CHARACTERS)
    return AccessKey(
        key_id=key_id,
        text=f"{PREFIX}{key_id}.{secret or drawn[:_SECRET_CHARACTERS]}",
        name=name,
        role=role,
        life=Lifetime(begins_at=world.now()),
    )


def is_name_taken(world: World, workspace: Workspace, name: str) -> bool:
    """Say whether no new access key may have this name."""
    if world.settings.names_are_reusable:
        return workspace.named(name, world.now()) is not None
    return any(key.name == name for key in workspace.access_keys.values())


def _admitted(world: World, address: Address, text: str) -> tuple[Workspace, AccessKey]:
    key_id = key_id_in(text)
    if not key_id:
        raise RefusalError(401, "Access key was malformed: expected CSAK<id>.<secret>")
    found = world.find_access_key(key_id, address.region)
    if found is None or not hmac.compare_digest(found[1].text.encode(), text.encode()):
        raise RefusalError(401, "Access key is not valid")
    if not found[1].life.is_accepted(world.now(), world.settings):
        raise RefusalError(401, "Access key is not valid")
    return found


def _create(visit: Visit, role: str) -> AccessKey:
    visit.must_mean(visit.fields.text("workspaceId"))
    name = visit.fields.text("keyName")
    if not name:
        raise malformed("`keyName` is empty")
    if role not in ROLES:
        raise malformed(f"unknown variant `{role}`, expected one of {', '.join(ROLES)}")
    if is_name_taken(visit.world, visit.workspace, name):
        status = visit.world.settings.duplicate_status
        raise RefusalError(status, f"An access key named {name} already exists")
    key = new_access_key(visit.world, name=name, role=role)
    visit.workspace.access_keys[key.key_id] = key
    return key


def _row(visit: Visit, key: AccessKey) -> dict[str, str | None]:
    settings = visit.world.settings
    lag = timedelta(seconds=settings.last_used_lag_seconds)
    used_at = key.uses.last(visit.world.listed_at() - lag)
    row = {
        "keyId": (PREFIX if settings.key_ids_with_prefix else "") + key.key_id,
        "workspaceId": visit.workspace.id,
        "keyName": key.name,
        "createdAt": _instant(key.life.begins_at),
        "lastUsedAt": _instant(used_at) if used_at else None,
    }
    return {**row, "role": key.role} if settings.keys_tell_role else row


def _instant(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
