"""What a process remembers of its last look, for health checks and metrics."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import timedelta

    from rotator.core.ids import AccountId


@dataclass(slots=True)
class SkewWatch:
    """Remembers how far each provider's clock was ahead of ours when we last looked.

    One provider that disagrees is enough: an older agreement of another one does not
    show that our clock is still right.
    """

    heard: dict[str, timedelta] = field(default_factory=dict)

    @property
    def latest(self) -> timedelta | None:
        """The largest of the newest differences; None if none was heard."""
        return max(self.heard.values(), key=abs, default=None)

    def is_off(self, limit: timedelta) -> bool:
        """Whether our clock and any provider's differed too much when we last looked."""
        return self.latest is not None and abs(self.latest) > limit

    def note(self, provider: str, skew: timedelta) -> None:
        """Remember a provider's newest difference."""
        self.heard[provider] = skew


@dataclass(slots=True)
class ScanWatch:
    """Remembers which scans failed when we last looked, and what was wrong with workspaces.

    Attributes:
        failed: Our code of the failure, by provider and account.
        findings: How many there are of each kind, by workspace and kind.
    """

    failed: dict[tuple[str, str], str] = field(default_factory=dict)
    findings: dict[tuple[str, str], int] = field(default_factory=dict)

    def note(self, provider: str, account: AccountId, code: str) -> None:
        """Remember how the newest scan of an account ended; an empty code is success."""
        # A new mapping each time: whoever reads one is never in the middle of a change.
        others = {place: why for place, why in self.failed.items() if place != (provider, account)}
        self.failed = {**others, (provider, account): code} if code else others

    def found(self, account: AccountId, counts: Mapping[str, int]) -> None:
        """Remember how many findings of each kind a workspace has."""
        self.findings = self.findings | {(account, kind): n for kind, n in counts.items()}


@dataclass(slots=True)
class RootWatch:
    """Remembers how many keys each account's root had when we last looked."""

    counts: dict[AccountId, int] = field(default_factory=dict)

    def note(self, account: AccountId, count: int) -> None:
        """Remember the newest number."""
        self.counts[account] = count
