"""What the auditor reads of why an old key could be ended."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from rotator.core.facts import UNREAD, Known, Observation
from rotator.core.grounds import grounds
from rotator.core.rotation import Phase
from rotator.core.terms import Terms, Traits
from tests.builders import at
from tests.core.worlds import open_rotation, used

if TYPE_CHECKING:
    from rotator.core.facts import LastUsed
    from rotator.core.ids import Instant

PROMOTED = open_rotation(Phase.PROMOTED)


def told(
    old: LastUsed | None, now: Instant, *, new: LastUsed | None = None, **changes: object
) -> dict[str, object]:
    observation = Observation(
        old_use=Known(old) if old else UNREAD,
        new_use=Known(new) if new else UNREAD,
        old_gap=changes.pop("gap", None),  # type: ignore[arg-type]
    )
    terms = changes.pop("terms", Terms())
    rotation = replace(PROMOTED, **changes)  # type: ignore[arg-type]
    return dict(grounds(rotation, observation, terms, now))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("old", "now", "why"),
    [
        (used(at(hours=-1)), at(hours=25), "silence"),
        (used(at(hours=2)), at(hours=27), "silence"),
        (used(at(hours=20)), at(hours=25), "grace_over"),
        (used(at(hours=-30)), at(hours=25), "new_key_used"),
        (used(), at(hours=25), "new_key_used"),
    ],
)
def test_it_says_what_stood_for_the_proof_that_nobody_needs_the_key(
    old: LastUsed, now: Instant, why: str
) -> None:
    assert told(old, now)["allowed_by"] == why


def test_a_use_is_told_with_its_age_its_place_and_the_keys_longest_gap() -> None:
    seen = told(used(at(hours=-1)), at(hours=26), gap=timedelta(hours=5), new=used(at(hours=3)))

    assert seen == {
        "promoted_at": at().isoformat(),
        "old_last_used": at(hours=-1).isoformat(),
        "old_quiet_for": "1d3h",
        "old_last_used_by": "s3 us-east-1",
        "old_longest_gap": "5h",
        "new_last_used": at(hours=3).isoformat(),
        "allowed_by": "silence",
    }


def test_a_use_without_a_place_names_none() -> None:
    assert told(used(at(hours=-1), service="", region=""), at(days=2))["old_last_used_by"] is None


def test_an_order_needs_no_reading_and_says_so() -> None:
    seen = told(None, at(hours=1), expedited_at=at())

    assert (seen["old_last_used"], seen["allowed_by"]) == ("not read", "order")


def test_where_nobody_tells_of_uses_it_says_that_policy_took_the_risk() -> None:
    blind = Terms(traits=Traits(can_report_use=False))

    assert told(None, at(days=2), terms=blind)["allowed_by"] == "accept_blind"


def test_a_rotation_whose_promotion_was_found_late_is_dated_by_its_phase() -> None:
    assert told(None, at(days=2), promoted_at=None)["promoted_at"] == at().isoformat()
