from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from rotator.core.inventory import dated, describe, minted, missing, seen
from rotator.core.rotation import KeyRecord, Role
from rotator.core.terms import Limits
from rotator.core.usage import with_use
from tests.builders import EPOCH, NEW_KEY, OLD_KEY, at, claim, credential, key_record, rotation
from tests.core.worlds import STRAY_KEY, key, listing, used

if TYPE_CHECKING:
    from rotator.core.ids import Instant

NOW = at(days=1)
OF = credential().id
LAG = timedelta(minutes=1)
SIX_HOURS = timedelta(hours=6)


class TestInventory:
    def test_a_key_that_we_do_not_know_is_a_strangers_until_something_proves_otherwise(
        self,
    ) -> None:
        found = seen(OF, (), listing(key(STRAY_KEY, enabled=False)), NOW, lag=LAG)

        assert found == (
            KeyRecord(
                credential_id=OF,
                key_id=STRAY_KEY,
                role=Role.FOREIGN,
                enabled=False,
                created_at=at(days=-30),
                seen_at=NOW,
            ),
        )

    def test_what_we_know_of_a_key_survives_a_listing(self) -> None:
        known = key_record(longest_gap=SIX_HOURS, rotation_id=rotation().id)

        (found,) = seen(OF, (known,), listing(key(enabled=False)), NOW, lag=LAG)

        assert found == replace(known, enabled=False, seen_at=NOW)

    def test_a_key_without_a_date_is_as_old_as_our_first_sight_of_it(self) -> None:
        first, later = at(days=2), at(days=40)
        undated = listing(key(created_at=later, is_dated=False), key(NEW_KEY))

        (known,) = seen(OF, (), listing(key(created_at=first, is_dated=False)), first, lag=LAG)
        again, _ = seen(OF, (known,), undated, later, lag=LAG)

        assert (known.created_at, again.created_at) == (first, first)
        assert [item.created_at for item in dated(undated, (again,)).keys] == [first, at(days=-30)]
        assert dated(undated, ()).keys[0].created_at == later

    def test_a_listing_declares_only_keys_gone_that_nobody_watches(self) -> None:
        idle = [Role.FOREIGN, Role.PREVIOUS]
        ours = [key_record(role=role) for role in Role if role not in idle]
        others = [key_record(key_id=STRAY_KEY, role=role) for role in idle]

        assert seen(OF, (*ours, *others), listing(), NOW, lag=LAG) == ()
        assert missing((*ours, *others), listing(), NOW) == tuple(
            replace(record, role=Role.GONE, gone_at=NOW) for record in others
        )
        assert missing(others, listing(key(STRAY_KEY)), NOW) == ()

    def test_a_strangers_mark_is_kept_and_follows_the_listing_until_it_is_judged(self) -> None:
        mark = rotation().id
        marked, bare = listing(key(STRAY_KEY, rotation=mark)), listing(key(STRAY_KEY))

        (born,) = seen(OF, (), marked, NOW, lag=LAG)
        (later,) = seen(OF, (replace(born, rotation_id=None),), marked, NOW, lag=LAG)
        (removed,) = seen(OF, (born,), bare, NOW, lag=LAG)
        judged = replace(born, suspect_since=NOW)

        assert born.role is Role.FOREIGN
        assert (born.rotation_id, later.rotation_id, removed.rotation_id) == (mark, mark, None)
        assert seen(OF, (judged,), bare, NOW, lag=LAG) == (judged,)

    @pytest.mark.parametrize("gone_at", [EPOCH, None])
    def test_a_key_that_is_listed_again_is_a_strangers_once_no_listing_can_be_stale(
        self, gone_at: Instant | None
    ) -> None:
        gone = key_record(
            role=Role.GONE,
            gone_at=gone_at,
            seen_at=EPOCH,
            disabled_at=EPOCH,
            suspect_since=EPOCH,
            rotation_id=rotation().id,
        )

        assert seen(OF, (gone,), listing(key()), at(seconds=59), lag=LAG) == ()
        assert seen(OF, (gone,), listing(key()), at(minutes=1), lag=LAG) == (
            key_record(role=Role.FOREIGN, created_at=at(days=-30), seen_at=at(minutes=1)),
        )

    def test_full_slots_are_explained_key_by_key(self) -> None:
        made = at(days=-30)
        current = key_record(created_at=made, seen_at=NOW)
        records = (
            current,
            replace(current, key_id=NEW_KEY, role=Role.SUSPECT, suspect_since=EPOCH),
            replace(current, key_id=STRAY_KEY, role=Role.GONE),
            replace(current, key_id=STRAY_KEY, role=Role.FOREIGN, seen_at=EPOCH),
        )

        assert describe(records, Limits()) == (
            f"{OLD_KEY} (current, enabled, made {made:%Y-%m-%d}), "
            f"{NEW_KEY} (suspect until {at(days=8):%Y-%m-%d %H:%M} UTC, enabled, "
            f"made {made:%Y-%m-%d})"
        )
        assert describe((), Limits()) == ""
        assert "suspect until a person decides" in describe(records, Limits(), can_end=False)

    def test_a_strangers_key_with_a_mark_of_ours_is_named_as_such(self) -> None:
        record = key_record(key_id=STRAY_KEY, role=Role.FOREIGN, rotation_id=rotation().id)

        text = describe((record,), Limits())

        assert f"{STRAY_KEY} (foreign, marked by rotation {rotation().id}, enabled" in text
        assert "marked" not in describe((replace(record, suspect_since=NOW),), Limits())

    def test_a_minted_key_is_pending_and_carries_its_rotation(self) -> None:
        made = minted(OF, NEW_KEY, rotation().id, EPOCH, NOW)

        assert (made.role, made.rotation_id, made.enabled) == (Role.PENDING, rotation().id, True)
        assert (made.created_at, made.seen_at) == (EPOCH, NOW)

    def test_a_claim_finds_the_record_of_a_key(self) -> None:
        known = key_record()

        assert claim(keys=(known,)).key(OLD_KEY) == known
        assert claim(keys=(known,)).key(STRAY_KEY) is None


class TestUsage:
    """A pause between two uses is a key's habit; silence at the end of its life is none."""

    READ = key_record(last_used_at=at(hours=0), use_read_at=at(hours=10))

    def test_a_reading_is_written_down_with_its_place(self) -> None:
        read = with_use(key_record(), used(at(hours=2)), NOW, interval=SIX_HOURS)

        assert (read.last_used_at, read.use_read_at) == (at(hours=2), NOW)
        assert (read.last_used_service, read.last_used_region) == ("s3", "us-east-1")
        assert read.longest_gap is None

    @pytest.mark.parametrize("again", [None, at(hours=0), at(hours=-1)])
    def test_silence_that_no_use_ended_is_no_pause(self, again: Instant | None) -> None:
        read = with_use(self.READ, used(again), NOW, interval=SIX_HOURS)

        assert read.longest_gap is None

    def test_a_use_after_silence_makes_the_silence_a_pause(self) -> None:
        soon = with_use(self.READ, used(at(hours=12)), NOW, interval=SIX_HOURS)
        late = with_use(self.READ, used(at(hours=23)), NOW, interval=SIX_HOURS)

        assert soon.longest_gap == timedelta(hours=12)
        assert late.longest_gap == timedelta(hours=16)

    def test_the_longest_pause_is_kept(self) -> None:
        known = replace(self.READ, longest_gap=timedelta(hours=15))

        read = with_use(known, used(at(hours=12)), NOW, interval=SIX_HOURS)

        assert read.longest_gap == timedelta(hours=15)

    def test_a_reading_older_than_the_use_it_showed_counts_as_none(self) -> None:
        odd = replace(self.READ, use_read_at=at(hours=-4))

        read = with_use(odd, used(at(hours=9)), NOW, interval=SIX_HOURS)

        assert read.longest_gap == SIX_HOURS

    def test_a_first_use_ends_no_pause(self) -> None:
        unread = replace(self.READ, use_read_at=None)

        assert with_use(unread, used(at(hours=9)), NOW, interval=SIX_HOURS).longest_gap is None
