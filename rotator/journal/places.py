"""Places: what credentials and keys are counted by, so that counting reads no other row.

A place is a rule's part of an account. Each credential and each of its keys carries
the number of its place, which follows from what it stands for; so nobody waits for
anybody to learn it. A row that an older release wrote may lack it, or carry that of a
rule that it was under before, until its credential is next written by this one.
"""

from __future__ import annotations

import json
from hashlib import sha256
from typing import TYPE_CHECKING

from sqlalchemy import update

from rotator.journal import tables
from rotator.journal.transactions import insert_missing

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from rotator.core.rotation import Credential

_BITS = 63


def place_number(provider: str, account: str, rule: str, action: str) -> int:
    """Derive a place's number, 0 or more and below 2**63; equal arguments, equal answer."""
    name = json.dumps([provider, account, rule, action], ensure_ascii=True)
    return int.from_bytes(sha256(name.encode()).digest()[:8], "big") >> (64 - _BITS)


def put_in_place(connection: Connection, value: Credential) -> None:
    """Note the place of a stored credential, and of its keys, where it is another than before."""
    number = _known_place(connection, value)
    row, key = tables.credential.c, tables.key.c
    for table, mine in ((tables.credential, row.id), (tables.key, key.credential_id)):
        moved = table.c.place_id.is_distinct_from(number)
        connection.execute(update(table).where(mine == value.id, moved).values(place_id=number))


def _known_place(connection: Connection, value: Credential) -> int:
    of = value.principal
    number = place_number(of.provider, of.account, value.rule, value.action)
    names = {"provider": of.provider, "account": of.account, "rule": value.rule}
    insert_missing(connection, tables.place, {"id": number, **names, "action": value.action})
    return number
