"""How long to wait after a failure."""

from __future__ import annotations

from datetime import timedelta

TRANSIENT_BASE = timedelta(minutes=1)
TRANSIENT_CAP = timedelta(hours=1)
PERMANENT_BASE = timedelta(hours=1)
PERMANENT_CAP = timedelta(hours=32)


def retry_delay(failures: int, *, jitter: float, base: timedelta, cap: timedelta) -> timedelta:
    """Space out retries; equal arguments, equal answer.

    Args:
        failures: Tries that have failed in a row; 1 or more, no upper bound.
        jitter: A number in [0, 1), drawn by the caller once per retry.
        base: Delay after the first failure, before jitter; greater than zero.
        cap: Upper bound of the result; not less than `base`.

    Returns:
        At least half, and at most the whole, of ``min(cap, base * 2**(failures - 1))``.

    Raises:
        ValueError: An argument is outside the ranges above; a bug in the caller.
    """
    if failures < 1 or not 0 <= jitter < 1 or base <= timedelta(0) or cap < base:
        msg = f"no delay for failures={failures}, jitter={jitter}, base={base}, cap={cap}"
        raise ValueError(msg)
    # Doublings are clamped before the power: 2**1024 has no float.
    doublings = min(failures - 1, 32)
    whole = min(cap, base * (1 << doublings))
    return whole * (0.5 + jitter / 2)


def transient_delay(failures: int, *, jitter: float) -> timedelta:
    """Wait a minute, doubling to an hour: it may pass by itself."""
    return retry_delay(failures, jitter=jitter, base=TRANSIENT_BASE, cap=TRANSIENT_CAP)


def permanent_delay(failures: int, *, jitter: float) -> timedelta:
    """Wait an hour, doubling to 32: a person has to change something first."""
    return retry_delay(failures, jitter=jitter, base=PERMANENT_BASE, cap=PERMANENT_CAP)
