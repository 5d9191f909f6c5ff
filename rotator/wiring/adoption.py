"""What says what adopting would come to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rotator.reconcile.adoption_plan import AdoptionPlanner

if TYPE_CHECKING:
    from rotator.reconcile.parts import Parts
    from rotator.reconcile.scan import Scanner
    from rotator.settings.settings import Settings


def adoption_planner(settings: Settings, parts: Parts, scanner: Scanner) -> AdoptionPlanner:
    """Make the plan of adoption by the policy that is in force now."""
    return AdoptionPlanner(
        parts=parts,
        scanner=scanner,
        policy=settings.policy,
        regions=settings.aws.consumer_regions,
    )
