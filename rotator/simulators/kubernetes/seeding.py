"""What a cluster begins with."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from rotator.simulators.kubernetes import writing
from rotator.simulators.kubernetes.accounts import Account
from rotator.simulators.kubernetes.authors import Author
from rotator.simulators.kubernetes.controllers import settle
from rotator.simulators.kubernetes.refusals import RefusalError
from rotator.simulators.kubernetes.resources import NAMESPACE, Address, kind_named
from rotator.simulators.kubernetes.shapes import ClusterSeed, SeededCluster

if TYPE_CHECKING:
    from rotator.simulators.kubernetes.shapes import AccountSeed, ObjectSeed
    from rotator.simulators.kubernetes.world import World

_ADMIN = "system:admin"


def seed(world: World, wanted: ClusterSeed) -> SeededCluster:
    """Add to the cluster.

    Raises:
        ValueError: An object is of no kind that is served, exists, or may not be kept.
    """
    settle(world)
    for name in ("default", *wanted.namespaces):
        _ensure_namespace(world, name)
    tokens = {
        f"{account.namespace}/{account.name}": _add_account(world, account)
        for account in wanted.accounts
    }
    world.remotes.update(wanted.remotes)
    # The oldest first, so that what is made on the way finds what it is made from.
    for thing in sorted(wanted.objects, key=lambda thing: -thing.age_seconds):
        _add_object(world, thing)
    return SeededCluster(admin=_admin(world), tokens=tokens)


def _admin(world: World) -> str:
    for token, account in world.accounts.items():
        if account.user == _ADMIN:
            return token
    token = world.dice.base32(40).lower()
    world.accounts[token] = Account(user=_ADMIN, is_admin=True)
    return token


def _add_account(world: World, wanted: AccountSeed) -> str:
    token = wanted.token or world.dice.base32(40).lower()
    ends = None
    if wanted.expires_in_seconds is not None:
        ends = world.now() + timedelta(seconds=wanted.expires_in_seconds)
    user = f"system:serviceaccount:{wanted.namespace}:{wanted.name}"
    world.accounts[token] = Account(user=user, roles=wanted.roles, expires_at=ends)
    return token


def _ensure_namespace(world: World, name: str) -> None:
    at = Address(NAMESPACE, "", name)
    if world.store.get(at) is not None:
        return
    thing = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    _write(world, at, thing, Author(name="kubectl", operation="Update", api_version="v1"))


def _add_object(world: World, wanted: ObjectSeed) -> None:
    thing = wanted.manifest
    version, name = str(thing.get("apiVersion", "")), str(thing.get("kind", ""))
    kind = kind_named(version, name)
    if kind is None:
        msg = f"{version} {name} is no kind that is served"
        raise ValueError(msg)
    metadata: dict[str, Any] = thing["metadata"]
    namespace = metadata.get("namespace", "default") if kind.is_namespaced else ""
    if namespace:
        _ensure_namespace(world, namespace)
    author = Author(
        name=wanted.manager, operation=wanted.operation, api_version=version, takes_over=True
    )
    born = world.now() - timedelta(seconds=wanted.age_seconds)
    with world.held_at(born):
        _write(world, Address(kind, namespace, metadata["name"]), thing, author)
        settle(world)
    # Controllers had the time since then for their work.
    settle(world)


def _write(world: World, at: Address, thing: dict[str, Any], author: Author) -> None:
    write = writing.apply if author.operation == "Apply" else writing.create
    try:
        write(world, at, thing, author)
    except RefusalError as refusal:
        raise ValueError(refusal.message) from refusal
