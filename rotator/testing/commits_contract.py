"""The contract of `rotator.ports.journal.Claims.commit`: the fence and all-or-nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from rotator.core.facts import DestinationRef
from rotator.core.ids import AccountId, Instant, KeyId, VersionId
from rotator.core.reasons import Reason
from rotator.core.rotation import (
    FINAL_PHASES,
    UNPROMOTED_PHASES,
    Action,
    Effect,
    Hold,
    Phase,
    Role,
    Trigger,
)
from rotator.errors import ConflictError, DestinationBusyError, InvariantError, RotatorError
from rotator.testing.builders import (
    EPOCH,
    NEW_KEY,
    OLD_KEY,
    an_id,
    at,
    audit_record,
    credential,
    destination,
    event,
    intent,
    key_record,
    rotation,
)
from rotator.testing.journal_suite import JournalSuite, change, claimed, written

if TYPE_CHECKING:
    from rotator.core.rotation import Claim, Credential, KeyRecord, Rotation
    from rotator.ports.journal import Change, Journal

OPEN_PHASES = tuple(phase for phase in Phase if phase not in FINAL_PHASES)


class CommitsContract(JournalSuite):
    """What a commit writes, and when it refuses."""

    def test_a_commit_returns_the_claim_with_the_rows_just_written(self, journal: Journal) -> None:
        """The token stays, the lease is the new one, untouched keys stay."""
        claim = _with_keys(journal, claimed(journal, credential()))
        row = replace(claim.credential, failures=2, next_at=at(hours=1))
        begun = rotation(row, intent=intent())
        fresh = key_record(row, NEW_KEY, role=Role.PENDING, created_at=at(days=-40))

        after = journal.commit(
            claim,
            change(claim, credential=row, lease_until=at(minutes=5), rotation=begun, keys=(fresh,)),
        )

        assert (after.token, after.lease_until) == (claim.token, at(minutes=5))
        assert (after.credential, after.rotation) == (row, begun)
        assert after.keys == (fresh, key_record(row))

    def test_what_was_committed_can_be_read(self, journal: Journal) -> None:
        """Every part of a change is there."""
        claim = claimed(journal, credential())
        whole = _whole(claim)

        journal.commit(claim, whole)

        assert whole.rotation is not None
        assert journal.credentials() == (whole.credential,)
        assert journal.rotations() == (whole.rotation,)
        assert journal.keys() == whole.keys
        assert journal.events(whole.rotation.id) == whole.events
        assert journal.unsealed(limit=10) == whole.audit

    def test_a_commit_renews_the_lease(self, journal: Journal) -> None:
        """Others wait until the new deadline."""
        claim = claimed(journal, credential())

        journal.commit(claim, change(claim, lease_until=at(minutes=4)))

        assert journal.due(now=at(minutes=3), limit=10) == ()
        assert journal.due(now=at(minutes=4), limit=10) == (claim.credential.id,)

    def test_a_commit_without_a_rotation_leaves_the_open_one(self, journal: Journal) -> None:
        """It stays in the journal and in the claim."""
        claim = claimed(journal, credential())
        begun = rotation()
        claim = journal.commit(claim, change(claim, rotation=begun))

        after = journal.commit(claim, change(claim))

        assert after.rotation == begun
        assert journal.rotations() == (begun,)

    @pytest.mark.parametrize("phase", sorted(FINAL_PHASES))
    def test_a_claim_has_no_rotation_once_a_final_phase_is_written(
        self, journal: Journal, phase: Phase
    ) -> None:
        """The rotation becomes history, with its last values."""
        claim = claimed(journal, credential())
        claim = journal.commit(claim, change(claim, rotation=rotation()))

        after = journal.commit(claim, change(claim, rotation=rotation(phase=phase)))

        assert after.rotation is None
        assert journal.rotations() == (rotation(phase=phase),)

    def test_a_key_record_is_written_over_the_one_of_the_same_id(self, journal: Journal) -> None:
        """Others stay as they are."""
        claim = _with_keys(journal, claimed(journal, credential()))
        gone = key_record(role=Role.GONE, enabled=False, gone_at=EPOCH)
        other = key_record(key_id=NEW_KEY, created_at=EPOCH)
        claim = journal.commit(claim, change(claim, keys=(other,)))

        journal.commit(claim, change(claim, keys=(gone,)))

        assert journal.keys() == (gone, other)

    def test_who_lost_the_lease_commits_nothing(self, journal: Journal) -> None:
        """The fence holds although the loser's claim looks whole."""
        lost = claimed(journal, credential())
        claimed(journal, credential(), now=at(minutes=2))

        _refuses(journal, lost, ConflictError)

    def test_who_gave_the_lease_back_commits_nothing(self, journal: Journal) -> None:
        """A released claim is over."""
        claim = claimed(journal, credential())
        journal.release(claim)

        _refuses(journal, claim, ConflictError)

    def test_an_expired_lease_that_nobody_took_still_commits(self, journal: Journal) -> None:
        """The token decides, not the time: nobody else can have acted."""
        claim = claimed(journal, credential())

        after = journal.commit(claim, change(claim, lease_until=at(days=1)))

        assert after.lease_until == at(days=1)

    @pytest.mark.parametrize("phase", OPEN_PHASES)
    def test_a_credential_has_one_open_rotation(self, journal: Journal, phase: Phase) -> None:
        """A halted one counts as open; nothing of the second is written (I6)."""
        claim = claimed(journal, credential())
        claim = journal.commit(claim, change(claim, rotation=rotation(phase=phase, name="other")))

        _refuses(journal, claim, InvariantError)

    def test_a_new_rotation_may_begin_when_the_last_one_has_ended(self, journal: Journal) -> None:
        """Ended rotations stay as history."""
        claim = claimed(journal, credential())
        ended = rotation(phase=Phase.COMPLETED, name="ended", created_at=at(days=-1))
        claim = journal.commit(claim, change(claim, rotation=ended))

        after = journal.commit(claim, change(claim, rotation=rotation()))

        assert after.rotation == rotation()
        assert journal.rotations() == (rotation(), ended)

    @pytest.mark.parametrize("phase", sorted(UNPROMOTED_PHASES))
    def test_a_destination_object_has_one_unpromoted_rotation(
        self, journal: Journal, phase: Phase
    ) -> None:
        """Two credentials may share an object, one after the other (I6)."""
        _hold(journal, phase=phase)

        _refuses(journal, claimed(journal, _neighbour()), DestinationBusyError)

    @pytest.mark.parametrize("phase", sorted(UNPROMOTED_PHASES))
    def test_a_rotation_halted_before_promotion_keeps_its_destination(
        self, journal: Journal, phase: Phase
    ) -> None:
        """What it stored may yet be promoted."""
        _hold(journal, phase=Phase.HALTED, halted_from=phase)

        _refuses(journal, claimed(journal, _neighbour()), DestinationBusyError)

    @pytest.mark.parametrize(
        "over",
        [
            {"phase": Phase.PROMOTED},
            {"phase": Phase.DISABLED},
            {"phase": Phase.ROLLED_BACK},
            {"phase": Phase.COMPLETED},
            {"phase": Phase.HALTED, "halted_from": Phase.PROMOTED},
        ],
    )
    def test_a_destination_is_free_after_promotion_or_roll_back(
        self, journal: Journal, over: dict[str, Phase]
    ) -> None:
        """The same rotation that held it lets it go."""
        claim = _hold(journal, phase=Phase.VERIFIED)
        journal.commit(claim, change(claim, rotation=rotation(**over)))  # type: ignore[arg-type]
        neighbour, shared = claimed(journal, _neighbour()), rotation(_neighbour())

        after = journal.commit(neighbour, change(neighbour, rotation=shared))

        assert after.rotation == shared

    def test_the_holder_of_a_destination_may_go_on(self, journal: Journal) -> None:
        """A rotation is not in its own way."""
        claim = _hold(journal, phase=Phase.PLANNED)

        after = journal.commit(claim, change(claim, rotation=rotation(phase=Phase.CREATED)))

        assert after.rotation == rotation(phase=Phase.CREATED)

    def test_objects_of_one_name_in_two_regions_are_two(self, journal: Journal) -> None:
        """An object is its kind, account, region and name."""
        _hold(journal, phase=Phase.PLANNED)
        neighbour = claimed(journal, _neighbour())
        elsewhere = rotation(_neighbour(), destination=destination("ci-deployer", region="us-1"))

        after = journal.commit(neighbour, change(neighbour, rotation=elsewhere))

        assert after.rotation == elsewhere

    def test_a_registration_during_a_claim_survives_its_commits(self, journal: Journal) -> None:
        """Policy's part is not overwritten by who did not change it."""
        claim = claimed(journal, credential())
        journal.register(credential(action=Action.REPORT, note="exempt", next_at=at(minutes=1)))

        row = replace(claim.credential, failures=1, next_at=at(hours=6))
        journal.commit(claim, change(claim, credential=row))

        assert journal.credentials() == (
            replace(row, action=Action.REPORT, note="exempt", next_at=EPOCH),
        )

    def test_every_field_of_a_credential_round_trips(self, journal: Journal) -> None:
        """To the microsecond, and every optional field with a value."""
        row = _full_credential()
        claim = claimed(journal, credential())

        journal.commit(claim, change(claim, credential=row))

        assert journal.credentials() == (row,)

    def test_every_field_of_a_rotation_and_its_keys_round_trips(self, journal: Journal) -> None:
        """With the open intents, and with nothing at all."""
        claim = claimed(journal, credential())
        full, full_key = _full_rotation(), _full_key()
        claim = journal.commit(claim, change(claim, rotation=full, keys=(full_key,)))

        assert journal.rotations() == (full,)
        assert journal.keys() == (full_key,)

        bare = replace(rotation(), old_version=None, destination=full.destination)
        journal.commit(claim, change(claim, rotation=bare))

        assert journal.rotations() == (bare,)

    def test_an_audit_record_is_written_once(self, journal: Journal) -> None:
        """Its id is a fresh one; the second commit is refused as a whole."""
        claim = claimed(journal, credential())
        claim = journal.commit(claim, change(claim, audit=(audit_record(1),)))

        _refuses(journal, claim, InvariantError, audit=(audit_record(2), audit_record(1)))


def _hold(journal: Journal, **fields: Phase) -> Claim:
    """Let the usual credential's rotation into a phase."""
    claim = claimed(journal, credential())
    return journal.commit(claim, change(claim, rotation=rotation(**fields)))  # type: ignore[arg-type]


def _refuses(journal: Journal, claim: Claim, error: type[RotatorError], **parts: object) -> None:
    """Expect an error, and that nothing of a change with every part was written."""
    before = written(journal)
    with pytest.raises(error):
        journal.commit(claim, replace(_whole(claim), **parts))  # type: ignore[arg-type]
    assert written(journal) == before


def _neighbour() -> Credential:
    """Return a credential that is published in the usual credential's object."""
    shared = destination("ci-deployer", key_id_field="B", secret_field="C", merge=True)  # noqa: S106 - a field's name
    return credential("neighbour", destination=shared)


def _with_keys(journal: Journal, claim: Claim) -> Claim:
    return journal.commit(claim, change(claim, keys=(key_record(claim.credential),)))


def _whole(claim: Claim) -> Change:
    """Build a change that writes to every table."""
    row = replace(claim.credential, failures=7, last_error="throttled")
    begun = rotation(row)
    return change(
        claim,
        credential=row,
        rotation=begun,
        keys=(key_record(row, KeyId("AKIAWHOLE")),),
        events=tuple(
            event(kind, credential_id=row.id, rotation_id=begun.id) for kind in ("b", "a")
        ),
        audit=(audit_record("whole b"), audit_record("whole a")),
    )


def _tick(count: int) -> Instant:
    """Return an instant that only exact columns keep."""
    return Instant(EPOCH + timedelta(days=count, microseconds=count))


def _full_credential() -> Credential:
    return replace(
        credential(),
        next_at=_tick(1),
        note="why",
        rule="team-a",
        destination=_full_destination(),
        due_at=_tick(2),
        requested=Trigger.TAINT,
        failures=3,
        last_error="access_denied",
        hold=Hold(reason=Reason.DRIFT, since=_tick(3), detail="version x"),
        inspected_at=_tick(4),
        current_key_id=NEW_KEY,
        current_version=VersionId(an_id("current")),
    )


def _full_destination() -> DestinationRef:
    return DestinationRef(
        kind="kubernetes-secret",
        account=AccountId("cluster"),
        region="",
        name="ns/name",
        key_id_field="ID",
        secret_field="KEY",  # noqa: S106 - a field's name
        merge=True,
        create=True,
    )


def _full_rotation() -> Rotation:
    return replace(
        rotation(phase=Phase.HALTED, name="first"),
        trigger=Trigger.MANUAL,
        destination=_full_destination(),
        old_version=VersionId(an_id("old")),
        base_version=VersionId(an_id("base")),
        new_version=VersionId(an_id("new")),
        new_key_id=NEW_KEY,
        intent=intent(
            Effect.DELETE_KEY,
            key_id=OLD_KEY,
            version=VersionId(an_id("version")),
            provider_time=_tick(1),
            known_keys=(OLD_KEY, NEW_KEY),
        ),
        attempt=4,
        phase_since=_tick(1),
        created_at=_tick(2),
        prepared_at=_tick(3),
        verified_at=_tick(4),
        promoted_at=_tick(5),
        disabled_at=_tick(6),
        unstaged_at=_tick(7),
        finished_at=_tick(8),
        landing_until=_tick(9),
        expedited_at=_tick(10),
        abandoned=Reason.VERIFY_FAILED,
        verify_failures=2,
        grace_given=timedelta(days=3, microseconds=1),
        halted_from=Phase.DISABLED,
        outcome="odd",
        followed_at=_tick(11),
        refreshed_at=_tick(12),
    )


def _full_key() -> KeyRecord:
    return replace(
        key_record(role=Role.SUSPECT, enabled=False),
        rotation_id=rotation().id,
        last_used_at=_tick(1),
        last_used_service="s3",
        last_used_region="eu-central-1",
        use_read_at=_tick(2),
        longest_gap=timedelta(hours=7, microseconds=1),
        suspect_since=_tick(3),
        disabled_at=_tick(4),
        gone_at=_tick(5),
        expires_at=_tick(6),
        intent=intent(Effect.DISABLE_KEY, key_id=OLD_KEY, provider_time=None),
    )
