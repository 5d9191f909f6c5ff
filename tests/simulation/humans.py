"""People who act out of band while we work."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rotator.core.secret import KeyMaterial
    from tests.simulation.world import World

DAYS = timedelta(days=3)


def mints_a_key(world: World) -> None:
    """Mint a key and use it only days later; switch it on again if it was switched off."""
    material = world.provider.mint_by_hand(world.principal)

    def use(world: World) -> None:
        _use(world, material)

    world.do_later(DAYS, use)
    world.do_later(DAYS + timedelta(minutes=1), use)
    world.do_later(3 * DAYS, use)


def _use(world: World, material: KeyMaterial) -> None:
    key = world.provider.keys[material.key_id]
    if not world.provider.use(material) and key.deleted_at is None:
        world.provider.switch_by_hand(world.principal, material.key_id, on=True)


def writes_a_sibling_field(world: World) -> None:
    """Change another field of the published object, as its co-owner may."""
    fields = json.loads(world.destination.read(world.ref))
    fields["db_host"] = "elsewhere"
    world.destination.write_by_hand(world.ref, json.dumps(fields))


def rolls_back_for_two_days(world: World) -> None:
    """Make the first version current again, and two days later the newer one."""
    versions = world.destination.objects[world.ref.id]
    first, newer = next(iter(versions.versions)), versions.current
    assert newer is not None
    world.destination.make_current_by_hand(world.ref, first)
    world.do_later(timedelta(days=2), lambda it: it.destination.make_current_by_hand(it.ref, newer))


def disables_the_newest_key(world: World) -> None:
    """Switch the newest key off, and a day later on again."""
    key = list(world.provider.keys)[-1]
    world.provider.switch_by_hand(world.principal, key, on=False)

    def regret(world: World) -> None:
        if world.provider.keys[key].deleted_at is None:
            world.provider.switch_by_hand(world.principal, key, on=True)

    world.do_later(timedelta(days=1), regret)
