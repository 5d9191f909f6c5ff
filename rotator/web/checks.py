"""What the probes ask: each check says in one sentence what is wrong, or nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import timedelta

    from rotator.core.ids import Instant
    from rotator.ports.clock import Clock
    from rotator.ports.evidence import AuditGate
    from rotator.ports.journal import Claims

    Check = Callable[[], str | None]


def ticking(
    last_tick: Callable[[], float], *, monotonic: Callable[[], float], limit: timedelta
) -> Check:
    """Check that the engine looked for work within `limit`; both clocks in seconds."""

    def check() -> str | None:
        silence = monotonic() - last_tick()
        if silence <= limit.total_seconds():
            return None
        return f"the engine has not looked for work for {silence:.0f} s"

    return check


def journal_readable(claims: Claims, clock: Clock) -> Check:
    """Check that the journal answers the question that all work begins with."""

    def check() -> str | None:
        claims.due(now=clock.now(), limit=1)
        return None

    return check


def audit_open(
    gate: AuditGate, clock: Clock, failing: Callable[[], Sequence[str]] = tuple
) -> Check:
    """Check that evidence can be written, without which nothing is started (I7).

    Args:
        gate: Says whether it can.
        clock: What waiting records are measured by.
        failing: Names the sinks that do not keep up.
    """

    def check() -> str | None:
        if not gate.is_blocked(clock.now()):
            return None
        names = ", ".join(failing())
        suffix = f" (failing: {names})" if names else ""
        return f"audit records wait too long for a durable sink{suffix}; nothing is started"

    return check


def clock_agrees(skew: Callable[[], timedelta | None], *, limit: timedelta) -> Check:
    """Check the last known difference to a provider's clock; None is not known yet."""

    def check() -> str | None:
        known = skew()
        if known is None or abs(known) <= limit:
            return None
        return f"our clock is {known.total_seconds():.0f} s off the provider's"

    return check


def scanned_recently(
    last_scan_at: Callable[[], Instant | None], clock: Clock, *, limit: timedelta
) -> Check:
    """Check that a scan succeeded within `limit`, or since the check was made."""
    made_at = clock.now()

    def check() -> str | None:
        silence = clock.now() - (last_scan_at() or made_at)
        if silence <= limit:
            return None
        return f"no scan has succeeded for {silence.total_seconds():.0f} s"

    return check
