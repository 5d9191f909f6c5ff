"""The rows of `rotator keys list`: the journal's keys as people ask about them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rotator.cli.printing import when
from rotator.core.ids import Instant
from rotator.core.reasons import Reason
from rotator.core.rotation import Action, Phase, Role
from rotator.core.ways import reason_of, situation

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import timedelta

    from rotator.core.ids import AccountId, CredentialId, KeyId, RotationId
    from rotator.core.rotation import Credential, KeyRecord, Rotation
    from rotator.core.terms import Limits
    from rotator.core.ways import Situation, Way
    from rotator.ports.journal import Journal


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRow:
    """One key, or a principal of whom no key is known.

    Attributes:
        status: The key's role, and whether it is disabled or has expired.
        policy: The rule that decided.
        next: What comes next, in a few words.
        next_at: When, if that is known.
        happened: Why the credential waits for a person; empty if it does not.
        rotation_id: The rotation under way, if one is.
        ways: What a person can do; empty if nobody needs to.
        contact: Whom the principal's tags name to be asked; empty while unknown.
    """

    name: str
    provider: str
    account: AccountId
    policy: str
    key_id: KeyId | None = None
    created_at: Instant | None = None
    last_used_at: Instant | None = None
    expires_at: Instant | None = None
    age: timedelta | None = None
    status: str = ""
    next: str
    next_at: Instant | None = None
    happened: str = ""
    rotation_id: RotationId | None = None
    ways: tuple[Way, ...] = ()
    contact: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Owner:
    """What the rows of one credential have in common."""

    credential: Credential
    rotation: Rotation | None
    situation: Situation
    is_paused: bool

    @property
    def reason(self) -> Reason | None:
        return reason_of(self.credential, self.rotation)


def key_rows(journal: Journal, now: Instant, limits: Limits, *, with_gone: bool) -> list[KeyRow]:
    """List the keys of every credential, oldest first.

    Args:
        journal: Where they are read.
        now: The present, for their ages.
        limits: How long suspects are watched.
        with_gone: Whether keys that no longer exist are listed, too.
    """
    open_rotations = {row.credential_id: row for row in journal.rotations() if row.is_open}
    records, pauses = _by_credential(journal.keys()), journal.pauses()
    rows: list[KeyRow] = []
    for credential in journal.credentials():
        rotation, keys = open_rotations.get(credential.id), records.get(credential.id, [])
        account = credential.principal.account
        owner = _Owner(
            credential=credential,
            rotation=rotation,
            situation=situation(credential, rotation, keys, pauses),
            is_paused=any(item.covers(account, credential.id) for item in pauses),
        )
        shown: list[KeyRecord | None] = [
            key for key in keys if with_gone or key.role is not Role.GONE
        ]
        rows.extend(_row(owner, key, now, limits) for key in shown or [None])
    return rows


def _by_credential(records: Iterable[KeyRecord]) -> dict[CredentialId, list[KeyRecord]]:
    found: dict[CredentialId, list[KeyRecord]] = {}
    for record in records:
        found.setdefault(record.credential_id, []).append(record)
    return found


def _row(owner: _Owner, key: KeyRecord | None, now: Instant, limits: Limits) -> KeyRow:
    credential, is_held = owner.credential, owner.reason is not None
    text, moment = _next(owner, key, now, limits)
    return KeyRow(
        name=credential.principal.name,
        provider=credential.principal.provider,
        account=credential.principal.account,
        policy=credential.rule,
        key_id=key.key_id if key else None,
        created_at=key.created_at if key else None,
        last_used_at=key.last_used_at if key else None,
        expires_at=key.expires_at if key else None,
        age=now - key.created_at if key and key.role is not Role.GONE else None,
        status=_status(key, now),
        next=text,
        next_at=moment,
        happened=owner.situation.happened if is_held else "",
        rotation_id=owner.rotation.id if owner.rotation else None,
        ways=owner.situation.ways if is_held else (),
        contact=credential.contact,
    )


def _status(key: KeyRecord | None, now: Instant) -> str:
    if key is None:
        return "no key known"
    if key.has_expired(now) and key.role is not Role.GONE:
        return f"{key.role.value}, expired"
    is_off = not key.enabled and key.role is not Role.GONE
    return f"{key.role.value}, disabled" if is_off else key.role.value


def _next(
    owner: _Owner, key: KeyRecord | None, now: Instant, limits: Limits
) -> tuple[str, Instant | None]:
    credential = owner.credential
    if key is not None and key.role is Role.GONE:
        return "", None
    if key is not None and key.role is Role.SUSPECT:
        return _next_for_suspect(key, now, limits)
    if credential.action is Action.REPORT:
        return "report only", None
    if key is not None and key.role is Role.FOREIGN and credential.current_key_id is not None:
        return "leave alone", None
    text, moment = _next_for_credential(owner)
    waits = [text]
    if owner.is_paused and owner.reason is not Reason.PAUSED:
        waits.append("paused")
    if credential.order is not None:
        waits.append(f"order: {credential.order.verb.value}")
    return ", ".join(waits), moment


def _next_for_credential(owner: _Owner) -> tuple[str, Instant | None]:
    credential, rotation = owner.credential, owner.rotation
    if owner.reason is not None:
        is_halted = rotation is not None and rotation.phase is Phase.HALTED
        return f"{'halted' if is_halted else 'hold'}: {owner.reason.value}", None
    if rotation is not None:
        return f"rotation {rotation.phase.value}", credential.next_at
    if credential.requested is not None:
        return "rotate: ordered", credential.next_at
    if credential.due_at is not None:
        return f"rotate {when(credential.due_at)}", credential.due_at
    return "look at it", credential.next_at


def _next_for_suspect(key: KeyRecord, now: Instant, limits: Limits) -> tuple[str, Instant]:
    """Say when a suspect's time comes; one whose time has passed is held back by something."""
    if key.disabled_at is None:
        ends = Instant((key.suspect_since or key.seen_at) + limits.suspect_observation)
        what = "disable"
    else:
        ends, what = Instant(key.disabled_at + limits.suspect_quarantine), "delete"
    if now >= ends + limits.inspect_interval:
        return f"hold: {what} if unused, overdue since {when(ends)}; see the log", ends
    return f"{what} if unused {when(ends)}", ends
