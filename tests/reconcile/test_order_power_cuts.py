"""A power cut before and after every commit and every call of an order, one at a time.

Whatever was lost, a shell that remembers nothing carries the order out, and what
consumers read is never refused on the way (I1, I10).
"""

from __future__ import annotations

from contextlib import contextmanager
from datetime import timedelta
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest

from rotator.core.orders import Order, Verb
from rotator.core.reasons import Reason
from rotator.core.rotation import Phase, Role
from rotator.reconcile.reconciler import Reconciler
from rotator.testing.wire import Failure
from tests.reconcile.estate import Estate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Story = tuple["Callable[[], Estate]", Verb, "Callable[[Estate], None]"]


class PowerCutError(BaseException):
    """The process is gone; nothing may catch this."""


@contextmanager
def cut_at(estate: Estate, point: int) -> Iterator[list[int]]:
    """Cut the power at a point: two per commit and per call, one before and one after."""
    passed = [0]
    inside = [False]

    def guarded(work: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*args: Any, **options: Any) -> Any:  # noqa: ANN401 - whatever it is
            if inside[0]:
                return work(*args, **options)
            before, after = passed[0], passed[0] + 1
            passed[0] += 2
            if point == before:
                raise PowerCutError
            inside[0] = True
            try:
                result = work(*args, **options)
            finally:
                inside[0] = False
            if point == after:
                raise PowerCutError
            return result

        return wrapped

    places = [
        (estate.journal, ("commit",)),
        (estate.provider, ("enable_key", "disable_key", "delete_key")),
        (estate.destination, ("promote", "unstage")),
    ]
    for holder, names in places:
        for name in names:
            setattr(holder, name, guarded(getattr(holder, name)))
    yield passed
    for holder, names in places:
        for name in names:
            delattr(holder, name)


def give(estate: Estate, verb: Verb) -> None:
    """Give an order about the newest rotation, its old key, or the suspect."""
    suspects = [item.key_id for item in estate.journal.keys() if item.role is Role.SUSPECT]
    key = suspects[0] if suspects else estate.newest.old_key_id
    order = Order(
        id=estate.chance.new_id(),
        verb=verb,
        operator="alice",
        reason="because",
        given_at=estate.clock.now(),
        rotation_id=None if suspects else estate.newest.id,
        key_id=key if verb is Verb.ENABLE else None,
    )
    estate.journal.instruct(estate.stored.id, order)


def run(estate: Estate, minutes: int) -> None:
    """Look every minute at what is due; the cut replica's lease ends by itself."""
    for _ in range(minutes):
        for credential in estate.journal.due(now=estate.clock.now(), limit=1):
            try:
                Reconciler(estate.parts()).reconcile(credential)
            except PowerCutError:
                assert estate.consume(), "at the cut"
        assert estate.consume(), estate.clock.now()
        estate.clock.advance(timedelta(minutes=1))


def disabled() -> Estate:
    """Begin with an old key in quarantine."""
    estate = Estate()
    estate.run(timedelta(days=90), until=Phase.DISABLED)
    return estate


def reenabled() -> Estate:
    """Begin with a halt, because somebody enabled the old key again."""
    estate = disabled()
    estate.provider.switch_by_hand(estate.principal, estate.old.key_id, on=True)
    estate.run(timedelta(days=4), until=Phase.HALTED)
    return estate


def verified() -> Estate:
    """Begin just before the pivot."""
    estate = Estate()
    estate.wire.break_next("promote", Failure.UNAVAILABLE)
    estate.run(timedelta(days=90), until=Phase.VERIFIED)
    return estate


def suspected() -> Estate:
    """Begin with a suspect that we have disabled."""
    estate = Estate()
    estate.wire.break_next("create_key", Failure.LOST_ANSWER)
    estate.run(timedelta(days=80), until=Phase.ROLLED_BACK)
    estate.run(timedelta(days=1, hours=2))
    return estate


def is_back(estate: Estate) -> None:
    """The old key is current, both work, and nothing starts by itself."""
    assert estate.stored.current_key_id == estate.old.key_id == estate.newest.new_key_id
    assert len(estate.enabled()) == 2
    assert [item.operator for item in estate.journal.pauses()] == ["alice"]
    assert estate.newest.halt_reason is None


def is_discarded(estate: Estate) -> None:
    """The rotation is over and its key is gone."""
    over = estate.journal.rotations()[-1]
    assert (over.phase, over.outcome) == (Phase.ROLLED_BACK, "aborted")
    assert over.new_key_id not in estate.enabled()


def is_released(estate: Estate) -> None:
    """The rotation is over and the old key is a person's."""
    assert estate.newest.outcome == "released"
    roles = {item.key_id: item.role for item in estate.journal.keys()}
    assert roles[estate.old.key_id] is Role.FOREIGN


def is_kept_on(estate: Estate) -> None:
    """The old key works and the rotation is halted for it."""
    assert estate.old.key_id in estate.enabled()
    assert estate.newest.halt_reason is Reason.ENABLED_BY_OPERATOR


def is_on_again(estate: Estate) -> None:
    """The rotation goes on with a fresh grace."""
    assert estate.newest.phase is Phase.PROMOTED
    assert estate.newest.halt_reason is None
    assert estate.old.key_id in estate.enabled()


def is_vouched_for(estate: Estate) -> None:
    """The suspect works and is a stranger's."""
    assert Role.SUSPECT not in {item.role for item in estate.journal.keys()}
    assert len(estate.enabled()) == 2


STORIES: dict[str, Story] = {
    "rollback": (disabled, Verb.ROLLBACK, is_back),
    "rollback of a halted rotation": (reenabled, Verb.ROLLBACK, is_back),
    "abort before promotion": (verified, Verb.ABORT, is_discarded),
    "abort after promotion": (disabled, Verb.ABORT, is_released),
    "enable": (disabled, Verb.ENABLE, is_kept_on),
    "resume": (reenabled, Verb.RESUME, is_on_again),
    "enable a suspect": (suspected, Verb.ENABLE, is_vouched_for),
}


@pytest.mark.parametrize("name", STORIES)
def test_an_order_survives_a_power_cut_at_every_point(name: str) -> None:
    begin, verb, check = STORIES[name]
    for point in count():
        estate = begin()
        give(estate, verb)
        with cut_at(estate, point) as passed:
            run(estate, 25)
        assert estate.stored.order is None, point
        check(estate)
        if point >= passed[0]:
            assert point > 3
            return
