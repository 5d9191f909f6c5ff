"""The daily look ahead: what is rotated, or gets too old, within 30, 7 and 1 days."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from rotator.core.notices import Notice, Severity, harmless
from rotator.core.rotation import Action, Role

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from rotator.core.ids import CredentialId, Instant
    from rotator.core.rotation import Credential, KeyRecord

THRESHOLDS: Final = tuple(timedelta(days=days) for days in (1, 7, 30))
MOST_ITEMS: Final = 40
"""Lines of one digest; the rest is counted."""

_ENDING_ROLES = frozenset({Role.GONE, Role.DISCARD, Role.SUSPECT})


@dataclass(frozen=True, slots=True, kw_only=True)
class Coming:
    """One credential of a digest.

    Attributes:
        notice: What would be told of it alone; says where it is routed, too.
        change: Names the credential, the threshold and the date: each is told once.
        at: When it is.
    """

    notice: Notice
    change: str
    at: Instant


def coming(
    credentials: Iterable[Credential],
    keys: Mapping[CredentialId, Sequence[KeyRecord]],
    max_age: Callable[[Credential], timedelta],
    now: Instant,
) -> tuple[Coming, ...]:
    """Name every credential for which something comes within a threshold, the soonest first.

    Args:
        credentials: All of them.
        keys: Their keys.
        max_age: How old policy lets a credential's keys get.
        now: The present.
    """
    found = [
        _coming(credential, *what, now)
        for credential in credentials
        if (what := _what(credential, keys.get(credential.id, ()), max_age)) is not None
        and what[0] - now <= THRESHOLDS[-1]
    ]
    return tuple(sorted(found, key=lambda item: (item.at, item.notice.principal)))


def digest(items: Sequence[Coming], now: Instant) -> Notice:
    """Make one notice of them; `items` holds at least one."""
    lines = [item.notice.summary for item in items[:MOST_ITEMS]]
    if len(items) > MOST_ITEMS:
        lines.append(f"and {len(items) - MOST_ITEMS} more: rotator keys list")
    worst = max((item.notice.severity for item in items), key=list(Severity).index)
    return Notice(
        kind="digest.ahead",
        severity=worst,
        at=now,
        summary=f"{len(items)} key{'s' if len(items) > 1 else ''} to be dealt with in 30 days",
        command="rotator keys list",
        items=tuple(lines),
    )


def _what(
    credential: Credential, keys: Sequence[KeyRecord], max_age: Callable[[Credential], timedelta]
) -> tuple[Instant, str] | None:
    """Say when something comes, and what; None where nothing is known to come."""
    if credential.action is Action.ROTATE and credential.hold is None:
        due = credential.due_at
        return (due, "is rotated") if due is not None else None
    living = [key for key in keys if key.enabled and key.role not in _ENDING_ROLES]
    ends = [
        (key.created_at + max_age(credential), "gets older than policy allows") for key in living
    ]
    ends += [(key.expires_at, "is ended by its provider") for key in living if key.expires_at]
    return min(ends, default=None)


def _coming(credential: Credential, at: Instant, what: str, now: Instant) -> Coming:
    principal, day = credential.principal, at.date().isoformat()
    within = next(limit for limit in THRESHOLDS if at - now <= limit)
    why = "on hold" if credential.hold else "only reported"
    is_ours = credential.action is Action.ROTATE and credential.hold is None
    note = "" if is_ours else f"; it is {why}, so somebody must act"
    notice = Notice(
        kind="digest.ahead",
        severity=Severity.INFO if is_ours else Severity.WARN,
        at=now,
        summary=harmless(f"{day} {principal.name} in {principal.account}: {what}{note}"),
        provider=principal.provider,
        account=harmless(principal.account),
        principal=harmless(principal.name),
        rule=harmless(credential.rule),
        owner=harmless(credential.contact),
    )
    return Coming(notice=notice, change=f"ahead\n{credential.id}\n{within.days}\n{day}", at=at)
