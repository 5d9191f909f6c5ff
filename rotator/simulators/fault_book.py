"""The fault rules in force: each strikes some of the calls that it matches."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from rotator.simulators.token_bucket import TokenBucket

if TYPE_CHECKING:
    from datetime import datetime
    from enum import StrEnum

RATE_LIMIT = "rate_limit"

CallT = TypeVar("CallT")
CallT_contra = TypeVar("CallT_contra", contravariant=True)


class Rule(Protocol[CallT_contra]):
    """When a fault strikes; its kind is the vendor's matter, except for `RATE_LIMIT`."""

    @property
    def kind(self) -> StrEnum:
        """Tell what goes wrong."""
        ...

    @property
    def skip(self) -> int:
        """Tell how many matching calls pass first."""
        ...

    @property
    def times(self) -> int | None:
        """Tell how often it strikes; None is for ever."""
        ...

    @property
    def rate(self) -> float:
        """Tell the tokens per simulated second of a rate limit."""
        ...

    @property
    def burst(self) -> int:
        """Tell the size of a rate limit's bucket."""
        ...

    def matches(self, call: CallT_contra) -> bool:
        """Say whether a call is meant."""
        ...


RuleT = TypeVar("RuleT", bound=Rule[Any])


@dataclass(slots=True)
class _Armed(Generic[RuleT]):
    rule: RuleT
    seen: int = 0
    struck: int = 0
    bucket: TokenBucket = field(default_factory=TokenBucket)

    def strikes(self, now: datetime) -> bool:
        """Count a matching call; say whether it is hit."""
        self.seen += 1
        rule = self.rule
        if self.seen <= rule.skip or self.struck == rule.times:
            return False
        if rule.kind == RATE_LIMIT and self.bucket.take(now, rate=rule.rate, burst=rule.burst):
            return False
        self.struck += 1
        return True


class FaultBook(Generic[RuleT, CallT]):
    """The rules in force. Not safe for threads: callers hold the world's lock."""

    def __init__(self) -> None:
        """Start without rules."""
        self._armed: list[_Armed[RuleT]] = []

    def add(self, rule: RuleT) -> None:
        """Arm a rule, after those that are armed already."""
        self._armed.append(_Armed(rule))

    def remove(self, rule: RuleT) -> int:
        """Disarm this very rule; return how often it has struck."""
        found = next(armed for armed in self._armed if armed.rule is rule)
        self._armed.remove(found)
        return found.struck

    def clear(self) -> None:
        """Disarm all rules."""
        self._armed.clear()

    def strike(self, call: CallT, now: datetime) -> RuleT | None:
        """Return the first rule that hits this call, and count it; None when none does."""
        for armed in self._armed:
            if armed.rule.matches(call) and armed.strikes(now):
                return armed.rule
        return None
