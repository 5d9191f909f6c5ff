"""Providers that give ids again: an id says nothing, and no other key is ever touched for it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from rotator.core.ids import Instant
from rotator.core.orders import Verb
from rotator.core.reasons import Reason
from rotator.core.rotation import Phase, Role, Trigger
from rotator.core.terms import Grace, Mode, Terms
from rotator.testing.fake_provider import (
    BareFakeProvider,
    FakeProvider,
    FakeProviderWithoutDisable,
    FakeProviderWithoutMarks,
)
from rotator.testing.wire import Actor, Failure
from tests.reconcile.estate import LIMITS, Estate
from tests.reconcile.orders_desk import give, why

if TYPE_CHECKING:
    from rotator.core.ids import KeyId
    from rotator.testing.fake_keys import FakeKey

LIFE = timedelta(days=40)
KINDS = [FakeProvider, FakeProviderWithoutMarks, FakeProviderWithoutDisable, BareFakeProvider]
every_kind = pytest.mark.parametrize("kind", KINDS)


def reusing(
    kind: type[BareFakeProvider] = FakeProviderWithoutMarks, *, life: timedelta | None = LIFE
) -> Estate:
    """An estate whose expired keys vanish, and whose newest id is given again."""
    estate = Estate(
        provider_type=kind,
        terms=Terms(limits=LIMITS, grace=Grace(accept_blind=True)),
    )
    estate.provider.habits = replace(
        estate.provider.habits,
        max_keys=None,
        marks_keys=True,
        lifetime=timedelta(days=200),
        lifetime_by_hand=life,
        unlists_expired=True,
        reuses_ids=True,
    )
    end = Instant(estate.clock.now() + life) if life else None
    estate.provider.keys[estate.old.key_id].expires_at = end
    return estate


def expired(kind: type[BareFakeProvider] = FakeProviderWithoutMarks) -> Estate:
    """One whose key was adopted, and has ended while nobody looked."""
    estate = reusing(kind)
    estate.look()
    estate.clock.advance(LIFE)
    assert not estate.consume()
    return estate


def just_promoted() -> Estate:
    """One whose new key has the old one's id, and whose power failed after it was promoted."""
    estate = expired()
    estate.wire.break_next("read_version", Failure.THROTTLED)
    estate.look()
    assert estate.newest.phase is Phase.PROMOTED
    assert estate.newest.has_same_id
    return estate


def ended_by_us(estate: Estate) -> list[KeyId | None]:
    verbs = {"delete_key", "disable_key"}
    acts = estate.wire.acts
    return [act.key for act in acts if act.verb in verbs and act.actor is Actor.ROTATOR]


def alive(estate: Estate) -> list[FakeKey]:
    now = estate.clock.now()
    return [
        it for it in estate.provider.keys.values() if it.is_kept_at(now, estate.provider.habits)
    ]


class TestTheNewKeyHasTheIdOfTheOldOne:
    @every_kind
    def test_it_is_published_and_nothing_is_ever_deleted(
        self, kind: type[BareFakeProvider]
    ) -> None:
        estate = expired(kind)

        estate.look()
        estate.run(timedelta(days=60))

        assert estate.newest.new_key_id == estate.newest.old_key_id == estate.old.key_id
        assert (estate.newest.trigger, estate.newest.phase) == (Trigger.EXPIRED, Phase.COMPLETED)
        assert ended_by_us(estate) == []
        assert estate.consume()

    def test_the_old_one_is_tried_once_more_and_is_refused(self) -> None:
        estate = expired()

        estate.look()

        records = estate.journal.unsealed(limit=10_000)
        (end,) = [item for item in records if item.action.value == "rotation.finish"]
        assert (end.reason, end.evidence["proof"]) == ("completed", "refused")

    def test_its_record_begins_a_life_of_its_own(self) -> None:
        estate = expired(FakeProvider)
        estate.look()
        born_at = estate.provider.keys[estate.old.key_id].created_at
        estate.run(timedelta(hours=12))

        (record,) = estate.journal.keys(estate.stored.id)

        assert (record.role, record.rotation_id) == (Role.CURRENT, estate.newest.id)
        assert (record.created_at, record.gone_at) == (born_at, None)
        assert record.expires_at == born_at + timedelta(days=200)
        assert estate.stored.current_version == estate.newest.new_version

    def test_it_is_replaced_in_its_turn_by_a_key_with_another_id(self) -> None:
        estate = expired()
        estate.look()

        rotation = estate.run(timedelta(days=100), until=Phase.PROMOTED)

        assert rotation is not None
        assert rotation.old_key_id == estate.old.key_id != rotation.new_key_id

    @every_kind
    def test_discarded_it_is_minted_again_for_its_consumers_still_wait(
        self, kind: type[BareFakeProvider]
    ) -> None:
        estate = expired(kind)
        estate.wire.break_next("promote", Failure.DENIED)
        estate.look()
        give(estate, Verb.ABORT)

        estate.run(timedelta(hours=12), consuming=False)

        tried = estate.journal.rotations(estate.stored.id)
        assert {item.phase for item in tried} == {Phase.ROLLED_BACK, Phase.COMPLETED}
        assert set(ended_by_us(estate)) == {estate.old.key_id}
        assert estate.consume()
        assert len(alive(estate)) == 1

    def test_a_pause_does_not_keep_it_when_it_is_discarded(self) -> None:
        estate = expired()
        estate.wire.break_next("promote", Failure.DENIED, times=30)
        estate.look()
        assert estate.newest.phase is Phase.VERIFIED
        give(estate, Verb.ABORT)
        estate.gate.blocked = True

        estate.run(timedelta(minutes=30), consuming=False)

        first = estate.journal.rotations(estate.stored.id)[-1]
        assert (first.phase, first.abandoned) == (Phase.ROLLED_BACK, Reason.ABORTED)
        assert ended_by_us(estate) == [estate.old.key_id]

    def test_a_mint_whose_answer_was_lost_is_found_by_its_mark(self) -> None:
        estate = expired()
        estate.wire.break_next("create_key", Failure.LOST_ANSWER)

        estate.run(timedelta(hours=12), consuming=False)

        assert estate.consume()
        assert len(alive(estate)) == 1
        assert estate.newest.phase is Phase.COMPLETED

    def test_without_a_mark_it_is_a_strangers_and_another_one_takes_its_place(self) -> None:
        estate = expired()
        estate.provider.habits = replace(estate.provider.habits, marks_keys=False)
        estate.wire.break_next("create_key", Failure.LOST_ANSWER)

        estate.run(timedelta(days=30), consuming=False)

        assert estate.consume()
        assert ended_by_us(estate) == []
        assert estate.newest.phase is Phase.COMPLETED

    def test_somebodys_edit_meanwhile_is_held_for_nobody_can_tell_what_it_carries(self) -> None:
        estate = expired()
        estate.wire.break_next("promote", Failure.THROTTLED, times=1)
        estate.look()
        assert estate.newest.phase is Phase.VERIFIED
        edited = estate.content(estate.old, note="edited")
        estate.destination.write_by_hand(estate.ref, edited)

        estate.run(timedelta(hours=3), consuming=False)

        hold = estate.stored.hold
        assert hold is not None
        assert hold.reason is Reason.DRIFT
        assert ended_by_us(estate) == []

    def test_a_provider_that_gives_the_very_same_key_again_is_told_to_a_person(self) -> None:
        estate = just_promoted()
        estate.provider.keys[estate.old.key_id].secret = estate.old.secret.reveal()

        estate.run(timedelta(hours=2), consuming=False)

        hold = estate.stored.hold
        assert hold is not None
        assert hold.reason is Reason.OLD_KEY_LIVES
        assert "has the id of the old one" in hold.detail
        assert ended_by_us(estate) == []

    @pytest.mark.parametrize("verb", [Verb.ROLLBACK, Verb.ENABLE])
    def test_nobody_can_go_back_to_it(self, verb: Verb) -> None:
        estate = just_promoted()
        give(estate, verb, key_id=estate.old.key_id if verb is Verb.ENABLE else None)

        estate.run(timedelta(hours=2))

        assert "the old key is gone: its id" in why(estate)
        assert estate.newest.phase is Phase.COMPLETED
        assert estate.consume()


class TestAStrangerIsGivenTheIdOfAKeyThatIsGone:
    def test_the_current_key_counts_as_gone_and_is_replaced(self) -> None:
        estate = expired()
        stranger = estate.provider.mint_by_hand(estate.principal)
        assert stranger.key_id == estate.old.key_id

        estate.look()

        assert (estate.newest.trigger, estate.newest.phase) == (Trigger.EXPIRED, Phase.PROMOTED)
        assert estate.newest.new_key_id != stranger.key_id
        assert estate.consume()

    def test_the_strangers_key_is_never_touched(self) -> None:
        estate = expired()
        estate.provider.habits = replace(estate.provider.habits, lifetime_by_hand=None)
        stranger = estate.provider.mint_by_hand(estate.principal)

        estate.run(timedelta(days=60))

        assert estate.newest.phase is Phase.COMPLETED
        assert ended_by_us(estate) == []
        assert estate.provider.use(stranger)
        roles = {item.key_id: item.role for item in estate.journal.keys(estate.stored.id)}
        assert roles[stranger.key_id] is Role.FOREIGN

    def test_published_by_a_person_it_is_the_current_key(self) -> None:
        estate = expired()
        estate.terms = replace(estate.terms, mode=Mode.PLAN)
        stranger = estate.provider.mint_by_hand(estate.principal)
        estate.destination.write_by_hand(estate.ref, estate.content(stranger))

        estate.look()
        estate.look()

        record = next(it for it in estate.journal.keys() if it.key_id == stranger.key_id)
        assert record.role is Role.CURRENT
        assert record.created_at == estate.provider.keys[stranger.key_id].created_at
        assert estate.stored.hold is None

    def test_a_delete_without_an_answer_is_not_made_again_for_it(self) -> None:
        estate = reusing(life=None)
        estate.wire.break_next("promote", Failure.DENIED, times=30)
        estate.run(timedelta(days=80), until=Phase.VERIFIED)
        new = estate.newest.new_key_id
        give(estate, Verb.ABORT)
        estate.wire.break_next("delete_key", Failure.LOST_ANSWER)
        estate.look()
        assert ended_by_us(estate) == [new]
        estate.clock.advance(timedelta(minutes=2))
        stranger = estate.provider.mint_by_hand(estate.principal)
        assert stranger.key_id == new

        estate.run(timedelta(hours=1))

        assert ended_by_us(estate) == [new]
        assert estate.provider.use(stranger)
        assert estate.journal.rotations(estate.stored.id)[-1].phase is Phase.ROLLED_BACK

    def test_a_key_that_was_discarded_leaves_nothing_to_the_next_of_its_id(self) -> None:
        estate = reusing(life=None)
        estate.wire.break_next("verify", Failure.DENIED, times=6)
        estate.run(timedelta(days=85))

        records = {item.key_id: item for item in estate.journal.keys(estate.stored.id)}
        current = records[estate.stored.current_key_id or estate.old.key_id]

        assert current.role is Role.CURRENT
        assert current.gone_at is None
