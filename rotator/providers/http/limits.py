"""How long an API takes to agree with itself, and what its answers may cost."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Propagation:
    """How long the API takes to agree with itself.

    Attributes:
        create: Until a new key is listed and let in everywhere.
        revoke: Until a revoked key is refused everywhere.
        last_used: How coarse and how late its last uses are.
        request: How long after its sending a request may still take effect.
    """

    create: timedelta = timedelta(seconds=10)
    revoke: timedelta = timedelta(seconds=60)
    last_used: timedelta = timedelta(minutes=15)
    request: timedelta = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkLimits:
    """What an answer and a list may cost at most."""

    allow_hosts: frozenset[str] = frozenset()
    connect_seconds: float = 5
    read_seconds: float = 15
    total_seconds: float = 30
    max_response_bytes: int = 1 << 20
    max_pages: int = 200
    max_items: int = 10_000
