"""Times that a wrong clock wrote: never earlier than what is known, never from the future.

A clock that jumps between a reading and a commit writes a wrong time into the
journal. Too early, and a grace or a quarantine would be over at once; too late,
and a rotation would wait for months. Both are mended here, and only while the
provider's clock agrees with ours.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rotator.core.ids import Instant
    from rotator.core.rotation import Intent, KeyRecord, Rotation

_MOMENTS = (
    "phase_since",
    "prepared_at",
    "verified_at",
    "promoted_at",
    "followed_at",
    "disabled_at",
    "enabled_at",
    "unstaged_at",
    "reversed_at",
    "vouched_at",
    "expedited_at",
    "refreshed_at",
)
_LONGEST_LANDING = timedelta(hours=1)
"""Far more than a lease and a signature window; a landing later than this was never meant."""


def no_earlier(rotation: Rotation, now: Instant) -> Instant:
    """Return the present, but not before anything that is known to have been before it.

    The phase was entered, and the intent made, before now; and the provider told
    its own time when we last looked.
    """
    return not_before_intent(rotation.intent, max(now, rotation.phase_since))


def not_before_intent(intent: Intent | None, now: Instant) -> Instant:
    """Return the present, but not before the intent was made, by our clock and the provider's."""
    return max(filter(None, (now, *_told(intent))))


def is_ahead(rotation: Rotation, now: Instant, skew: timedelta) -> bool:
    """Whether the rotation bears a time that has not come yet, by more than clocks may differ."""
    moments = [getattr(rotation, name) for name in _MOMENTS]
    landing = rotation.landing_until
    is_late = landing is not None and landing > now + skew + _LONGEST_LANDING
    return is_late or _is_any_ahead((*moments, *_told(rotation.intent)), now, skew)


def _told(intent: Intent | None) -> tuple[Instant | None, ...]:
    return (intent.made_at, intent.provider_time) if intent else ()


def _is_any_ahead(moments: Iterable[Instant | None], now: Instant, skew: timedelta) -> bool:
    return any(moment is not None and moment > now + skew for moment in moments)


def restamped(rotation: Rotation, now: Instant) -> Rotation:
    """Let everything that bears a future time begin now.

    Grace and quarantine grow longer than they were meant to be, never shorter.
    """
    changes: dict[str, Any] = {
        name: now
        for name in _MOMENTS
        if getattr(rotation, name) is not None and getattr(rotation, name) > now
    }
    landing = rotation.landing_until
    if landing is not None:
        changes["landing_until"] = min(landing, now + _LONGEST_LANDING)
    if rotation.intent is not None:
        changes["intent"] = _brought_back(rotation.intent, now)
    return replace(rotation, **changes)


def _brought_back(intent: Intent, now: Instant) -> Intent:
    """Let an intent be made now at the latest; it is waited out as long as it would have been."""
    told = intent.provider_time and min(intent.provider_time, now)
    patience = intent.not_after - intent.made_at
    made_at = min(intent.made_at, now)
    return replace(intent, made_at=made_at, not_after=made_at + patience, provider_time=told)


def is_suspect_ahead(record: KeyRecord, now: Instant, skew: timedelta) -> bool:
    """Whether a suspect's timer began, or its intent was made, in the future."""
    moments = (record.suspect_since, record.disabled_at, *_told(record.intent))
    return _is_any_ahead(moments, now, skew)


def suspect_restamped(record: KeyRecord, now: Instant) -> KeyRecord:
    """Let everything of a suspect that bears a future time begin now."""
    since, disabled = record.suspect_since, record.disabled_at
    return replace(
        record,
        suspect_since=since and min(since, now),
        disabled_at=disabled and min(disabled, now),
        intent=record.intent and _brought_back(record.intent, now),
    )
