"""Fault rules: which call goes wrong, and how."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rotator.simulators.aws.shapes import FaultKind, FaultRule

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
    tokens: float = 0
    filled_at: datetime | None = None

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
        if self.rule.kind is FaultKind.RATE_LIMIT and self._has_token(now):
            return False
        self.struck += 1
        return True

    def _has_token(self, now: datetime) -> bool:
        burst = float(self.rule.burst)
        if self.filled_at is None:
            self.tokens = burst
        else:
            gained = (now - self.filled_at).total_seconds() * self.rule.rate
            self.tokens = min(burst, self.tokens + gained)
        self.filled_at = now
        if self.tokens < 1:
            return False
        self.tokens -= 1
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
