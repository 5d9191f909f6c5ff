"""The contract of `rotator.ports.journal.Inventory`: registrations and reading."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from rotator.core.ids import AccountId, KeyId, RotationId
from rotator.core.reasons import Reason
from rotator.core.rotation import Action, Hold, Phase, Trigger
from rotator.testing.builders import (
    EPOCH,
    an_id,
    at,
    credential,
    destination,
    event,
    key_record,
    principal,
    rotation,
)
from rotator.testing.journal_suite import JournalSuite, change, claimed

if TYPE_CHECKING:
    from rotator.ports.journal import Journal

POLICYS_PART: tuple[dict[str, Any], ...] = (
    {"action": Action.REPORT},
    {"rule": "team-a"},
    {"note": "exempt until spring"},
    {"contact": "jane@example.com"},
    {"destination": destination("elsewhere")},
    {"destination": replace(credential().destination or destination(), merge=True)},
    {"destination": None},
    {"principal": principal("ci-deployer", path="/svc/")},
)


class InventoryContract(JournalSuite):
    """What exists, in which order, and who may change it."""

    def test_a_new_credential_is_inserted_as_it_is(self, journal: Journal) -> None:
        """With everything it brings."""
        of = credential(destination=None, current_key_id=None, current_version=None)

        assert journal.register(of)
        assert journal.credentials() == (of,)

    def test_an_unchanged_row_is_left_alone(self, journal: Journal) -> None:
        """A scan that finds what is known says False and moves no timer."""
        journal.register(credential(next_at=at(days=5)))

        assert not journal.register(credential(next_at=EPOCH))
        assert journal.credentials()[0].next_at == at(days=5)

    @pytest.mark.parametrize("part", POLICYS_PART, ids="-".join)
    def test_policys_part_is_brought_up_to_date(
        self, journal: Journal, part: dict[str, Any]
    ) -> None:
        """And the credential is due at the given time."""
        journal.register(credential(next_at=at(days=5)))

        assert journal.register(credential(next_at=at(days=1), **part))
        (stored,) = journal.credentials()
        assert replace(stored, current_version=None) == credential(
            next_at=at(days=1), current_version=None, **part
        )

    def test_only_another_object_forgets_the_current_version(self, journal: Journal) -> None:
        """A version belongs to its object; other fields of the same object change nothing."""
        same = replace(credential().destination or destination(), merge=True)
        journal.register(credential())

        journal.register(credential(destination=same))
        assert journal.credentials()[0].current_version == credential().current_version

        journal.register(credential(destination=destination("elsewhere")))
        assert journal.credentials()[0].current_version is None

    def test_a_change_never_postpones_what_is_due_earlier(self, journal: Journal) -> None:
        """The earlier timer stays."""
        journal.register(credential(next_at=EPOCH))

        journal.register(credential(next_at=at(days=5), note="new"))

        assert journal.credentials()[0].next_at == EPOCH

    def test_the_principals_uid_is_never_overwritten(self, journal: Journal) -> None:
        """A namesake that was made later is told apart by it."""
        journal.register(credential())
        namesake = credential(principal=principal("ci-deployer", uid="AIDALATER"))

        assert not journal.register(namesake)
        assert journal.credentials()[0].principal.uid == credential().principal.uid

    def test_a_registration_leaves_the_machines_part_alone(self, journal: Journal) -> None:
        """Keys, rotation, hold, order, failures: all stay, and so does a claim."""
        claim = claimed(journal, credential())
        row = replace(
            claim.credential,
            current_key_id=KeyId("AKIAOTHER"),
            due_at=at(days=9),
            requested=Trigger.MANUAL,
            failures=4,
            last_error="throttled",
            hold=Hold(reason=Reason.DRIFT, since=EPOCH),
            inspected_at=EPOCH,
        )
        begun, record = rotation(row, phase=Phase.CREATED), key_record(row)
        claim = journal.commit(claim, change(claim, credential=row, rotation=begun, keys=(record,)))

        assert journal.register(credential(note="new", created_at=at(days=3)))

        assert journal.credentials() == (replace(row, note="new"),)
        assert (journal.rotations(), journal.keys()) == ((begun,), (record,))
        assert journal.acquire(row.id, now=EPOCH, lease_until=at(minutes=2)) is None

    def test_credentials_are_ordered_by_account_then_principal(self, journal: Journal) -> None:
        """However they came in."""
        wanted = [
            credential(principal=principal(name, account=AccountId(account)))
            for account, name in (("1", "b"), ("2", "a"), ("2", "c"))
        ]
        for of in reversed(wanted):
            journal.register(of)

        assert journal.credentials() == tuple(wanted)

    def test_keys_are_ordered_oldest_first(self, journal: Journal) -> None:
        """Of one credential, or of all."""
        ours, theirs = credential("ours"), credential("theirs")
        old, new = (
            key_record(ours, KeyId(name), created_at=at(days=days))
            for name, days in (("A", -3), ("B", -1))
        )
        middle = key_record(theirs, KeyId("C"), created_at=at(days=-2))
        for of, records in ((ours, (new, old)), (theirs, (middle,))):
            claim = claimed(journal, of)
            journal.commit(claim, change(claim, keys=records))

        assert journal.keys() == (old, middle, new)
        assert journal.keys(ours.id) == (old, new)
        assert journal.keys(credential("nobody").id) == ()

    def test_rotations_are_ordered_newest_first(self, journal: Journal) -> None:
        """Open and ended, of one credential or of all."""
        ours, theirs = credential("ours"), credential("theirs")
        ended = rotation(ours, phase=Phase.COMPLETED, name="ended", created_at=at(days=-3))
        current = rotation(ours, created_at=at(days=-1))
        foreign = rotation(theirs, created_at=at(days=-2))
        for of, rows in ((ours, (ended, current)), (theirs, (foreign,))):
            claim = claimed(journal, of)
            for row in rows:
                claim = journal.commit(claim, change(claim, rotation=row))

        assert journal.rotations() == (current, foreign, ended)
        assert journal.rotations(ours.id) == (current, ended)
        assert journal.rotations(credential("nobody").id) == ()

    def test_a_rotations_history_is_in_the_order_of_writing(self, journal: Journal) -> None:
        """Not by time, and without other rotations' events or those of none."""
        claim = claimed(journal, credential())
        ours, other = rotation().id, RotationId(an_id("other"))
        first = event("start", rotation_id=ours, at=at(days=2))
        second = event(
            "intent",
            rotation_id=ours,
            phase="planned",
            effect="create_key",
            detail={"text": "x", "number": 3, "yes": True, "nothing": None},
        )
        third = event("hold", rotation_id=ours, at=at(days=1))
        mixed = (first, event("start", rotation_id=other), event("scan"), second)
        claim = journal.commit(claim, change(claim, events=mixed))
        journal.commit(claim, change(claim, events=(third,)))

        assert journal.events(ours) == (first, second, third)

    def test_a_rotation_without_events_has_an_empty_history(self, journal: Journal) -> None:
        """Unknown is not an error."""
        assert journal.events(RotationId(an_id("nothing"))) == ()
