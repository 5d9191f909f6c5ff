"""Deliberately broken rotators of described APIs: a judge that does not see them is blind."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from rotator.core.lineages import lineage
from rotator.ports.provider import Verdict
from rotator.providers.http.provider import http_provider
from rotator.providers.http.spec import PageKind, Pagination
from rotator.providers.http.templates import parse
from tests.simulation.http_own_key import entering_by
from tests.simulation.http_vendors import PAGE, STAGE5, Stage5Side
from tests.simulation.violation import Violation
from tests.simulation.wrapping import overriding

if TYPE_CHECKING:
    from collections.abc import Callable

    from rotator.core.facts import KeyListing, Principal
    from rotator.core.ids import Instant, KeyId
    from rotator.core.secret import KeyMaterial
    from rotator.ports.provider import KeyProvider
    from rotator.providers.http.spec import Spec
    from rotator.testing.manual_clock import ManualClock
    from tests.simulation.http_vendors import Make
    from tests.simulation.scene import Scene
    from tests.simulation.vendors import Vendors
    from tests.simulation.world import World

    Start = Callable[[Scene, ManualClock], Vendors]

# Specs with a mistake that no loader can see.


def with_mistyped_revoke() -> Spec:
    """Revoke at a path that does not exist, and take its 404 for "gone already"."""
    (step,) = STAGE5.revocation
    path = parse("/workspaces/${params.workspace}/keys/${key.id}")
    return replace(STAGE5, revocation=(replace(step, request=replace(step.request, path=path)),))


def with_more_powers() -> Spec:
    """Give every new key the powers of an administrator, whatever the old one had."""
    operation = STAGE5.creation.operation
    body = cast("dict[str, Any]", operation.request.body)
    wanted = ("access_keys:read", "access_keys:write", "projects:read", "messages:write")
    scopes = tuple(parse(scope) for scope in wanted)
    asked = replace(operation.request, body={**body, "scopes": scopes})
    creation = replace(STAGE5.creation, operation=replace(operation, request=asked))
    return replace(STAGE5, creation=creation)


def blind() -> Spec:
    """Tell no last use, so that nothing shows whether a key is in use."""
    key = {name: it for name, it in STAGE5.listing.key.items() if name != "lastUsedAt"}
    return replace(STAGE5, listing=replace(STAGE5.listing, key=key))


def on_page_one() -> Spec:
    """Read the first page of the list and take it for all of it."""
    place = STAGE5.listing.pagination.place
    only = Pagination(kind=PageKind.NONE, place=place)
    return replace(STAGE5, listing=replace(STAGE5.listing, pagination=only))


def stage5_by(spec: Spec, make: Make = http_provider, *, page: int = PAGE) -> Start:
    """Make a workspace that is called by another spec, or through another provider."""

    def start(scene: Scene, clock: ManualClock) -> Vendors:
        side = Stage5Side(scene, clock, spec=spec)
        side.make = make
        world = side.stage5.world
        world.settings = world.settings.model_copy(update={"max_page_size": page})
        return side.start(clock)

    return start


# Providers without one of their safeties.


def believing_a_404(*given: Any) -> KeyProvider:  # noqa: ANN401 - as the real one takes it
    """Take "there is no such key" for its end, and ask no list."""
    return _without(given, "ending", _must_be_gone=lambda *_: None)


def ending_its_own_key(*given: Any) -> KeyProvider:  # noqa: ANN401 - as the real one takes it
    """Ask nobody whether a key is the one that it enters with."""
    return _without(given, "ending", must_not_be_ours=lambda *_: None)


def comparing_nothing(*given: Any) -> KeyProvider:  # noqa: ANN401 - as the real one takes it
    """Publish a key whatever it may do."""
    provider: Any = http_provider(*given)
    provider._must_not_exceed = lambda *_: None
    return cast("KeyProvider", provider)


def _without(given: Any, part: str, **calls: Callable[..., None]) -> KeyProvider:  # noqa: ANN401
    provider: Any = http_provider(*given)
    for shop in provider._shops.values():
        for name, call in calls.items():
            setattr(getattr(shop, part), name, call)
    return cast("KeyProvider", provider)


def believing_its_own_word(provider: KeyProvider) -> KeyProvider:
    """Say of every key whose delete was answered that it is listed no more, and refused."""
    told: set[KeyId] = set()

    def delete_key(principal: Principal, key: KeyId, *, not_after: Instant) -> None:
        provider.delete_key(principal, key, not_after=not_after)
        told.add(key)

    def list_keys(principal: Principal) -> KeyListing:
        found = provider.list_keys(principal)
        return replace(found, keys=tuple(it for it in found.keys if it.key_id not in told))

    def verify(principal: Principal, material: KeyMaterial) -> Verdict:
        is_over = material.key_id in told
        return Verdict.NOT_YET if is_over else provider.verify(principal, material)

    return overriding(
        provider, "provider", delete_key=delete_key, list_keys=list_keys, verify=verify
    )


def accepting_everything(provider: KeyProvider) -> KeyProvider:
    """Say of every key that it works."""

    def verify(principal: Principal, material: KeyMaterial) -> Verdict:
        del principal, material
        return Verdict.ACCEPTED

    return overriding(provider, "provider", verify=verify)


OWN_UNTOLD = entering_by(blind(), knows_its_successor=False)
"""Enters by a key that is rotated, and nobody gives the daemon its successor."""

OWN_ENDED = entering_by(blind(), knows_its_successor=False, make=ending_its_own_key)

# Judges of what only such an API can do wrong.


def judge(world: World) -> None:
    """Judge the keys that were made, and the one that is published."""
    _minted_once(world)
    _no_new_powers(world)
    _still_entered(world)


def _side(world: World) -> Stage5Side:
    starts: Any = world._ports.started
    return cast("Stage5Side", starts.__self__)


def _minted_once(world: World) -> None:
    workspace = _side(world).stage5.world.workspaces["ws_acme"]
    told = Counter(lineage(key.name).rotation for key in workspace.keys.values())
    twice = [rotation for rotation, number in told.items() if rotation and number > 1]
    if twice:
        _report(world, "I3", f"rotation {twice[0]} made more than one key")


def _no_new_powers(world: World) -> None:
    found = world.destination.material(world.subjects[0].ref)
    scopes = _side(world).books.scopes
    before = scopes[world.subjects[0].material.key_id]
    if found is not None and not scopes[found.key_id] <= before:
        _report(world, "powers", f"{found.key_id} may do more than the key that it replaced")


def _still_entered(world: World) -> None:
    side = _side(world)
    entered = next(
        (
            it
            for it in side.stage5.world.workspaces["ws_acme"].keys.values()
            if it.text == side.credential()
        ),
    )
    if entered.id in side.books.ended_by_us:
        _report(world, "own key", f"{entered.id} is what the daemon enters with, and it ended it")


def _report(world: World, invariant: str, what: str) -> None:
    found = Violation(invariant, world.clock.now(), what)
    seen = world.subjects[0].checker.violations
    if not any((it.invariant, it.what) == (invariant, what) for it in seen):
        seen.append(found)
