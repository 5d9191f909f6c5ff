"""The page "Access Keys": what owners and administrators do there."""

from __future__ import annotations

import hmac
from datetime import timedelta
from typing import TYPE_CHECKING

from rotator.simulators.stage5.refusals import (
    RefusalError,
    expired,
    invalid,
    not_admitted,
    not_found,
    not_in_plan,
    too_many,
)
from rotator.simulators.stage5.rows import instant, key_row, page_of
from rotator.simulators.stage5.visits import Done
from rotator.simulators.stage5.workspaces import (
    ID_CHARACTERS,
    KEY_PREFIX,
    SECRET_CHARACTERS,
    AccessKey,
    Replacement,
    Revocation,
)

if TYPE_CHECKING:
    from datetime import datetime

    from rotator.simulators.stage5.visits import Visit
    from rotator.simulators.stage5.workspaces import Workspace
    from rotator.simulators.stage5.world import World

STATUSES = ("active", "expired", "revoked")
_FIELDS = ("name", "description", "scopes", "expiresAt", "replaces", "rotateEveryDays")
_USUAL_GRACE_HOURS = 24


def list_access_keys(visit: Visit) -> Done:
    """Tell the keys, without secrets; those that are revoked only if they are asked for."""
    wanted = visit.query.get("status", "active,expired").split(",")
    if not {*wanted} <= {*STATUSES}:
        raise invalid("status", f"must be some of {', '.join(STATUSES)}")
    at, name = visit.world.listed_at(), visit.query.get("name")
    found = [
        (number, key)
        for number, key in enumerate(visit.workspace.keys.values())
        if key.created_at <= at and key.status(at) in wanted and name in (None, key.name)
    ]
    return page_of(visit, found, lambda key: key_row(visit, key, at))


def get_access_key(visit: Visit) -> Done:
    """Tell one key, revoked or not, as it is now."""
    return Done(value=key_row(visit, visit.key(), visit.now))


def create_access_key(visit: Visit) -> Done:
    """Make a key; its text is told this once."""
    body = visit.body
    body.must_know(*_FIELDS)
    replaces = body.text("replaces")
    if replaces and replaces not in visit.workspace.keys:
        raise invalid("replaces", "there is no such access key")
    key = new_key(
        visit.world,
        name=body.name(),
        description=body.text("description"),
        scopes=body.scopes(),
        created_by=visit.caller.id,
    )
    key.expires_at = _expiry(visit, body.instant("expiresAt"))
    key.replaces = replaces
    key.rotate_every_days = body.number("rotateEveryDays")
    return _add(visit, key)


def rotate_access_key(visit: Visit) -> Done:
    """Make a replacement with the same powers; the old key lives on for a grace."""
    visit.body.must_know("graceHours", "expiresAt")
    old = visit.key()
    if old.status(visit.now) != "active":
        raise RefusalError(409, "not_active", "Only an active access key can be rotated.")
    grace = timedelta(hours=visit.body.number("graceHours") or _USUAL_GRACE_HOURS)
    key = new_key(
        visit.world,
        name=old.name,
        description=old.description,
        scopes=old.scopes,
        created_by=visit.caller.id,
    )
    key.expires_at = _expiry(visit, visit.body.instant("expiresAt"))
    key.replaces, key.rotate_every_days = old.id, old.rotate_every_days
    done = _add(visit, key)
    old.expires_at = min(old.expires_at or visit.now + grace, visit.now + grace)
    return done


def revoke_access_key(visit: Visit) -> Done:
    """End a key at once, expired or not; again is "not found"."""
    key = visit.key()
    if key.revoked_at is not None:
        raise not_found("access key")
    key.revoked_at = visit.now
    visit.workspace.revocations.append(
        Revocation(
            at=visit.now,
            key_id=key.id,
            name=key.name,
            by=visit.caller.id,
            reason=visit.query.get("reason", ""),
        )
    )
    return Done(value=None, status=204, subject=key.id)


def get_usage(visit: Visit) -> Done:
    """Tell how much a key is used, and from where it was used last."""
    if not visit.workspace.limits.has_usage:
        raise not_in_plan("usage statistics")
    key, by = visit.key(), visit.world.used_by()
    seen = [use for use in key.uses.all if use.at <= by]
    last = seen[-1] if seen else None
    return Done(
        value={
            "keyId": key.id,
            "count": len(seen),
            "lastAddress": last.address if last else None,
            "lastUserAgent": last.user_agent if last else None,
        }
    )


def list_rotations(visit: Visit) -> Done:
    """Tell which key was made to replace which, oldest first."""
    return page_of(
        visit,
        [*enumerate(visit.workspace.replacements)],
        lambda entry: {
            "at": instant(entry.at),
            "keyId": entry.key_id,
            "name": entry.name,
            "replaces": entry.replaces,
            "by": entry.by,
        },
    )


def list_revocations(visit: Visit) -> Done:
    """Tell which key was revoked by whom and why, oldest first."""
    return page_of(
        visit,
        [*enumerate(visit.workspace.revocations)],
        lambda entry: {
            "at": instant(entry.at),
            "keyId": entry.key_id,
            "name": entry.name,
            "by": entry.by,
            "reason": entry.reason or None,
        },
    )


def new_key(
    world: World,
    *,
    name: str,
    description: str,
    scopes: tuple[str, ...],
    created_by: str,
    key_id: str | None = None,
    secret: str | None = None,
) -> AccessKey:
    """Make an access key that no workspace knows yet."""
    drawn = key_id.removeprefix("key_") if key_id else world.draw_id()
    return AccessKey(
        id=f"key_{drawn}",
        text=f"{KEY_PREFIX}{drawn}_{secret or world.draw_secret()}",
        name=name,
        description=description,
        scopes=scopes,
        created_at=world.now(),
        created_by=created_by,
    )


def key_id_in(text: str) -> str:
    """Return the id of the key that a text claims to be; empty when it is none."""
    drawn, _, secret = text.removeprefix(KEY_PREFIX).partition("_")
    is_whole = len(drawn) == ID_CHARACTERS and len(secret) == SECRET_CHARACTERS
    return f"key_{drawn}" if text.startswith(KEY_PREFIX) and is_whole else ""


def admit(world: World, text: str) -> tuple[Workspace, AccessKey]:
    """Let a key in.

    Raises:
        RefusalError: It is cut, quoted, made up, not known yet, revoked or expired.
    """
    key_id = key_id_in(text)
    if not key_id:
        reason = "The access key is not whole: it may be cut, or quoted on one side."
        raise not_admitted("malformed_key", reason)
    found = world.find_key(key_id)
    if found is None or not hmac.compare_digest(found[1].text.encode(), text.encode()):
        raise not_admitted("unknown_key", "There is no such access key.")
    key = found[1]
    if not key.is_known(world.now(), world.settings):
        if key.revoked_at is None:
            raise not_admitted("unknown_key", "There is no such access key.")
        raise not_admitted("revoked_key", "The access key was revoked.")
    if not key.is_accepted(world.now(), world.settings) and key.expires_at:
        raise expired(key.expires_at)
    return found


def _add(visit: Visit, key: AccessKey) -> Done:
    workspace, limit = visit.workspace, visit.workspace.limits.active_keys
    if limit is not None and workspace.active(visit.now) >= limit:
        raise too_many(limit)
    workspace.keys[key.id] = key
    if key.replaces:
        workspace.replacements.append(
            Replacement(
                at=visit.now,
                key_id=key.id,
                name=key.name,
                replaces=key.replaces,
                by=visit.caller.id,
            )
        )
    told = {**key_row(visit, key, visit.now), "key": key.text}
    return Done(value=told, status=201, subject=key.id)


def _expiry(visit: Visit, wanted: datetime | None) -> datetime | None:
    """Return the end that a key gets, which the plan may draw near."""
    limits = visit.workspace.limits
    if wanted is None and limits.needs_expiry:
        raise invalid("expiresAt", "the workspace's plan demands an expiry")
    if wanted is not None and wanted <= visit.now:
        raise invalid("expiresAt", "must be in the future")
    if wanted is None or limits.longest_days is None:
        return wanted
    return min(wanted, visit.now + timedelta(days=limits.longest_days))
