"""One principal of the world: its key, where it is published, who uses it, who judges."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from rotator.core.facts import DestinationRef
from rotator.core.forms import usual_fields
from rotator.core.ids import Instant
from rotator.providers.cipherstash.config import ACCESS_KEYS, CLIENT_KEYS
from rotator.testing.fake_provider import ACCOUNT
from tests.simulation.checker import Checker
from tests.simulation.consumers import Consumer
from tests.simulation.mirrors import Mirror
from tests.simulation.movers import Movers

if TYPE_CHECKING:
    from rotator.core.facts import Principal
    from rotator.core.secret import KeyMaterial
    from rotator.testing.fake_destination import WriteOnlyFakeDestination
    from tests.simulation.scene import Scene
    from tests.simulation.town import Home
    from tests.simulation.vendors import KeySystem
    from tests.simulation.world import World

AGE = timedelta(days=79)
KIND = "fake-secrets"
WORKSPACE_KINDS = frozenset({ACCESS_KEYS, CLIENT_KEYS})
NAMES = ("svc-app", "svc-neighbour", "svc-third")


@dataclass(slots=True, kw_only=True)
class Subject:
    """A principal with everything that hangs on its key.

    Attributes:
        system: The kind of its keys.
        material: The key that people made, which consumers get from their hands.
        followers: Where the key is kept like at the first place.
        mirrors: Who judges those.
        home: Where its consumers in a cluster are; None without any.
        movers: Who judges what is done to those.
        is_replaced: Whether somebody deleted it and made a namesake.
        is_lost: Whether it cannot be rotated any more until a person has helped.
    """

    principal: Principal
    system: KeySystem
    ref: DestinationRef
    checker: Checker
    material: KeyMaterial
    consumers: list[Consumer] = field(default_factory=list)
    followers: tuple[DestinationRef, ...] = ()
    mirrors: list[Mirror] = field(default_factory=list)
    home: Home | None = None
    movers: list[Movers] = field(default_factory=list)
    is_replaced: bool = False
    is_lost: bool = False

    @classmethod
    def settle(cls, world: World, number: int) -> Subject:
        """Mint a key by hand and publish it."""
        name, scene = NAMES[number], world.scene
        system = world.systems[number % len(world.systems)]
        principal = system.truth.add_principal(name)
        ref = _ref(scene, number, principal)
        checker = Checker(
            provider=system.truth,
            destination=world.destination,
            journal=world.book,
            principal=principal,
            ref=ref,
            terms=world.terms(system),
            may_hold=scene.may_hold,
            marks=system.marks,
            is_shut=world.gate.has_long_been_shut,
        )
        material = system.truth.mint_by_hand(principal)
        made = cls(principal=principal, system=system, ref=ref, checker=checker, material=material)
        made.followers = tuple(_follower(ref, place) for place in range(scene.followers))
        made.mirrors = [Mirror(checker=checker, ref=follower) for follower in made.followers]
        made._publish(world)
        if scene.named.refs:
            made.home = world.town.settle(scene.named, ref, number)
            made.movers = [Movers(checker=checker, town=world.town, home=made.home)]
        return made

    def begin(self, world: World) -> None:
        """Let consumers use the key from now on, as soon as it is active everywhere."""
        self.checker.began_at = world.clock.now()
        now = Instant(world.clock.now() + world.scene.habits.slowest)
        self.consumers = [
            Consumer(habit=habit, ref=ref, material=self.material, next_at=now)
            for ref in (self.ref, *self.followers)
            for habit in world.scene.consumers
        ]
        if self.home is not None:
            self.consumers += world.town.pods(self.home, world.scene.pods, self.material, now)

    def look(self) -> None:
        """Let everybody judge what happened."""
        self.checker.look()
        for mirror in self.mirrors:
            mirror.look()
        for judge in self.movers:
            judge.look()

    def tick(self, now: Instant, destination: WriteOnlyFakeDestination) -> None:
        """Let consumers do what is due, and report refusals to the judge."""
        for consumer in self.consumers:
            if consumer.next_at <= now:
                self.look()
                refusal = consumer.tick(now, self.system.truth, destination)
                if refusal is not None:
                    self.checker.refused(refusal)

    def _publish(self, world: World) -> None:
        self.checker.managed.add(self.material.key_id)
        if world.scene.exists:
            self._write(world, self.material)
        for follower in self.followers[:1]:
            fields = {
                follower.key_id_field: self.material.key_id,
                follower.secret_field: self.material.secret.reveal(),
            }
            world.destination.create_by_hand(follower, json.dumps(fields))

    def _write(self, world: World, material: KeyMaterial) -> None:
        fields = {**world.scene.content, self.ref.secret_field: material.secret.reveal()}
        if self.ref.key_id_field:
            fields[self.ref.key_id_field] = material.key_id
        if self.ref.id in world.destination.objects:
            there = json.loads(world.destination.read(self.ref))
            world.destination.write_by_hand(self.ref, json.dumps({**there, **fields}))
        else:
            world.destination.create_by_hand(self.ref, json.dumps(fields))


def _follower(pivot: DestinationRef, number: int) -> DestinationRef:
    region = ("eu-west-1", "us-east-1")[number]
    return replace(pivot, region=region, merge=False, create=number > 0)


def _ref(scene: Scene, number: int, principal: Principal) -> DestinationRef:
    is_shared = scene.shares_object and number > 0
    usual = usual_fields(principal.provider)
    # Only CipherStash's kinds of keys differ by their usual fields.
    suffix = f"_{number}" if is_shared and principal.provider not in WORKSPACE_KINDS else ""
    return DestinationRef(
        kind=KIND,
        account=ACCOUNT,
        region="eu-central-1",
        name="svc/app" if is_shared or number == 0 else f"svc/{NAMES[number]}",
        key_id_field=f"{usual.key_id}{suffix}",
        secret_field=f"{usual.secret}{suffix}",
        merge=scene.merge,
        create=not scene.exists,
    )
