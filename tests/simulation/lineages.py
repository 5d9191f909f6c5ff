"""What simulated vendors have in common for whom a principal is a name that its keys share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rotator.core.facts import Principal

if TYPE_CHECKING:
    from rotator.core.ids import AccountId, KeyId
    from rotator.core.terms import Traits
    from rotator.testing.fake_keys import FakeKey, Habits
    from tests.simulation.simulator_wire import SimulatorWire


class Lineages:
    """The truth about the keys of one account, as a world asks for it.

    Attributes:
        former: Keys that are gone and whose id another one has now; no id is given twice.
    """

    provider: str
    account: AccountId
    former: tuple[FakeKey, ...] = ()

    def __init__(
        self, wire: SimulatorWire, watched: set[str], habits: Habits, traits: Traits
    ) -> None:
        """Begin without a lineage; `watched` takes the names of those that begin."""
        self.wire, self.traits = wire, traits
        self._watched = watched
        self.habits = habits

    @property
    def habits(self) -> Habits:
        """How slow and coarse the service is."""
        return self._habits

    @habits.setter
    def habits(self, habits: Habits) -> None:
        self._habits = habits
        self.wire.simulator.time.offset = habits.clock_offset
        self.take_habits(habits)

    def take_habits(self, habits: Habits) -> None:
        """Let the service behave so."""
        world = self.wire.simulator.world
        world.settings = world.settings.model_copy(
            update={
                "propagation_delay_seconds": habits.activation_lag.total_seconds(),
                "revocation_lag_seconds": habits.revocation_lag.total_seconds(),
                "list_lag_seconds": habits.list_lag.total_seconds(),
                "last_used_lag_seconds": habits.report_lag.total_seconds(),
            }
        )

    @property
    def keys(self) -> dict[KeyId, FakeKey]:
        """Every key that ever was, in the order of their making."""
        raise NotImplementedError

    def add_principal(
        self, name: str, account: AccountId | None = None, *, path: str = "/"
    ) -> Principal:
        """Begin a lineage, or end all its keys so that it begins anew: a name has no other id."""
        self.wire.land()
        made = Principal(
            provider=self.provider, account=account or self.account, name=name, uid=name, path=path
        )
        for key in [key for key in self.keys.values() if key.owner_uid == name]:
            if key.deleted_at is None:
                self.delete_by_hand(made, key.key_id)
        self._watched.add(name)
        return made

    def delete_by_hand(self, principal: Principal, key: KeyId) -> None:
        """End a key as a person does; nothing happens when it is gone."""
        raise NotImplementedError
