"""A key that an operator made by hand beside a lost mint is that operator's, and no suspect."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from rotator.core.chain import GENESIS, seal
from rotator.core.events import AuditAction
from rotator.core.ids import AccountId, KeyId
from rotator.core.reasons import Reason
from rotator.core.rotation import Effect, Role, Trigger
from rotator.core.terms import Grace, Terms
from rotator.reconcile.by_hand import Deed, recorded
from rotator.testing.fake_provider import ACCOUNT, FakeProviderWithoutUse
from rotator.testing.wire import Failure
from tests.reconcile.estate import LIMITS, Estate

A_MINUTE = timedelta(minutes=1)


def with_lost_mint(failure: Failure) -> Estate:
    """Let a rotation ask for a key, and lose the request or its answer."""
    return lost_in(Estate(), failure)


def lost_in(estate: Estate, failure: Failure) -> Estate:
    estate.look()
    estate.journal.request(estate.stored.id, Trigger.MANUAL, now=estate.clock.now())
    estate.wire.break_next("create_key", failure)
    estate.look()
    (rotation,) = estate.journal.rotations()
    assert rotation.intent is not None
    assert rotation.intent.effect is Effect.CREATE_KEY
    return estate


def by_hand(estate: Estate, account: AccountId = ACCOUNT) -> KeyId:
    """Make a key with a command of ours."""
    deed = Deed(action=AuditAction.OPERATOR_CREATE_KEY, account=account, operator="ann")
    with recorded(estate.journal, estate.clock, estate.chance, deed) as told:
        key = estate.provider.mint_by_hand(estate.principal).key_id
        told["key_id"] = key
    return key


def sealed(estate: Estate) -> None:
    """Put every record into the chain."""
    head = estate.journal.head()
    before = (head.seq, head.hash) if head else (GENESIS.seq, GENESIS.hash)
    for record in estate.journal.unsealed(limit=10_000):
        made = seal(record, seq=before[0] + 1, prev=before[1], log="x")
        estate.journal.seal(((record.id, made),))
        before = made.seq, made.hash


def noise(estate: Estate, count: int) -> None:
    """Fill the log with what says nothing of keys made by hand."""
    for _ in range(count):
        deed = Deed(action=AuditAction.OPERATOR_CREATE_KEYSET, account=ACCOUNT, operator="bob")
        with recorded(estate.journal, estate.clock, estate.chance, deed):
            pass


def role(estate: Estate, key: KeyId) -> Role:
    return next(item.role for item in estate.journal.keys() if item.key_id == key)


@pytest.mark.parametrize("is_sealed", [False, True])
def test_what_an_operator_made_is_never_suspected(*, is_sealed: bool) -> None:
    estate = with_lost_mint(Failure.LOST_REQUEST)
    estate.clock.advance(A_MINUTE)
    key = by_hand(estate)
    if is_sealed:
        noise(estate, 300)
        sealed(estate)
    estate.clock.advance(timedelta(minutes=14))
    estate.look()

    assert role(estate, key) is Role.FOREIGN
    history = estate.journal.events(estate.newest.id)
    assert [it.detail["made_by_hand"] for it in history if it.kind == "mint_lost"] == [key]


def test_what_nobody_says_he_made_is_suspected_beside_it() -> None:
    estate = with_lost_mint(Failure.LOST_ANSWER)
    (ours,) = estate.enabled() - {estate.old.key_id}
    estate.provider.habits = replace(estate.provider.habits, max_keys=None)
    key = by_hand(estate)
    estate.clock.advance(timedelta(minutes=15))
    estate.look()

    assert role(estate, key) is Role.FOREIGN
    assert role(estate, KeyId(ours)) is Role.SUSPECT


def test_a_deed_in_another_account_says_nothing_of_this_one() -> None:
    estate = with_lost_mint(Failure.LOST_REQUEST)
    key = by_hand(estate, AccountId("999"))
    estate.clock.advance(timedelta(minutes=15))
    estate.look()

    assert role(estate, key) is Role.SUSPECT


def test_a_suspect_that_nobody_can_watch_is_told_to_a_person_until_it_is_gone() -> None:
    """Without a last use it could neither be ended nor let go, and nobody would hear of it."""
    grace = Grace(accept_blind=True)
    estate = Estate(provider_type=FakeProviderWithoutUse, terms=Terms(limits=LIMITS, grace=grace))
    estate.provider.habits = replace(estate.provider.habits, max_keys=None)
    estate = lost_in(estate, Failure.LOST_ANSWER)
    estate.clock.advance(timedelta(minutes=15))
    (key,) = estate.enabled() - {estate.old.key_id}
    estate.look()
    estate.run(timedelta(days=2))
    hold = estate.stored.hold

    assert hold is not None
    assert hold.reason is Reason.USE_UNKNOWN
    assert key in hold.detail

    estate.provider.delete_by_hand(estate.principal, KeyId(key))
    estate.run(timedelta(days=1))
    assert role(estate, KeyId(key)) is Role.GONE
    assert estate.stored.hold is None
