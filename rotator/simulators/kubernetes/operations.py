"""What a call that was let in does, verb by verb."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rotator.simulators.kubernetes import writing
from rotator.simulators.kubernetes.accounts import Attempt, is_allowed, must_be_allowed
from rotator.simulators.kubernetes.answers import success
from rotator.simulators.kubernetes.arrivals import APPLY
from rotator.simulators.kubernetes.authors import Author
from rotator.simulators.kubernetes.bodies import STRATEGIC, read_body
from rotator.simulators.kubernetes.paths import target_of
from rotator.simulators.kubernetes.reading import as_told, listed, named_by
from rotator.simulators.kubernetes.refusals import RefusalError, bad_request, not_allowed
from rotator.simulators.kubernetes.resources import ACCESS_REVIEW, Address
from rotator.simulators.kubernetes.validation import must_be_named
from rotator.simulators.kubernetes.watching import watched

if TYPE_CHECKING:
    from rotator.simulators.kubernetes.accounts import Account
    from rotator.simulators.kubernetes.arrivals import Arrival
    from rotator.simulators.kubernetes.paths import Target
    from rotator.simulators.kubernetes.resources import Object
    from rotator.simulators.kubernetes.world import World
    from rotator.simulators.messages import Answer

_LONGEST_MANAGER = 128


def perform(world: World, arrival: Arrival, target: Target, account: Account) -> Answer:
    """Carry out a call, if its account may.

    Raises:
        RefusalError: It may not, or the call makes no sense.
    """
    attempt = Attempt(
        verb=arrival.verb,
        kind=target.kind,
        namespace=target.namespace,
        name=target.name or _selected(arrival),
        subresource=target.subresource,
    )
    must_be_allowed(world, account, attempt)
    if target.kind is ACCESS_REVIEW:
        return success(201, _reviewed(world, arrival, account))
    at = Address(target.kind, target.namespace, target.name)
    match arrival.verb:
        case "get":
            return _told(arrival, target, 200, writing.existing(world, at))
        case "list":
            found = listed(world, target, arrival.query, is_partial=arrival.is_partial)
            return success(200, found)
        case "watch":
            return watched(world, target, arrival.query, is_partial=arrival.is_partial)
        case "delete" if target.name:
            return _deleted(world, arrival, target, at)
        case "create" if not target.name:
            return _created(world, arrival, target)
        case "update" if target.name:
            return _told(arrival, target, 200, _replaced(world, arrival, target, at))
        case "patch" if target.name:
            return _changed(world, arrival, target, at, account)
        case _:
            raise not_allowed()


def _selected(arrival: Arrival) -> str:
    """Return the one name that a list or a watch is about, which rules look at, too."""
    return named_by(arrival.query) if arrival.verb in ("list", "watch") else ""


def _told(arrival: Arrival, target: Target, status: int, thing: Object) -> Answer:
    return success(status, as_told(thing, target, is_partial=arrival.is_partial))


def _created(world: World, arrival: Arrival, target: Target) -> Answer:
    body = read_body(arrival)
    if target.kind.is_namespaced and not target.namespace:
        raise not_allowed()
    metadata = body.get("metadata", {})
    name = metadata.get("name") or ""
    if not name and metadata.get("generateName"):
        name = metadata["generateName"] + world.dice.base32(8).lower()[:5]
        body = {**body, "metadata": {**metadata, "name": name}}
    if not name:
        raise bad_request("resource name may not be empty")
    at = Address(target.kind, target.namespace, name)
    must_be_named(at, target.version, body)
    made = writing.create(world, at, body, _author(arrival, target))
    return _told(arrival, target, 201, made)


def _replaced(world: World, arrival: Arrival, target: Target, at: Address) -> Object:
    body = read_body(arrival)
    must_be_named(at, target.version, body)
    return writing.replace(world, at, body, _author(arrival, target))


def _changed(
    world: World, arrival: Arrival, target: Target, at: Address, account: Account
) -> Answer:
    author, body = _author(arrival, target), read_body(arrival)
    if arrival.content_type != APPLY:
        by_keys = arrival.content_type == STRATEGIC
        if by_keys and target.kind.is_custom:
            raise RefusalError(
                415, "UnsupportedMediaType", "strategic merge patch is not supported"
            )
        changed = writing.merge(world, at, body, author, by_keys=by_keys)
        return _told(arrival, target, 200, changed)
    must_be_named(at, target.version, body)
    is_new = world.store.get(at) is None
    if is_new:
        attempt = Attempt(
            verb="create", kind=target.kind, namespace=target.namespace, name=target.name
        )
        must_be_allowed(world, account, attempt)
    return _told(arrival, target, 201 if is_new else 200, writing.apply(world, at, body, author))


def _deleted(world: World, arrival: Arrival, target: Target, at: Address) -> Answer:
    options = {**read_body(arrival)}
    for field in ("dryRun", "propagationPolicy"):
        if arrival.query.get(field):
            options[field] = arrival.query[field]
    last, is_gone = writing.delete(world, at, options)
    if not is_gone:
        return _told(arrival, target, 200, last)
    details = {"name": at.name, "kind": at.kind.plural, "uid": last["metadata"]["uid"]}
    if at.kind.group:
        details["group"] = at.kind.group
    told = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success"}
    return success(200, {**told, "details": details})


def _author(arrival: Arrival, target: Target) -> Author:
    query, is_apply = arrival.query, arrival.content_type == APPLY and arrival.verb == "patch"
    agent = arrival.request.headers.get("user-agent", "").partition("/")[0] or "unknown"
    name = query.get("fieldManager") or ("" if is_apply else agent)
    if not name:
        raise _bad_option("fieldManager", "Required value: is required for apply patch")
    if len(query.get("fieldManager", "")) > _LONGEST_MANAGER:
        raise _bad_option("fieldManager", "Too long: may not be more than 128 bytes")
    if query.get("force") and not is_apply:
        raise _bad_option("force", "Forbidden: may not be specified for non-apply patch")
    if query.get("dryRun", "All") != "All":
        raise _bad_option("dryRun", f'Unsupported value: "{query["dryRun"]}"')
    return Author(
        name=name,
        operation="Apply" if is_apply else "Update",
        api_version=target.kind.api_version(target.version),
        subresource=target.subresource,
        takes_over=query.get("force") == "true",
        is_dry=bool(query.get("dryRun")),
        is_strict=query.get("fieldValidation") == "Strict",
    )


def _bad_option(field: str, why: str) -> RefusalError:
    message = f'PatchOptions.meta.k8s.io "" is invalid: {field}: {why}'
    cause = {"reason": "FieldValueInvalid", "message": why, "field": field}
    details = {"group": "meta.k8s.io", "kind": "PatchOptions", "causes": [cause]}
    return RefusalError(422, "Invalid", message, details)


def _reviewed(world: World, arrival: Arrival, account: Account) -> Object:
    body = read_body(arrival)
    asked = (body.get("spec") or {}).get("resourceAttributes") or {}
    group, plural = asked.get("group", ""), asked.get("resource", "")
    root = f"/apis/{group}/{asked.get('version') or 'v1'}" if group else "/api/v1"
    target = target_of(f"{root}/{plural}")
    is_given = False
    if target is not None:
        attempt = Attempt(
            verb=asked.get("verb", ""),
            kind=target.kind,
            namespace=asked.get("namespace", ""),
            name=asked.get("name", ""),
            subresource=asked.get("subresource", ""),
        )
        is_given = is_allowed(world, account, attempt)
    status = {"allowed": is_given}
    kind = {"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview"}
    return {**kind, "metadata": {}, "spec": body.get("spec", {}), "status": status}
