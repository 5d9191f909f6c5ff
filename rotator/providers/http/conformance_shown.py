"""How a listing shows a key that was just made, against what it was to be."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from rotator.core.api_keys import KeyStatus

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rotator.core.api_keys import ApiKey, MadeApiKey
    from rotator.providers.http.conformance_stand import Stand

_DAY: Final = timedelta(days=1)
"""Some APIs know days only."""
_MOST_PAGES: Final = 50


def differences(stand: Stand, made: MadeApiKey, listed: ApiKey) -> Iterator[str]:
    """Name what a listing says of a new key that it should not, each with the spec's line."""
    if stand.has_names and listed.name != made.key.name:
        yield _seen(stand, listed, "is listed under another name", "name")
    if listed.status is not KeyStatus.ACTIVE:
        yield _seen(stand, listed, f"is listed as {listed.status.value}", "status")
    if made.key.description and _is_mapped(stand, "description") and not listed.description:
        yield _seen(stand, listed, "was given a description, and none is told", "description")
    yield from _scopes(stand, listed)
    yield from _age(stand, listed)


def _scopes(stand: Stand, listed: ApiKey) -> Iterator[str]:
    wanted = stand.wanted.expected_scopes
    if wanted is None or not _is_mapped(stand, "scopes"):
        return
    if listed.scopes is None:
        yield _seen(stand, listed, "was given scopes, and none are told", "scopes")
        return
    more, fewer = set(listed.scopes) - set(wanted), set(wanted) - set(listed.scopes)
    if more:
        what = f"may do more than was asked for: {', '.join(sorted(more))}"
        yield _seen(stand, listed, what, "scopes")
    if fewer:
        yield _seen(stand, listed, f"lacks {', '.join(sorted(fewer))}", "scopes")


def _age(stand: Stand, listed: ApiKey) -> Iterator[str]:
    now = stand.clock.now()
    if stand.spec.is_dated and listed.created_at and abs(now - listed.created_at) > _DAY:
        yield _seen(stand, listed, "is listed as made at another time than now", "createdAt")
    if stand.wanted.lifetime is None or not _is_mapped(stand, "expiresAt"):
        return
    if listed.expires_at is None:
        yield _seen(stand, listed, "was given an end, and none is told", "expiresAt")
    elif listed.expires_at - now > stand.wanted.lifetime + _DAY:
        yield _seen(stand, listed, "ends later than it was asked to", "expiresAt")


def _is_mapped(stand: Stand, field: str) -> bool:
    return field in stand.spec.listing.key


def _seen(stand: Stand, listed: ApiKey, what: str, field: str) -> str:
    """Say what is odd about a key, and by which line of the spec it was read."""
    listing = stand.spec.listing
    selector = listing.key.get(field)
    place = selector.place if selector else listing.operation.place
    return f"{listed.key_id} {what} ({place})"


def smaller_size(count: int) -> int:
    """Choose a size of pages that makes several of them, but not very many."""
    return max(1, -(-count // _MOST_PAGES))
