"""A name tells the lineage and the rotation, exactly."""

from __future__ import annotations

import pytest

from rotator.core.ids import RotationId
from rotator.core.lineages import Lineage, lineage, successor
from rotator.errors import RejectedError

ROTATION = RotationId("00000000-0000-0000-0000-0000000a11ce")


@pytest.mark.parametrize("base", ["ci", "Company A", "a.b", "ci.rotator", "naïve/ü", "two\nlines"])
def test_a_name_of_ours_is_read_back(base: str) -> None:
    assert lineage(successor(base, ROTATION)) == Lineage(base=base, rotation=ROTATION)


@pytest.mark.parametrize(
    "name",
    [
        "ci",
        f".rotator-{ROTATION}",
        f"ci.rotator-{ROTATION}x",
        f"ci.rotator-{ROTATION}\n",
        f"ci.rotator-{ROTATION}".upper(),
        f"ci.rotator-{ROTATION[:-1]}",
        f"ci-rotator-{ROTATION}",
        "ci.rotator-",
    ],
)
def test_any_other_name_is_a_lineage_of_its_own(name: str) -> None:
    assert lineage(name) == Lineage(base=name)


def test_only_the_last_ending_is_ours() -> None:
    nested = successor(successor("ci", ROTATION), ROTATION)

    assert lineage(nested).base == successor("ci", ROTATION)


def test_a_name_that_would_be_too_long_is_refused_before_anything_is_sent() -> None:
    longest = "n" * (255 - len(f".rotator-{ROTATION}"))
    assert len(successor(longest, ROTATION)) == 255
    with pytest.raises(RejectedError) as caught:
        successor(longest + "n", ROTATION)

    assert caught.value.code == "name_too_long"
