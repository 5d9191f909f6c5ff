"""Fault rules: which call goes wrong, and how."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rotator.simulators.aws.shapes import FaultKind, FaultRule
from rotator.simulators.aws.token_bucket import TokenBucket

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """The parts of a call that rules look at; absent parameters are empty."""

    operation: str
    user_name: str
    secret: str
    access_key_id: str
    caller: str


@dataclass(slots=True)
class _Armed:
    rule: FaultRule
    seen: int = 0
    struck: int = 0
    bucket: TokenBucket = field(default_factory=TokenBucket)

    def matches(self, call: Sighting) -> bool:
        rule = self.rule
        return (
            rule.operation in ("*", call.operation)
            and rule.user_name in (None, call.user_name)
            and rule.secret in (None, call.secret)
            and rule.access_key_id in (None, call.access_key_id)
            and rule.caller in (None, call.caller)
        )

    def strikes(self, now: datetime) -> bool:
        """Count a matching call; say whether it is hit."""
        self.seen += 1
        if self.seen <= self.rule.skip or self.struck == self.rule.times:
            return False
        rule = self.rule
        if rule.kind is FaultKind.RATE_LIMIT and self.bucket.take(
            now, rate=rule.rate, burst=rule.burst
        ):
            return False
        self.struck += 1
        return True


class FaultBook:
    """The rules in force. Not safe for threads: callers hold the world's lock."""

    def __init__(self) -> None:
        """Start without rules."""
        self._armed: list[_Armed] = []

    def add(self, rule: FaultRule) -> None:
        """Arm a rule, after those that are armed already."""
        self._armed.append(_Armed(rule))

    def remove(self, rule: FaultRule) -> int:
        """Disarm this very rule; return how often it has struck."""
        found = next(armed for armed in self._armed if armed.rule is rule)
        self._armed.remove(found)
        return found.struck

    def clear(self) -> None:
        """Disarm all rules."""
        self._armed.clear()

    def strike(self, call: Sighting, now: datetime) -> FaultRule | None:
        """Return the first rule that hits this call, and count it; None when none does."""
        for armed in self._armed:
            if armed.matches(call) and armed.strikes(now):
                return armed.rule
        return None
