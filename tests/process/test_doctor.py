"""The slot doctor as a process beside the simulated AWS: a crowded user, explained by reads."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from rotator.simulators.aws.shapes import KeySeed, UserSeed
from tests.process.installation import DAY_SECONDS, MUTATING, Installation

if TYPE_CHECKING:
    from pathlib import Path

    from rotator.simulators.aws.process import SimulatedAws

pytestmark = pytest.mark.process


def crowded(site: Installation) -> None:
    """Add a user with two old keys, neither of which is in any secret."""
    keys = tuple(
        KeySeed(
            access_key_id=f"AKIACROWDED00000000{number}",
            secret_access_key="x" * 40,
            age_seconds=80 * DAY_SECONDS,
        )
        for number in (1, 2)
    )
    site.aws.seed(site.account, users=[UserSeed(name="crowded", keys=keys)])


def test_a_principal_is_explained_from_live_readings_alone(
    aws: SimulatedAws, tmp_path: Path
) -> None:
    site = Installation(tmp_path, aws)
    site.add_user("old", days=80)
    crowded(site)

    healthy = site.run("doctor", "principal", "old", "--json")
    full = site.run("doctor", "principal", "crowded", "--json")
    missing = site.run("doctor", "principal", "crowdet")

    assert healthy.returncode == 0, healthy.stdout
    (current,) = json.loads(healthy.stdout)["keys"]
    assert current["part"] == "current"
    assert "a rotation replaces it" in current["will"]
    assert full.returncode == 3, full.stderr
    told = json.loads(full.stdout)
    assert told["safeToDelete"] == []
    assert [item["part"] for item in told["keys"]] == ["foreign", "foreign"]
    assert (missing.returncode, "did you mean crowded?" in missing.stderr) == (1, True)
    assert site.calls(*MUTATING) == []
