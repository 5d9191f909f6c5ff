"""People who act out of band while we work."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

from rotator.errors import QuotaExceededError
from rotator.testing.fake_grants import TENANT, Granting

if TYPE_CHECKING:
    from rotator.core.ids import KeyId
    from rotator.core.rotation import Rotation
    from rotator.core.secret import KeyMaterial
    from tests.simulation.subject import Subject
    from tests.simulation.world import World

DAYS = timedelta(days=3)


def mints_a_key(world: World) -> None:
    """Mint a key and use it only days later; switch it on again if it was switched off."""
    subject = world.focus
    try:
        material = subject.system.truth.mint_by_hand(subject.principal)
    except QuotaExceededError:
        return

    def use(world: World) -> None:
        del world
        _use(subject, material)

    world.do_later(DAYS, use)
    world.do_later(DAYS + timedelta(minutes=1), use)
    world.do_later(3 * DAYS, use)


def _use(subject: Subject, material: KeyMaterial) -> None:
    provider = subject.system.truth
    is_there = provider.keys[material.key_id].deleted_at is None and not subject.is_replaced
    if not provider.use(material) and is_there:
        provider.switch_by_hand(subject.principal, material.key_id, on=True)


def writes_a_sibling_field(world: World) -> None:
    """Change another field of the published object, as its co-owner may."""
    fields = json.loads(world.destination.read(world.ref))
    fields["db_host"] = "elsewhere"
    world.destination.write_by_hand(world.ref, json.dumps(fields))


def writes_another_field(world: World) -> None:
    """Write the current content again with one more field, as a person with an editor does."""
    if world.ref.id not in world.destination.objects:
        return
    fields = json.loads(world.destination.read(world.ref))
    fields["edited"] = str(world.clock.now())
    world.destination.write_by_hand(world.ref, json.dumps(fields))


def makes_the_user_again(world: World) -> None:
    """Delete the user with all its keys and make a namesake, with a key of its own."""
    subject = world.focus
    if subject.is_replaced:
        return
    provider = subject.system.truth
    for key in [key for key in provider.keys.values() if key.exists_at(world.clock.now())]:
        if key.owner_uid == subject.principal.uid:
            provider.delete_by_hand(subject.principal, key.key_id)
    namesake = provider.add_principal(subject.principal.name)
    provider.mint_by_hand(namesake)
    subject.is_replaced = subject.is_lost = True
    subject.checker.namesakes.add(namesake.uid)


def deletes_the_old_key(world: World) -> None:
    """Delete the key that the rotation is about to replace, or is replacing."""
    subject = world.focus
    rotations = [
        item for item in world.book.rotations() if item.credential_id == subject.checker.credential
    ]
    credentials = [
        item for item in world.book.credentials() if item.id == subject.checker.credential
    ]
    if not credentials:
        return
    is_open = rotations and rotations[0].is_open
    key = rotations[0].old_key_id if is_open else credentials[0].current_key_id
    if key is not None and not subject.is_lost:
        subject.is_lost = not (is_open and rotations[0].promoted_at)
        subject.system.truth.delete_by_hand(subject.principal, key)


def rolls_back_for_two_days(world: World) -> None:
    """Make the version before current again, and two days later the newer one."""
    ref = _lately_disabled(world).ref
    found = world.destination.objects.get(ref.id)
    if found is None or found.previous is None or found.current is None:
        return
    first, newer = found.previous, found.current
    world.destination.make_current_by_hand(ref, first)
    world.do_later(timedelta(days=2), lambda it: it.destination.make_current_by_hand(ref, newer))


def _lately_disabled(world: World) -> Subject:
    """Find whose key was switched off a moment ago: those people are the ones who notice."""
    last = next(reversed(world.wire.acts))
    key = world.provider.keys.get(last.key) if last.key and last.verb == "disable_key" else None
    owner = key.owner_uid if key else ""
    return next((item for item in world.subjects if item.principal.uid == owner), world.focus)


def disables_the_newest_key(world: World) -> None:
    """Switch the newest key off, and a day later on again."""
    provider, principal = world.provider, world.principal
    key = list(provider.keys)[-1]
    provider.switch_by_hand(principal, key, on=False)

    def regret(world: World) -> None:
        del world
        if provider.keys[key].deleted_at is None:
            provider.switch_by_hand(principal, key, on=True)

    world.do_later(timedelta(days=1), regret)


def grants_the_old_key_a_tenant(world: World) -> None:
    """Grant the key that is being replaced something that consumers may soon open."""
    rotation = _rotating(world)
    if rotation is not None:
        _grant(world, rotation.old_key_id, "tenant-b")


def grants_the_new_key_a_tenant(world: World) -> None:
    """Grant the key that has just been published something, as who looks at it does."""
    rotation, published = _rotating(world), world.destination.material(world.focus.ref)
    if rotation and published and rotation.new_key_id == published.key_id:
        _grant(world, published.key_id, "tenant-c")


def _rotating(world: World) -> Rotation | None:
    """Return the focus's rotation, while it has both of its keys and goes forward."""
    found = [
        item
        for item in world.book.rotations()
        if item.credential_id == world.focus.checker.credential
    ]
    is_on = found and found[0].is_open and found[0].abandoned is None
    return found[0] if is_on else None


def _grant(world: World, key: KeyId, thing: str) -> None:
    provider = world.focus.system.truth
    assert isinstance(provider, Granting)
    truth, now = provider.keys[key], world.clock.now()
    if truth.exists_at(now) and truth.is_enabled_at(now):
        provider.grant_by_hand(world.focus.principal, key, thing)


def takes_the_tenant_from_the_new_key(world: World) -> None:
    """Take from the published key what the old one still has; a week later from that one, too."""
    provider, rotation = world.focus.system.truth, _rotating(world)
    assert isinstance(provider, Granting)
    if rotation is None or rotation.new_key_id is None:
        return
    provider.take_by_hand(rotation.new_key_id, TENANT)
    old = rotation.old_key_id
    world.do_later(timedelta(days=7), lambda _: provider.take_by_hand(old, TENANT))
