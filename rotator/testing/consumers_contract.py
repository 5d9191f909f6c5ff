"""The contract of `rotator.ports.consumers.Consumers`, as tests.

Subclass `ConsumersContract` and give it a fixture `bench`.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from rotator.core.consumers import ConsumerKind, ConsumerRef
from rotator.core.ids import Instant
from rotator.errors import (
    AccessDeniedError,
    ConflictError,
    NotFoundError,
    OutcomeUnknownError,
    RejectedError,
)
from rotator.testing.bench import TOLERANCE, Fault

if TYPE_CHECKING:
    from rotator.core.consumers import ConsumerState
    from rotator.testing.consumers_bench import ConsumersBench

OBJECT = "iam/svc-payments"
VERSION = "11111111-0000-4000-8000-000000000001"


def _seconds(at: Instant) -> Instant:
    return Instant(at.replace(microsecond=0))


class ConsumersContract:
    """Everything that the port promises."""

    def _one(self, bench: ConsumersBench, ref: ConsumerRef) -> ConsumerState:
        (state,) = bench.consumers.read((ref,), OBJECT).states
        return state

    def test_all_are_read_in_the_order_in_which_they_were_named(
        self, bench: ConsumersBench
    ) -> None:
        """And the cluster says what time it is there."""
        refs = (bench.new_workload(), bench.new_feed(), bench.new_workload())
        reading = bench.consumers.read(refs, OBJECT)
        assert tuple(state.ref for state in reading.states) == refs
        assert all(state.exists and state.is_well for state in reading.states)
        assert abs(reading.told_at - bench.now()) < TOLERANCE

    @pytest.mark.parametrize("kind", ConsumerKind)
    def test_one_that_does_not_exist_is_a_state(
        self, bench: ConsumersBench, kind: ConsumerKind
    ) -> None:
        """It is no error, and nobody takes it for one that has moved."""
        ref = ConsumerRef(kind=kind, namespace=bench.new_feed().namespace, name="nobody")
        assert not self._one(bench, ref).exists

    def test_a_refresh_takes_the_value_over(self, bench: ConsumersBench) -> None:
        """It is asked for at once and done a little later."""
        ref, at = bench.new_feed(), bench.now()
        bench.advance(timedelta(seconds=90))
        at = bench.now()
        before = self._one(bench, ref)
        bench.consumers.refresh(before, at=at, not_after=bench.soon())
        assert self._one(bench, ref).asked_at == _seconds(at)
        bench.settle()
        after = self._one(bench, ref)
        assert before.refreshed_at is not None
        assert after.refreshed_at is not None
        assert before.refreshed_at < _seconds(at) <= after.refreshed_at
        assert after.is_well

    def test_a_restart_replaces_every_pod(self, bench: ConsumersBench) -> None:
        """Until it is complete the workload is not well."""
        ref, at = bench.new_workload(), bench.now()
        before = self._one(bench, ref)
        bench.consumers.restart(before, at=at, not_after=bench.soon())
        during = self._one(bench, ref)
        assert not during.is_well
        assert during.asked_at == _seconds(at)
        bench.settle()
        after = self._one(bench, ref)
        assert before.started_at is not None
        assert after.started_at is not None
        assert before.started_at < _seconds(at) <= after.started_at
        assert after.is_well

    def test_a_restart_is_for_the_edition_that_was_read(self, bench: ConsumersBench) -> None:
        """Whoever changed it meanwhile had a reason; nothing is done."""
        ref = bench.new_workload()
        before = self._one(bench, ref)
        bench.change_by_hand(ref)
        with pytest.raises(ConflictError):
            bench.consumers.restart(before, at=bench.now(), not_after=bench.soon())
        bench.settle()
        assert self._one(bench, ref).started_at == before.started_at

    def test_a_restart_that_is_sent_twice_happens_once(self, bench: ConsumersBench) -> None:
        """The second one is for an edition that is over."""
        ref = bench.new_workload()
        before = self._one(bench, ref)
        bench.consumers.restart(before, at=bench.now(), not_after=bench.soon())
        with pytest.raises(ConflictError):
            bench.consumers.restart(before, at=bench.now(), not_after=bench.soon())

    def test_a_workload_that_must_not_be_restarted_says_why(self, bench: ConsumersBench) -> None:
        """Others have no obstacle."""
        ref = bench.new_workload()
        assert not self._one(bench, ref).obstacle
        bench.pause_by_hand(ref)
        assert self._one(bench, ref).obstacle

    def test_the_versions_that_pods_have_mounted_are_read(self, bench: ConsumersBench) -> None:
        """Of another object they have none, and an empty text says so."""
        ref = bench.new_mount(OBJECT, VERSION)
        (state,) = bench.consumers.read((ref,), OBJECT).states
        (other,) = bench.consumers.read((ref,), "iam/another").states
        assert state.versions == {VERSION}
        assert other.versions == {""}

    def test_nothing_is_sent_too_late(self, bench: ConsumersBench) -> None:
        """Neither of the two."""
        feed, workload = bench.new_feed(), bench.new_workload()
        fed, before = self._one(bench, feed), self._one(bench, workload)
        with pytest.raises(ConflictError):
            bench.consumers.refresh(fed, at=bench.now(), not_after=bench.past())
        with pytest.raises(ConflictError):
            bench.consumers.restart(before, at=bench.now(), not_after=bench.past())
        assert self._one(bench, workload) == before
        assert self._one(bench, feed).asked_at == fed.asked_at

    def test_a_lost_answer_is_an_unknown_outcome(self, bench: ConsumersBench) -> None:
        """What was sent has happened, once."""
        ref, at = bench.new_workload(), bench.now()
        before = self._one(bench, ref)
        with bench.failing(Fault.LOST_ANSWER), pytest.raises(OutcomeUnknownError):
            bench.consumers.restart(before, at=at, not_after=bench.soon())
        assert self._one(bench, ref).asked_at == _seconds(at)
        feed = self._one(bench, bench.new_feed())
        with bench.failing(Fault.LOST_ANSWER), pytest.raises(OutcomeUnknownError):
            bench.consumers.refresh(feed, at=at, not_after=bench.soon())
        assert self._one(bench, feed.ref).asked_at == _seconds(at)

    def test_who_is_not_permitted_is_told_so(self, bench: ConsumersBench) -> None:
        """One refusal is an error for all: whoever is not seen has not moved."""
        ref = bench.new_workload()
        before = self._one(bench, ref)
        with bench.failing(Fault.DENIED):
            with pytest.raises(AccessDeniedError):
                bench.consumers.read((ref,), OBJECT)
            with pytest.raises(AccessDeniedError):
                bench.consumers.restart(before, at=bench.now(), not_after=bench.soon())

    def test_what_cannot_be_moved_so_is_refused(self, bench: ConsumersBench) -> None:
        """A workload is not refreshed, an ExternalSecret not restarted."""
        feed, workload = bench.new_feed(), bench.new_workload()
        fed, before = self._one(bench, feed), self._one(bench, workload)
        with pytest.raises(RejectedError):
            bench.consumers.restart(fed, at=bench.now(), not_after=bench.soon())
        with pytest.raises(RejectedError):
            bench.consumers.refresh(before, at=bench.now(), not_after=bench.soon())

    @pytest.mark.parametrize("kind", [ConsumerKind.EXTERNAL_SECRET, ConsumerKind.DEPLOYMENT])
    def test_what_is_gone_cannot_be_moved(self, bench: ConsumersBench, kind: ConsumerKind) -> None:
        """It may have been deleted since it was read."""
        living = bench.new_feed() if kind is ConsumerKind.EXTERNAL_SECRET else bench.new_workload()
        before = self._one(bench, living)
        ref = ConsumerRef(kind=kind, namespace=living.namespace, name="nobody")
        gone = type(before)(ref=ref, edition=before.edition)
        move = (
            bench.consumers.refresh
            if kind is ConsumerKind.EXTERNAL_SECRET
            else bench.consumers.restart
        )
        with pytest.raises(NotFoundError):
            move(gone, at=bench.now(), not_after=bench.soon())
