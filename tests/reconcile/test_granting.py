"""Keys with grants of their own, and the key by which we are admitted ourselves."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from rotator.core.ids import Instant, credential_id
from rotator.core.reasons import Reason
from rotator.core.rotation import Action, Hold, Phase, Trigger
from rotator.core.terms import Grace, Terms
from rotator.errors import InvariantError
from rotator.reconcile.own_key import others_first
from rotator.reconcile.session import Session
from rotator.testing.fake_grants import BOUND, TENANT, FakeProviderWithGrants
from rotator.testing.fake_keys import Habits
from rotator.testing.fake_provider import ACCOUNT, FakeProvider
from rotator.testing.wire import Failure
from tests.reconcile.estate import LIMITS, NAME, Estate

if TYPE_CHECKING:
    from rotator.core.rotation import Credential

BLIND = Terms(limits=LIMITS, grace=Grace(accept_blind=True))


class GrantedEstate(Estate):
    """An estate whose keys are granted a tenant each."""

    def __init__(self) -> None:
        super().__init__(provider_type=FakeProviderWithGrants, terms=BLIND)
        self.granting.habits = Habits(name="aws-iam", max_keys=None, marks_keys=True)

    @property
    def granting(self) -> FakeProviderWithGrants:
        assert isinstance(self.provider, FakeProviderWithGrants)
        return self.provider

    @property
    def stored(self) -> Credential:
        found = self.journal.credentials()
        return next(item for item in found if item.principal.name == NAME)

    def granted(self) -> set[str]:
        """What the key that consumers read is granted."""
        current = self.stored.current_key_id
        assert current is not None
        return self.granting.granted[current]


def test_a_rotated_key_opens_every_tenant_before_anybody_reads_it() -> None:
    estate = GrantedEstate()
    refused = 0
    for _ in range(160):
        estate.run(timedelta(hours=12))
        refused += not estate.consume()

    assert refused == 0
    assert estate.newest.phase is Phase.COMPLETED
    assert estate.granted() == {BOUND, TENANT}
    assert estate.newest.granted == (BOUND, TENANT)
    assert "intent key.grant pending" in estate.actions()
    assert "outcome key.grant success" in estate.actions()


def test_a_grant_whose_answer_is_lost_is_looked_for_and_not_sent_in_circles() -> None:
    estate = GrantedEstate()
    estate.wire.break_next("grant", Failure.LOST_ANSWER)
    estate.run(timedelta(days=80), until=Phase.STAGED)
    estate.run(timedelta(days=1), until=Phase.PROMOTED)

    assert estate.newest.phase is Phase.PROMOTED
    assert estate.wire.sent.count("grant") == 2
    assert estate.granted() == {BOUND, TENANT}


def test_a_key_that_somebody_deleted_is_granted_nothing_and_stops_nothing() -> None:
    estate = GrantedEstate()
    estate.run(timedelta(days=80), until=Phase.PROMOTED)
    estate.provider.delete_by_hand(estate.principal, estate.old.key_id)
    estate.run(timedelta(days=9))

    assert estate.newest.phase is Phase.COMPLETED
    assert estate.granted() == {BOUND, TENANT}


def test_a_tenant_that_one_key_gets_in_the_grace_both_have_at_the_next_look() -> None:
    estate = GrantedEstate()
    estate.run(timedelta(days=80), until=Phase.PROMOTED)
    estate.granting.grant_by_hand(estate.principal, estate.old.key_id, "tenant-b")
    estate.run(timedelta(hours=13))

    assert estate.newest.phase is Phase.PROMOTED
    assert estate.granted() == {BOUND, TENANT, "tenant-b"}


def test_a_provider_without_grants_is_not_asked_for_any() -> None:
    estate = Estate()
    estate.run(timedelta(days=80), until=Phase.PROMOTED)
    session = _session(estate)

    with pytest.raises(InvariantError):
        session.granting()


# --------------------------------------------------------------------- our own key


def _session(estate: Estate) -> Session:
    now = Instant(estate.clock.now() + timedelta(days=1))
    lease = Instant(now + timedelta(minutes=2))
    claim = estate.journal.acquire(estate.stored.id, now=now, lease_until=lease)
    assert claim is not None
    return Session(estate.parts(), claim)


def _own_estate() -> GrantedEstate:
    estate = GrantedEstate()
    estate.run(timedelta(hours=1))
    assert estate.stored.current_key_id is not None
    estate.granting.own[ACCOUNT] = estate.stored.current_key_id
    return estate


def _neighbour(estate: Estate, **changes: object) -> None:
    other = estate.provider.add_principal("neighbour")
    made = replace(
        estate.credential(), id=credential_id("aws-iam", ACCOUNT, "neighbour"), principal=other
    )
    estate.register(replace(made, **changes))  # type: ignore[arg-type]


def test_our_own_key_waits_while_another_one_is_due() -> None:
    estate = _own_estate()
    _neighbour(estate, due_at=estate.clock.now(), next_at=Instant(estate.clock.now()))

    waiting = others_first(_session(estate), Trigger.AGE)

    assert waiting is not None
    assert (waiting.reason, waiting.detail) == (Reason.OWN_KEY_LAST, "neighbour")


def test_an_order_for_another_key_is_carried_out_before_our_own_is_replaced() -> None:
    estate = _own_estate()
    _neighbour(estate, requested=Trigger.MANUAL)

    assert others_first(_session(estate), Trigger.AGE) is not None


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({}, id="it-is-not-due"),
        pytest.param({"requested": Trigger.AGE, "action": Action.REPORT}, id="it-is-reported"),
    ],
)
def test_our_own_key_does_not_wait_for_who_has_nothing_to_do(changes: dict[str, object]) -> None:
    estate = _own_estate()
    _neighbour(estate, **changes)

    assert others_first(_session(estate), Trigger.AGE) is None


def test_our_own_key_does_not_wait_for_who_waits_for_a_person() -> None:
    estate = _own_estate()
    hold = Hold(reason=Reason.DRIFT, since=estate.clock.now())
    _neighbour(estate, requested=Trigger.MANUAL, hold=hold)

    assert others_first(_session(estate), Trigger.AGE) is None


def test_our_own_key_does_not_get_too_old_behind_one_that_fails_again_and_again() -> None:
    estate = _own_estate()
    _neighbour(estate, requested=Trigger.MANUAL, failures=1)

    assert others_first(_session(estate), Trigger.AGE) is None


def test_our_own_key_is_replaced_at_once_when_it_is_compromised() -> None:
    estate = _own_estate()
    _neighbour(estate, requested=Trigger.MANUAL)

    assert others_first(_session(estate), Trigger.TAINT) is None


def test_another_key_does_not_wait() -> None:
    estate = _own_estate()
    estate.granting.own.clear()
    _neighbour(estate, requested=Trigger.MANUAL)

    assert others_first(_session(estate), Trigger.AGE) is None


def test_a_key_nobody_has_adopted_yet_is_not_ours() -> None:
    estate = GrantedEstate()

    assert others_first(_session(estate), Trigger.AGE) is None


def test_where_a_provider_cannot_tell_our_own_key_nothing_waits() -> None:
    estate = Estate(provider_type=FakeProvider)

    assert others_first(_session(estate), Trigger.AGE) is None


def test_our_own_key_waits_in_a_real_pass_without_a_hold() -> None:
    estate = _own_estate()
    _neighbour(estate, requested=Trigger.MANUAL, next_at=Instant(estate.clock.now()))
    estate.journal.request(estate.stored.id, Trigger.MANUAL, now=estate.clock.now())
    first = estate.look()

    assert estate.journal.rotations() == ()
    assert first.hold is None
    assert first.next_at == estate.clock.now() + LIMITS.check_interval
