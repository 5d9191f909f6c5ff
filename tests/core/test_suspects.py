from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from rotator.core.facts import Minter
from rotator.core.reasons import Reason
from rotator.core.rotation import Effect, Role
from rotator.core.steps import Wait
from rotator.core.suspects import (
    Act,
    AskMinter,
    Finding,
    Judge,
    ReadUse,
    acted,
    judged,
    next_for_suspect,
)
from rotator.core.terms import Mode, Terms, Traits
from tests.builders import EPOCH, at, intent, key_record
from tests.core.worlds import STRAY_KEY, key, listing, reason_of, used

if TYPE_CHECKING:
    from rotator.core.facts import KeyListing, LastUsed
    from rotator.core.ids import Instant
    from rotator.core.rotation import KeyRecord
    from rotator.core.suspects import SuspectStep

SUSPECT = key_record(key_id=STRAY_KEY, role=Role.SUSPECT, suspect_since=EPOCH)
DISABLED = replace(SUSPECT, enabled=False, disabled_at=EPOCH)
ON, OFF = listing(key(STRAY_KEY)), listing(key(STRAY_KEY, enabled=False))
NEVER = used()


def step(
    record: KeyRecord,
    *,
    shown: KeyListing = ON,
    use: LastUsed | str | None = NEVER,
    now: Instant = EPOCH,
    terms: Terms | None = None,
    minter: Minter | None = None,
) -> SuspectStep:
    told = replace(shown, provider_time=now)
    return next_for_suspect(record, told, use, terms or Terms(), now, minter=minter)


class TestWatching:
    def test_its_use_is_read_before_anything_is_decided(self) -> None:
        assert step(SUSPECT, use=None, now=at(days=30)) == ReadUse()

    def test_it_is_only_watched_at_first(self) -> None:
        early = step(SUSPECT)
        late = step(SUSPECT, now=at(hours=20))

        assert early == Wait(until=at(hours=6), reason=Reason.QUARANTINE, detail=STRAY_KEY)
        assert late == Wait(until=at(hours=24), reason=Reason.QUARANTINE, detail=STRAY_KEY)

    def test_never_used_it_is_disabled_then_kept_for_a_long_time_then_deleted(self) -> None:
        first = step(SUSPECT, now=at(hours=24))
        kept = step(DISABLED, shown=OFF, now=at(days=6, hours=23))
        last = step(DISABLED, shown=OFF, now=at(days=7))

        assert first == Act(effect=Effect.DISABLE_KEY)
        assert kept == Wait(until=at(days=7), reason=Reason.QUARANTINE, detail=STRAY_KEY)
        assert last == Act(effect=Effect.DELETE_KEY)

    @pytest.mark.parametrize(
        ("record", "shown"), [(SUSPECT, ON), (DISABLED, OFF)], ids=["enabled", "disabled"]
    )
    def test_one_use_makes_it_a_strangers_for_ever(
        self, record: KeyRecord, shown: KeyListing
    ) -> None:
        answer = step(record, shown=shown, use=used(at(days=-1)), now=at(days=30))

        assert answer == Judge(finding=Finding.STRANGER)

    @pytest.mark.parametrize(("record", "shown"), [(SUSPECT, OFF), (DISABLED, ON)])
    def test_a_foreign_hand_on_its_switch_makes_it_a_strangers(
        self, record: KeyRecord, shown: KeyListing
    ) -> None:
        assert step(record, shown=shown, now=at(days=1)) == Judge(finding=Finding.STRANGER)

    def test_a_listing_of_before_our_own_call_is_no_foreign_hand(self) -> None:
        answer = step(DISABLED, shown=ON)

        assert answer == Wait(until=at(minutes=1), reason=Reason.SETTLING)

    def test_an_unreadable_use_is_never_unused(self) -> None:
        assert reason_of(step(SUSPECT, use="access_denied", now=at(days=30))) is (
            Reason.USE_UNREADABLE
        )

    @pytest.mark.parametrize("traits", [Traits(can_report_use=False), Traits(can_disable=False)])
    def test_what_cannot_be_watched_or_undone_is_not_touched(self, traits: Traits) -> None:
        answer = step(SUSPECT, now=at(days=30), terms=Terms(traits=traits))

        assert reason_of(answer) is Reason.USE_UNKNOWN

    def test_plan_mode_touches_nothing(self) -> None:
        answer = step(SUSPECT, now=at(days=30), terms=Terms(mode=Mode.PLAN))

        assert reason_of(answer) is Reason.PLAN_MODE

    def test_a_key_that_is_gone_is_gone(self) -> None:
        assert step(SUSPECT, shown=listing()) == Judge(finding=Finding.GONE)

    def test_without_the_instant_of_suspicion_the_last_sight_counts(self) -> None:
        bare = replace(SUSPECT, suspect_since=None)

        assert step(bare, now=at(hours=24)) == Act(effect=Effect.DISABLE_KEY)


class TestTheProvidersLog:
    """What the vendor's own log says of who made a key ends the watch, or the suspicion."""

    TOLD = Terms(traits=Traits(can_tell_minter=True))

    def ask(
        self,
        minter: Minter | None,
        record: KeyRecord = SUSPECT,
        **more: Any,  # noqa: ANN401 - what `step` takes
    ) -> SuspectStep:
        return step(record, terms=self.TOLD, minter=minter, **more)

    def test_it_is_asked_once_the_use_is_known(self) -> None:
        assert self.ask(None, use=None) == ReadUse()
        assert self.ask(None) == AskMinter()
        assert self.ask(None, use=used(EPOCH)) == Judge(finding=Finding.STRANGER)
        assert step(SUSPECT) != AskMinter()

    @pytest.mark.parametrize(("record", "shown"), [(SUSPECT, ON), (DISABLED, OFF)])
    def test_a_key_that_somebody_else_made_is_a_strangers_at_once(
        self, record: KeyRecord, shown: KeyListing
    ) -> None:
        answer = self.ask(Minter.SOMEBODY_ELSE, record, shown=shown, now=at(days=30))

        assert answer == Judge(finding=Finding.STRANGER)

    def test_a_key_of_ours_is_disabled_as_soon_as_a_use_would_be_shown(self) -> None:
        early, late = self.ask(Minter.OURS), self.ask(Minter.OURS, now=at(minutes=15))

        assert early == Wait(until=at(minutes=15), reason=Reason.QUARANTINE, detail=STRAY_KEY)
        assert isinstance(late, Act)
        assert late.effect is Effect.DISABLE_KEY
        assert "provider's log" in late.proof

    def test_a_key_of_ours_is_deleted_only_after_the_whole_quarantine(self) -> None:
        kept = self.ask(Minter.OURS, DISABLED, shown=OFF, now=at(days=6, hours=23))
        last = self.ask(Minter.OURS, DISABLED, shown=OFF, now=at(days=7))

        assert isinstance(kept, Wait)
        assert isinstance(last, Act)
        assert last.effect is Effect.DELETE_KEY

    def test_a_log_that_does_not_know_leaves_the_long_watch_and_is_asked_again_soon(self) -> None:
        early = self.ask(Minter.UNKNOWN)
        late = self.ask(Minter.UNKNOWN, now=at(hours=24))

        assert early == Wait(until=at(hours=1), reason=Reason.QUARANTINE, detail=STRAY_KEY)
        assert late == Act(effect=Effect.DISABLE_KEY)


class TestAWrongClock:
    """It neither ends a watch or a quarantine early nor makes one last for months."""

    def test_nothing_is_judged_while_the_clocks_disagree(self) -> None:
        answer = next_for_suspect(SUSPECT, ON, NEVER, Terms(), at(days=2))

        assert reason_of(answer) is Reason.CLOCK_SKEW

    @pytest.mark.parametrize(
        "record",
        [replace(SUSPECT, suspect_since=at(days=9)), replace(DISABLED, disabled_at=at(days=9))],
    )
    def test_a_timer_of_the_future_begins_now(self, record: KeyRecord) -> None:
        assert step(record) == Judge(finding=Finding.RESTAMPED)

        mended = judged(record, Finding.RESTAMPED, EPOCH)
        assert mended in {SUSPECT, DISABLED}

    def test_a_quarantine_begins_not_before_the_intent_that_disabled_it(self) -> None:
        assert acted(TestAnOpenIntent.DISABLING, at(days=-9)).disabled_at == EPOCH


class TestAnOpenIntent:
    DISABLING = replace(SUSPECT, intent=intent(Effect.DISABLE_KEY, key_id=STRAY_KEY))
    DELETING = replace(DISABLED, intent=intent(Effect.DELETE_KEY, key_id=STRAY_KEY))

    @pytest.mark.parametrize(
        ("record", "shown"), [(DISABLING, OFF), (DISABLING, listing()), (DELETING, listing())]
    )
    def test_what_is_found_done_is_done(self, record: KeyRecord, shown: KeyListing) -> None:
        assert step(record, shown=shown) == Judge(finding=Finding.INTENT_DONE)

    @pytest.mark.parametrize(("record", "shown"), [(DISABLING, ON), (DELETING, OFF)])
    def test_what_is_not_is_void_only_when_it_can_land_no_more(
        self, record: KeyRecord, shown: KeyListing
    ) -> None:
        settled = at(minutes=6, seconds=30)

        early, late = step(record, shown=shown), step(record, shown=shown, now=settled)

        assert early == Wait(until=settled, reason=Reason.SETTLING, detail=STRAY_KEY)
        assert late == Judge(finding=Finding.INTENT_VOID)

    def test_it_is_waited_out_by_the_providers_clock_too(self) -> None:
        made = intent(Effect.DISABLE_KEY, key_id=STRAY_KEY, provider_time=at(minutes=3))

        answer = step(replace(SUSPECT, intent=made), now=at(minutes=6, seconds=30))

        assert answer == Wait(until=at(minutes=9, seconds=30), reason=Reason.SETTLING)


class TestFindings:
    OPEN = TestAnOpenIntent.DISABLING

    def test_each_finding_closes_the_intent_and_says_what_the_key_is(self) -> None:
        now = at(days=1)

        stranger = judged(self.OPEN, Finding.STRANGER, now)
        gone = judged(self.OPEN, Finding.GONE, now)
        void = judged(self.OPEN, Finding.INTENT_VOID, now)
        done = judged(self.OPEN, Finding.INTENT_DONE, now)

        assert stranger == replace(SUSPECT, role=Role.FOREIGN)
        assert gone == replace(SUSPECT, role=Role.GONE, gone_at=now)
        assert void == SUSPECT
        assert done == replace(SUSPECT, enabled=False, disabled_at=now)

    def test_a_deletion_that_was_done_ends_it(self) -> None:
        ended = acted(TestAnOpenIntent.DELETING, at(days=7))

        assert (ended.role, ended.gone_at, ended.intent) == (Role.GONE, at(days=7), None)
