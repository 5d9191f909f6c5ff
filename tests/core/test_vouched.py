"""A suspect that an operator vouches for is enabled, and nothing of ours lands after it."""

from __future__ import annotations

from datetime import timedelta

from rotator.core.reasons import Reason
from rotator.core.rotation import Effect, KeyRecord, Role
from rotator.core.steps import Refuse, Wait
from rotator.core.suspects import Act, Finding, Judge, SuspectStep
from rotator.core.terms import Terms
from rotator.core.vouched import next_for_vouched
from tests.builders import at, intent, key_record
from tests.core.worlds import STRAY_KEY, key, listing

NOW = at(days=2)


def suspect(**changes: object) -> KeyRecord:
    """Build a suspect that we disabled yesterday."""
    whole = {"role": Role.SUSPECT, "suspect_since": at(), "disabled_at": at(days=1), **changes}
    return key_record(key_id=STRAY_KEY, **whole)  # type: ignore[arg-type] # any field


def step(record: KeyRecord, *, is_on: bool = False) -> SuspectStep | Refuse:
    """Ask with a listing that shows the suspect."""
    return next_for_vouched(record, listing(key(STRAY_KEY, enabled=is_on)), Terms(), NOW)


def test_a_suspect_that_we_disabled_is_enabled() -> None:
    given = step(suspect())

    assert isinstance(given, Act)
    assert given.effect is Effect.ENABLE_KEY


def test_a_suspect_that_is_on_only_becomes_a_strangers() -> None:
    assert step(suspect(disabled_at=None), is_on=True) == Judge(finding=Finding.STRANGER)


def test_a_suspect_that_somebody_else_disabled_stays_off() -> None:
    assert isinstance(step(suspect(disabled_at=None)), Refuse)


def test_a_suspect_that_is_deleted_is_gone() -> None:
    given = next_for_vouched(suspect(), listing(), Terms(), NOW)

    assert given == Judge(finding=Finding.GONE)


def test_a_disable_that_may_land_once_more_is_waited_out_whatever_the_listing_shows() -> None:
    """A lease to send it in, a signature window to land in, and a listing that lags."""
    just_off = suspect(disabled_at=NOW)
    until = NOW + timedelta(seconds=120) + timedelta(minutes=5) + timedelta(minutes=1)

    for is_on in (False, True):
        given = step(just_off, is_on=is_on)
        assert given == Wait(until=until, reason=Reason.SETTLING, detail=STRAY_KEY)


def test_an_open_disable_or_delete_of_ours_is_waited_out() -> None:
    for effect in (Effect.DISABLE_KEY, Effect.DELETE_KEY):
        opened = suspect(disabled_at=None, intent=intent(effect, not_after=NOW))
        assert isinstance(step(opened, is_on=True), Wait)

        settled = suspect(disabled_at=None, intent=intent(effect, not_after=at(days=1)))
        assert isinstance(step(settled), Act)
        assert step(settled, is_on=True) == Judge(finding=Finding.STRANGER)


def test_an_open_enable_is_looked_for_and_made_again() -> None:
    fresh = suspect(intent=intent(Effect.ENABLE_KEY, made_at=NOW))
    assert isinstance(step(fresh, is_on=True), Wait)

    older = suspect(intent=intent(Effect.ENABLE_KEY, made_at=at(days=1)))
    assert isinstance(step(older), Act)
    assert step(older, is_on=True) == Judge(finding=Finding.STRANGER)
