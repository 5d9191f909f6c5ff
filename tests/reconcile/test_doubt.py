"""A journal that cannot say whether it wrote: nobody acts on it, and the next pass looks."""

from __future__ import annotations

from datetime import timedelta
from itertools import count
from typing import TYPE_CHECKING, cast

import pytest

from rotator.core.ids import Instant
from rotator.core.rotation import Effect, Phase, Trigger
from rotator.core.terms import Grace, Limits, Terms
from rotator.errors import ConflictError, OutcomeUnknownError
from rotator.testing.memory_journal import MemoryJournal
from rotator.testing.wire import Actor
from tests.reconcile.estate import Estate

if TYPE_CHECKING:
    from collections.abc import Callable

    from rotator.core.ids import LeaseToken
    from rotator.core.rotation import Claim
    from rotator.ports.clock import Chance
    from rotator.ports.journal import Change


class DoubtfulJournal(MemoryJournal):
    """Loses one commit, before or after it was done, and does not know which."""

    def __init__(
        self, chance: Chance, is_doubtful: Callable[[Change], bool], *, is_done: bool
    ) -> None:
        super().__init__(chance)
        self.is_doubtful, self.is_done = is_doubtful, is_done
        self.has_failed = False
        self.spent: LeaseToken | None = None

    def commit(self, claim: Claim, change: Change) -> Claim:
        if claim.token == self.spent:
            raise ConflictError("the claim's last commit is in doubt")
        if self.has_failed or not self.is_doubtful(change):
            return super().commit(claim, change)
        self.has_failed, self.spent = True, claim.token
        if self.is_done:
            super().commit(claim, change)
        raise OutcomeUnknownError("the journal was lost in a commit")


def doubtful_estate(is_doubtful: Callable[[Change], bool], *, is_done: bool) -> Estate:
    limits = Limits(inspect_interval=timedelta(days=1), check_interval=timedelta(days=1))
    estate = Estate(terms=Terms(limits=limits, grace=Grace()))
    estate.journal = DoubtfulJournal(estate.chance, is_doubtful, is_done=is_done)
    estate.register(estate.credential())
    estate.journal.request(estate.stored.id, Trigger.MANUAL, now=estate.clock.now())
    return estate


def nth(skip: int) -> Callable[[Change], bool]:
    """Pick one commit by its place in the row."""
    places = count()
    return lambda _: next(places) == skip


def intends(effect: Effect) -> Callable[[Change], bool]:
    """Pick the commit of an effect's intent."""

    def picks(change: Change) -> bool:
        intent = change.rotation.intent if change.rotation else None
        return intent is not None and intent.effect is effect

    return picks


def is_of_a_minted_key(change: Change) -> bool:
    """Pick the commit of a mint's outcome."""
    return change.rotation is not None and change.rotation.phase is Phase.CREATED


def has_failed(estate: Estate) -> bool:
    return cast("DoubtfulJournal", estate.journal).has_failed


def settle(estate: Estate, period: timedelta, *, until_doubt: bool = False) -> None:
    """Look whenever something is due, and use the current key in between."""
    end = Instant(estate.clock.now() + period)
    while estate.clock.now() < end and not (until_doubt and has_failed(estate)):
        soon = estate.look().next_at
        assert estate.consume()
        patience = Instant(estate.clock.now() + timedelta(minutes=3))
        estate.clock.advance_to(min(max(soon, patience), end))


def ours(estate: Estate, verb: str) -> int:
    """Count what we did at the vendors."""
    return sum(act.actor is Actor.ROTATOR and act.verb == verb for act in estate.wire.acts)


@pytest.mark.parametrize("is_done", [False, True])
@pytest.mark.parametrize("effect", [Effect.CREATE_KEY, Effect.PROMOTE, Effect.DISABLE_KEY])
def test_an_effect_whose_intent_is_in_doubt_is_not_carried_out(
    effect: Effect, *, is_done: bool
) -> None:
    estate = doubtful_estate(intends(effect), is_done=is_done)

    settle(estate, timedelta(days=9), until_doubt=True)

    assert has_failed(estate)
    assert ours(estate, effect.value) == 0


@pytest.mark.parametrize("is_done", [False, True])
def test_a_minted_key_whose_record_is_in_doubt_is_stored_and_taken_up_again(
    *, is_done: bool
) -> None:
    estate = doubtful_estate(is_of_a_minted_key, is_done=is_done)

    settle(estate, timedelta(days=9))

    assert has_failed(estate)
    assert ours(estate, "create_key") == 1
    assert estate.newest.phase is Phase.COMPLETED


@pytest.mark.parametrize("is_done", [False, True])
def test_whatever_commit_is_in_doubt_one_current_key_is_left(*, is_done: bool) -> None:
    for skip in count():
        estate = doubtful_estate(nth(skip), is_done=is_done)
        settle(estate, timedelta(days=9))

        assert not estate.newest.is_open
        material = estate.destination.material(estate.ref)
        assert material is not None
        assert estate.enabled() == {material.key_id}
        if not has_failed(estate):
            break
    assert skip > 20
