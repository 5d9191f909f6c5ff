"""Why a destination object must not be written to: whose it is, and what becomes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rotator.core.reasons import Reason

if TYPE_CHECKING:
    from rotator.core.facts import DestinationState


def unfit(state: DestinationState, *, owner: str, create: bool) -> Reason | None:
    """Say why a destination object must not be written to; None when it may be."""
    if not state.exists:
        return None if create else Reason.DESTINATION_MISSING
    if state.deletion_scheduled:
        return Reason.DESTINATION_DELETED
    if state.owner not in {None, owner}:
        return Reason.DESTINATION_FOREIGN
    if state.native_rotation:
        return Reason.NATIVE_ROTATION
    return None
