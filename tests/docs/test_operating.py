"""The page for operators names the permissions, reasons and settings that exist."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path

from rotator.core.reasons import Reason
from rotator.destinations.aws_secrets_manager.config import PERMISSIONS as DESTINATION
from rotator.providers.aws_iam import PERMISSIONS as PROVIDER

TEXT = (Path(__file__).parents[2] / "docs" / "operating.md").read_text(encoding="utf-8")


def rows(heading: str) -> list[list[str]]:
    section = TEXT.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    lines = [line for line in section.splitlines() if line.startswith("|")][2:]
    return [line.strip("|").split("|") for line in lines]


def test_the_permissions_on_the_page_are_those_that_the_adapters_ask_for() -> None:
    asked: dict[str, set[str]] = defaultdict(set)
    for table in (PROVIDER, DESTINATION):
        for feature, actions in table.items():
            asked[feature] |= set(actions)

    told = {
        feature.strip().strip("`"): set(re.findall(r"`([a-z]+:[A-Za-z]+)`", actions))
        for feature, actions in rows("Permissions")
    }

    assert told == asked


def test_every_reason_on_the_page_exists() -> None:
    named = {word for row in rows("At night") for word in re.findall(r"`([a-z_]+)`", row[0])}

    assert named
    assert named <= {reason.value for reason in Reason}
