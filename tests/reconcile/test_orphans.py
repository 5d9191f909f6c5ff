"""The journal was lost or restored: what our own earlier life left is found and proved."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from rotator.core.ids import Instant, RotationId, version_token
from rotator.core.orders import Pause
from rotator.core.reasons import Reason
from rotator.core.rotation import Phase, Role, Trigger
from rotator.core.terms import Grace, Terms
from rotator.testing.fake_provider import FakeProvider, FakeProviderWithoutUse
from rotator.testing.memory_journal import MemoryJournal
from rotator.testing.wire import Failure
from tests.reconcile.estate import LIMITS, Estate

if TYPE_CHECKING:
    from rotator.core.facts import Principal
    from rotator.core.ids import KeyId
    from rotator.core.secret import KeyMaterial

FORGOTTEN = RotationId("00000000-0000-4000-8000-00000000beef")
A_DAY = timedelta(days=1)


def soon(estate: Estate) -> Instant:
    return Instant(estate.clock.now() + timedelta(minutes=1))


def ours(estate: Estate) -> None:
    """Put our owner tag on the secret, as a rotation's `prepare` does."""
    estate.destination.prepare(estate.ref, not_after=soon(estate))


def orphaned(estate: Estate) -> KeyMaterial:
    """Mint and mark a key in a rotation of which this journal knows nothing."""
    minted = estate.provider.create_key(
        estate.principal, FORGOTTEN, replaces=None, not_after=soon(estate)
    )
    estate.provider.mark_key(estate.principal, minted.material.key_id, FORGOTTEN)  # type: ignore[attr-defined]
    return minted.material


def forget(estate: Estate) -> None:
    """Lose the journal and begin with an empty one."""
    estate.journal = MemoryJournal(estate.chance)
    estate.register(estate.credential())


def role(estate: Estate, key_id: str) -> Role:
    return next(item.role for item in estate.journal.keys() if item.key_id == key_id)


def settled() -> Estate:
    estate = Estate()
    ours(estate)
    estate.look()
    return estate


def test_an_unused_orphan_of_ours_is_watched_disabled_and_deleted_with_its_proof() -> None:
    estate = settled()
    orphan = orphaned(estate)

    estate.run(timedelta(hours=13))
    assert role(estate, orphan.key_id) is Role.SUSPECT
    estate.run(timedelta(hours=20))
    assert orphan.key_id in estate.enabled()
    estate.run(timedelta(days=12))

    assert role(estate, orphan.key_id) is Role.GONE
    assert estate.enabled() == {estate.old.key_id}
    (found,) = [
        item for item in estate.journal.unsealed(limit=1_000) if item.action == "key.suspect"
    ]
    assert found.evidence == {"proof": "marked", "mark": FORGOTTEN}
    acts = [item for item in estate.journal.unsealed(limit=1_000) if item.action == "key.disable"]
    assert {item.evidence["mark"] for item in acts} == {FORGOTTEN}


def test_a_stored_secret_of_a_lost_rotation_is_proof_beside_the_mark() -> None:
    estate = settled()
    orphan = orphaned(estate)
    token = version_token(FORGOTTEN, orphan.key_id, 1)
    base = estate.stored.current_version
    estate.destination.stage(estate.ref, token, orphan, base=base, not_after=soon(estate))

    estate.run(timedelta(hours=13))

    (found,) = [
        item for item in estate.journal.unsealed(limit=1_000) if item.action == "key.suspect"
    ]
    assert found.evidence["proof"] == "marked and stored"


def test_an_orphan_that_was_used_is_a_strangers_for_ever() -> None:
    estate = settled()
    orphan = orphaned(estate)
    assert estate.provider.use(orphan)

    estate.run(timedelta(days=30))

    assert role(estate, orphan.key_id) is Role.FOREIGN
    assert orphan.key_id in estate.enabled()
    assert estate.actions().count("event key.suspect success") == 1


def test_an_orphan_that_consumers_of_a_follower_are_given_is_left_alone() -> None:
    estate = settled()
    orphan = orphaned(estate)
    follower = replace(estate.ref, region="eu-west-1")
    estate.destination.create_by_hand(follower, estate.content(orphan))
    estate.terms = replace(estate.terms, followers=(follower,))

    estate.run(timedelta(days=30))

    assert orphan.key_id in estate.enabled()
    assert role(estate, orphan.key_id) is Role.FOREIGN


def test_an_orphan_waits_while_a_follower_cannot_be_asked() -> None:
    estate = settled()
    orphan = orphaned(estate)
    follower = replace(estate.ref, kind="not-configured")
    estate.terms = replace(estate.terms, followers=(follower,))

    estate.run(timedelta(days=30))

    assert orphan.key_id in estate.enabled()
    assert role(estate, orphan.key_id) is Role.SUSPECT


def test_a_mark_in_a_secret_that_is_not_tagged_ours_proves_nothing() -> None:
    estate = Estate()
    estate.look()
    orphan = orphaned(estate)

    estate.run(timedelta(days=30))

    assert role(estate, orphan.key_id) is Role.FOREIGN
    assert orphan.key_id in estate.enabled()


def test_an_orphan_whose_use_cannot_be_read_is_left_alone_until_it_can() -> None:
    estate = settled()
    orphan = orphaned(estate)
    estate.wire.break_next("last_used", Failure.DENIED, times=1_000)

    estate.run(timedelta(days=30))

    assert role(estate, orphan.key_id) is Role.FOREIGN
    assert orphan.key_id in estate.enabled()


def test_a_provider_that_tells_no_use_keeps_its_orphans() -> None:
    estate = Estate(
        provider_type=FakeProviderWithoutUse,
        terms=Terms(limits=LIMITS, grace=Grace(accept_blind=True)),
    )
    ours(estate)
    estate.look()
    orphan = orphaned(estate)

    estate.run(timedelta(days=30))

    assert orphan.key_id in estate.enabled()


def test_full_slots_name_an_orphan_as_what_it_is() -> None:
    estate = Estate()
    estate.run(timedelta(days=60))
    orphan = orphaned(estate)

    estate.run(timedelta(days=20))

    assert estate.stored.hold is not None
    assert estate.stored.hold.reason is Reason.SLOTS_FULL
    marked = f"{orphan.key_id} (foreign, marked by rotation {FORGOTTEN}"
    assert marked in estate.stored.hold.detail


@pytest.mark.parametrize("phase", [Phase.PROMOTED, Phase.DISABLED])
def test_after_the_journal_was_lost_the_published_key_is_adopted_and_the_used_one_left(
    phase: Phase,
) -> None:
    estate = Estate(terms=Terms(limits=LIMITS, grace=Grace(accept_blind=True)))
    rotation = estate.run(timedelta(days=95), until=phase)
    assert rotation is not None
    forget(estate)

    estate.run(timedelta(days=30))

    assert estate.stored.current_key_id == rotation.new_key_id
    assert estate.consume()
    assert role(estate, estate.old.key_id) is Role.FOREIGN
    listed = {key.key_id for key in estate.provider.list_keys(estate.principal).keys}
    assert estate.old.key_id in listed


def test_after_the_journal_was_lost_a_key_that_was_never_stored_is_cleaned_up() -> None:
    estate = settled()
    orphan = orphaned(estate)
    forget(estate)

    estate.run(timedelta(days=10))

    assert estate.stored.current_key_id == estate.old.key_id
    assert role(estate, orphan.key_id) is Role.GONE


def test_a_journal_restored_from_a_backup_follows_what_its_own_lost_rotation_published() -> None:
    estate = settled()
    backup = estate.journal.backup()
    rotation = estate.run(timedelta(days=95), until=Phase.COMPLETED)
    assert rotation is not None
    assert rotation.phase is Phase.COMPLETED
    estate.journal.restore(backup)

    estate.run(A_DAY)

    assert (estate.stored.hold, estate.stored.current_key_id) == (None, rotation.new_key_id)
    assert "event key.adopt success" in estate.actions()
    assert role(estate, estate.old.key_id) is Role.GONE


def test_a_restored_journal_retires_what_its_own_lost_rotation_replaced_past_a_fresh_grace() -> (
    None
):
    estate = Estate(terms=Terms(limits=LIMITS, grace=Grace(accept_blind=True)))
    ours(estate)
    estate.look()
    backup = estate.journal.backup()
    promoted = estate.run(timedelta(days=95), until=Phase.PROMOTED)
    assert promoted is not None
    estate.journal.restore(backup)
    restored_at = estate.clock.now()

    estate.run(timedelta(hours=23))
    assert estate.old.key_id in estate.enabled()
    again = estate.run(timedelta(days=20), until=Phase.COMPLETED)

    assert again is not None
    assert (again.old_key_id, again.new_key_id) == (estate.old.key_id, promoted.new_key_id)
    assert again.promoted_at is not None
    assert again.promoted_at >= restored_at
    assert role(estate, estate.old.key_id) is Role.GONE


class SaysDeleted(FakeProvider):
    """Answers a delete as done, and does nothing."""

    is_deaf = True

    def delete_key(self, principal: Principal, key: KeyId, *, not_after: Instant) -> None:
        if not self.is_deaf:
            super().delete_key(principal, key, not_after=not_after)


def test_a_discarded_key_that_its_provider_kept_is_found_and_ended() -> None:
    estate = Estate(provider_type=SaysDeleted)
    ours(estate)
    estate.look()
    provider = estate.provider
    assert isinstance(provider, SaysDeleted)
    provider.habits = replace(provider.habits, marks_keys=True, activation_lag=A_DAY)
    estate.journal.request(estate.stored.id, Trigger.MANUAL, now=estate.clock.now())
    estate.look()
    assert estate.newest.phase is Phase.ROLLED_BACK
    (kept,) = estate.enabled() - {estate.old.key_id}
    estate.journal.pause(Pause(operator="ann", reason="one is enough", since=estate.clock.now()))

    estate.run(timedelta(hours=13))
    assert role(estate, kept) is Role.SUSPECT

    provider.is_deaf = False
    estate.journal.unpause("everything")
    estate.run(timedelta(days=12))
    assert role(estate, kept) is Role.GONE
