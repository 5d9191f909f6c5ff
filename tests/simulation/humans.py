"""People who act out of band while we work."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

from rotator.errors import QuotaExceededError

if TYPE_CHECKING:
    from rotator.core.secret import KeyMaterial
    from tests.simulation.subject import Subject
    from tests.simulation.world import World

DAYS = timedelta(days=3)


def mints_a_key(world: World) -> None:
    """Mint a key and use it only days later; switch it on again if it was switched off."""
    subject = world.focus
    try:
        material = world.provider.mint_by_hand(subject.principal)
    except QuotaExceededError:
        return

    def use(world: World) -> None:
        _use(world, subject, material)

    world.do_later(DAYS, use)
    world.do_later(DAYS + timedelta(minutes=1), use)
    world.do_later(3 * DAYS, use)


def _use(world: World, subject: Subject, material: KeyMaterial) -> None:
    key = world.provider.keys[material.key_id]
    is_there = key.deleted_at is None and not subject.is_replaced
    if not world.provider.use(material) and is_there:
        world.provider.switch_by_hand(subject.principal, material.key_id, on=True)


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
    for key in [key for key in world.provider.keys.values() if key.exists_at(world.clock.now())]:
        if key.owner_uid == subject.principal.uid:
            world.provider.delete_by_hand(subject.principal, key.key_id)
    namesake = world.provider.add_principal(subject.principal.name)
    world.provider.mint_by_hand(namesake)
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
        world.provider.delete_by_hand(subject.principal, key)


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
    key, principal = list(world.provider.keys)[-1], world.principal
    world.provider.switch_by_hand(principal, key, on=False)

    def regret(world: World) -> None:
        if world.provider.keys[key].deleted_at is None:
            world.provider.switch_by_hand(principal, key, on=True)

    world.do_later(timedelta(days=1), regret)
