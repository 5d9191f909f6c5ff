"""Keys that their provider ends by itself: replaced before their consumers meet that end."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from rotator.core.expiry import ENDS_EARLY
from rotator.core.ids import Instant
from rotator.core.reasons import Reason
from rotator.core.rotation import Phase, Trigger
from rotator.core.terms import Grace, Terms
from rotator.testing.fake_provider import (
    BareFakeProvider,
    FakeProvider,
    FakeProviderWithoutDisable,
    FakeProviderWithoutUse,
)
from rotator.testing.wire import Failure
from tests.reconcile.estate import LIMITS, Estate
from tests.reconcile.test_planning import planned

if TYPE_CHECKING:
    from rotator.core.events import AuditRecord
    from rotator.core.ids import KeyId

LIFE = timedelta(days=40)


def ending(
    kind: type[BareFakeProvider] = FakeProvider,
    *,
    first: timedelta | None = LIFE,
    life: timedelta | None = LIFE,
    unlists: bool = False,
    terms: Terms | None = None,
) -> Estate:
    """An estate whose first key lives for `first`, and those that we make for `life`."""
    estate = Estate(provider_type=kind, terms=terms or Terms(limits=LIMITS, grace=Grace()))
    estate.provider.habits = replace(
        estate.provider.habits,
        lifetime=life,
        lifetime_by_hand=LIFE,
        unlists_expired=unlists,
    )
    end = Instant(estate.clock.now() + first) if first else None
    estate.provider.keys[estate.old.key_id].expires_at = end
    return estate


def end_of(estate: Estate, key: KeyId | None) -> Instant:
    assert key is not None
    ends = estate.provider.keys[key].expires_at
    assert ends is not None
    return ends


def records(estate: Estate, action: str, stage: str) -> list[AuditRecord]:
    return [
        item
        for item in estate.journal.unsealed(limit=10_000)
        if (item.action.value, item.stage.value) == (action, stage)
    ]


def test_a_key_is_replaced_before_its_provider_ends_it_however_young_it_is() -> None:
    estate = ending()

    rotation = estate.run(LIFE, until=Phase.PROMOTED)

    assert rotation is not None
    assert (rotation.trigger, rotation.phase) == (Trigger.EXPIRY, Phase.PROMOTED)
    left = end_of(estate, estate.old.key_id) - estate.clock.now()
    assert left >= estate.terms.grace.max_period + timedelta(days=1)


def test_no_consumer_ever_meets_an_expired_key_though_each_lives_shorter_than_policy_allows() -> (
    None
):
    estate, refused = ending(), 0
    for _ in range(360):
        estate.run(timedelta(hours=12), consuming=False)
        refused += not estate.consume()

    assert refused == 0
    assert len(estate.journal.rotations(estate.stored.id)) >= 5


def test_the_end_that_the_provider_gave_is_in_the_audit_log() -> None:
    estate = ending()
    rotation = estate.run(LIFE, until=Phase.PROMOTED)
    assert rotation is not None
    told = {"new_key_expires_at": end_of(estate, rotation.new_key_id).isoformat()}

    for stage in ("intent", "outcome"):
        (record,) = records(estate, "key.promote", stage)
        assert told.items() <= dict(record.evidence).items()
        assert ENDS_EARLY in record.evidence
    assert any("ends early" in str(line) for line in estate.telemetry.lines)


def test_a_key_that_lives_as_long_as_policy_counts_on_is_told_of_quietly() -> None:
    estate = ending(life=timedelta(days=120))

    estate.run(LIFE, until=Phase.PROMOTED)

    (record,) = records(estate, "key.promote", "outcome")
    assert ENDS_EARLY not in record.evidence
    assert not any("ends early" in str(line) for line in estate.telemetry.lines)


@pytest.mark.parametrize("unlists", [False, True], ids=["listed", "listed no more"])
def test_a_key_that_expired_while_nobody_looked_is_replaced_by_the_first_look(
    *, unlists: bool
) -> None:
    estate = ending(unlists=unlists)
    estate.look()
    estate.clock.advance(LIFE)
    assert not estate.consume()

    estate.look()

    assert (estate.newest.trigger, estate.newest.phase) == (Trigger.EXPIRED, Phase.PROMOTED)
    assert estate.consume()


def test_one_that_vanishes_between_start_and_mint_is_replaced_all_the_same() -> None:
    estate = ending(unlists=True)
    estate.wire.break_next("create_key", Failure.DENIED, times=30)

    rotation = estate.run(2 * LIFE, until=Phase.PROMOTED, consuming=False)

    assert rotation is not None
    assert (rotation.trigger, rotation.phase) == (Trigger.EXPIRY, Phase.PROMOTED)
    assert rotation.created_at < end_of(estate, estate.old.key_id) < estate.clock.now()
    assert estate.consume()


KINDS = [FakeProvider, FakeProviderWithoutDisable, FakeProviderWithoutUse, BareFakeProvider]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("unlists", [False, True], ids=["listed", "listed no more"])
def test_an_expired_old_key_is_cleaned_up_when_its_grace_is_over(
    kind: type[BareFakeProvider], *, unlists: bool
) -> None:
    estate = ending(kind, unlists=unlists)
    estate.run(LIFE, until=Phase.PROMOTED)
    promoted_at = estate.clock.now()
    estate.provider.keys[estate.old.key_id].expires_at = promoted_at

    estate.run(timedelta(days=3))

    assert estate.newest.phase is Phase.COMPLETED or estate.rotation is None
    found = estate.provider.keys[estate.old.key_id]
    if not unlists:
        assert found.deleted_at is not None
        assert found.deleted_at >= promoted_at + estate.terms.grace.min_period
    (end,) = records(estate, "rotation.finish", "event")
    assert end.reason == "completed"


class TestAProviderThatGivesKeysTooShortALife:
    def test_the_new_key_is_discarded_and_the_hold_names_both_times(self) -> None:
        estate = ending(first=timedelta(days=12), life=timedelta(days=2))

        estate.run(timedelta(hours=2))

        rotation = estate.journal.rotations(estate.stored.id)[0]
        hold = estate.stored.hold
        assert (rotation.phase, rotation.outcome) == (Phase.ROLLED_BACK, "expires_too_soon")
        assert hold is not None
        assert hold.reason is Reason.EXPIRES_TOO_SOON
        assert f"{end_of(estate, rotation.new_key_id):%Y-%m-%d %H:%M} UTC" in hold.detail
        assert "policy needs a key that lives until" in hold.detail
        given_up = records(estate, "rotation.abandon", "event")
        assert all("new_key_expires_at" in item.evidence for item in given_up)
        assert given_up
        assert estate.consume()
        assert estate.enabled() == {estate.old.key_id}

    def test_once_the_old_key_ends_sooner_the_new_one_is_the_better_one(self) -> None:
        estate = ending(first=timedelta(days=12), life=timedelta(days=2))
        refused = 0

        for _ in range(12 * 24 - 1):
            estate.run(timedelta(hours=1), consuming=False)
            refused += not estate.consume()

        assert refused == 0
        assert estate.newest.phase is not Phase.ROLLED_BACK

    def test_it_is_tried_again_when_the_provider_gives_keys_a_longer_life(self) -> None:
        estate = ending(first=timedelta(days=12), life=timedelta(days=2))
        estate.run(timedelta(hours=2))
        estate.provider.habits = replace(estate.provider.habits, lifetime=LIFE)

        estate.run(timedelta(days=2), until=Phase.PROMOTED)

        assert estate.newest.phase is Phase.PROMOTED
        assert estate.stored.hold is None

    def test_keys_that_are_dead_on_arrival_are_not_minted_in_a_hurry(self) -> None:
        estate = ending(first=timedelta(days=9), life=timedelta(seconds=-60))

        estate.run(timedelta(days=10), consuming=False)

        tried = estate.journal.rotations(estate.stored.id)
        assert {item.outcome for item in tried} <= {"expires_too_soon", "verify_failed"}
        assert len(tried) < 60


class TestThePlan:
    """`rotator plan` says when a key expires, and that this is why it is replaced."""

    def test_a_key_that_is_replaced_early_is_told_with_its_end(self) -> None:
        estate = ending(life=LIFE)
        estate.look()

        (row,) = planned(estate)

        assert (row.what, row.is_held) == ("wait", False)
        assert row.when is not None
        assert row.when < end_of(estate, estate.old.key_id) - estate.terms.grace.max_period
        assert f"expires at {end_of(estate, estate.old.key_id):%Y-%m-%d %H:%M} UTC" in row.reason

    def test_a_key_with_too_little_time_left_is_rotated_for_that(self) -> None:
        (row,) = planned(ending(first=timedelta(days=3)))

        assert row.what == "rotate"
        assert "its provider ends it by itself soon" in row.reason
        assert "expires at" in row.reason

    @pytest.mark.parametrize("unlists", [False, True], ids=["listed", "listed no more"])
    def test_a_key_that_has_expired_is_rotated_also_beside_a_strangers(
        self, *, unlists: bool
    ) -> None:
        estate = ending(unlists=unlists)
        estate.provider.habits = replace(estate.provider.habits, max_keys=3)
        estate.look()
        estate.clock.advance(LIFE)
        stranger = estate.provider.mint_by_hand(estate.principal)

        rows = planned(estate)

        first, second = rows
        assert first.what == "rotate"
        assert "consumers are refused" in first.reason
        assert first.key_id == (None if unlists else estate.old.key_id)
        assert (second.what, second.key_id) == ("leave alone", stranger.key_id)
