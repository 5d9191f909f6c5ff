"""The fakes keep the contracts that the real adapters are held to."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import count
from typing import TYPE_CHECKING

import pytest

from rotator.core.facts import DestinationRef, Principal
from rotator.core.ids import AccountId, Instant, KeyId, VersionId
from rotator.testing.bench import Bench, Fault
from rotator.testing.destination_bench import DestinationBench
from rotator.testing.destination_contract import DestinationContract
from rotator.testing.fake_destination import FakeDestination, WriteOnlyFakeDestination
from rotator.testing.fake_grants import FakeProviderWithGrants, Granting
from rotator.testing.fake_keys import Habits
from rotator.testing.fake_provider import (
    BareFakeProvider,
    FakeProvider,
    FakeProviderWithoutDisable,
    FakeProviderWithoutMarks,
    FakeProviderWithoutUse,
    FakeProviderWithTrail,
)
from rotator.testing.manual_clock import ManualClock
from rotator.testing.provider_bench import ProviderBench
from rotator.testing.provider_contract import KeyProviderContract
from rotator.testing.wire import Failure, Wire

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from rotator.core.secret import KeyMaterial

FAILURES = {
    Fault.LOST_ANSWER: Failure.LOST_ANSWER,
    Fault.THROTTLED: Failure.THROTTLED,
    Fault.DENIED: Failure.DENIED,
}


class FakeBench(Bench):
    """What the benches of both fakes share: a clock and a wire."""

    def __init__(self) -> None:
        """Start at the clock's beginning."""
        self.clock = ManualClock()
        self.wire = Wire(clock=self.clock)

    def now(self) -> Instant:
        """Return where the clock stands."""
        return self.clock.now()

    def advance(self, period: timedelta) -> None:
        """Move the clock."""
        self.clock.advance(period)

    def failing(self, fault: Fault) -> AbstractContextManager[None]:
        """Break the wire."""
        return self.wire.breaking(FAILURES[fault])


class FakeProviderBench(FakeBench, ProviderBench):
    """A fake provider and the people beside it."""

    def __init__(self, kind: type[BareFakeProvider], habits: Habits) -> None:
        """Start with an empty provider of a kind."""
        super().__init__()
        self.fake = kind(self.clock, habits=habits, wire=self.wire)
        self.names = count(1)

    @property
    def provider(self) -> BareFakeProvider:
        """Return the fake."""
        return self.fake

    def settle(self) -> None:
        """Move past every lag."""
        self.clock.advance(self.fake.habits.slowest)

    def new_principal(self) -> Principal:
        """Make a principal at the fake."""
        return self.fake.add_principal(f"svc-{next(self.names)}")

    def mint_by_hand(self, principal: Principal) -> KeyMaterial:
        """Mint at the fake as a human."""
        return self.fake.mint_by_hand(principal)

    def delete_by_hand(self, principal: Principal, key: KeyId) -> None:
        """Delete at the fake as a human."""
        self.fake.delete_by_hand(principal, key)

    def use(self, material: KeyMaterial) -> bool:
        """Call the fake as a consumer."""
        return self.fake.use(material)

    def mint_expiring(self, principal: Principal) -> tuple[KeyMaterial, Instant]:
        """Mint at the fake, whose keys end if its habits say so."""
        if not self.fake.habits.keys_expire:
            return super().mint_expiring(principal)
        material = self.fake.mint_by_hand(principal)
        ends = self.fake.keys[material.key_id].expires_at
        assert ends is not None
        return material, ends

    def delay_activation(self) -> None:
        """Make activation slow."""
        self.fake.habits = replace(self.fake.habits, activation_lag=timedelta(seconds=15))

    def delay_trail(self) -> None:
        """Make the log later than everything else."""
        self.fake.habits = replace(self.fake.habits, trail_lag=timedelta(days=1))

    def publish_trail(self) -> None:
        """Let the log catch up."""
        self.fake.habits = replace(self.fake.habits, trail_lag=timedelta(0))

    def make_person(self, principal: Principal) -> None:
        """Give the principal a console password."""
        self.fake.people.add(principal.uid)

    def tag_by_hand(self, principal: Principal, name: str, value: str) -> None:
        """Tag at the fake."""
        self.fake.tag_by_hand(principal, name, value)

    def new_grant(self) -> str:
        """Let the fake know of one more thing."""
        assert isinstance(self.fake, Granting)
        thing = f"thing-{next(self.names)}"
        self.fake.things.add(thing)
        return thing

    def replace_by_hand(self, principal: Principal) -> None:
        """Make the principal again at the fake."""
        self.fake.add_principal(principal.name)


QUICK = Habits(max_keys=3)
SLOW = Habits(
    list_lag=timedelta(seconds=40),
    activation_lag=timedelta(seconds=20),
    revocation_lag=timedelta(seconds=4),
    report_lag=timedelta(minutes=10),
    marks_keys=True,
)
UNLIMITED = Habits(max_keys=None)
ENDING = Habits(max_keys=3, lifetime=timedelta(days=30), lifetime_by_hand=timedelta(days=3))

KINDS = [
    pytest.param(FakeProvider, QUICK, id="quick"),
    pytest.param(FakeProvider, SLOW, id="slow-and-marking"),
    pytest.param(FakeProvider, UNLIMITED, id="unlimited"),
    pytest.param(FakeProviderWithTrail, QUICK, id="with-a-trail"),
    pytest.param(FakeProviderWithoutDisable, QUICK, id="without-disable"),
    pytest.param(FakeProviderWithoutMarks, QUICK, id="without-marks"),
    pytest.param(FakeProviderWithoutUse, QUICK, id="without-use"),
    pytest.param(BareFakeProvider, QUICK, id="bare"),
    pytest.param(FakeProviderWithGrants, QUICK, id="with-grants"),
    pytest.param(FakeProvider, ENDING, id="ending-keys"),
]


@pytest.mark.parametrize(("kind", "habits"), KINDS)
class TestFakeProvider(KeyProviderContract):
    """Every kind of fake provider, quick and slow."""

    @pytest.fixture
    def bench(self, kind: type[BareFakeProvider], habits: Habits) -> ProviderBench:
        """Set up one fake."""
        return FakeProviderBench(kind, habits)


class FakeDestinationBench(FakeBench, DestinationBench):
    """A fake destination and the people beside it."""

    def __init__(self, kind: type[WriteOnlyFakeDestination]) -> None:
        """Start with an empty destination of a kind."""
        super().__init__()
        self.fake = kind(self.clock, wire=self.wire, owner="this-installation")
        self.names = count(1)

    @property
    def destination(self) -> WriteOnlyFakeDestination:
        """Return the fake."""
        return self.fake

    @property
    def owner(self) -> str:
        """Return the fake's installation."""
        return self.fake.owner

    @property
    def size_limit(self) -> int | None:
        """Return the fake's limit."""
        return self.fake.size_limit

    def settle(self) -> None:
        """Nothing is slow here."""

    def new_ref(self, *, merge: bool = False, create: bool = False) -> DestinationRef:
        """Name an object."""
        return DestinationRef(
            kind="fake",
            account=AccountId("111122223333"),
            region="eu-central-1",
            name=f"object-{next(self.names)}",
            merge=merge,
            create=create,
        )

    def create_by_hand(
        self, ref: DestinationRef, content: str, *, owner: str | None = None
    ) -> VersionId:
        """Create at the fake."""
        return self.fake.create_by_hand(ref, content, owner=owner)

    def write_by_hand(self, ref: DestinationRef, content: str) -> VersionId:
        """Write at the fake."""
        return self.fake.write_by_hand(ref, content)

    def read(self, ref: DestinationRef, version: VersionId | None = None) -> str:
        """Read at the fake."""
        return self.fake.read(ref, version)

    def mark_pending_by_hand(self, ref: DestinationRef, version: VersionId) -> None:
        """Label at the fake."""
        self.fake.objects[ref.id].pending = version

    def switch_native_rotation_on(self, ref: DestinationRef) -> None:
        """Switch it on at the fake."""
        self.fake.objects[ref.id].native_rotation = True

    def schedule_deletion(self, ref: DestinationRef) -> None:
        """Schedule it at the fake."""
        self.fake.objects[ref.id].deletion_scheduled = True


@pytest.mark.parametrize("kind", [FakeDestination, WriteOnlyFakeDestination])
class TestFakeDestination(DestinationContract):
    """Both kinds of fake destination."""

    @pytest.fixture
    def bench(self, kind: type[WriteOnlyFakeDestination]) -> DestinationBench:
        """Set up one fake."""
        return FakeDestinationBench(kind)


@pytest.mark.parametrize("suite", [KeyProviderContract, DestinationContract])
def test_no_part_of_a_contract_hides_another_parts_test(suite: type) -> None:
    names = [name for part in suite.__bases__ for name in vars(part) if name.startswith("test_")]
    assert sorted(names) == sorted(set(names))
