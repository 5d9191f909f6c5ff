"""A suspect where the provider's own log tells who made it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from rotator.core.rotation import Phase, Role
from rotator.testing.fake_provider import FakeProviderWithTrail
from rotator.testing.wire import Failure
from tests.reconcile.estate import Estate

if TYPE_CHECKING:
    from rotator.core.facts import Principal
    from rotator.core.ids import KeyId, RotationId


class UnmarkedWithTrail(FakeProviderWithTrail):
    """Its marks are lost on the way, so that only the log can prove anything."""

    def mark_key(self, principal: Principal, key: KeyId, rotation: RotationId) -> None:
        """Lose the mark."""


def suspecting(*, is_ours: bool) -> tuple[Estate, str]:
    """Lose a mint's answer, or its request while a person mints in the same window."""
    estate = Estate(provider_type=UnmarkedWithTrail)
    failure = Failure.LOST_ANSWER if is_ours else Failure.LOST_REQUEST
    estate.wire.break_next("create_key", failure)
    estate.run(timedelta(days=80), until=Phase.PLANNED)
    if not is_ours:
        estate.provider.mint_by_hand(estate.principal)
    key = list(estate.provider.keys)[-1]
    estate.run(timedelta(minutes=10))
    assert role(estate, key) in {Role.SUSPECT, Role.FOREIGN}
    return estate, key


def role(estate: Estate, key: str) -> Role:
    return next(item.role for item in estate.journal.keys() if item.key_id == key)


def proofs(estate: Estate, action: str) -> set[str]:
    records = estate.journal.unsealed(limit=10_000)
    return {str(item.evidence["proof"]) for item in records if item.action == action}


def test_our_own_orphan_is_disabled_at_once_and_deleted_after_its_quarantine() -> None:
    estate, key = suspecting(is_ours=True)

    estate.run(timedelta(hours=2))
    assert key not in estate.enabled()
    assert role(estate, key) is Role.SUSPECT
    assert any("log" in proof for proof in proofs(estate, "key.disable"))
    estate.run(timedelta(days=6))
    assert role(estate, key) is Role.SUSPECT
    estate.run(timedelta(days=2))
    assert role(estate, key) is Role.GONE


def test_a_persons_key_is_a_strangers_at_once() -> None:
    estate, key = suspecting(is_ours=False)

    estate.run(timedelta(hours=2))

    assert role(estate, key) is Role.FOREIGN
    assert key in estate.enabled()


@pytest.mark.parametrize("failure", [Failure.DENIED, Failure.THROTTLED, Failure.UNAVAILABLE])
def test_a_log_that_does_not_answer_leaves_the_long_watch(failure: Failure) -> None:
    estate = Estate(provider_type=UnmarkedWithTrail)
    estate.wire.break_next("create_key", Failure.LOST_ANSWER)
    estate.wire.break_next("minted_by", failure, times=1_000)
    estate.run(timedelta(days=80), until=Phase.PLANNED)
    key = list(estate.provider.keys)[-1]

    estate.run(timedelta(hours=23))
    assert key in estate.enabled()
    estate.run(timedelta(days=9))
    assert role(estate, key) is Role.GONE
    assert proofs(estate, "key.delete") >= {"never used"}
