"""Keys that their provider ends by itself: when they must be out of use, and which are of no use.

A rotation is started early enough for its longest grace to end before the old key does,
with a margin for trouble. A new key that its provider ends before a successor could take
its place in peace would be an outage, so it is not promoted while the old one lives longer.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from rotator.core.ids import Instant
from rotator.core.reasons import Reason
from rotator.core.steps import Fact, Record

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rotator.core.events import Scalar
    from rotator.core.facts import KeyInfo, KeyListing, Observation
    from rotator.core.rotation import KeyRecord, Rotation
    from rotator.core.terms import Terms

MARGIN = timedelta(days=1)
"""How long before its end a key is to be out of use, whatever goes wrong meanwhile."""

_PART_OF_A_LIFE = 4
"""More than this part of a key's life is never taken for trouble."""

ENDS_EARLY = "policy_counts_on"
"""The name of the evidence that a new key ends before policy would have it replaced."""


def out_of_use_by(key: KeyInfo, terms: Terms) -> Instant | None:
    """Say by when nobody should need a key any more; None for a key without an end.

    A day before its end, or as long as a mint whose answer is lost may block the slots;
    of a short life a quarter.
    """
    if key.expires_at is None:
        return None
    life = max(key.expires_at - key.created_at, timedelta(0))
    return Instant(key.expires_at - min(MARGIN + _blocked_for(terms), life / _PART_OF_A_LIFE))


def _blocked_for(terms: Terms) -> timedelta:
    """How long a suspect may hold the slot that a rotation needs; none where ours are marked."""
    traits, limits = terms.traits, terms.limits
    if traits.marks_keys or traits.max_keys is None:
        return timedelta(0)
    return limits.suspect_observation + limits.suspect_quarantine


def state(key: KeyInfo, listing: KeyListing) -> str:
    """Say in a word whether a listed key can be used."""
    if key.has_expired(listing.provider_time):
        return "expired"
    return "enabled" if key.enabled else "disabled"


def is_over(observation: Observation, listing: KeyListing | None) -> bool:
    """Whether the provider has ended a rotation's old key; some then list it no more."""
    expires_at = observation.old_expires_at
    return bool(listing and expires_at and listing.provider_time >= expires_at)


def told(key: KeyInfo | KeyRecord | None, at: Instant) -> str:
    """Say when a key's provider ends it, or did; empty for a key without an end."""
    if key is None or key.expires_at is None:
        return ""
    verb = "expires" if at < key.expires_at else "expired"
    return f"{key.key_id} {verb} at {_utc(key.expires_at)}"


def cut_short(
    rotation: Rotation, new: KeyInfo, listing: KeyListing, terms: Terms, now: Instant
) -> Record | None:
    """Give a new key up whose end comes before its successor could take its place in peace.

    Unless it is better than what consumers read: a compromised key, one that is refused
    already, or one that ends no later. One that has ended itself is no use to anybody.

    Args:
        rotation: The rotation that made it, about to promote it.
        new: The new key as it is listed.
        listing: The listing.
        terms: Policy, traits and limits that apply.
        now: The present.

    Returns:
        None when it may be promoted.
    """
    needed = needed_until(now, terms)
    if new.expires_at is None or new.expires_at >= needed:
        return None
    is_dead = new.has_expired(listing.provider_time)
    if not is_dead and _is_better(rotation, new.expires_at, listing):
        return None
    evidence = {
        "new_key_expires_at": new.expires_at.isoformat(),
        "needed_until": needed.isoformat(),
    }
    return Record(fact=Fact.ABANDONED, reason=Reason.EXPIRES_TOO_SOON, evidence=evidence)


def _is_better(rotation: Rotation, expires_at: Instant, listing: KeyListing) -> bool:
    old = listing.find(rotation.old_key_id)
    if rotation.trigger.is_taint or old is None or not old.enabled:
        return True
    return old.expires_at is not None and old.expires_at <= expires_at


def needed_until(since: Instant, terms: Terms) -> Instant:
    """Say how long a key that is promoted at `since` must live, however briskly all goes on.

    Its predecessor is retired before there is room for its successor, and then both of
    those must work side by side for the shortest grace.
    """
    grace = terms.grace
    quarantine = grace.quarantine_period if terms.traits.can_disable else timedelta(0)
    return Instant(since + grace.min_period + quarantine + grace.min_period)


def evidence(new: KeyInfo | None, terms: Terms, now: Instant) -> Mapping[str, Scalar]:
    """Write down until when a new key lives, by its provider's word, and if that is too early.

    Returns:
        Nothing for a key without an end. `ENDS_EARLY` is there only where the
        provider's end comes before the time at which policy would have it replaced.
    """
    if new is None or new.expires_at is None:
        return {}
    schedule = terms.schedule
    wanted = now + schedule.rotate_after + schedule.jitter + terms.grace.max_period
    early = {ENDS_EARLY: wanted.isoformat()} if new.expires_at < wanted else {}
    return {"new_key_expires_at": new.expires_at.isoformat(), **early}


def refused_detail(rotation: Rotation, record: KeyRecord | None, terms: Terms) -> str:
    """Name both times for whoever has to see that keys live longer; empty if none is known."""
    if record is None or record.expires_at is None:
        return ""
    needed = needed_until(rotation.verified_at or rotation.created_at, terms)
    return (
        f"the provider ends {record.key_id} at {_utc(record.expires_at)}, and policy needs a key "
        f"that lives until {_utc(needed)}"
    )


def _utc(at: Instant) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"
