"""The commands by which the manual loads the rules do what it says."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING

import pytest
import yaml

from tests.alerts.promtool import FILES, RUNBOOKS, alerts, check
from tests.alerts.stack import WIKI, program
from tests.gates.tree import ROOT

if TYPE_CHECKING:
    from pathlib import Path

PAGE = (ROOT / "docs" / "alerts.md").read_text(encoding="utf-8")


@pytest.fixture
def told(tmp_path: Path) -> str:
    """Run what the page says, in a copy; returns what the cluster is told."""
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "alerts").symlink_to(ROOT / "config" / "alerts")
    commands = "\n".join(re.findall(r"^```sh\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE))
    done = subprocess.run(
        [program("bash"), "-euo", "pipefail", "-c", f"kubectl() {{ cat; echo ---; }}\n{commands}"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return done.stdout


def test_the_copies_are_rules_whose_links_lead_to_our_pages(told: str, tmp_path: Path) -> None:
    copies = sorted((tmp_path / "alerts").iterdir())
    texts = "".join(copy.read_text(encoding="utf-8") for copy in copies)

    assert told
    assert [copy.name for copy in copies] == [file.name for file in FILES]
    assert check(copies) == ""
    assert RUNBOOKS not in texts
    assert texts.count(f"runbook_url: {WIKI}") == len(alerts())


def test_the_operator_is_given_every_group_of_every_file(told: str) -> None:
    given = [document for document in yaml.safe_load_all(told) if document]
    groups = [yaml.safe_load(file.read_text(encoding="utf-8"))["groups"] for file in FILES]

    assert [document["kind"] for document in given] == ["PrometheusRule"] * len(FILES)
    assert [len(document["spec"]["groups"]) for document in given] == list(map(len, groups))
    assert [document["metadata"]["name"] for document in given] == [
        f"rotator-{file.stem}" for file in FILES
    ]


def test_every_alert_that_the_page_names_exists() -> None:
    named = set(re.findall(r"`(Rotator\w+)`", PAGE)) - {"RotatorAbsent.md"}

    assert named
    assert named <= set(alerts())


def test_every_file_of_rules_is_on_the_page() -> None:
    named = re.findall(r"^\| `(\w+\.yaml)` \|", PAGE, re.MULTILINE)

    assert sorted(named) == [file.name for file in FILES]


def test_what_the_page_hushes_are_alerts() -> None:
    rules = next(
        text
        for text in re.findall(r"^```yaml\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
        if "inhibit" in text
    )
    names = set(alerts())
    for rule in yaml.safe_load(rules)["inhibit_rules"]:
        for matcher in (*rule["source_matchers"], *rule["target_matchers"]):
            label, sign, wanted = matcher.split(" ", 2)
            assert label == "alertname"
            assert sign in {"=", "=~"}
            assert [name for name in names if re.fullmatch(wanted.strip('"'), name)]
