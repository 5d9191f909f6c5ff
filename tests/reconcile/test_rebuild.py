"""Rebuilding a lost journal: when it is refused, what is written, and what is left out."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from rotator.core.events import AuditAction
from rotator.core.ids import Instant, version_token
from rotator.core.orders import Verb
from rotator.core.reasons import Reason
from rotator.core.rotation import Action, Phase, Role
from rotator.errors import ConflictError, InvariantError, PermanentError
from rotator.reconcile import instructions, rebuilding
from rotator.reconcile.reconciler import Reconciler
from rotator.testing.fake_provider import ACCOUNT
from rotator.testing.wire import Failure
from tests.simulation.fleet import Fleet
from tests.simulation.points import Director, Point, PowerCut, When
from tests.simulation.wrapping import overriding

if TYPE_CHECKING:
    from collections.abc import Callable

    from rotator.core.ids import RotationId
    from rotator.core.rotation import Claim, Credential
    from rotator.core.terms import Terms
    from tests.simulation.fleet import Member


def lost(*names: str) -> Fleet:
    """Lose the journal while each principal's old key is in its grace."""
    fleet = Fleet()
    for name in names:
        fleet.add(name)
    fleet.live(timedelta(hours=2))
    for name in names:
        fleet.order(fleet.members[name])
    fleet.live(timedelta(hours=6))
    assert {item.phase for item in fleet.journal.rotations()} == {Phase.PROMOTED}
    fleet.lose()
    return fleet


def planned(fleet: Fleet, candidate: Credential) -> rebuilding.RebuildRow:
    (row,) = rebuilding.plan(fleet.parts(Director()), [ACCOUNT], [candidate])
    return row


def forged(fleet: Fleet, member: Member, mark: RotationId) -> None:
    """Mint and publish a key as the rotation of somebody else would have."""
    soon = Instant(fleet.clock.now() + timedelta(minutes=1))
    principal, ref, provider = member.principal, member.ref, fleet.provider
    base = fleet.destination.describe(ref).current
    material = provider.create_key(principal, mark, replaces=None, not_after=soon).material
    provider.mark_key(principal, material.key_id, mark)
    token = version_token(mark, material.key_id, 1)
    fleet.destination.prepare(ref, not_after=soon)
    fleet.destination.stage(ref, token, material, base=base, not_after=soon)
    fleet.destination.promote(ref, token, expected=base, not_after=soon)


class TestRefusals:
    def test_an_account_that_is_confirmed_is_refused(self) -> None:
        fleet = lost("one")
        fleet.say(is_confirmed=True)

        with pytest.raises(PermanentError, match="is confirmed") as caught:
            fleet.plan()

        assert caught.value.hint == f"rotator accounts withdraw {ACCOUNT}"

    def test_a_journal_that_knows_a_rotation_is_not_lost(self) -> None:
        fleet = lost("one")
        fleet.say(is_confirmed=True)
        fleet.live(timedelta(hours=2))
        fleet.order(fleet.add("two"))
        fleet.live(timedelta(hours=6))
        fleet.say(is_confirmed=False)

        with pytest.raises(PermanentError, match="not lost"):
            fleet.plan()

    def test_what_other_accounts_do_is_no_obstacle(self) -> None:
        fleet = lost("one")
        fleet.say(is_confirmed=True)
        fleet.journal.register(fleet.candidate(fleet.members["one"]))

        assert rebuilding.plan(fleet.parts(Director()), ["444455556666"], []) == ()  # type: ignore[list-item]


class TestWriting:
    def test_the_rows_the_rotation_and_the_record_are_written(self) -> None:
        fleet = lost("one")
        member = fleet.members["one"]
        (row,) = fleet.rebuild()

        assert row.rebuilt is not None
        (rotation,) = fleet.journal.rotations()
        assert rotation == row.rebuilt.rotation
        assert fleet.stored(member).current_key_id == fleet.published(member)
        roles = {item.key_id: item.role for item in fleet.journal.keys()}
        assert roles == {rotation.old_key_id: Role.PREVIOUS, rotation.new_key_id: Role.CURRENT}
        records = fleet.journal.unsealed(limit=10)
        (record,) = [item for item in records if item.action is AuditAction.JOURNAL_REBUILD]
        assert (record.actor, record.rotation_id) == ("operator:ann", rotation.id)
        assert record.evidence["previous_key"] == rotation.old_key_id

    def test_nothing_but_readings_is_sent(self) -> None:
        fleet = lost("one")
        sent = len(fleet.wire.sent)
        fleet.rebuild()

        assert set(fleet.wire.sent[sent:]) == {
            "list_keys",
            "describe",
            "published_key_id",
            "previous_key_id",
        }

    def test_a_daemon_that_had_looked_at_the_empty_journal_for_a_week_is_no_obstacle(self) -> None:
        fleet = lost("one")
        fleet.journal.register(fleet.candidate(fleet.members["one"]))
        fleet.live(timedelta(days=7))
        assert fleet.stored(fleet.members["one"]).current_key_id is not None

        fleet.rebuild()

        (rotation,) = fleet.journal.rotations()
        assert rotation.phase is Phase.PROMOTED
        assert fleet.stored(fleet.members["one"]).note == ""

    def test_what_was_written_is_left_out_the_second_time(self) -> None:
        fleet = lost("one", "two")
        fleet.rebuild()
        before = fleet.journal.rotations()

        assert [row.note for row in fleet.plan()] == ["rebuilt before"] * 2
        assert fleet.rebuild() == ()
        assert fleet.journal.rotations() == before

    def test_a_power_cut_in_the_middle_is_made_good_by_a_second_rebuild(self) -> None:
        fleet = lost("one", "two")
        rows = fleet.plan()

        class Cut(Director):
            def at(self, number: int, point: Point) -> None:
                del number
                if point.bare == Point("journal.release", When.AFTER):
                    raise PowerCut

        with pytest.raises(PowerCut):
            rebuilding.write(fleet.parts(Cut()), rows, operator="ann")
        assert len(fleet.journal.rotations()) == 1
        fleet.rebuild()

        assert len(fleet.journal.rotations()) == 2

    def test_a_credential_that_somebody_is_looking_at_stops_the_rebuild(self) -> None:
        fleet = lost("one")
        parts, rows = fleet.parts(Director()), fleet.plan()

        def acquire(credential: str, *, now: Instant, lease_until: Instant) -> Claim | None:
            del credential, now, lease_until
            return None

        busy = replace(parts, journal=overriding(parts.journal, "journal", acquire=acquire))

        with pytest.raises(ConflictError, match="somebody is looking at it"):
            rebuilding.write(busy, rows, operator="ann")

    def test_nothing_is_written_once_the_account_was_confirmed_while_the_plan_was_read(
        self,
    ) -> None:
        fleet = lost("one")
        rows = fleet.plan()
        fleet.say(is_confirmed=True)

        with pytest.raises(PermanentError, match="is confirmed"):
            rebuilding.write(fleet.parts(Director()), rows, operator="bob")

        assert fleet.journal.rotations() == ()
        fleet.say(is_confirmed=False)
        assert len(fleet.rebuild()) == 1

    def test_a_plan_never_overwrites_what_another_rebuild_has_written_since(self) -> None:
        fleet = lost("one")
        rows = fleet.plan()
        fleet.rebuild()
        fleet.say(is_confirmed=True)
        fleet.live(timedelta(days=30))
        fleet.say(is_confirmed=False)
        before, stored = fleet.journal.rotations(), fleet.stored(fleet.members["one"])
        assert before[0].phase is Phase.COMPLETED

        with pytest.raises(ConflictError, match="rebuilt since"):
            rebuilding.write(fleet.parts(Director()), rows, operator="bob")

        assert fleet.journal.rotations() == before
        assert fleet.stored(fleet.members["one"]).current_key_id == stored.current_key_id

    def test_a_copied_mark_never_overwrites_another_principals_rotation(self) -> None:
        fleet = Fleet()
        one, two = fleet.add("one"), fleet.add("two")
        fleet.live(timedelta(hours=2))
        fleet.order(one)
        fleet.live(timedelta(hours=6))
        (rotation,) = fleet.journal.rotations()
        forged(fleet, two, rotation.id)
        fleet.lose()
        fleet.rebuild()

        assert len(fleet.journal.rotations()) == 2
        assert {item.credential_id for item in fleet.journal.rotations()} == {one.id, two.id}


class TestUnclear:
    def test_what_policy_only_reports_is_not_written_and_needs_nobody(self) -> None:
        fleet = lost("one")
        reported = replace(
            fleet.candidate(fleet.members["one"]), action=Action.REPORT, note="a person's"
        )
        row = planned(fleet, reported)

        assert (row.rebuilt, row.is_unclear) == (None, False)
        assert "a person's" in row.note

    def test_a_principal_whose_keys_cannot_be_listed_now_is_left_out_and_told(self) -> None:
        fleet = lost("one", "two")
        fleet.wire.break_next("list_keys", Failure.THROTTLED)
        one, two = fleet.plan()

        assert (one.rebuilt, one.is_unclear) == (None, True)
        assert two.rebuilt is not None
        assert rebuilding.write(fleet.parts(Director()), [one, two], operator="ann") == (two,)

    def test_a_contradiction_is_no_mere_lack_of_clarity(self) -> None:
        fleet = lost("one")
        parts = fleet.parts(Director())

        def broken(credential: Credential) -> Terms:
            raise InvariantError("bug", subject=credential.id)

        with pytest.raises(InvariantError):
            rebuilding.plan(
                replace(parts, terms_for=broken), [ACCOUNT], [fleet.candidate(fleet.members["one"])]
            )

    def test_a_secret_without_a_key_of_the_principal_is_left_out_and_told(self) -> None:
        fleet = lost("one")
        member = fleet.members["one"]
        fleet.destination.write_by_hand(member.ref, "{}")
        (row,) = fleet.plan()

        assert row.is_unclear
        assert row.note.startswith("no key of this principal is in the destination")

    @pytest.mark.parametrize(
        ("failure", "code"), [(Failure.DENIED, "access_denied"), (None, "no_capability")]
    )
    def test_an_old_key_whose_version_cannot_be_read_stays_a_strangers(
        self, failure: Failure | None, code: str
    ) -> None:
        fleet = lost("one")
        parts = fleet.parts(Director())
        if failure is not None:
            fleet.wire.break_next("previous_key_id", failure)
        else:
            (kind, port), *_ = parts.destinations.items()
            bare = overriding(port, "destination")
            del type(bare).previous_key_id  # type: ignore[attr-defined]
            parts = replace(parts, destinations={kind: bare})
        (row,) = rebuilding.plan(parts, [ACCOUNT], [fleet.candidate(fleet.members["one"])])

        assert row.rebuilt is not None
        assert row.rebuilt.rotation is None
        assert any(code in finding.proof for finding in row.rebuilt.findings)


def by_hand(fleet: Fleet, member: Member) -> None:
    """Let a person publish a key of their own beside both of ours."""
    fleet.provider.habits = replace(fleet.provider.habits, max_keys=3)
    material = fleet.provider.mint_by_hand(member.principal)
    key = {"AccessKeyId": material.key_id, "SecretAccessKey": material.secret.reveal()}
    fleet.destination.write_by_hand(member.ref, json.dumps(key))


def gone_back(fleet: Fleet, member: Member) -> None:
    """Let a person make the version before current again."""
    (rotation,) = fleet.journal.rotations()
    assert rotation.base_version is not None
    fleet.destination.make_current_by_hand(member.ref, rotation.base_version)


@pytest.mark.parametrize("publish", [by_hand, gone_back])
def test_what_a_person_publishes_before_the_confirmation_is_left_alone_after_it(
    publish: Callable[[Fleet, Member], None],
) -> None:
    fleet = lost("one")
    member = fleet.members["one"]
    fleet.rebuild()
    fleet.live(timedelta(days=2))
    publish(fleet, member)
    keys, acts = fleet.listed(member), len(fleet.wire.acts)
    fleet.say(is_confirmed=True)
    fleet.live(timedelta(days=40))

    assert fleet.acts(acts) == []
    assert fleet.listed(member) == keys
    assert fleet.refusals == []
    hold = fleet.stored(member).hold
    assert hold is not None
    assert hold.reason in {Reason.DRIFT, Reason.ROLLED_BACK_BY_HAND}


def test_a_key_that_was_off_already_is_enabled_by_order_before_the_confirmation_too() -> None:
    fleet = Fleet()
    member = fleet.add("one")
    fleet.live(timedelta(hours=2))
    fleet.order(member)
    while Phase.DISABLED not in {item.phase for item in fleet.journal.rotations()}:
        fleet.live(timedelta(hours=6))
    fleet.lose()
    fleet.rebuild()
    gone_back(fleet, member)
    (rotation,) = fleet.journal.rotations()
    instructions.instruct(
        fleet.parts(Director()),
        fleet.stored(member),
        Verb.ENABLE,
        operator="ann",
        reason="they went back",
        rotation=rotation,
        key_id=rotation.old_key_id,
    )
    fleet.live(timedelta(hours=3))

    assert fleet.listed(member)[rotation.old_key_id]


def test_a_strangers_key_with_a_copy_of_our_mark_is_never_let_go() -> None:
    fleet = lost("one")
    member = fleet.members["one"]
    published = fleet.published(member)
    assert published is not None
    mark = fleet.provider.marks(member.principal)[published]
    fleet.provider.habits = replace(fleet.provider.habits, max_keys=3)
    stranger = fleet.provider.mint_by_hand(member.principal)
    fleet.provider.mark_key(member.principal, stranger.key_id, mark)
    fleet.clock.advance(timedelta(hours=1))
    fleet.provider.use(stranger)
    fleet.clock.advance(timedelta(hours=1))

    (row,) = fleet.rebuild()
    fleet.say(is_confirmed=True)
    fleet.live(timedelta(days=40))

    assert row.rebuilt is not None
    assert fleet.listed(member) == {published: True, stranger.key_id: True}


def test_the_account_stays_as_it_is_until_it_is_confirmed() -> None:
    fleet = lost("one")
    fleet.rebuild()
    acts = len(fleet.wire.acts)
    for _ in range(50):
        Reconciler(fleet.parts(Director())).reconcile(fleet.candidate(fleet.members["one"]).id)
        fleet.clock.advance(timedelta(days=1))

    assert fleet.acts(acts) == []
    (rotation,) = fleet.journal.rotations()
    assert rotation.promoted_at is None
