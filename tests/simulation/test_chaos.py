"""The campaign that a sceptic runs says what it reached, and fails when something is found."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.simulation import chaos, matrix
from tests.simulation.lives import live
from tests.simulation.mutants import MUTANTS

if TYPE_CHECKING:
    from pathlib import Path

FOUND = "mutant:no grace:1"
CLEAN = "life:1000"


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `make chaos`'s command in a process of its own: it forks workers."""
    command = [sys.executable, "-m", "tests.simulation.chaos", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.process
def test_a_clean_campaign_prints_its_seed_and_what_it_reached_and_exits_0(tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    done = run(
        "--seconds=2",
        "--seed=1000",
        "--jobs=1",
        "--journals=memory",
        "--stages=lives",
        f"--json={report}",
    )
    assert (done.returncode, done.stderr) == (0, "")
    first, *_, last = done.stdout.splitlines()
    assert first == "seed 1000, 2 s, 1 workers, memory"
    assert "memory: lives: " in done.stdout
    assert " 0 violations, 0 not reached" in done.stdout
    assert last == "clean"
    told = json.loads(report.read_text(encoding="utf-8"))
    assert told["seed"] == 1000
    (stage,) = told["stages"]
    assert stage["lives"] == stage["reached"] > 0
    assert stage["points"] > stage["lives"]


@pytest.mark.process
def test_a_violation_is_printed_and_exits_1() -> None:
    done = run(f"--replay={FOUND}")
    assert done.returncode == 1
    assert "VIOLATION I4 " in done.stdout


def test_a_clean_life_is_lived_again_and_exits_0(capsys: pytest.CaptureFixture[str]) -> None:
    assert chaos.main([f"--replay={CLEAN}"]) == 0
    told = capsys.readouterr().out.splitlines()
    assert told == [f"struck: {cell}" for cell in live(CLEAN).struck]


def test_a_tally_counts_what_was_reached_and_names_what_was_not() -> None:
    cells = enumerate(matrix.cells())
    number = next(item for item, cell in cells if cell.point in matrix.places("twice"))
    found, clean = live(FOUND), live(f"cell:twice:{number}")
    tally = chaos.Tally("a stage", of=4)
    for outcome in (found, clean):
        tally.add(outcome)
    assert (tally.lives, tally.reached, tally.missed) == (2, 2, [])
    assert tally.violations == [f"{FOUND}: {item}" for item in found.violations]
    assert tally.points == found.points + clean.points
    assert tally.checks == found.checks + clean.checks


def test_every_cell_is_lived_on_every_journal() -> None:
    for journal in ("memory", "postgres"):
        jobs = list(chaos.cell_jobs(journal))
        assert len(jobs) == len(matrix.cells())
        assert {name for name, _ in jobs} == {journal}
        assert all(handles for _, handles in jobs)


def test_a_campaign_is_clean_only_if_every_mutant_was_found() -> None:
    def campaign(**found: str) -> chaos.Run:
        mutants = {name: (1, found.get(name.replace(" ", "_"), "I1")) for name in MUTANTS}
        return chaos.Run(None, "", 0.0, mutants=mutants)  # type: ignore[arg-type]

    assert campaign().is_clean
    assert not campaign(no_fence="").is_clean
