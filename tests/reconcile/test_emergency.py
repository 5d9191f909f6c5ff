"""A key that was called compromised: it ends as soon as another one is in use, and not before."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from rotator.core.rotation import Phase, Trigger
from rotator.testing.fake_grants import FakeProviderWithGrants
from rotator.testing.fake_provider import (
    FakeProvider,
    FakeProviderWithoutDisable,
    FakeProviderWithoutUse,
)
from rotator.testing.wire import Failure
from tests.reconcile.estate import Estate

if TYPE_CHECKING:
    from rotator.testing.fake_provider import BareFakeProvider

HOUR = timedelta(hours=1)


def ordered(estate: Estate, trigger: Trigger = Trigger.TAINT) -> Estate:
    """Let the key be adopted, and then a person order its rotation."""
    estate.run(HOUR)
    estate.journal.request(estate.stored.id, trigger, now=estate.clock.now())
    return estate


@pytest.mark.parametrize(
    "provider",
    [FakeProvider, FakeProviderWithoutDisable, FakeProviderWithoutUse, FakeProviderWithGrants],
)
def test_a_compromised_key_ends_right_after_its_successor_is_published(
    provider: type[BareFakeProvider],
) -> None:
    estate = ordered(Estate(provider_type=provider))
    estate.run(HOUR)

    assert estate.newest.phase is Phase.COMPLETED
    assert not estate.provider.use(estate.old)
    assert estate.consume()
    sent = [verb for verb in estate.wire.sent if verb in {"promote", "disable_key", "delete_key"}]
    assert sent[0] == "promote"


def test_a_key_that_was_not_called_compromised_works_through_its_grace() -> None:
    estate = ordered(Estate(), Trigger.MANUAL)
    estate.run(2 * HOUR)

    assert estate.newest.phase is Phase.PROMOTED
    assert estate.newest.expedited_at is None
    assert estate.provider.use(estate.old)


def test_a_compromised_key_works_as_long_as_its_successor_is_not_published() -> None:
    estate = ordered(Estate())
    estate.wire.break_next("promote", Failure.THROTTLED)
    estate.run(HOUR, until=Phase.VERIFIED)

    assert estate.newest.phase is Phase.VERIFIED
    assert estate.provider.use(estate.old)
    assert {"disable_key", "delete_key"}.isdisjoint(estate.wire.sent)


def test_a_compromised_key_that_consumers_went_back_to_is_not_ended() -> None:
    estate = ordered(Estate())
    estate.wire.break_next("disable_key", Failure.UNAVAILABLE)
    estate.run(HOUR, until=Phase.PROMOTED)
    estate.destination.write_by_hand(estate.ref, estate.content(estate.old))
    estate.run(2 * HOUR)

    assert estate.provider.use(estate.old)
    assert "delete_key" not in estate.wire.sent
