from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from rotator.core.accounts import Place
from rotator.core.attestation import attest
from rotator.core.chain import GENESIS, leaf_hash, seal
from rotator.core.checkpoint import Checkpoint
from rotator.core.events import AuditAction, SealedRecord
from rotator.core.ids import AccountId, KeyId
from rotator.core.pictures import FailedScan, digest, from_text, to_text
from rotator.core.picturing import Rows, Surroundings, picture_of
from rotator.core.reasons import Reason
from rotator.core.rotation import Hold, Phase, Role
from rotator.core.snapshots import StoredSnapshot
from rotator.errors import TamperError
from tests.builders import (
    ACCOUNT,
    EPOCH,
    NEW_KEY,
    OLD_KEY,
    PROVIDER,
    account,
    at,
    audit_record,
    credential,
    key_record,
    rotation,
)

if TYPE_CHECKING:
    from typing import Any

    from rotator.core.pictures import Picture


def surroundings(**changes: Any) -> Surroundings:  # noqa: ANN401 - any field
    """Describe an installation of one account."""
    made = Surroundings(
        log="rotator",
        owner="tests",
        mode="enforce",
        policy="7bd1",
        inspect_interval=timedelta(hours=6),
        max_age=lambda _: timedelta(days=90),
        places=(Place(provider=PROVIDER, account=ACCOUNT, name="prod"),),
    )
    return replace(made, **changes)


def rows(**changes: Any) -> Rows:  # noqa: ANN401 - any field
    """Hold one credential with its key, in a confirmed account."""
    made = Rows(
        credentials=(credential(),), keys=(key_record(),), rotations=(), accounts=(account(),)
    )
    return replace(made, **changes)


def picture(around: Surroundings | None = None, **changes: Any) -> Picture:  # noqa: ANN401
    return picture_of(rows(**changes), around or surroundings(), at=EPOCH)


def test_a_picture_is_read_as_it_was_written() -> None:
    full = picture(
        surroundings(failed={(PROVIDER, ACCOUNT): "access_denied"}, root_keys={ACCOUNT: 1}),
        credentials=(credential(), credential("idle", destination=None)),
        rotations=(rotation(phase=Phase.PROMOTED, promoted_at=at(seconds=0.25)),),
        keys=(key_record(last_used_at=EPOCH, use_read_at=EPOCH, expires_at=at(days=9)),),
    )

    assert from_text(to_text(full)) == full
    assert from_text(to_text(picture())) == picture()


def test_a_picture_is_written_in_one_way() -> None:
    text = to_text(picture())

    assert text == to_text(from_text(text))
    assert '"schema":"rotator.snapshot/v1"' in text
    assert '"taken_at":"2026-01-01T00:00:00.000Z"' in text


def test_a_picture_is_taken_to_the_millisecond() -> None:
    taken = picture_of(rows(), surroundings(), at=at(seconds=0.0015))

    assert taken.taken_at == at(seconds=0.001)
    assert from_text(to_text(taken)) == taken


def test_a_name_that_is_no_unicode_does_not_spoil_a_picture() -> None:
    assert '"note":"a?"' in to_text(picture(credentials=(credential(note="a\udc80"),)))


def test_keys_that_are_gone_are_not_in_the_picture() -> None:
    keys = (
        key_record(),
        key_record(key_id=KeyId("AKIAGONE1"), role=Role.GONE),
        key_record(key_id=KeyId("AKIAGONE2"), gone_at=EPOCH),
        key_record(of=credential("another")),
    )

    taken = picture(keys=keys)

    assert [key.id for key in taken.credentials[0].keys] == [OLD_KEY]
    assert taken.key_count == 1


def test_only_the_open_rotation_is_in_the_picture() -> None:
    done = rotation(phase=Phase.COMPLETED, name="done")
    under_way = rotation(phase=Phase.CREATED, name="open")

    taken = picture(rotations=(done, under_way)).credentials[0].rotation

    assert taken is not None
    assert (taken.id, taken.new_key) == (under_way.id, NEW_KEY)


def test_what_waits_for_a_person_is_in_the_picture() -> None:
    hold = Hold(reason=Reason.DRIFT, since=EPOCH)
    halted = rotation(phase=Phase.HALTED, halt_reason=Reason.REENABLED, phase_since=at(days=-1))

    held = picture(credentials=(credential(hold=hold),)).credentials[0]
    stopped = picture(rotations=(halted,)).credentials[0]

    assert (held.waits_for, held.waits_since) == ("drift", EPOCH)
    assert (stopped.waits_for, stopped.waits_since) == ("reenabled", at(days=-1))


def test_scans_that_nobody_made_are_not_scans_that_went_well() -> None:
    failed = FailedScan(provider=PROVIDER, account=ACCOUNT, code="access_denied")

    assert picture().unread is None
    assert picture(surroundings(failed={})).unread == ()
    assert picture(surroundings(failed={(PROVIDER, ACCOUNT): failed.code})).unread == (failed,)


def test_an_account_that_nobody_spoke_of_is_not_confirmed() -> None:
    other = AccountId("444455556666")
    places = (*surroundings().places, Place(provider=PROVIDER, account=other))

    taken = picture(surroundings(places=places, root_keys={other: 2})).accounts

    assert [(it.is_confirmed, it.root_keys) for it in taken] == [(True, None), (False, 2)]


@pytest.mark.parametrize(
    "text",
    [
        '{"schema":"rotator.snapshot/v2"}',
        '{"schema":"rotator.snapshot/v1"}',
        "[]",
        "{}",
        '"text"',
        "not JSON",
        to_text(picture()).replace('"principal"', '"principle"'),
        to_text(picture()).replace("2026-01-01T00:00:00.000Z", "yesterday"),
    ],
)
def test_what_is_no_picture_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        from_text(text)


def stored() -> StoredSnapshot:
    """Keep the picture of a day."""
    body = to_text(picture())
    return StoredSnapshot(day="2026-01-01", taken_at=EPOCH, body=body, sha256=digest(body))


def record_of(snapshot: StoredSnapshot, **changes: Any) -> SealedRecord:  # noqa: ANN401
    """Seal the record that attests a picture."""
    told = {"day": snapshot.day, "sha256": snapshot.sha256}
    parts = {"action": AuditAction.INVENTORY_SNAPSHOT, "evidence": told, **changes}
    return seal(audit_record(**parts), seq=3, prev=GENESIS.hash, log="rotator")


def test_a_picture_is_what_its_record_tells_of() -> None:
    kept = stored()
    record = record_of(kept)

    attested = attest(kept, record, ())

    assert (attested.sha256, attested.seq, attested.record_hash) == (kept.sha256, 3, record.hash)
    assert attested.checkpoint is None


def test_the_first_checkpoint_that_covers_the_record_vouches_for_it() -> None:
    kept = stored()
    found = [Checkpoint(origin="rotator", size=size, root=bytes(32)) for size in (9, 3, 4, 5)]

    attested = attest(kept, record_of(kept), found)

    assert attested.checkpoint == found[2]


def test_a_picture_whose_record_is_not_sealed_is_taken_by_its_own_hash() -> None:
    assert attest(stored(), None, ()).seq is None


def test_a_picture_or_a_record_that_was_changed_is_refused() -> None:
    kept = stored()
    body = kept.body.replace("prod", "test")
    record = record_of(kept)
    line = record.line.replace('"seq":3', '"seq":4')
    cases = [
        (replace(kept, body=body), record),
        (replace(kept, body=body), None),
        (replace(kept, body=body, sha256=digest(body)), record),
        (replace(kept, day="2026-01-02"), record),
        (kept, replace(record, line=line)),
        (kept, replace(record, line=line, hash=leaf_hash(line.replace("4", "5")))),
        (kept, record_of(kept, action=AuditAction.POLICY_LOAD)),
        (kept, record_of(kept, evidence={})),
    ]

    for snapshot, found in cases:
        with pytest.raises(TamperError) as caught:
            attest(snapshot, found, ())
        assert caught.value.code == "picture_changed"


def test_a_picture_holds_ids_and_no_secret() -> None:
    """Every text of a picture is a field of the journal's that is shown anywhere."""
    taken = json.loads(to_text(picture()))

    assert set(taken["credentials"][0]["keys"][0]) == {
        "created_at", "disabled_at", "enabled", "expires_at", "id", "last_used_at", "role",
        "rotation", "seen_at", "suspect_since", "use_read_at",
    }  # fmt: skip
