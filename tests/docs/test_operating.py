"""The page for operators names the reasons and orders that exist."""

from __future__ import annotations

import re

from rotator.core.reasons import HALTING, Reason
from rotator.telemetry.metrics import METRICS
from tests.gates.tree import ROOT

TEXT = (ROOT / "docs" / "operating.md").read_text(encoding="utf-8")


def rows(heading: str) -> list[list[str]]:
    section = TEXT.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    lines = [line for line in section.splitlines() if line.startswith("|")][2:]
    return [line.strip("|").split("|") for line in lines]


def test_every_reason_on_the_page_exists() -> None:
    named = {word for row in rows("At night") for word in re.findall(r"`([a-z_]+)`", row[0])}

    assert named
    assert named <= {reason.value for reason in Reason}


def test_every_halt_on_the_page_is_one_and_none_is_missing() -> None:
    named = {row[0].strip().strip("`") for row in rows("Leaving a halt")}

    assert named == {*HALTING, Reason.ENABLED_BY_OPERATOR, Reason.INVARIANT}


def test_every_order_has_a_section() -> None:
    headings = set(re.findall(r"^### (.+)$", TEXT, re.MULTILINE))

    assert headings == {
        "`rotator rotations resume`",
        "`rotator rotations abort`",
        "`rotator rotations rollback`",
        "`rotator keys enable`",
        "`rotator pause`, `rotator resume`, `rotator pauses`",
    }


def test_every_metric_that_the_manual_names_is_exported() -> None:
    pages = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    named = {
        name
        for page in pages
        for name in re.findall(r"`(rotator_[a-z_]+)", page.read_text(encoding="utf-8"))
    }

    assert "rotator_credentials_held" in named
    assert named <= {metric.name for metric in METRICS}
