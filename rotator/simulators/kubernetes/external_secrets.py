"""The controller of External Secrets: it copies from a store outside into Secrets.

When it looks again is its documented behaviour: by the refresh interval; at once when spec,
labels or annotations have changed, which is what a ``force-sync`` annotation is for; and when
the Secret that it made is gone or was changed. ``CreatedOnce``, and an interval of 0, never look
again, whatever changes.
"""

from __future__ import annotations

import hashlib
import json
import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from rotator.simulators.kubernetes import writing
from rotator.simulators.kubernetes.authors import Author
from rotator.simulators.kubernetes.defaults import encoded
from rotator.simulators.kubernetes.pods import reference_to
from rotator.simulators.kubernetes.resources import EXTERNAL_SECRET, SECRET, Address
from rotator.simulators.kubernetes.world import from_stamp

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from rotator.simulators.kubernetes.resources import Object
    from rotator.simulators.kubernetes.world import World

_CONTROLLER = "external-secrets"
_MANAGED = "reconcile.external-secrets.io/managed"
_CREATED_BY = "reconcile.external-secrets.io/created-by"
_DATA_HASH = "reconcile.external-secrets.io/data-hash"
_UNITS = {"h": 3600, "m": 60, "s": 1, "ms": 0.001}
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|h|m|s)")
_RETRY = timedelta(seconds=30)


class _RemoteError(Exception):
    """The store outside does not have what is asked for."""


def sync(world: World) -> None:
    """Refresh whatever is to be refreshed by now."""
    for at, thing in [*world.store.all(EXTERNAL_SECRET)]:
        if _is_wanted(world, at, thing):
            _refresh(world, at, thing)


def next_sync(world: World) -> Iterator[datetime]:
    """Yield the instants at which something is to be refreshed."""
    for _, thing in world.store.all(EXTERNAL_SECRET):
        refreshed, every = _refreshed_at(thing), _interval(thing)
        if refreshed is not None and every and _policy(thing) == "Periodic":
            yield refreshed + every
    yield from world.retry_at.values()


def _is_wanted(world: World, at: Address, thing: Object) -> bool:
    uid, now = thing["metadata"]["uid"], world.now()
    if world.retry_at.get(uid, now) > now:
        return False
    if not _should_refresh(world, thing) and not _is_target_broken(world, at, thing):
        return False
    lag = timedelta(seconds=world.settings.controller_lag_seconds)
    last = thing.get("status", {}).get("refreshTime", "")
    return world.seen_at.setdefault(f"{uid}/{_version(thing)}/{last}", now + lag) <= now


def _should_refresh(world: World, thing: Object) -> bool:
    refreshed, every = _refreshed_at(thing), _interval(thing)
    synced = str(thing.get("status", {}).get("syncedResourceVersion", ""))
    if refreshed is None or not synced:
        return True
    match _policy(thing):
        case "CreatedOnce":
            return False
        case "OnChange":
            return synced != _version(thing)
        case _:
            is_due = refreshed + every <= world.now()
            return every > timedelta(0) and (is_due or synced != _version(thing))


def _is_target_broken(world: World, at: Address, thing: Object) -> bool:
    target = thing["spec"].get("target") or {}
    if target.get("creationPolicy", "Owner") not in ("Owner", "Orphan"):
        return False
    found = world.store.get(_target(at, thing))
    if found is None:
        return True
    annotations = found["metadata"].get("annotations", {})
    return str(annotations.get(_DATA_HASH)) != _hash(found.get("data", {}))


def _refresh(world: World, at: Address, thing: Object) -> None:
    before = thing.get("status", {})
    try:
        texts = _collected(world, thing)
        _store(world, at, thing, texts)
    except _RemoteError:
        world.retry_at[thing["metadata"]["uid"]] = world.now() + _RETRY
        why = ("False", "SecretSyncedError", "could not get secret data from provider")
        status = {**before, "conditions": [_ready(world, before, *why)]}
    else:
        world.retry_at.pop(thing["metadata"]["uid"], None)
        status = {
            "binding": {"name": _target(at, thing).name},
            "conditions": [_ready(world, before, "True", "SecretSynced", "secret synced")],
            "refreshTime": world.stamp(),
            "syncedResourceVersion": _version(thing),
        }
    writing.set_status(world, at, status, _CONTROLLER)


def _collected(world: World, thing: Object) -> dict[str, str]:
    found: dict[str, str] = {}
    for source in thing["spec"].get("dataFrom") or []:
        fields = _parsed(_fetched(world, source["extract"]["key"]))
        found.update({name: _as_text(value) for name, value in fields.items()})
    for entry in thing["spec"].get("data") or []:
        remote = entry["remoteRef"]
        text = _fetched(world, remote["key"])
        if "property" in remote:
            fields = _parsed(text)
            if remote["property"] not in fields:
                raise _RemoteError
            text = _as_text(fields[remote["property"]])
        found[entry["secretKey"]] = text
    return found


def _fetched(world: World, key: str) -> str:
    found = world.remote(key)
    if found is None:
        raise _RemoteError
    return found.text


def _parsed(text: str) -> dict[str, Any]:
    try:
        read = json.loads(text)
    except ValueError:
        raise _RemoteError from None
    if not isinstance(read, dict):
        raise _RemoteError
    return read


def _as_text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _store(world: World, at: Address, thing: Object, texts: dict[str, str]) -> None:
    target = thing["spec"].get("target") or {}
    policy, where = target.get("creationPolicy", "Owner"), _target(at, thing)
    author = Author(
        name=f"externalsecrets.external-secrets.io/{at.name}",
        operation="Update",
        api_version="v1",
    )
    if policy == "None":
        return
    old = world.store.get(where)
    if policy == "Merge":
        if old is None:
            raise _RemoteError
        writing.merge(world, where, {"data": encoded(texts)}, author)
        return
    wanted = _secret(where, thing, texts, is_owned=policy == "Owner")
    if old is None:
        writing.create(world, where, wanted, author)
    else:
        metadata = {**old["metadata"], **wanted["metadata"]}
        writing.replace(world, where, {**old, **wanted, "metadata": metadata}, author)


def _secret(where: Address, thing: Object, texts: dict[str, str], *, is_owned: bool) -> Object:
    data = encoded(texts)
    created_by = hashlib.sha256(f"{where.namespace}/{thing['metadata']['name']}".encode())
    metadata: Object = {
        "name": where.name,
        "labels": {_MANAGED: "true", _CREATED_BY: created_by.hexdigest()[:56]},
        "annotations": {_DATA_HASH: _hash(data)},
    }
    if is_owned:
        metadata["ownerReferences"] = [reference_to(thing)]
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": data}


def _target(at: Address, thing: Object) -> Address:
    name = (thing["spec"].get("target") or {}).get("name") or at.name
    return Address(SECRET, at.namespace, name)


def _policy(thing: Object) -> str:
    return str(thing["spec"].get("refreshPolicy") or "Periodic")


def _interval(thing: Object) -> timedelta:
    parts = _PART.findall(str(thing["spec"]["refreshInterval"]))
    return timedelta(seconds=sum(float(number) * _UNITS[unit] for number, unit in parts))


def _refreshed_at(thing: Object) -> datetime | None:
    text = thing.get("status", {}).get("refreshTime")
    return from_stamp(text) if text else None


def _version(thing: Object) -> str:
    metadata = thing["metadata"]
    told = {field: metadata.get(field) or {} for field in ("annotations", "labels")}
    return f"{metadata['generation']}-{_hash(told)}"


def _hash(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:56]


def _ready(world: World, before: Object, status: str, reason: str, message: str) -> Object:
    old: Object = next(iter(before.get("conditions", [])), {})
    since = old["lastTransitionTime"] if old.get("status") == status else world.stamp()
    return {
        "type": "Ready",
        "status": status,
        "reason": reason,
        "message": message,
        "lastTransitionTime": since,
    }
