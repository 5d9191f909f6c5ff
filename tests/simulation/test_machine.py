"""Hypothesis drives the processes, and looks for a short story that breaks an invariant."""

from __future__ import annotations

import os
from datetime import timedelta

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from rotator.testing.wire import Failure
from tests.simulation import humans, operators
from tests.simulation.faults import Fault
from tests.simulation.machine import Driven
from tests.simulation.points import EFFECTS

SCENES = ("plain", "without-marks", "without-use", "merging", "human-mints")
METHODS = sorted(name.partition(".")[2] for name in EFFECTS)
PEOPLE = (
    humans.mints_a_key,
    humans.writes_another_field,
    humans.rolls_back_for_two_days,
    humans.deletes_the_old_key,
    humans.makes_the_user_again,
)
OPERATORS = (operators.rolls_back, operators.enables, operators.pauses_everything)
MOST = 6
"""What happens beside the plan, in one story; more only makes it longer."""

REPLICAS = st.integers(0, 2)
POINTS = st.integers(1, 40)


class Story(RuleBasedStateMachine):
    """Three replicas, the wire, the clock, people and operators, in any order."""

    @initialize(name=st.sampled_from(SCENES), subjects=st.integers(1, 2))
    def begin(self, name: str, subjects: int) -> None:
        self.world = Driven(name, replicas=3, subjects=subjects)
        self.left = MOST

    @rule(replica=REPLICAS, points=POINTS)
    def goes_on_for_a_while(self, replica: int, points: int) -> None:
        self.world.drive(replica, points=points)

    @rule(replica=REPLICAS)
    def goes_on_to_the_end_of_its_pass(self, replica: int) -> None:
        self.world.drive(replica, points=10_000)

    @rule(times=st.integers(1, 30))
    def time_goes_on(self, times: int) -> None:
        self.world.wait(times)

    @rule(replica=REPLICAS, points=POINTS)
    def the_power_fails(self, replica: int, points: int) -> None:
        self.world.drive(replica, points=points, fault=Fault.CUT)

    @rule(replica=REPLICAS, points=POINTS, minutes=st.sampled_from((1, 2, 3, 8, 1_440, 7_200)))
    def is_frozen(self, replica: int, points: int, minutes: int) -> None:
        self.world.reins.period = timedelta(minutes=minutes)
        self.world.drive(replica, points=points, fault=Fault.FROZEN)

    @rule(replica=REPLICAS, points=POINTS, fault=st.sampled_from(Fault))
    def is_struck(self, replica: int, points: int, fault: Fault) -> None:
        if self._may_happen():
            self.world.drive(replica, points=points, fault=fault)

    @rule(
        method=st.sampled_from(METHODS), failure=st.sampled_from(Failure), times=st.integers(1, 2)
    )
    def the_next_requests_break(self, method: str, failure: Failure, times: int) -> None:
        if self._may_happen():
            self.world.wire.break_next(method, failure, times=times)

    @rule(number=st.integers(0, len(PEOPLE) - 1))
    def somebody_acts(self, number: int) -> None:
        if self._may_happen():
            PEOPLE[number](self.world)

    @rule(number=st.integers(0, len(OPERATORS) - 1))
    def an_operator_gives_an_order(self, number: int) -> None:
        if self._may_happen():
            OPERATORS[number](self.world)

    @rule()
    def the_journal_is_backed_up(self) -> None:
        self.world.backup()

    @rule()
    def the_journal_is_restored(self) -> None:
        if self._may_happen():
            self.world.restore()

    @invariant()
    def no_invariant_is_broken(self) -> None:
        assert self.world.violations == []

    def teardown(self) -> None:
        self.world.rest()
        assert self.world.violations == []

    def _may_happen(self) -> bool:
        self.left -= 1
        return self.left >= 0


def test_no_story_breaks_an_invariant_or_fails_to_come_to_rest() -> None:
    run_state_machine_as_test(
        Story,
        settings=settings(
            max_examples=30,
            stateful_step_count=30,
            deadline=None,
            derandomize="CI" in os.environ,
            suppress_health_check=list(HealthCheck),
        ),
    )
