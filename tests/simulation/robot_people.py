"""People and workloads at the vendor of robots, and the real provider over it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rotator.core.ids import AccountId, KeyId
from rotator.core.secret import KeyMaterial, Secret
from rotator.errors import QuotaExceededError
from rotator.settings.http_spec import load_spec
from rotator.testing.wire import Actor
from tests.simulation.http_vendors import MARK, HttpSide
from tests.simulation.lineages import Lineages
from tests.simulation.robots import MOST_KEYS, OURS, Robots
from tests.simulation.subject import NAMES

if TYPE_CHECKING:
    from rotator.core.facts import Principal
    from rotator.core.terms import Traits
    from rotator.ports.clock import Clock
    from rotator.providers.http.spec import Spec
    from rotator.testing.fake_keys import FakeKey, Habits
    from rotator.testing.manual_clock import ManualClock
    from tests.simulation.scene import Scene
    from tests.simulation.simulator_wire import SimulatorWire
    from tests.simulation.vendors import Vendors

ROBOTS = load_spec(Path(__file__).with_name("robots.yaml"))


class RobotKeys(Lineages):
    """The truth about the robot's keys, and what people and workloads do with them."""

    provider = "robot-key"
    account = AccountId("robots")

    def __init__(
        self,
        robots: Robots,
        wire: SimulatorWire,
        watched: set[str],
        habits: Habits,
        traits: Traits,
    ) -> None:
        """Begin without a key."""
        self._robots = robots
        super().__init__(wire, watched, habits, traits)

    def take_habits(self, habits: Habits) -> None:
        """Let the vendor behave so."""
        self._robots.world.habits = habits

    @property
    def keys(self) -> dict[KeyId, FakeKey]:
        """Every key that ever was, in the order of their making."""
        return self._robots.world.keys

    def mint_by_hand(self, principal: Principal) -> KeyMaterial:
        """Make a key as a person does."""
        self.wire.land()
        world = self._robots.world
        if len(world.there(principal.name, world.true())) >= MOST_KEYS:
            raise QuotaExceededError("there are two keys", subject=principal.name)
        made = world.make(principal.name, Actor.HUMAN)
        return KeyMaterial(key_id=made.key_id, secret=Secret(made.secret))

    def delete_by_hand(self, principal: Principal, key: KeyId) -> None:
        """Delete a key as a person does; nothing happens when it is gone."""
        del principal
        self.wire.land()
        if self.keys[key].deleted_at is None:
            self._robots.world.end(self.keys[key], Actor.HUMAN)

    def switch_by_hand(self, principal: Principal, key: KeyId, *, on: bool) -> None:
        """Switch a key as a person does."""
        del principal
        self.wire.land()
        self._robots.world.switch(self.keys[key], Actor.HUMAN, on=on)

    def use(self, material: KeyMaterial, service: str = "api") -> bool:
        """Call with a key; say whether it was let in."""
        del service
        self.wire.land()
        return self._robots.world.let_in(material.secret.reveal()) is not None


class RobotSide(HttpSide):
    """One robot's keys, entered with a credential that is no key."""

    def __init__(self, scene: Scene, clock: Clock, *, spec: Spec = ROBOTS) -> None:
        """Start without a key; see `HttpSide`."""
        self.robots = Robots(clock, mark=MARK)
        super().__init__(
            scene,
            clock,
            self.robots,
            spec=spec,
            base_url="http://robots.simulated",
            params={"robot": NAMES[0]},
            ours=OURS,
            credential=lambda: OURS,
        )
        self.wire.acts = self.robots.world.acts
        traits = self.adapter(clock).traits
        self.truth = RobotKeys(self.robots, self.wire, self.watched, scene.habits, traits)

    @property
    def truth_kind(self) -> type[Lineages]:
        """Return the kind of the truth."""
        return RobotKeys


def robots(scene: Scene, clock: ManualClock) -> Vendors:
    """Make a robot at its vendor, and the real provider for its keys."""
    return RobotSide(scene, clock).start(clock)
