"""Which keys of an HTTP API are superfluous: those that have expired, and those unused.

Whatever is not told is no reason to end a key: "not told" is not "never".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rotator.core.api_keys import KeyStatus
from rotator.core.durations import format_duration

if TYPE_CHECKING:
    from datetime import timedelta

    from rotator.core.api_keys import ApiKey
    from rotator.core.ids import Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """Which keys are to be ended.

    Attributes:
        unused: Those that are older than this and were not used for as long; None
            leaves the unused alone.
        expired: Those that have expired.
    """

    unused: timedelta | None = None
    expired: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What becomes of one key, and why."""

    ends: bool
    why: str


def judge(key: ApiKey, chosen: Chosen, now: Instant, *, spared: str = "") -> Judgement:
    """Say whether a key is ended; total, for every answer of a vendor.

    Args:
        key: As it is listed.
        chosen: Which keys are to be ended.
        now: The present.
        spared: Why it is not ended whatever it is; empty if nothing speaks for it.
    """
    if spared:
        return Judgement(ends=False, why=spared)
    if chosen.expired and _has_expired(key, now):
        return Judgement(ends=True, why="expired")
    if chosen.unused is not None:
        return _unused(key, chosen.unused, now)
    return Judgement(ends=False, why="not expired")


def _has_expired(key: ApiKey, now: Instant) -> bool:
    return key.status is KeyStatus.EXPIRED or (key.expires_at is not None and key.expires_at <= now)


def _unused(key: ApiKey, period: timedelta, now: Instant) -> Judgement:
    if not key.is_use_told:
        return Judgement(ends=False, why="its use is not told")
    if key.created_at is None:
        return Judgement(ends=False, why="its age is not told")
    text = format_duration(period)
    if now - key.created_at < period:
        return Judgement(ends=False, why=f"younger than {text}")
    if key.last_used_at is None:
        return Judgement(ends=True, why="never used")
    if now - key.last_used_at < period:
        return Judgement(ends=False, why=f"used within {text}")
    return Judgement(ends=True, why=f"not used for {text}")
