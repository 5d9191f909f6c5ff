"""A journal as an installation has it after a year, written in one go."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

from rotator.core.ids import AccountId, KeyId
from rotator.core.reasons import Reason
from rotator.core.rotation import Action, Hold, Phase, Role
from rotator.journal import codec, tables
from rotator.journal.places import place_number
from rotator.testing.builders import (
    EPOCH,
    PROVIDER,
    an_id,
    at,
    credential,
    destination,
    key_record,
    principal,
    rotation,
)
from tests.journal.journals import new_journal

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from sqlalchemy import Connection, Table

    from rotator.core.rotation import Credential, KeyRecord, Rotation

ACCOUNTS = 5
RULE_NAMES = tuple(f"rule-{number}" for number in range(8))
ENDED = 3
"""Rotations of each credential that ended, each with a key that is gone."""

Row = dict[str, Any]


def build(folder: Path, size: int) -> None:
    """Make a journal of `size` credentials in an empty folder.

    Each has two keys that exist, the second one a stranger's, and three rotations that
    ended; of twenty one is being rotated, of fifty one is on hold.
    """
    with closing(new_journal(folder)) as journal, journal._transactions.writing() as connection:
        _insert(connection, tables.place, [_place(*pair) for pair in _pairs()])
        members = [_member(number) for number in range(size)]
        objects = [item.destination for item, _, _ in members if item.destination]
        _insert(connection, tables.destination_object, [*map(codec.encode_destination, objects)])
        _insert(connection, tables.credential, [_credential(item) for item, _, _ in members])
        runs = [run for _, _, runs in members for run in runs]
        _insert(connection, tables.rotation, [*map(codec.encode_rotation, runs)])
        _insert(connection, tables.placement, [*map(codec.encode_placement, runs)])
        keys = [_key(of, key) for of, keys, _ in members for key in keys]
        _insert(connection, tables.key, keys)


def _insert(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    connection.execute(table.insert(), rows)


def _pairs() -> Iterator[tuple[str, str]]:
    for account in range(ACCOUNTS):
        for rule in RULE_NAMES:
            yield f"{account:012}", rule


def _place(account: str, rule: str) -> Row:
    number = place_number(PROVIDER, account, rule, Action.ROTATE)
    names = {"provider": PROVIDER, "account": account, "rule": rule}
    return {"id": number, **names, "action": Action.ROTATE}


def _of(of: Credential) -> int:
    return place_number(of.principal.provider, of.principal.account, of.rule, of.action)


def _credential(of: Credential) -> Row:
    return {**codec.encode_credential(of), "place_id": _of(of)}


def _key(of: Credential, key: KeyRecord) -> Row:
    return {**codec.encode_key(key), "place_id": _of(of)}


def _member(number: int) -> tuple[Credential, list[KeyRecord], list[Rotation]]:
    account, rule = number % ACCOUNTS, RULE_NAMES[number // ACCOUNTS % len(RULE_NAMES)]
    of = credential(
        principal=principal(f"user-{number}", account=AccountId(f"{account:012}")),
        rule=rule,
        destination=destination(f"secret-{number}"),
        current_key_id=KeyId(f"AKIA{number}"),
        due_at=at(days=number % 60),
        inspected_at=EPOCH,
        hold=None if number % 50 else Hold(reason=Reason.STILL_USED, since=EPOCH),
    )
    is_open = number % 20 == 0
    other = Role.PREVIOUS if is_open else Role.FOREIGN
    keys = [
        key_record(of, KeyId(f"AKIA{number}"), created_at=at(days=-(number % 67))),
        key_record(of, KeyId(f"AKIB{number}"), role=other, created_at=at(days=-70)),
        *(
            key_record(of, KeyId(f"AKIC{number}-{old}"), role=Role.GONE, gone_at=EPOCH)
            for old in range(ENDED)
        ),
    ]
    runs = [rotation(of, phase=Phase.COMPLETED, name=an_id(old)) for old in range(ENDED)]
    if is_open:
        runs.append(rotation(of, phase=Phase.PROMOTED))
    return of, keys, runs
