from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from rotator.core.api_keys import ApiKey, KeyStatus
from rotator.core.ids import KeyId
from rotator.core.pruning import Chosen, judge
from tests.builders import EPOCH, at

NOW = at(days=100)
BOTH = Chosen(unused=timedelta(days=30), expired=True)
USED = {"is_use_told": True, "created_at": EPOCH}


@pytest.mark.parametrize(
    ("told", "ends", "why"),
    [
        ({"status": KeyStatus.EXPIRED}, True, "expired"),
        ({"expires_at": NOW}, True, "expired"),
        ({"expires_at": at(days=101), **USED, "last_used_at": NOW}, False, "used within 30d"),
        ({**USED}, True, "never used"),
        ({**USED, "last_used_at": at(days=70)}, True, "not used for 30d"),
        ({**USED, "last_used_at": at(days=71)}, False, "used within 30d"),
        ({**USED, "created_at": at(days=71)}, False, "younger than 30d"),
        ({"is_use_told": True}, False, "its age is not told"),
        ({"created_at": EPOCH}, False, "its use is not told"),
        ({"created_at": EPOCH, "last_used_at": EPOCH}, False, "its use is not told"),
    ],
)
def test_only_what_is_surely_superfluous_is_ended(
    told: dict[str, Any],
    ends: bool,  # noqa: FBT001 - a column of the table
    why: str,
) -> None:
    key = ApiKey(key_id=KeyId("k"), **told)

    found = judge(key, BOTH, NOW)

    assert (found.ends, found.why) == (ends, why)


def test_what_was_not_chosen_is_kept() -> None:
    expired = ApiKey(key_id=KeyId("k"), status=KeyStatus.EXPIRED)
    unused = ApiKey(key_id=KeyId("k"), is_use_told=True, created_at=EPOCH)

    assert not judge(unused, Chosen(expired=True), NOW).ends
    assert not judge(expired, Chosen(unused=timedelta(days=30)), NOW).ends
    assert not judge(expired, Chosen(), NOW).ends


def test_a_key_that_is_spared_is_kept_whatever_it_is() -> None:
    key = ApiKey(key_id=KeyId("k"), status=KeyStatus.EXPIRED)

    found = judge(key, BOTH, NOW, spared="rotator is admitted by it")

    assert (found.ends, found.why) == (False, "rotator is admitted by it")
