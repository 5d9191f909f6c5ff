"""What an earlier life of this installation left: proof, and what a use means."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rotator.core.ids import RotationId, version_token
from rotator.core.orphans import judged, lost, marked, proof, survivors
from rotator.core.rotation import Phase, Role
from tests.builders import EPOCH, NEW_KEY, OLD_VERSION, at, credential, key_record, rotation
from tests.core.worlds import SIBLING_VERSION, STRAY_KEY, state, used

FORGOTTEN = RotationId("00000000-0000-4000-8000-00000000beef")
ORPHAN = key_record(key_id=STRAY_KEY, role=Role.FOREIGN, rotation_id=FORGOTTEN)
TOKEN = version_token(FORGOTTEN, STRAY_KEY, 2)


class TestLost:
    def test_a_mark_of_a_rotation_that_the_journal_does_not_know_is_lost(self) -> None:
        assert lost((ORPHAN,), ()) == {STRAY_KEY}
        assert lost((ORPHAN,), (rotation(),)) == {STRAY_KEY}

    @pytest.mark.parametrize(
        ("phase", "new_key", "is_lost"),
        [
            (Phase.PLANNED, None, False),
            (Phase.ROLLED_BACK, None, True),
            (Phase.COMPLETED, NEW_KEY, True),
            (Phase.COMPLETED, STRAY_KEY, False),
        ],
        ids=["open", "ended without a key", "ended with another", "it minted it"],
    )
    def test_what_a_known_rotation_made_is_judged_by_that_rotation(
        self, phase: Phase, new_key: str | None, *, is_lost: bool
    ) -> None:
        known = replace(rotation(), id=FORGOTTEN, phase=phase, new_key_id=new_key)  # type: ignore[arg-type]

        assert bool(lost((ORPHAN,), (known,))) is is_lost

    @pytest.mark.parametrize(
        "record",
        [
            replace(ORPHAN, rotation_id=None),
            replace(ORPHAN, rotation_id=RotationId("what anybody may write")),
            replace(ORPHAN, role=Role.CURRENT),
            replace(ORPHAN, suspect_since=EPOCH),
        ],
        ids=["unmarked", "no rotation's id", "ours", "judged before"],
    )
    def test_nothing_else_is(self, record: object) -> None:
        assert marked((record,)) == ()  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("phase", "new_key", "survives"),
    [
        (Phase.ROLLED_BACK, STRAY_KEY, True),
        (Phase.ROLLED_BACK, NEW_KEY, False),
        (Phase.COMPLETED, STRAY_KEY, False),
        (Phase.PLANNED, STRAY_KEY, False),
    ],
)
def test_what_was_said_to_be_deleted_and_is_listed_again_has_survived(
    phase: Phase, new_key: str, *, survives: bool
) -> None:
    known = replace(rotation(), id=FORGOTTEN, phase=phase, new_key_id=new_key)  # type: ignore[arg-type]

    assert bool(survivors((ORPHAN,), (known,))) is survives


class TestProof:
    @pytest.mark.parametrize(
        ("record", "shown", "version", "owner"),
        [
            (ORPHAN, None, OLD_VERSION, "rotator"),
            (ORPHAN, state(owner=None), OLD_VERSION, "rotator"),
            (ORPHAN, state(), OLD_VERSION, "another"),
            (ORPHAN, state(), None, "rotator"),
            (ORPHAN, state(SIBLING_VERSION), OLD_VERSION, "rotator"),
            (replace(ORPHAN, rotation_id=None), state(), OLD_VERSION, "rotator"),
        ],
        ids=["unread", "untagged", "another's", "never carried", "drifted", "unmarked"],
    )
    def test_a_mark_proves_nothing_where_the_destination_is_not_surely_ours(
        self, record: object, shown: object, version: object, owner: str
    ) -> None:
        of = replace(credential(), current_version=version)  # type: ignore[arg-type]

        assert proof(record, shown, of, owner=owner) == ""  # type: ignore[arg-type]

    def test_a_stored_token_is_said_beside_the_mark(self) -> None:
        stored = state(versions=frozenset({OLD_VERSION, TOKEN}))

        assert proof(ORPHAN, state(), credential(), owner="rotator") == "marked"
        assert proof(ORPHAN, stored, credential(), owner="rotator") == "marked and stored"


def test_an_unused_orphan_is_watched_as_a_suspect_and_a_used_one_is_a_strangers_for_ever() -> None:
    unused, busy = judged(ORPHAN, used(), at(days=1)), judged(ORPHAN, used(EPOCH), at(days=1))

    assert (unused.role, unused.suspect_since) == (Role.SUSPECT, at(days=1))
    assert (busy.role, marked((busy,))) == (Role.FOREIGN, ())
