"""Losing the journal in the middle of twelve rotations: rebuilt, confirmed, and at rest again."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from rotator.core.rotation import Role
from rotator.core.terms import Grace
from tests.simulation.fleet import Fleet
from tests.simulation.points import EFFECTS, Point, When

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rotator.core.ids import Instant, KeyId
    from tests.simulation.fleet import Member

BEFORE, AFTER = When.BEFORE, When.AFTER

LATE = {
    "off-soon": Point("provider.disable_key", BEFORE),
    "off": Point("provider.disable_key", AFTER),
    "in-quarantine": Point("journal.commit", AFTER, "outcome:disable_key"),
    "unlabelled": Point("destination.unstage", AFTER),
    "gone": Point("provider.delete_key", AFTER),
}
"""Points that a rotation comes to after days, and what it is then."""

EARLY = {
    "planned": Point("provider.create_key", BEFORE),
    "marked": Point("provider.mark_key", AFTER),
    "stored": Point("destination.stage", AFTER),
    "proved": Point("journal.commit", AFTER, "outcome:verify"),
    "published-soon": Point("destination.promote", BEFORE),
    "published": Point("destination.promote", AFTER),
    "in-grace": None,
}
"""Points that a rotation comes to within minutes; the last one just goes on."""

SECOND = frozenset({"unlabelled"})
"""Who is in a second rotation, so that its old key, too, was minted by us."""

UNPROVED = frozenset(
    {
        Point("provider.create_key", AFTER),
        Point("journal.commit", BEFORE, "outcome:create_key"),
        Point("journal.commit", AFTER, "outcome:create_key"),
        Point("provider.mark_key", BEFORE),
        Point("destination.unstage", AFTER),
        Point("journal.commit", BEFORE, "outcome:unstage"),
        Point("journal.commit", AFTER, "outcome:unstage"),
        Point("journal.commit", BEFORE, "intent:delete_key"),
        Point("journal.commit", AFTER, "intent:delete_key"),
        Point("provider.delete_key", BEFORE),
    }
)
"""Where nothing outside tells what a key is: before its mark, and, for a key that a person
made, between the removal of the label that led to it and its end."""


def started(fleet: Fleet, cuts: dict[str, Point | None]) -> None:
    """Add principals whose rotations end at these points, and order the rotations."""
    for name, cut in cuts.items():
        fleet.add(name, cut=cut, after=2 if name in SECOND else 1)
    fleet.live(timedelta(hours=2))
    for name in cuts:
        fleet.order(fleet.members[name])


def in_the_middle(fleet: Fleet) -> None:
    """Bring twelve rotations to twelve points, and make a stranger's key beside a thirteenth."""
    started(fleet, {name: cut for name, cut in LATE.items() if name in SECOND})
    fleet.live(timedelta(days=12))
    started(fleet, {name: cut for name, cut in LATE.items() if name not in SECOND})
    for name in SECOND:
        fleet.order(fleet.members[name])
    fleet.live(timedelta(days=12))
    started(fleet, EARLY)
    fleet.live(timedelta(hours=6))
    fleet.add("beside-a-strangers")
    ends = [item.director for item in fleet.members.values()]
    assert all(item.is_cut for item in ends if item.point is not None)


def off_or_gone(fleet: Fleet, since: int) -> dict[KeyId, Instant]:
    """Tell when each key was first switched off or deleted by us."""
    ended: dict[KeyId, Instant] = {}
    for act in fleet.acts(since):
        if act.verb in {"disable_key", "delete_key"} and act.key is not None:
            ended.setdefault(act.key, act.at)
    return ended


def left_over(fleet: Fleet, members: Iterable[Member]) -> dict[str, object]:
    """Tell what is not as it should be at rest: one key, published, known, and nothing else."""
    found: dict[str, object] = {}
    for member in members:
        published, stored = fleet.published(member), fleet.stored(member)
        wanted = ({published: True}, published, None, False, None)
        is_open = any(item.is_open for item in fleet.journal.rotations(stored.id))
        state = fleet.destination.objects[member.ref.id]
        seen = (fleet.listed(member), stored.current_key_id, stored.hold, is_open, state.pending)
        if seen != wanted:
            found[member.principal.name] = seen
    return found


def test_after_the_journal_was_lost_in_the_middle_of_twelve_rotations_all_come_to_rest() -> None:
    fleet = Fleet()
    in_the_middle(fleet)
    stranger = fleet.provider.mint_by_hand(fleet.members["beside-a-strangers"].principal)

    fleet.lose()
    lost_at = len(fleet.wire.acts)
    rows = fleet.rebuild()
    fleet.live(timedelta(days=9))

    assert len(rows) == 13
    assert fleet.acts(lost_at) == []
    confirmed_at = fleet.clock.now()
    fleet.say(is_confirmed=True)
    fleet.live(timedelta(days=40))

    beside = fleet.members.pop("beside-a-strangers")
    assert left_over(fleet, fleet.members.values()) == {}
    assert fleet.listed(beside)[stranger.key_id]
    assert fleet.refusals == []
    ended = off_or_gone(fleet, lost_at)
    assert min(ended.values()) >= confirmed_at
    previous = {
        row.rebuilt.rotation.old_key_id for row in rows if row.rebuilt and row.rebuilt.rotation
    }
    assert len(previous) == 9
    assert min(ended[key] for key in previous) >= confirmed_at + Grace().min_period


def points_of_a_rotation() -> list[Point]:
    """Name the points of one rotation's life at which something changes, in order."""
    fleet = Fleet()
    started(fleet, {"whole": None})
    fleet.live(timedelta(days=12))
    passed = fleet.members["whole"].director.passed
    return [item for item in passed if item.name in {*EFFECTS, "journal.commit"}]


@pytest.mark.slow
def test_wherever_a_rotation_was_what_is_not_at_rest_in_the_end_is_reported_and_left_alone() -> (
    None
):
    fleet = Fleet()
    cuts = {f"cut-{number}": point for number, point in enumerate(points_of_a_rotation())}
    started(fleet, dict(cuts))
    fleet.live(timedelta(days=12))
    cut = {name: cuts[name] for name, item in fleet.members.items() if item.director.is_cut}

    fleet.lose()
    lost_at = len(fleet.wire.acts)
    rows = {row.candidate.principal.name: row.rebuilt for row in fleet.rebuild()}
    fleet.live(timedelta(days=3))
    assert fleet.acts(lost_at) == []
    fleet.say(is_confirmed=True)
    fleet.live(timedelta(days=40))

    assert fleet.refusals == []
    assert len(cut) > 30
    unproved = left_over(fleet, fleet.members.values())
    assert {cuts[name] for name in unproved} == UNPROVED & set(cut.values())
    for name in unproved:
        rebuilt = rows[name]
        assert rebuilt is not None
        assert [item.record.role for item in rebuilt.findings].count(Role.FOREIGN) == 1
