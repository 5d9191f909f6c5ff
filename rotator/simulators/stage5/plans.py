"""What a workspace pays for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Plan = Literal["starter", "business", "enterprise"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanLimits:
    """What a plan includes.

    Attributes:
        active_keys: How many access keys may be active; None for any number.
        has_usage: Usage statistics are told.
        longest_days: An expiry that is further away is drawn near, without a word.
        needs_expiry: A key without an expiry is refused.
    """

    active_keys: int | None
    has_usage: bool = True
    longest_days: int | None = None
    needs_expiry: bool = False


PLANS: dict[Plan, PlanLimits] = {
    "starter": PlanLimits(active_keys=3, has_usage=False),
    "business": PlanLimits(active_keys=50, longest_days=365),
    "enterprise": PlanLimits(active_keys=None, longest_days=180, needs_expiry=True),
}
