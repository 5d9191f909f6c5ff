"""The fakes' own semantics that no port promises: what gets lost, what lands late."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from rotator.core.facts import DestinationRef, Principal
from rotator.core.ids import Instant, RotationId
from rotator.errors import (
    ConflictError,
    NotFoundError,
    OutcomeUnknownError,
    RejectedError,
    ThrottledError,
    UnavailableError,
)
from rotator.testing.destination_bench import FIRST, material
from rotator.testing.fake_destination import FakeDestination
from rotator.testing.fake_keys import Habits
from rotator.testing.fake_provider import ACCOUNT, FakeProvider
from rotator.testing.manual_clock import BEGINNING, ManualClock, SeededChance
from rotator.testing.memory_evidence import MemoryGate, MemorySink, QuietTelemetry
from rotator.testing.wire import Actor, Failure, Wire

if TYPE_CHECKING:
    from rotator.core.secret import KeyMaterial

ROTATION = RotationId("11111111-1111-4111-8111-111111111111")
W = timedelta(minutes=4)


class Vendors:
    """A provider and a destination on one wire."""

    def __init__(self, habits: Habits | None = None) -> None:
        self.clock = ManualClock()
        self.wire = Wire(clock=self.clock)
        self.provider = FakeProvider(self.clock, habits=habits, wire=self.wire)
        self.destination = FakeDestination(self.clock, wire=self.wire)
        self.principal = self.provider.add_principal("svc")
        self.ref = DestinationRef(kind="fake", account=ACCOUNT, region="", name="app")

    def soon(self) -> Instant:
        return Instant(self.clock.now() + timedelta(minutes=1))

    def mint(self) -> KeyMaterial:
        minted = self.provider.create_key(
            self.principal, ROTATION, replaces=None, not_after=self.soon()
        )
        return minted.material

    def number_of_keys(self) -> int:
        return len(self.provider.list_keys(self.principal).keys)


@pytest.fixture
def vendors() -> Vendors:
    return Vendors()


def test_a_lost_request_has_no_effect(vendors: Vendors) -> None:
    vendors.wire.break_next("create_key", Failure.LOST_REQUEST)
    with pytest.raises(OutcomeUnknownError):
        vendors.mint()
    assert vendors.number_of_keys() == 0


def test_a_late_request_takes_effect_at_its_landing(vendors: Vendors) -> None:
    vendors.wire.break_next("create_key", Failure.LATE, delay=W)
    with pytest.raises(OutcomeUnknownError):
        vendors.mint()
    assert vendors.number_of_keys() == 0
    assert vendors.wire.next_landing() == BEGINNING + W
    vendors.clock.advance(2 * W)
    (key,) = vendors.provider.list_keys(vendors.principal).keys
    assert key.created_at == BEGINNING + W
    assert vendors.wire.next_landing() is None


def test_late_requests_land_in_order_and_a_refused_one_is_nobodys_error(vendors: Vendors) -> None:
    for delay in (2 * W, W, 3 * W):
        vendors.wire.break_next("create_key", Failure.LATE, delay=delay)
        with pytest.raises(OutcomeUnknownError):
            vendors.mint()
    vendors.clock.advance(4 * W)
    keys = vendors.provider.list_keys(vendors.principal).keys
    assert [key.created_at for key in keys] == [BEGINNING + W, BEGINNING + 2 * W]


def test_a_throttled_method_recovers_after_as_many_times(vendors: Vendors) -> None:
    vendors.wire.break_next("create_key", Failure.THROTTLED, times=2, skip=1)
    vendors.mint()
    for _ in range(2):
        with pytest.raises(ThrottledError):
            vendors.mint()
    vendors.mint()
    assert vendors.wire.sent.count("create_key") == 4


@pytest.mark.parametrize("failure", [Failure.LOST_ANSWER, Failure.LATE, Failure.UNAVAILABLE])
def test_a_lost_reading_is_unavailable(vendors: Vendors, failure: Failure) -> None:
    with vendors.wire.breaking(failure), pytest.raises(UnavailableError):
        vendors.number_of_keys()


def test_nothing_is_sent_too_late(vendors: Vendors) -> None:
    with pytest.raises(ConflictError):
        vendors.provider.create_key(
            vendors.principal,
            ROTATION,
            replaces=None,
            not_after=Instant(BEGINNING - timedelta(seconds=1)),
        )
    assert vendors.wire.sent == []


def test_a_half_done_promote_leaves_the_pending_label(vendors: Vendors) -> None:
    base = vendors.destination.create_by_hand(vendors.ref, "{}")
    vendors.destination.stage(vendors.ref, FIRST, material(), base=base, not_after=vendors.soon())
    vendors.wire.break_next("promote", Failure.HALFWAY)
    with pytest.raises(OutcomeUnknownError):
        vendors.destination.promote(vendors.ref, FIRST, expected=base, not_after=vendors.soon())
    state = vendors.destination.describe(vendors.ref)
    assert (state.current, state.pending) == (FIRST, frozenset({FIRST}))


def test_a_human_who_rolls_back_moves_the_labels(vendors: Vendors) -> None:
    first = vendors.destination.create_by_hand(vendors.ref, "{}")
    second = vendors.destination.write_by_hand(vendors.ref, '{"a": 1}')
    vendors.destination.make_current_by_hand(vendors.ref, first)
    state = vendors.destination.describe(vendors.ref)
    assert (state.current, state.previous) == (first, second)


def test_a_version_without_a_key_is_not_read_back(vendors: Vendors) -> None:
    version = vendors.destination.create_by_hand(vendors.ref, "{}")
    with pytest.raises(RejectedError):
        vendors.destination.read_staged(vendors.ref, version)


def test_acts_of_both_fakes_are_one_sequence(vendors: Vendors) -> None:
    vendors.mint()
    vendors.destination.create_by_hand(vendors.ref, "{}")
    vendors.provider.mint_by_hand(vendors.principal)
    assert [(act.actor, act.verb) for act in vendors.wire.acts] == [
        (Actor.ROTATOR, "create_key"),
        (Actor.HUMAN, "write"),
        (Actor.HUMAN, "create_key"),
    ]


def test_a_listing_is_as_old_as_its_lag() -> None:
    vendors = Vendors(Habits(list_lag=timedelta(seconds=30)))
    vendors.mint()
    assert vendors.number_of_keys() == 0
    vendors.clock.advance(timedelta(seconds=30))
    assert vendors.number_of_keys() == 1


def test_a_revoked_key_works_a_little_longer() -> None:
    vendors = Vendors(Habits(revocation_lag=timedelta(seconds=4)))
    key = vendors.mint()
    vendors.provider.disable_key(vendors.principal, key.key_id, not_after=vendors.soon())
    assert vendors.provider.use(key)
    vendors.clock.advance(timedelta(seconds=4))
    assert not vendors.provider.use(key)


def test_uses_inside_one_quantum_are_one_use(vendors: Vendors) -> None:
    key = vendors.mint()
    for _ in range(3):
        assert vendors.provider.use(key)
        vendors.clock.advance(timedelta(minutes=6))
    assert vendors.provider.last_used(vendors.principal, key.key_id).at == BEGINNING
    vendors.clock.advance(timedelta(minutes=6))
    vendors.provider.use(key)
    used = vendors.provider.last_used(vendors.principal, key.key_id).at
    assert used == BEGINNING + timedelta(minutes=24)


def test_the_providers_clock_is_its_own(vendors: Vendors) -> None:
    ahead = timedelta(minutes=10)
    vendors.provider.habits = replace(vendors.provider.habits, clock_offset=ahead)
    vendors.mint()
    listing = vendors.provider.list_keys(vendors.principal)
    assert listing.provider_time == BEGINNING + ahead
    assert listing.keys[0].created_at == BEGINNING + ahead


def test_a_recreated_principal_is_another_one(vendors: Vendors) -> None:
    vendors.mint()
    again: Principal = vendors.provider.add_principal("svc")
    assert vendors.provider.list_keys(again).keys == ()
    with pytest.raises(NotFoundError):
        vendors.provider.list_keys(vendors.principal)


def test_a_manual_clock_moves_only_forward_to_an_instant() -> None:
    clock = ManualClock()
    clock.sleep(90)
    clock.advance_to(BEGINNING)
    assert clock.now() == BEGINNING + timedelta(seconds=90)


def test_equal_seeds_draw_equal_chances() -> None:
    one, same, other = SeededChance(7), SeededChance(7), SeededChance(8)
    drawn = [one.new_id() for _ in range(50)]
    assert drawn == [same.new_id() for _ in range(50)]
    assert drawn[0] != other.new_id()
    assert len(set(drawn)) == len(drawn)
    assert all(0 <= one.fraction() < 1 for _ in range(50))


def test_a_closed_gate_blocks() -> None:
    gate = MemoryGate()
    assert not gate.is_blocked(BEGINNING)
    gate.blocked = True
    assert gate.is_blocked(BEGINNING)


def test_a_sink_that_is_down_keeps_nothing() -> None:
    sink = MemorySink()
    assert sink.last().seq == -1
    sink.down = True
    with pytest.raises(UnavailableError):
        sink.write([])


def test_telemetry_is_counted_by_its_labels() -> None:
    telemetry = QuietTelemetry()
    telemetry.count("rotations", provider="fake", outcome="completed")
    telemetry.log("info", "key created")
    assert telemetry.counted("rotations", outcome="completed") == 1
    assert telemetry.counted("rotations", outcome="rolled_back") == 0
