"""The demonstration itself: the real daemon, HTTP, 120 days, against the golden table."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from rotator.cli.demo.estate import CAST
from rotator.cli.main import cli

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.process

GOLDEN = {
    "svc-fresh": ("rotated", 1),
    "svc-billing": ("rotated", 2),
    "svc-legacy": ("held", 0),
    "svc-twins": ("held", 0),
    "jane.doe": ("reported", 0),
    "batch-export": ("reported", 0),
    "svc-checkout": ("rotated", 2),
    "svc-throttled": ("rotated", 2),
}


def test_everyone_ends_as_the_golden_table_says_and_no_consumer_is_refused(
    tmp_path: Path,
) -> None:
    result = CliRunner().invoke(cli, ["demo", "--json", "--keep", str(tmp_path)])

    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert {line["name"]: (line["ends"], line["rotations"]) for line in told["lines"]} == GOLDEN
    assert [line["refusals"] for line in told["lines"]] == [0] * len(CAST)
    assert told["isAsExpected"]
    reasons = {line["name"]: line["reason"] for line in told["lines"]}
    assert "still used after the longest grace" in reasons["svc-legacy"]
    assert "every key slot is taken" in reasons["svc-twins"]
    assert (tmp_path / "audit.jsonl").read_text().count("\n") == told["audit_records"]
