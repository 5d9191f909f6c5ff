"""Consumers move: they are refreshed, restarted in batches, and asked before the old key goes."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from rotator.core.consumers import (
    ConsumerKind,
    ConsumerRef,
    Consumers,
    ConsumersReading,
    ConsumerState,
    Restarting,
    Rung,
    named,
    reached,
)
from rotator.core.facts import UNREAD, Known, Observation, Unreadable, What
from rotator.core.grounds import grounds
from rotator.core.machine import next_step
from rotator.core.reasons import Reason
from rotator.core.rotation import Effect, Phase
from rotator.core.steps import Do, Fact, Record, Wait
from rotator.core.terms import Grace, Mode, Terms, Traits
from rotator.core.transitions import found
from tests.builders import NEW_KEY, OLD_KEY, OLD_VERSION, at, intent
from tests.core.worlds import (
    DENIED,
    TOKEN,
    asks_for,
    both,
    effect_of,
    key,
    listing,
    open_rotation,
    reason_of,
    seen,
    state,
    used,
)

if TYPE_CHECKING:
    from rotator.core.ids import Instant
    from rotator.core.rotation import Rotation
    from rotator.core.steps import Step

PROMOTED = open_rotation(Phase.PROMOTED)
HASTY = replace(PROMOTED, expedited_at=at())

FEED = ConsumerRef(kind=ConsumerKind.EXTERNAL_SECRET, namespace="shop", name="db")
API = ConsumerRef(kind=ConsumerKind.DEPLOYMENT, namespace="shop", name="api", restart=True)
WEB = ConsumerRef(kind=ConsumerKind.DEPLOYMENT, namespace="shop", name="web", restart=True)
JOBS = ConsumerRef(kind=ConsumerKind.STATEFUL_SET, namespace="shop", name="jobs")
MOUNT = ConsumerRef(kind=ConsumerKind.MOUNT, namespace="shop", name="aws")

AFTER_GRACE = at(hours=24)
REFRESHED = at(minutes=1)
BLIND = Traits(can_report_use=False)


def terms_of(*refs: ConsumerRef, **changes: Any) -> Terms:  # noqa: ANN401 - any field
    consumers = Consumers(refs=refs, evidence=changes.pop("evidence", None))
    restarting = changes.pop("restarting", None)
    if restarting is not None:
        consumers = replace(consumers, restarting=restarting)
    return Terms(consumers=consumers, **changes)


def reading(*states: ConsumerState, now: Instant) -> Known[ConsumersReading]:
    return Known(ConsumersReading(states=states, told_at=now))


def feed(**changes: Any) -> ConsumerState:  # noqa: ANN401 - any field
    return ConsumerState(ref=FEED, **changes)


def pods(ref: ConsumerRef = API, **changes: Any) -> ConsumerState:  # noqa: ANN401 - any field
    return replace(ConsumerState(ref=ref, started_at=at(days=-3)), **changes)


def mount(*versions: str, **changes: Any) -> ConsumerState:  # noqa: ANN401 - any field
    return ConsumerState(ref=MOUNT, versions=frozenset(versions), **changes)


def step(
    now: Instant,
    *states: ConsumerState,
    terms: Terms | None = None,
    rotation: Rotation = PROMOTED,
    **readings: Any,  # noqa: ANN401 - the readings of `seen`
) -> Step:
    terms = terms or terms_of(*(item.ref for item in states))
    readings = {"destination": state(TOKEN), **readings}
    observation = replace(seen(**readings), consumers=reading(*states, now=now))
    return next_step(rotation, observation, terms, now)


def guarded(now: Instant, *states: ConsumerState, **given: Any) -> Step:  # noqa: ANN401
    """Ask behind the grace, with everything else as it should be."""
    quiet = {"old_use": used(at(hours=-1)), "keys": both(now), "destination": state(TOKEN)}
    return step(now, *states, **{**quiet, **given})


class TestRefresh:
    def test_nothing_is_asked_until_the_clocks_of_all_agree_that_the_key_is_current(self) -> None:
        waiting = next_step(PROMOTED, Observation(), terms_of(FEED), at())

        assert waiting == Wait(until=at(seconds=30), reason=Reason.GRACE)

    def test_an_external_secret_is_told_to_fetch_the_new_key(self) -> None:
        asked = next_step(PROMOTED, Observation(), terms_of(FEED), at(minutes=1))
        found = step(at(minutes=1), feed(refreshed_at=at(minutes=-10)))

        assert asks_for(asked) is What.CONSUMERS
        assert isinstance(found, Do)
        assert (found.effect, found.consumer) == (
            Effect.REFRESH,
            feed(refreshed_at=at(minutes=-10)),
        )
        assert found.evidence == {"consumer": "ExternalSecret shop/db"}

    def test_it_is_asked_once_and_then_looked_at(self) -> None:
        waiting = step(at(minutes=2), feed(asked_at=at(minutes=1)))

        assert isinstance(waiting, Wait)
        assert (waiting.until, waiting.reason) == (at(minutes=3), Reason.GRACE)

    def test_one_that_was_asked_for_an_earlier_key_is_asked_again(self) -> None:
        assert effect_of(step(at(minutes=2), feed(asked_at=at(minutes=-1)))) is Effect.REFRESH

    def test_one_that_does_not_answer_in_time_is_told_and_asked_again(self) -> None:
        late = step(at(hours=1), feed(asked_at=at(minutes=50)))
        again = step(at(hours=1), feed(asked_at=at(minutes=1)))

        assert reason_of(late) is Reason.CONSUMERS_BEHIND
        assert effect_of(again) is Effect.REFRESH

    @pytest.mark.parametrize(
        ("state", "words"),
        [
            (feed(obstacle="never refreshes"), "ExternalSecret shop/db never refreshes"),
            (feed(exists=False), "ExternalSecret shop/db does not exist"),
        ],
        ids=["frozen", "missing"],
    )
    def test_one_that_never_refreshes_is_told_at_once(
        self, state: ConsumerState, words: str
    ) -> None:
        held = step(at(minutes=1), state)

        assert isinstance(held, Wait)
        assert (held.reason, held.detail) == (Reason.CONSUMERS_BEHIND, words)

    def test_one_that_is_refreshed_and_not_ready_has_not_moved(self) -> None:
        refreshed = feed(refreshed_at=REFRESHED, asked_at=REFRESHED, is_well=False)

        assert isinstance(step(at(minutes=2), refreshed), Wait)

    def test_the_first_refresh_is_kept_for_each_later_one_would_restart_everybody_again(
        self,
    ) -> None:
        kept = step(at(minutes=2), feed(refreshed_at=REFRESHED))
        done = replace(PROMOTED, refreshed_at=REFRESHED)
        later = feed(refreshed_at=at(hours=5))
        young = pods(started_at=at(minutes=10))

        assert kept == Record(fact=Fact.REFRESHED, moment=REFRESHED)
        assert found(PROMOTED, Fact.REFRESHED, at(), moment=REFRESHED) == done
        assert step(at(hours=6), later, young, rotation=done) == Wait(
            until=AFTER_GRACE, reason=Reason.GRACE
        )


class TestRestart:
    def test_keys_that_follow_shortly_share_the_restart(self) -> None:
        waiting = step(at(minutes=2), pods())

        assert waiting == Wait(until=at(minutes=5, seconds=30), reason=Reason.GRACE)

    def test_a_workload_with_pods_from_before_is_restarted(self) -> None:
        found = step(at(minutes=6), pods(edition="7"))

        assert isinstance(found, Do)
        assert (found.effect, found.consumer) == (Effect.RESTART, pods(edition="7"))

    def test_a_pod_of_the_very_second_of_the_refresh_may_have_read_the_old_key(self) -> None:
        refreshed = replace(PROMOTED, refreshed_at=REFRESHED)
        early, late = (pods(started_at=REFRESHED + timedelta(seconds=more)) for more in (0, 1))
        seen_then = feed(refreshed_at=REFRESHED)

        asked = step(at(minutes=7), seen_then, early, rotation=refreshed)
        moved = step(at(minutes=7), seen_then, late, rotation=refreshed)

        assert isinstance(asked, Do)
        assert asked.effect is Effect.RESTART
        assert moved == Wait(until=AFTER_GRACE, reason=Reason.GRACE)

    def test_a_workload_that_another_key_had_restarted_meanwhile_is_not_restarted_again(
        self,
    ) -> None:
        young = pods(started_at=at(minutes=4), asked_at=at(minutes=4))

        assert step(at(minutes=6), young) == Wait(until=AFTER_GRACE, reason=Reason.GRACE)

    def test_a_workload_without_pods_reads_nothing(self) -> None:
        assert reason_of(step(at(minutes=6), pods(started_at=None))) is Reason.GRACE

    def test_no_more_than_a_batch_rolls_at_once(self) -> None:
        rolling = pods(asked_at=at(minutes=6), is_well=False)
        one = step(at(minutes=7), rolling, pods(WEB))
        two = step(
            at(minutes=7),
            rolling,
            pods(WEB),
            terms=terms_of(API, WEB, restarting=Restarting(batch=2)),
        )

        assert isinstance(one, Wait)
        assert one.until == at(minutes=8)
        assert isinstance(two, Do)
        assert two.consumer == pods(WEB)

    def test_what_rolls_for_another_key_counts_until_its_time_is_over(self) -> None:
        earlier = pods(asked_at=at(seconds=10), is_well=False)

        assert isinstance(step(at(minutes=8), earlier, pods(WEB)), Wait)
        assert effect_of(step(at(minutes=16), earlier, pods(WEB))) is Effect.RESTART

    def test_nobody_is_moved_while_the_destination_carries_something_else(self) -> None:
        found = step(
            at(minutes=6),
            pods(),
            destination=state(OLD_VERSION),
            published=OLD_KEY,
        )

        assert isinstance(found, Record)
        assert found.fact is Fact.FOUND_WITHDRAWN

    def test_new_pods_that_do_not_work_have_not_moved(self) -> None:
        broken = pods(asked_at=at(minutes=6), started_at=at(minutes=6), is_well=False)
        held = guarded(AFTER_GRACE, broken)

        assert reason_of(held) is Reason.CONSUMERS_BEHIND

    def test_the_next_is_restarted_once_the_one_before_is_whole(self) -> None:
        whole = pods(asked_at=at(minutes=6), started_at=at(minutes=6))
        found = step(at(minutes=9), whole, pods(WEB))

        assert isinstance(found, Do)
        assert found.consumer == pods(WEB)

    @pytest.mark.parametrize("batch", [1, 2])
    def test_a_rollout_that_does_not_end_stops_the_others_and_is_told(self, batch: int) -> None:
        stuck = pods(asked_at=at(minutes=6), is_well=False)
        terms = terms_of(API, WEB, restarting=Restarting(batch=batch))
        held = step(at(minutes=22), stuck, pods(WEB), terms=terms)

        assert isinstance(held, Wait)
        assert held.reason is Reason.CONSUMERS_BEHIND
        assert held.detail == ("Deployment shop/api was restarted, and its rollout is not complete")

    @pytest.mark.parametrize(
        ("state", "words"),
        [
            (pods(obstacle="is paused"), "Deployment shop/api is paused"),
            (pods(exists=False), "Deployment shop/api does not exist"),
        ],
        ids=["paused", "missing"],
    )
    def test_what_must_not_be_restarted_is_told_and_left_alone(
        self, state: ConsumerState, words: str
    ) -> None:
        held = step(at(minutes=6), state)

        assert isinstance(held, Wait)
        assert (held.reason, held.detail) == (Reason.CONSUMERS_BEHIND, words)

    @pytest.mark.parametrize(
        "restarts",
        [(at(minutes=6),), (at(days=-3), at(days=-2), at(days=-1))],
        ids=["for this key", "often"],
    )
    def test_a_restart_that_was_taken_back_is_told_and_not_repeated(
        self, restarts: tuple[Instant, ...]
    ) -> None:
        held = step(at(minutes=8), pods(restarts=restarts))

        assert isinstance(held, Wait)
        assert held.reason is Reason.CONSUMERS_BEHIND
        assert "did not stay so; see what else writes to it" in held.detail

    def test_a_restart_for_an_earlier_arrival_of_the_key_is_not_one_for_this(self) -> None:
        again = step(at(minutes=8), pods(restarts=(at(days=-1),)))

        assert isinstance(again, Do)
        assert again.effect is Effect.RESTART

    def test_a_workload_that_is_not_healthy_before_is_not_restarted(self) -> None:
        ill = pods(is_well=False)
        early, late = step(at(minutes=6), ill), step(at(minutes=30), ill)

        assert reason_of(early) is Reason.GRACE
        assert isinstance(late, Wait)
        assert late.reason is Reason.CONSUMERS_BEHIND
        assert late.detail == "Deployment shop/api is not healthy, so it is not restarted"

    def test_a_workload_that_others_restart_is_waited_for_and_then_told(self) -> None:
        others = pods(JOBS, obstacle="is updated on delete")
        early, late = step(at(minutes=6), others), step(at(minutes=30), pods(JOBS))

        assert reason_of(early) is Reason.GRACE
        assert isinstance(late, Wait)
        assert late.reason is Reason.CONSUMERS_BEHIND
        assert "`restart` is not true" in late.detail


class TestMounts:
    def test_a_pod_with_another_version_is_waited_for_and_then_told(self) -> None:
        early = step(at(minutes=6), mount(TOKEN, OLD_VERSION))
        late = step(at(minutes=30), mount(TOKEN, OLD_VERSION))

        assert reason_of(early) is Reason.GRACE
        assert isinstance(late, Wait)
        assert late.detail == (
            "SecretProviderClass shop/aws still mounts another version in some pods"
        )

    def test_a_mount_that_does_not_exist_is_told_at_once(self) -> None:
        assert reason_of(step(at(minutes=6), mount(exists=False))) is Reason.CONSUMERS_BEHIND

    def test_the_right_version_in_every_pod_is_enough(self) -> None:
        assert step(at(minutes=6), mount(TOKEN)) == Wait(until=AFTER_GRACE, reason=Reason.GRACE)


class TestGuard:
    def test_the_old_key_is_kept_while_a_consumer_is_behind(self) -> None:
        rolling = pods(asked_at=at(hours=23, minutes=59), is_well=False)
        held = guarded(AFTER_GRACE, rolling)

        assert isinstance(held, Wait)
        assert held.reason is Reason.CONSUMERS_BEHIND
        assert held.detail == "Deployment shop/api has not moved yet"

    def test_a_consumer_is_moved_even_when_the_grace_is_over(self) -> None:
        assert effect_of(guarded(AFTER_GRACE, pods())) is Effect.RESTART

    def test_without_a_time_since_when_nobody_is_known_to_have_moved(self) -> None:
        unknown = open_rotation(Phase.DISABLED, promoted_at=None)
        now = at(hours=72)
        keys = listing(key(enabled=False), key(NEW_KEY), now=now)
        held = guarded(now, pods(), rotation=unknown, keys=keys)

        assert isinstance(held, Wait)
        assert (held.reason, held.detail) == (
            Reason.CONSUMERS_BEHIND,
            "no consumer is known to have moved",
        )

    def test_it_goes_once_every_consumer_has_moved(self) -> None:
        gone = guarded(AFTER_GRACE, pods(started_at=at(hours=1)))

        assert isinstance(gone, Do)
        assert gone.effect is Effect.DISABLE_KEY
        assert gone.evidence["consumers_reached"] == "restarted"
        assert gone.evidence["allowed_by"] == "silence"

    def test_a_consumer_that_is_behind_is_told_even_where_it_was_told_before(self) -> None:
        held = guarded(AFTER_GRACE, pods(obstacle="is paused"))

        assert reason_of(held) is Reason.CONSUMERS_BEHIND

    @pytest.mark.parametrize("phase", [Phase.PROMOTED, Phase.DISABLED])
    def test_what_cannot_be_read_says_no(self, phase: Phase) -> None:
        now = at(hours=72)
        keys = listing(key(enabled=phase is Phase.PROMOTED), key(NEW_KEY), now=now)
        given = seen(destination=state(TOKEN), keys=keys, old_use=used(at(hours=-1)))
        blind = replace(given, consumers=Unreadable("access_denied", "may not list pods"))
        held = next_step(open_rotation(phase), blind, terms_of(API), now)

        assert isinstance(held, Wait)
        assert held.reason is Reason.CONSUMERS_UNREADABLE
        assert held.detail == "access_denied: may not list pods"

    def test_a_cluster_whose_clock_is_wrong_proves_nothing(self) -> None:
        now = AFTER_GRACE
        wrong = reading(pods(started_at=at(hours=1)), now=at(hours=24, minutes=3))
        given = seen(destination=state(TOKEN), keys=both(now), old_use=used(at(hours=-1)))
        held = next_step(PROMOTED, replace(given, consumers=wrong), terms_of(API), now)

        assert isinstance(held, Wait)
        assert held.reason is Reason.CONSUMERS_UNREADABLE
        assert held.detail == "the cluster's clock differs from ours by 3m"
        assert reached(PROMOTED, replace(given, consumers=wrong), terms_of(API), now) is Rung.TIME

    def test_policy_may_be_content_with_a_lower_rung(self) -> None:
        done = replace(PROMOTED, refreshed_at=REFRESHED)
        ill = pods(is_well=False)
        content = terms_of(FEED, API, evidence=Rung.REFRESHED)
        states = (feed(refreshed_at=REFRESHED), ill)

        assert effect_of(guarded(AFTER_GRACE, *states, terms=content, rotation=done)) is (
            Effect.DISABLE_KEY
        )
        assert reason_of(guarded(AFTER_GRACE, *states, rotation=done)) is Reason.CONSUMERS_BEHIND

    def test_in_plan_mode_nobody_is_refreshed_and_nothing_is_read(self) -> None:
        terms = terms_of(FEED, mode=Mode.PLAN)
        grace = next_step(PROMOTED, Observation(), terms, at(minutes=1))
        over = guarded(AFTER_GRACE, feed(), terms=terms)

        assert reason_of(grace) is Reason.GRACE
        assert reason_of(over) is Reason.PLAN_MODE

    def test_an_open_act_is_looked_for_and_not_repeated_blindly(self) -> None:
        for effect in (Effect.REFRESH, Effect.RESTART):
            open_intent = replace(PROMOTED, intent=intent(effect))
            answer = next_step(open_intent, Observation(), terms_of(API), at(hours=1))

            assert answer == Record(fact=Fact.INTENT_VOID)

    def test_the_auditor_reads_who_was_behind_when_an_order_did_not_wait(self) -> None:
        observation = replace(
            seen(old_use=used(at(hours=-1))), consumers=reading(pods(JOBS), now=at(hours=1))
        )
        told = grounds(HASTY, observation, terms_of(JOBS), at(hours=1))

        assert told["consumers"] == 1
        assert told["consumers_reached"] == "time"
        assert told["consumers_behind"] == "StatefulSet shop/jobs"
        assert told["allowed_by"] == "order"


class TestUse:
    TERMS = terms_of(API, evidence=Rung.USED)
    MOVED = pods(started_at=at(hours=1))

    def ask(self, **readings: Any) -> Step:  # noqa: ANN401 - the readings of `seen`
        return guarded(AFTER_GRACE, self.MOVED, terms=self.TERMS, **readings)

    def test_where_policy_asks_for_it_somebody_must_have_used_the_new_key(self) -> None:
        asked = self.ask()
        unused = self.ask(new_use=used(at(minutes=1)))
        unreadable = self.ask(new_use=DENIED)

        assert asks_for(asked) is What.NEW_USE
        assert isinstance(unused, Wait)
        assert (unused.reason, unused.detail) == (
            Reason.CONSUMERS_BEHIND,
            f"nobody has used {NEW_KEY}",
        )
        assert reason_of(unreadable) is Reason.USE_UNREADABLE
        assert effect_of(self.ask(new_use=used(at(hours=2)))) is Effect.DISABLE_KEY

    def test_a_provider_that_tells_no_use_cannot_show_it(self) -> None:
        held = guarded(AFTER_GRACE, self.MOVED, terms=replace(self.TERMS, traits=BLIND))

        assert reason_of(held) is Reason.USE_UNKNOWN

    def test_nobody_need_be_named_for_that(self) -> None:
        alone = Terms(consumers=Consumers(evidence=Rung.USED))

        assert asks_for(guarded(AFTER_GRACE, terms=alone)) is What.NEW_USE


class TestProof:
    @pytest.mark.parametrize(
        ("states", "effect"),
        [
            ((pods(started_at=at(hours=1)),), Effect.DISABLE_KEY),
            ((mount(TOKEN),), Effect.DISABLE_KEY),
            ((feed(refreshed_at=REFRESHED),), None),
            ((), None),
        ],
        ids=["restarted", "mounted", "refreshed", "nobody"],
    )
    def test_where_nobody_tells_of_uses_consumers_that_moved_are_the_proof(
        self, states: tuple[ConsumerState, ...], effect: Effect | None
    ) -> None:
        done = replace(PROMOTED, refreshed_at=REFRESHED)
        blind = terms_of(*(item.ref for item in states), traits=BLIND)
        answer = guarded(AFTER_GRACE, *states, terms=blind, rotation=done)

        assert effect_of(answer) is effect
        assert effect or reason_of(answer) is Reason.USE_UNKNOWN
        if isinstance(answer, Do):
            assert answer.evidence["allowed_by"] == "consumers"

    @pytest.mark.parametrize("new_use", [used(), DENIED], ids=["unused", "unreadable"])
    def test_silence_that_proves_nothing_is_made_up_for_by_consumers_that_moved(
        self,
        new_use: Any,  # noqa: ANN401 - a reading
    ) -> None:
        idle = {"old_use": used(at(days=-20)), "new_use": new_use}
        answer = guarded(AFTER_GRACE, pods(started_at=at(hours=1)), **idle)

        assert isinstance(answer, Do)
        assert (answer.effect, answer.key_id) == (Effect.DISABLE_KEY, OLD_KEY)
        assert answer.evidence["allowed_by"] == "consumers"

    def test_a_key_that_is_used_is_not_quiet_because_its_consumers_moved(self) -> None:
        answer = guarded(AFTER_GRACE, pods(started_at=at(hours=1)), old_use=used(at(hours=23)))

        assert reason_of(answer) is Reason.QUIET


class TestHaste:
    def ask(self, now: Instant, *states: ConsumerState) -> Step:
        return guarded(now, *states, rotation=HASTY)

    def test_an_order_restarts_everybody_at_once_and_waits_for_nobody(self) -> None:
        first = self.ask(at(seconds=1), pods(), pods(WEB))
        second = self.ask(at(seconds=1), pods(asked_at=at(seconds=1)), pods(WEB))
        third = self.ask(at(seconds=1), pods(asked_at=at()), pods(WEB, asked_at=at()))

        assert isinstance(first, Do)
        assert isinstance(second, Do)
        assert (first.effect, first.consumer) == (Effect.RESTART, pods())
        assert (second.effect, second.consumer) == (Effect.RESTART, pods(WEB))
        assert effect_of(third) is Effect.DISABLE_KEY

    def test_an_order_lets_external_secrets_fetch_for_a_moment(self) -> None:
        asked = feed(asked_at=at(seconds=1))
        first = self.ask(at(seconds=1), feed(), pods())
        then = self.ask(at(seconds=2), asked, pods())
        last = self.ask(at(seconds=40), asked, pods())

        assert effect_of(first) is Effect.REFRESH
        assert isinstance(then, Wait)
        assert effect_of(last) is Effect.RESTART

    def test_an_order_does_not_stop_for_what_cannot_be_read(self) -> None:
        given = seen(destination=state(TOKEN), keys=both(), old_use=used(at(hours=-1)))
        blind = replace(given, consumers=Unreadable("access_denied"))

        assert effect_of(next_step(HASTY, blind, terms_of(API), at())) is Effect.DISABLE_KEY

    def test_a_key_that_is_replaced_in_place_has_its_consumers_moved_at_once(self) -> None:
        same = replace(PROMOTED, new_key_id=OLD_KEY)

        assert effect_of(step(at(seconds=1), pods(), rotation=same)) is Effect.RESTART


@pytest.mark.parametrize(
    ("refs", "best"),
    [
        ((), Rung.TIME),
        ((FEED,), Rung.REFRESHED),
        ((FEED, API), Rung.RESTARTED),
        ((FEED, MOUNT), Rung.REFRESHED),
        ((API, MOUNT), Rung.RESTARTED),
        ((MOUNT,), Rung.MOUNTED),
    ],
    ids=["nobody", "feed", "feed-and-pods", "feed-and-mount", "pods-and-mount", "mount"],
)
def test_the_weakest_of_all_named_consumers_counts(
    refs: tuple[ConsumerRef, ...], best: Rung
) -> None:
    assert Consumers(refs=refs).best is best


def test_a_refresh_from_before_the_key_came_back_means_nothing() -> None:
    stale = replace(PROMOTED, refreshed_at=REFRESHED, promoted_at=at(hours=2))
    waiting = step(at(hours=2, minutes=2), feed(refreshed_at=REFRESHED), pods(), rotation=stale)

    assert effect_of(waiting) is Effect.REFRESH


def test_while_consumers_read_something_else_nobody_is_restarted() -> None:
    withdrawn = replace(PROMOTED, promoted_at=None)
    waiting = step(at(hours=2), pods(), rotation=withdrawn, destination=UNREAD)

    assert asks_for(waiting) is What.DESTINATION
    observation = replace(seen(), consumers=reading(pods(), now=at()))
    assert reached(withdrawn, observation, terms_of(API), at()) is Rung.TIME


def test_a_line_names_a_few_and_counts_the_rest() -> None:
    assert named(["a", "b"]) == "a; b"
    assert named(list("abcdefg")) == "a; b; c; d; e; and 2 more"


def test_grace_is_as_it_was_where_policy_names_no_consumer() -> None:
    assert Terms(grace=Grace()).consumers == Consumers()
    assert timedelta(minutes=5) == Restarting().gather
