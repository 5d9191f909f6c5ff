"""When a notice is tried again, and when it is given up."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from rotator.core.ids import Instant
from rotator.core.notices import Delivery

if TYPE_CHECKING:
    from rotator.core.notices import Outgoing

DELAYS: Final = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
"""The schedule of Standard Webhooks: some three days, then a notice is given up."""


def told(notice: Outgoing) -> Outgoing:
    """Note that the channel took it."""
    return replace(notice, attempts=notice.attempts + 1, delivery=Delivery.TOLD, last_error="")


def failed(
    notice: Outgoing,
    code: str,
    now: Instant,
    *,
    is_final: bool = False,
    retry_after: timedelta | None = None,
) -> Outgoing:
    """Note a try that failed: it is tried later, or given up.

    Args:
        notice: As it was taken.
        code: Our code of the failure.
        now: The present.
        is_final: The channel wants nothing any more.
        retry_after: How long the channel asks us to wait, if it does.
    """
    tried = replace(notice, attempts=notice.attempts + 1, last_error=code)
    if is_final or tried.attempts > len(DELAYS):
        return replace(tried, delivery=Delivery.GIVEN_UP)
    delay = max(DELAYS[tried.attempts - 1], retry_after or DELAYS[0])
    return replace(tried, next_at=Instant(now + delay))
