"""Creating, replacing, merging, applying and deleting objects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rotator.simulators.kubernetes.authors import Author
from rotator.simulators.kubernetes.defaults import decoded, with_defaults
from rotator.simulators.kubernetes.fields import Layout, changes, fields_of, merged, told, without
from rotator.simulators.kubernetes.managers import (
    Owners,
    after_change,
    as_managed_fields,
    of_others,
    ownable,
    owners_of,
)
from rotator.simulators.kubernetes.managers import told as told_manager
from rotator.simulators.kubernetes.refusals import (
    RefusalError,
    already_exists,
    bad_request,
    conflict,
    invalid,
    not_found,
    owned_by_others,
    was_changed,
)
from rotator.simulators.kubernetes.resources import NAMESPACE, Address
from rotator.simulators.kubernetes.validation import (
    must_be_readable,
    must_be_valid,
    undeclared,
    unknown_field,
)

if TYPE_CHECKING:
    from rotator.simulators.kubernetes.fields import Fields
    from rotator.simulators.kubernetes.managers import Manager
    from rotator.simulators.kubernetes.resources import Object
    from rotator.simulators.kubernetes.world import World

_SYSTEM = (
    "uid",
    "creationTimestamp",
    "generation",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "resourceVersion",
)


def existing(world: World, at: Address) -> Object:
    """Return an object.

    Raises:
        RefusalError: There is none.
    """
    found = world.store.get(at)
    if found is None:
        raise not_found(at)
    return found


def create(world: World, at: Address, thing: Object, author: Author) -> Object:
    """Create an object, as POST does.

    Raises:
        RefusalError: It exists, its namespace does not, or it may not be kept.
    """
    if world.store.get(at) is not None:
        raise already_exists(at)
    if thing["metadata"].get("resourceVersion"):
        message = "resourceVersion should not be set on objects to be created"
        raise RefusalError(500, "InternalError", message)
    return _updated(world, at, None, _read(at, thing, author), author)


def replace(world: World, at: Address, thing: Object, author: Author) -> Object:
    """Replace an object, as PUT does; a resource version in it is a precondition.

    Raises:
        RefusalError: There is none, it has been changed, or the new one may not be kept.
    """
    old = existing(world, at)
    if at.kind.is_custom and not thing["metadata"].get("resourceVersion"):
        why = "Invalid value: 0x0: must be specified for an update"
        raise invalid(at, "metadata.resourceVersion", why)
    _check_uid(at, old, thing["metadata"])
    _check_precondition(at, old, thing["metadata"])
    return _updated(world, at, old, _read(at, thing, author), author)


def merge(
    world: World, at: Address, patch: Object, author: Author, *, by_keys: bool = False
) -> Object:
    """Change an object by a merge patch (RFC 7386).

    Args:
        world: Where.
        at: What.
        patch: What to change; null removes.
        author: Who.
        by_keys: Merge lists item by item, as a strategic merge patch does.

    Raises:
        RefusalError: There is none, it has been changed, or it may not be kept so.
    """
    old = existing(world, at)
    layout = Layout(at.kind.is_custom) if by_keys else None
    new = _patched(old, patch, layout)
    _check_precondition(at, old, new.get("metadata", {}))
    _check_same(at, old, new.get("metadata", {}))
    return _updated(world, at, old, _read(at, new, author), author)


def apply(world: World, at: Address, applied: Object, author: Author) -> Object:
    """Change an object by server-side apply; it is created when it does not exist.

    Raises:
        RefusalError: Others own a field that would change, a precondition does not hold,
            or the object may not be kept so.
    """
    metadata = applied.get("metadata", {})
    if "managedFields" in metadata:
        raise bad_request("metadata.managedFields must be nil")
    if (unknown := unknown_field(at.kind, applied)) != "":
        raise undeclared(at, unknown)
    must_be_readable(applied)
    old = world.store.get(at)
    if old is None and metadata.get("uid"):
        why = (
            f"uid mismatch: the provided object specified uid {metadata['uid']}, and no existing"
            " object was found"
        )
        raise conflict(at, why)
    if old is not None:
        _check_precondition(at, old, metadata)
        _check_same(at, old, metadata)
    return _applied(world, at, old, applied, author)


def delete(world: World, at: Address, options: Object) -> tuple[Object, bool]:
    """Delete an object, or mark it where finalizers or a pod's end must be waited for.

    Returns:
        The object as it was last, and whether it is gone.

    Raises:
        RefusalError: There is none, or it is not the one that is meant.
    """
    old = existing(world, at)
    _check_precondition(at, old, options.get("preconditions") or {})
    _check_uid(at, old, options.get("preconditions") or {})
    if options.get("dryRun"):
        return old, True
    if old["metadata"].get("finalizers") or at.kind.name == "Pod":
        if "deletionTimestamp" in old["metadata"]:
            return old, False
        ending = {"deletionTimestamp": world.stamp(), "deletionGracePeriodSeconds": 0}
        return world.store.put(at, {**old, "metadata": {**old["metadata"], **ending}}), False
    remove(world, at, old, keep_owned=options.get("propagationPolicy") == "Orphan")
    return old, True


def remove(world: World, at: Address, old: Object, *, keep_owned: bool = False) -> None:
    """Forget an object and what it owns or holds, at once; or leave that without an owner."""
    world.store.drop(at)
    uid = old["metadata"]["uid"]
    for other, thing in world.store.everything():
        owners = thing["metadata"].get("ownerReferences", [])
        if keep_owned:
            left = [owner for owner in owners if owner["uid"] != uid]
            if left != owners:
                freed = {**thing["metadata"], "ownerReferences": left}
                world.store.put(other, {**thing, "metadata": freed})
            continue
        is_inside = at.kind == NAMESPACE and other.namespace == at.name
        is_owned = is_inside or any(owner["uid"] == uid for owner in owners)
        if is_owned and world.store.get(other) is not None:
            remove(world, other, thing)


def set_status(world: World, at: Address, status: Object, manager: str) -> None:
    """Write an object's status, as controllers do; the same again changes nothing."""
    old = existing(world, at)
    if old.get("status") == status:
        return
    version = at.kind.api_version(at.kind.versions[0])
    author = Author(name=manager, operation="Update", api_version=version, subresource="status")
    _updated(world, at, old, {**old, "status": status}, author)


def _check_precondition(at: Address, old: Object, wanted: Object) -> None:
    if wanted.get("resourceVersion") not in (None, "", old["metadata"]["resourceVersion"]):
        raise was_changed(at)


def _check_uid(at: Address, old: Object, wanted: Object) -> None:
    had = old["metadata"]["uid"]
    if wanted.get("uid") not in (None, "", had):
        why = (
            f"Precondition failed: UID in precondition: {wanted['uid']}, UID in object meta: {had}"
        )
        raise conflict(at, why)


def _check_same(at: Address, old: Object, wanted: Object) -> None:
    if wanted.get("uid") not in (None, "", old["metadata"]["uid"]):
        why = f'Invalid value: "{wanted["uid"]}": field is immutable'
        raise invalid(at, "metadata.uid", why)


def _patched(target: Any, patch: Any, layout: Layout | None, name: str = "") -> Any:  # noqa: ANN401 - any JSON
    if not isinstance(patch, dict):
        return patch if layout is None else merged(target, patch, layout, name=name)
    before = target if isinstance(target, dict) else {}
    joined = {k: _patched(before.get(k), v, layout, k) for k, v in patch.items() if v is not None}
    kept = {k: v for k, v in before.items() if k not in patch}
    return {**kept, **joined}


def _read(at: Address, thing: Object, author: Author) -> Object:
    unknown = unknown_field(at.kind, thing)
    if unknown and author.is_strict:
        raise bad_request(f'strict decoding error: unknown field "{unknown}"')
    must_be_readable(thing)
    return decoded(at.kind, thing)


def _updated(world: World, at: Address, old: Object | None, new: Object, author: Author) -> Object:
    new = _settled(world, at, old, new, author)
    layout, before = Layout(at.kind.is_custom), old or {}
    changed, gone = changes(_plain(before), _plain(new), layout)
    manager = author.manager
    changed = ownable(changed, manager, has_status=at.kind.has_status)
    owners = owners_of(before)
    had = owners[manager].fields if manager in owners else frozenset()
    owners = after_change(
        owners, manager, (had | changed) - gone, changed=changed, gone=gone, time=world.stamp()
    )
    return _kept(world, at, old, new, owners, author)


def _applied(
    world: World, at: Address, old: Object | None, applied: Object, author: Author
) -> Object:
    layout, live, manager = Layout(at.kind.is_custom), _plain(old or {}), author.manager
    own = ownable(fields_of(applied, layout), manager, has_status=at.kind.has_status)
    owners = owners_of(old or {})
    had = owners[manager].fields if manager in owners else frozenset()
    dropped = _droppable(had - own, own | of_others(owners, manager))
    joined = without(merged(live, applied, layout), dropped, layout)
    new = _settled(world, at, old, decoded(at.kind, joined), author)
    changed, gone = changes(live, _plain(joined), layout)
    changed = ownable(changed, manager, has_status=at.kind.has_status)
    if not author.takes_over:
        _check_conflicts(owners, manager, changed & own)
    owners = after_change(owners, manager, own, changed=changed, gone=gone, time=world.stamp())
    return _kept(world, at, old, new, owners, author)


def _droppable(dropped: Fields, owned: Fields) -> Fields:
    # A map or an item stays as long as somebody owns something in it.
    kept = {path[:size] for path in owned for size in range(1, len(path) + 1)}
    return frozenset(path for path in dropped if path not in kept)


def _check_conflicts(owners: Owners, manager: Manager, wanted: Fields) -> None:
    found = [
        (told_manager(other, owned.time), told(path))
        for other, owned in owners.items()
        if other != manager
        for path in owned.fields & wanted
    ]
    if found:
        raise owned_by_others(found)


def _plain(thing: Object) -> Object:
    return {field: value for field, value in thing.items() if field not in ("apiVersion", "kind")}


def _settled(world: World, at: Address, old: Object | None, new: Object, author: Author) -> Object:
    """Return the new object with what is the server's to say, and the old one's other part."""
    before = old or {}
    if author.subresource:
        new = {**before, author.subresource: new.get(author.subresource, {})}
    else:
        new = with_defaults(at.kind, new)
        if at.kind.has_status:
            new = {k: v for k, v in new.items() if k != "status"}
            new.update({"status": before["status"]} if "status" in before else {})
    had = before.get("metadata", {})
    metadata = {k: v for k, v in new["metadata"].items() if k not in _SYSTEM and v is not None}
    metadata.pop("managedFields", None)
    kept = {field: had[field] for field in _SYSTEM if field in had}
    if old is None:
        kept = {"uid": world.dice.uuid(), "creationTimestamp": world.stamp()}
        kept.update({"generation": 1} if at.kind.has_status else {})
    elif at.kind.has_status and _counted(new) != _counted(before):
        kept["generation"] = had.get("generation", 1) + 1
    metadata.update({"name": at.name, **kept})
    metadata.update({"namespace": at.namespace} if at.namespace else {})
    settled = {**new, "metadata": metadata}
    settled["apiVersion"] = at.kind.api_version(at.kind.versions[0])
    settled["kind"] = at.kind.name
    must_be_valid(at, settled, old)
    return settled


def _counted(thing: Object) -> Object:
    ignored = ("apiVersion", "kind", "metadata", "status")
    return {field: value for field, value in thing.items() if field not in ignored}


def _kept(
    world: World, at: Address, old: Object | None, new: Object, owners: Owners, author: Author
) -> Object:
    if old is None and at.kind.is_namespaced:
        existing(world, Address(NAMESPACE, "", at.namespace))
    metadata = {**new["metadata"], "managedFields": as_managed_fields(owners)}
    whole = {**new, "metadata": metadata}
    if author.is_dry:
        return whole
    if "deletionTimestamp" in metadata and not metadata.get("finalizers") and at.kind.name != "Pod":
        remove(world, at, whole)
        return whole
    return world.store.put(at, whole)
