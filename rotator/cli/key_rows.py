"""The rows of `rotator keys list`: the journal's keys as people ask about them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rotator.cli.printing import when
from rotator.core.reasons import is_hold
from rotator.core.rotation import Action, Role

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import timedelta

    from rotator.core.ids import AccountId, CredentialId, Instant, KeyId
    from rotator.core.rotation import Credential, KeyRecord, Rotation
    from rotator.ports.journal import Journal


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRow:
    """One key, or a principal of whom no key is known.

    Attributes:
        status: The key's role, and whether it is disabled.
        policy: The rule that decided.
        next: What comes next, in a few words.
        next_at: When, if that is known.
    """

    name: str
    account: AccountId
    policy: str
    key_id: KeyId | None = None
    created_at: Instant | None = None
    last_used_at: Instant | None = None
    age: timedelta | None = None
    status: str = ""
    next: str
    next_at: Instant | None = None


def key_rows(journal: Journal, now: Instant, *, with_gone: bool) -> list[KeyRow]:
    """List the keys of every credential, oldest first.

    Args:
        journal: Where they are read.
        now: The present, for their ages.
        with_gone: Whether keys that no longer exist are listed, too.
    """
    open_rotations = {row.credential_id: row for row in journal.rotations() if row.is_open}
    records = _by_credential(journal.keys(), with_gone=with_gone)
    rows: list[KeyRow] = []
    for credential in journal.credentials():
        rotation = open_rotations.get(credential.id)
        keys: list[KeyRecord | None] = [*records.get(credential.id, [])]
        rows.extend(_row(credential, key, rotation, now) for key in keys or [None])
    return rows


def _by_credential(
    records: Iterable[KeyRecord], *, with_gone: bool
) -> dict[CredentialId, list[KeyRecord]]:
    found: dict[CredentialId, list[KeyRecord]] = {}
    for record in records:
        if with_gone or record.role is not Role.GONE:
            found.setdefault(record.credential_id, []).append(record)
    return found


def _row(
    credential: Credential, key: KeyRecord | None, rotation: Rotation | None, now: Instant
) -> KeyRow:
    text, moment = _next(credential, key, rotation)
    return KeyRow(
        name=credential.principal.name,
        account=credential.principal.account,
        policy=credential.rule,
        key_id=key.key_id if key else None,
        created_at=key.created_at if key else None,
        last_used_at=key.last_used_at if key else None,
        age=now - key.created_at if key and key.role is not Role.GONE else None,
        status=_status(key),
        next=text,
        next_at=moment,
    )


def _status(key: KeyRecord | None) -> str:
    if key is None:
        return "no key known"
    is_off = not key.enabled and key.role is not Role.GONE
    return f"{key.role.value}, disabled" if is_off else key.role.value


def _next(
    credential: Credential, key: KeyRecord | None, rotation: Rotation | None
) -> tuple[str, Instant | None]:
    if key is not None and key.role is Role.GONE:
        return "", None
    if credential.action is Action.REPORT:
        return "report only", None
    if key is not None and key.role is Role.FOREIGN and credential.current_key_id is not None:
        return "leave alone", None
    if credential.hold is not None and is_hold(credential.hold.reason):
        return f"hold: {credential.hold.reason.value}", None
    if rotation is not None:
        return f"rotation {rotation.phase.value}", credential.next_at
    if credential.requested is not None:
        return "rotate: ordered", credential.next_at
    if credential.due_at is not None:
        return f"rotate {when(credential.due_at)}", credential.due_at
    return "look at it", credential.next_at
