from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from rotator.core.accounts import Place
from rotator.core.compliance import UNUSED_AFTER, Part, Status, report
from rotator.core.controls import CONTROLS, Grade
from rotator.core.ids import AccountId, KeyId
from rotator.core.picturing import Rows, Surroundings, picture_of
from rotator.core.reasons import Reason
from rotator.core.rotation import Action, Hold, Phase, Role
from tests.builders import (
    ACCOUNT,
    EPOCH,
    NEW_KEY,
    OLD_KEY,
    PROVIDER,
    at,
    credential,
    key_record,
    principal,
    rotation,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from rotator.core.compliance import Line, Report
    from rotator.core.ids import Instant
    from rotator.core.rotation import Credential, KeyRecord, Rotation

LIMIT = timedelta(days=90)
STRANGER = KeyId("AKIASTRANGER00000003")
OTHER = AccountId("444455556666")


def reported(
    *keys: KeyRecord,
    of: tuple[Credential, ...] = (),
    rotations: tuple[Rotation, ...] = (),
    failed: Mapping[tuple[str, str], str] | None = None,
    roots: Mapping[AccountId, int] | None = None,
    accounts: tuple[AccountId, ...] = (),
) -> Report:
    """Report on some keys as of `EPOCH`; they are of one credential unless told otherwise."""
    around = Surroundings(
        log="rotator",
        owner="tests",
        mode="enforce",
        policy="7bd1",
        inspect_interval=timedelta(hours=6),
        max_age=lambda _: LIMIT,
        places=(
            Place(provider=PROVIDER, account=ACCOUNT, name="prod"),
            Place(provider=PROVIDER, account=OTHER),
        ),
        failed=failed,
        root_keys=roots or {},
    )
    rows = Rows(credentials=of or (credential(),), keys=keys, rotations=rotations, accounts=())
    return report(picture_of(rows, around, at=EPOCH), accounts)


def only(found: Report, part: Part) -> Line:
    """Take the one line of a section."""
    (line,) = found.sections[part]
    return line


@pytest.mark.parametrize(
    ("age", "status"),
    [
        (LIMIT, Status.COMPLIANT),
        (LIMIT + timedelta(microseconds=1000), Status.BREACH),
    ],
)
def test_a_key_is_compliant_up_to_its_limit(age: timedelta, status: Status) -> None:
    line = only(reported(key_record(created_at=EPOCH - age)), Part.AGE)

    assert (line.status, line.age, line.limit) == (status, age, LIMIT)


def test_a_key_that_nobody_saw_for_three_looks_is_unknown_and_not_compliant() -> None:
    fresh = reported(key_record(seen_at=at(hours=-18)))
    stale = reported(key_record(seen_at=at(hours=-18, seconds=-1)))

    assert (fresh.summary.compliant, fresh.summary.unknown) == (1, 0)
    assert (stale.summary.compliant, stale.summary.unknown) == (0, 1)


def test_a_key_that_is_too_old_is_so_however_long_ago_it_was_seen() -> None:
    found = reported(key_record(created_at=at(days=-100), seen_at=at(days=-2)))

    assert found.summary.breach == 1


def test_a_breach_says_by_how_much() -> None:
    for over, told in ((timedelta(days=2, hours=3), "2d"), (timedelta(minutes=5), "5m")):
        line = only(reported(key_record(created_at=EPOCH - LIMIT - over)), Part.AGE)

        assert line.detail == f"older than policy allows, by {told}"


@pytest.mark.parametrize("role", [Role.CURRENT, Role.PREVIOUS, Role.PENDING])
def test_each_key_that_consumers_may_read_is_in_scope(role: Role) -> None:
    found = reported(key_record(), key_record(key_id=NEW_KEY, role=role))

    assert found.summary.in_scope == 2


def test_keys_that_no_provider_accepts_are_not_in_scope() -> None:
    found = reported(
        key_record(),
        key_record(key_id=NEW_KEY, role=Role.PREVIOUS, enabled=False),
        key_record(key_id=STRANGER, role=Role.PREVIOUS, expires_at=EPOCH),
    )

    assert found.summary.in_scope == 1


def test_a_key_that_expires_later_is_in_scope() -> None:
    assert reported(key_record(expires_at=at(seconds=1))).summary.compliant == 1


def test_a_principal_without_any_key_is_not_in_scope() -> None:
    held = credential(current_key_id=None, hold=Hold(reason=Reason.NO_KEY, since=EPOCH))

    found = reported(key_record(role=Role.FOREIGN, enabled=False), of=(held,))

    assert (found.summary.in_scope, found.waits_for_person) == (0, False)


@pytest.mark.parametrize(
    ("of", "keys"),
    [
        (credential(), ()),
        (credential(), (key_record(enabled=False),)),
        (credential(current_key_id=None), (key_record(role=Role.FOREIGN),)),
    ],
)
def test_a_principal_whose_current_key_nobody_knows_is_unknown(
    of: Credential, keys: tuple[KeyRecord, ...]
) -> None:
    found = reported(*keys, of=(of,))

    assert only(found, Part.AGE).status is Status.UNKNOWN
    assert found.waits_for_person


def test_what_is_only_reported_is_never_called_compliant() -> None:
    jane = credential(action=Action.REPORT, note="a person's")
    found = reported(
        key_record(role=Role.FOREIGN),
        key_record(key_id=NEW_KEY, role=Role.FOREIGN, enabled=False),
        of=(jane,),
    )

    line = only(found, Part.REPORTED)
    assert (line.status, line.detail, line.key_id) == (Status.REPORTED, "a person's", OLD_KEY)
    assert (found.summary.in_scope, found.summary.reported) == (0, 1)
    assert not found.waits_for_person


def test_a_key_that_is_only_reported_always_has_a_reason() -> None:
    found = reported(key_record(role=Role.FOREIGN), of=(credential(action=Action.REPORT),))

    assert only(found, Part.REPORTED).detail == "policy only reports it"


def test_policy_has_no_exceptions_and_the_count_says_so() -> None:
    found = reported(key_record())

    assert found.sections[Part.EXCEPTIONS] == ()
    assert found.summary.excepted == 0


def test_strays_are_told_with_what_becomes_of_them() -> None:
    found = reported(
        key_record(),
        key_record(key_id=NEW_KEY, role=Role.SUSPECT, suspect_since=at(days=-1)),
        key_record(key_id=STRANGER, role=Role.DISCARD),
        key_record(key_id=KeyId("AKIAOFF"), role=Role.SUSPECT, enabled=False, disabled_at=EPOCH),
    )

    told = {line.key_id: line for line in found.sections[Part.STRAYS]}
    assert told[NEW_KEY].detail.endswith("watched")
    assert told[NEW_KEY].since == at(days=-1)
    assert told["AKIAOFF"].detail.endswith("deleted if nobody misses it")
    assert told[STRANGER].status is Status.EXPLAINED


def test_a_strangers_key_is_a_finding_and_stands_apart() -> None:
    found = reported(key_record(), key_record(key_id=STRANGER, role=Role.FOREIGN))

    assert only(found, Part.FOREIGN).key_id == STRANGER
    assert found.summary.in_scope == 1


@pytest.mark.parametrize("last_used_at", [None, at(days=-45)])
def test_a_key_without_a_use_for_45_days_is_a_finding(last_used_at: Instant | None) -> None:
    found = reported(
        key_record(created_at=at(days=-60), use_read_at=at(days=-7), last_used_at=last_used_at)
    )

    line = only(found, Part.UNUSED)
    assert line.since == (last_used_at or at(days=-60))
    assert line.since is not None
    assert EPOCH - line.since >= UNUSED_AFTER


@pytest.mark.parametrize(
    ("changes", "use_unknown"),
    [
        ({"use_read_at": EPOCH, "last_used_at": at(days=-44)}, 0),
        ({"use_read_at": EPOCH, "created_at": at(days=-44)}, 0),
        ({"use_read_at": None}, 1),
        ({"use_read_at": at(days=-7, seconds=-1), "last_used_at": at(days=-50)}, 1),
    ],
)
def test_a_key_is_unused_only_where_a_fresh_reading_shows_it(
    changes: dict[str, Any], use_unknown: int
) -> None:
    found = reported(key_record(**{"created_at": at(days=-60), **changes}))

    assert found.sections[Part.UNUSED] == ()
    assert found.summary.use_unknown == use_unknown


def test_two_active_keys_are_explained_by_the_rotation_between_them() -> None:
    keys = (key_record(role=Role.PREVIOUS), key_record(key_id=NEW_KEY))
    of = credential(current_key_id=NEW_KEY)
    under_way = rotation(phase=Phase.PROMOTED, created_at=at(hours=-3))

    line = only(reported(*keys, of=(of,), rotations=(under_way,)), Part.TWO_ACTIVE)

    assert line.status is Status.EXPLAINED
    assert line.since == at(hours=-3)
    assert "rotation in progress" in line.detail


@pytest.mark.parametrize("rotations", [(), (rotation(phase=Phase.PLANNED),)])
def test_two_active_keys_without_a_rotation_between_them_are_a_finding(
    rotations: tuple[Rotation, ...],
) -> None:
    keys = (key_record(), key_record(key_id=STRANGER, role=Role.FOREIGN))

    line = only(reported(*keys, rotations=rotations), Part.TWO_ACTIVE)

    assert line.status is Status.FINDING
    assert "no rotation in progress between them" in line.detail


@pytest.mark.parametrize("keys", [(key_record(),), ()])
def test_a_key_that_outlives_its_deletion_is_a_finding(keys: tuple[KeyRecord, ...]) -> None:
    of = credential(hold=Hold(reason=Reason.OLD_KEY_LIVES, since=at(days=-2)))
    found = reported(*keys, of=(of,), rotations=(rotation(phase=Phase.DISABLED),))

    line = only(found, Part.PAST_DELETION)
    assert (line.key_id, line.since) == (OLD_KEY, at(days=-2))


def test_a_rotation_that_is_missing_leaves_the_key_that_lives_unnamed() -> None:
    of = credential(hold=Hold(reason=Reason.OLD_KEY_LIVES, since=EPOCH))

    assert only(reported(key_record(), of=(of,)), Part.PAST_DELETION).key_id == ""


def test_what_waits_for_a_person_stands_beside_its_key() -> None:
    of = credential(hold=Hold(reason=Reason.DRIFT, since=EPOCH))

    detail = only(reported(key_record(), of=(of,)), Part.AGE).detail

    assert detail == "held: drift"


def test_keys_of_a_root_user_are_findings() -> None:
    found = reported(key_record(), roots={ACCOUNT: 2, OTHER: 0})

    assert only(found, Part.ROOT).detail == "the account's root has 2 keys"


def test_an_account_that_could_not_be_read_waits_for_a_person() -> None:
    found = reported(key_record(), failed={(PROVIDER, OTHER): "access_denied"})

    assert only(found, Part.UNREAD).account == OTHER
    assert found.summary.unread == 1
    assert found.waits_for_person


def test_accounts_that_nobody_scanned_are_not_counted_as_read() -> None:
    assert reported(key_record()).summary.unread is None
    assert reported(key_record(), failed={}).summary.unread == 0


def test_an_account_that_two_providers_cannot_read_is_one() -> None:
    found = reported(failed={(PROVIDER, ACCOUNT): "timeout", ("another", ACCOUNT): "timeout"})

    assert (found.summary.unread, len(found.sections[Part.UNREAD])) == (1, 2)


def test_only_the_asked_accounts_are_told_of() -> None:
    other = credential(principal=principal("far", account=OTHER))
    far = key_record(other)
    failed: dict[tuple[str, str], str] = {(PROVIDER, OTHER): "access_denied"}

    here = reported(key_record(), far, of=(credential(), other), failed=failed, accounts=(ACCOUNT,))
    there = reported(key_record(), far, of=(credential(), other), failed=None, accounts=(OTHER,))

    assert [line.account for lines in here.sections.values() for line in lines] == [ACCOUNT]
    assert [line.account for lines in there.sections.values() for line in lines] == [OTHER]
    assert here.summary.unread == 0


def test_the_worst_lines_come_first_and_then_the_oldest() -> None:
    names = ("young", "old", "late", "dark")
    rows = tuple(credential(name) for name in names)
    ages = {"young": 1, "old": 80, "late": 99}
    keys = tuple(key_record(row, created_at=at(days=-ages[row.principal.name])) for row in rows[:3])

    lines = reported(*keys, of=rows).sections[Part.AGE]

    assert [line.principal for line in lines] == ["late", "dark", "old", "young"]


def test_the_order_of_the_rows_does_not_change_a_report() -> None:
    rows = tuple(replace(credential(name), contact="") for name in "abc")
    keys = tuple(key_record(row) for row in rows)

    assert reported(*keys, of=rows).sections == reported(*keys[::-1], of=rows[::-1]).sections


def test_every_control_names_its_version_and_is_there_once() -> None:
    names = [(it.framework, it.version, it.number) for it in CONTROLS]

    assert all(all(name) for name in names)
    assert len(set(names)) == len(names)
    assert {it.grade for it in CONTROLS} == set(Grade)


def test_the_numbers_that_moved_are_those_of_their_version() -> None:
    age = {
        it.version: it.number
        for it in CONTROLS
        if it.framework == "CIS AWS Foundations" and it.part is Part.AGE
    }

    assert age == {"7.0": "2.12", "6.0": "2.13", "5.0": "1.13", "1.4 to 3.0": "1.14"}
