"""How writers of one credential's row stay out of each other's way.

Three write it: the scan that brings policy's part, the operator who orders
something, and the owner of the claim. Only the last is fenced, and its commit
must not undo what the other two wrote since the claim was acquired.
"""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from rotator.core.ids import Instant
from rotator.core.rotation import Credential, Trigger

if TYPE_CHECKING:
    from rotator.core.orders import Order

_FIELDS = tuple(item.name for item in fields(Credential))


def registered(stored: Credential, given: Credential) -> Credential:
    """Bring policy's part of a row up to date; equal to `stored` if nothing changed.

    The principal's uid stays: another one is a namesake, and that is for the
    machine to find. A version of one object says nothing about another, so it is
    forgotten with its object. A change makes the row due at the given time at the latest.
    """
    updated = replace(
        stored,
        action=given.action,
        rule=given.rule,
        note=given.note,
        contact=given.contact,
        destination=given.destination,
        current_version=stored.current_version if is_same_object(stored, given) else None,
        principal=replace(stored.principal, path=given.principal.path),
    )
    if updated == stored:
        return stored
    return replace(updated, next_at=min(stored.next_at, given.next_at))


def is_same_object(one: Credential, other: Credential) -> bool:
    """Whether two states of a row name one destination object, or one of them names none."""
    if one.destination is None or other.destination is None:
        return True
    return one.destination.id == other.destination.id


def ordered(stored: Credential, trigger: Trigger, now: Instant) -> Credential:
    """Note an operator's order and make the row due; a taint is never weakened."""
    return replace(
        stored,
        requested=stronger(trigger, stored.requested),
        next_at=min(stored.next_at, now),
    )


def stronger(one: Trigger, other: Trigger | None) -> Trigger:
    """Return what two orders to rotate come to; the first, where neither calls for haste."""
    given = {one, other}
    return next((it for it in (Trigger.BREAK_GLASS, Trigger.TAINT) if it in given), one)


def instructed(stored: Credential, order: Order) -> Credential:
    """Note an order about a rotation or a key, in place of an older one, and make the row due."""
    return replace(stored, order=order, next_at=min(stored.next_at, order.given_at))


def just_before(at: Instant) -> Instant:
    """Say to which timer a person's word about many rows sets one of them, if that is earlier.

    It differs from the word's own time, so that whoever holds the row's claim
    sees at the next commit that somebody made it due.
    """
    return Instant(at - timedelta(microseconds=1))


def merged(stored: Credential, seen: Credential, written: Credential) -> Credential:
    """Apply what a commit changed to the row as it is now.

    Args:
        stored: The row as it is now.
        seen: The row as the claim knows it.
        written: The row as the commit wants it.

    Returns:
        The stored row with every field in which `written` differs from `seen`.
        An order that came meanwhile stays, and whatever somebody else wrote keeps
        the row due: only the next claim knows of it.
    """
    if stored == seen:
        return written
    changes: dict[str, Any] = {
        name: getattr(written, name)
        for name in _FIELDS
        if getattr(written, name) != getattr(seen, name)
    }
    for ordered_field in ("requested", "order"):
        if getattr(stored, ordered_field) != getattr(seen, ordered_field):
            changes.pop(ordered_field, None)
    if not is_same_object(stored, seen):
        # Whatever was written belongs to the object that policy has left.
        changes.pop("current_version", None)
    changes["next_at"] = min(stored.next_at, written.next_at)
    return replace(stored, **changes)
