"""The campaign that a sceptic runs: every cell, every pair, freezes, lives, mutants.

``python -m tests.simulation.chaos --seconds 900`` prints what was reached of how
much there is, and what was found. A failure is lived again by its handle:
``python -m tests.simulation.chaos --replay pair:twice:12:40``.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from functools import partial
from itertools import count, islice
from multiprocessing import get_context
from pathlib import Path
from random import Random, SystemRandom
from typing import TYPE_CHECKING

from rotator.journal.opening import upgrade_journal
from tests.postgres import shared_server
from tests.simulation import matrix, scenes
from tests.simulation.campaign import undisturbed
from tests.simulation.faults import Fault, can_strike
from tests.simulation.interleaved import FREEZES
from tests.simulation.journals import SqlVolume
from tests.simulation.lives import Outcome, live
from tests.simulation.mutants import MUTANTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from multiprocessing.pool import Pool

FIRST_BATCH = 8
BATCH = 200
"""Lives between two looks at the clock; fewer at first, so that a short campaign is short."""

STAGES = ("cells", "points", "freezes", "lives", "pairs", "mutants")
PROGRESS_EVERY = 30.0
"""Seconds between two lines about a long stage."""

MOST_SHOWN = 20


@dataclass(slots=True)
class Tally:
    """What one stage came to.

    Attributes:
        of: How many lives there are to live; 0 without a bound.
        reached: Lives in which everything struck that was meant to.
        missed: Handles of the others.
        crashes: Power cuts and restores.
    """

    name: str
    of: int = 0
    lives: int = 0
    reached: int = 0
    missed: list[str] = field(default_factory=list)
    crashes: int = 0
    points: int = 0
    checks: int = 0
    seconds: float = 0.0
    violations: list[str] = field(default_factory=list)

    def add(self, outcome: Outcome) -> None:
        """Take one life's outcome."""
        self.lives += 1
        self.points += outcome.points
        self.checks += outcome.checks
        self.crashes += sum(cell.fault in _CRASHES for cell in outcome.struck)
        self.violations += [f"{outcome.handle}: {item}" for item in outcome.violations]
        if outcome.is_reached:
            self.reached += 1
        else:
            self.missed.append(outcome.handle)


_CRASHES = frozenset({Fault.CUT, Fault.JOURNAL_RESTORED})
_volumes: dict[str, SqlVolume] = {}
_open = ExitStack()

Job = tuple[str, tuple[str, ...]]
"""A journal's name, and handles of which the first that reaches its points counts."""


def _play(job: Job, folder: str) -> Outcome:
    """Live until a life reaches what it is meant to, in a worker."""
    journal, handles = job
    outcome = live(handles[0], _volume(journal, folder))
    for handle in handles[1:]:
        if outcome.is_reached or outcome.violations:
            break
        outcome = live(handle, _volume(journal, folder))
    return outcome


def _volume(journal: str, folder: str) -> SqlVolume | None:
    """Return this worker's own database, made when it is first asked for."""
    if journal == "memory":
        return None
    if journal not in _volumes:
        _volumes[journal] = SqlVolume(_database(journal, Path(folder)))
    return _volumes[journal]


def _database(journal: str, folder: Path) -> str:
    if journal == "postgres":
        place = folder / "postgres"
        place.mkdir(exist_ok=True)
        return _open.enter_context(shared_server(place)).new_database()
    url = f"sqlite:///{folder / f'{os.getpid()}.db'}"
    upgrade_journal(url)
    return url


# What there is to live.


def cell_jobs(journal: str) -> Iterator[Job]:
    """List every cell, in the plainest scene that comes to its point."""
    for number, cell in enumerate(matrix.cells()):
        homes = [name for name in matrix.SCENES if cell.point in matrix.places(name)]
        yield journal, tuple(f"cell:{name}:{number}" for name in homes)


def pair_jobs(journal: str, dice: Random) -> Iterator[Job]:
    """List every ordered pair, shuffled."""
    cells = matrix.paired()
    pairs = [(first, second) for first in range(len(cells)) for second in range(len(cells))]
    dice.shuffle(pairs)
    for first, second in pairs:
        homes = matrix.homes(cells[first], cells[second])
        yield journal, tuple(f"pair:{name}:{first}:{second}" for name in homes)


def point_jobs(dice: Random) -> Iterator[Job]:
    """List every fault at every single time that a scene comes to a point, shuffled."""
    jobs = [
        ("memory", (f"point:{name}:{number}:{fault.name}",))
        for name in scenes.SCENES
        for number, point in enumerate(undisturbed(name).points.reached)
        for fault in Fault
        if can_strike(fault, point)
    ]
    dice.shuffle(jobs)
    return iter(jobs)


def freeze_jobs(dice: Random) -> Iterator[Job]:
    """List every point of some scenes with every length of a pause, shuffled."""
    jobs = [
        ("memory", (f"freeze:{name}:{number}:{length}",))
        for name in ("plain", "without-marks", "human-rolls-back", "merging")
        for number in range(len(undisturbed(name).points.reached))
        for length in range(len(FREEZES))
    ]
    dice.shuffle(jobs)
    return iter(jobs)


def life_jobs(journal: str, seed: int) -> Iterator[Job]:
    """Go on with random lives for ever."""
    return ((journal, (f"life:{number}",)) for number in count(seed))


# Living it.


@dataclass(slots=True)
class Run:
    """One campaign, with its workers and its time."""

    pool: Pool
    folder: str
    ends_at: float
    tallies: list[Tally] = field(default_factory=list)
    mutants: dict[str, tuple[int, str]] = field(default_factory=dict)
    found_beside: list[str] = field(default_factory=list)

    def stage(self, name: str, jobs: Iterator[Job], *, of: int, share: float) -> None:
        """Live as many of these lives as the stage's share of the time allows."""
        tally, told = Tally(name, of=of), 0.0
        began, left = time.monotonic(), self.ends_at - time.monotonic()
        until = began + left * share
        play = partial(_play, folder=self.folder)
        _say(f"{name} ...")
        size = FIRST_BATCH
        while batch := list(islice(jobs, size)):
            size = min(2 * size, _batch(name))
            for outcome in self.pool.imap_unordered(play, batch, chunksize=4):
                tally.add(outcome)
                for violation in outcome.violations:
                    _say(f"VIOLATION {outcome.handle}: {violation}")
            tally.seconds = time.monotonic() - began
            if time.monotonic() > until:
                break
            if tally.seconds > told + PROGRESS_EVERY:
                told = tally.seconds
                _say(f"  {_line(tally)}")
        tally.seconds = time.monotonic() - began
        self.tallies.append(tally)
        _say(_line(tally))

    def hunt(self, seed: int, *, share: float) -> None:
        """Live with each mutant until it is found, each for an equal part of the time."""
        began, left = time.monotonic(), self.ends_at - time.monotonic()
        each = left * share / len(MUTANTS)
        for name in MUTANTS:
            self.mutants[name] = self._caught(name, seed, time.monotonic() + each)
            lives, how = self.mutants[name]
            found = f"found in {lives} lives, {how}" if how else f"NOT FOUND in {lives} lives"
            _say(f"mutant {name}: {found}")
        _say(f"mutants took {time.monotonic() - began:.0f} s")

    def _caught(self, name: str, seed: int, until: float) -> tuple[int, str]:
        """Say in which life it was found and how; each life has three processes."""
        numbers = count(seed)
        play = partial(_play, folder=self.folder)
        lives, size = 0, FIRST_BATCH
        while time.monotonic() < until:
            jobs = [("memory", (f"mutant:{name}:{next(numbers)}",)) for _ in range(size)]
            size = min(2 * size, BATCH)
            for outcome in self.pool.imap(play, jobs, chunksize=4):
                lives += 1
                if outcome.violations and self._is_the_mutants(outcome):
                    return lives, outcome.violations[0]
        return lives, ""

    def _is_the_mutants(self, outcome: Outcome) -> bool:
        """Whether the same life without the mutation is clean; if not, that is a find itself."""
        clean = live(f"crowd:{outcome.handle.rpartition(':')[2]}")
        for violation in clean.violations:
            _say(f"VIOLATION {clean.handle}: {violation}")
            self.found_beside.append(f"{clean.handle}: {violation}")
        return not clean.violations

    @property
    def is_clean(self) -> bool:
        """Whether nothing was found but the mutants, and all of those."""
        is_found = all(how for _, how in self.mutants.values())
        is_marred = any(tally.violations or tally.missed for tally in self.tallies)
        return is_found and not is_marred and not self.found_beside


def campaign(run: Run, seed: int, journals: Iterable[str], stages: frozenset[str]) -> None:
    """Go through the stages that were asked for; a share is of the time that is left."""
    dice = Random(seed)
    cells, pairs = len(matrix.cells()), len(matrix.paired()) ** 2
    points, freezes = list(point_jobs(dice)), list(freeze_jobs(dice))
    for journal in journals:
        is_quick = journal == "memory"
        if "cells" in stages:
            run.stage(f"{journal}: cells", cell_jobs(journal), of=cells, share=0.3)
        if "points" in stages and is_quick:
            run.stage("memory: every point", iter(points), of=len(points), share=0.1)
        if "freezes" in stages and is_quick:
            run.stage("memory: freezes", iter(freezes), of=len(freezes), share=0.1)
        if "lives" in stages:
            run.stage(f"{journal}: lives", life_jobs(journal, seed), of=0, share=0.1)
        if "pairs" in stages and not is_quick:
            run.stage(f"{journal}: pairs", pair_jobs(journal, dice), of=pairs, share=0.1)
    if "mutants" in stages:
        run.hunt(seed, share=0.3 if "pairs" in stages else 1.0)
    if "pairs" in stages and "memory" in journals:
        run.stage("memory: pairs", pair_jobs("memory", dice), of=pairs, share=1.0)


def _line(tally: Tally) -> str:
    reached = f"{tally.reached:,}" + (f" of {tally.of:,}" if tally.of else "")
    part = f" ({tally.reached / tally.of:.1%})" if tally.of else ""
    return (
        f"{tally.name}: {reached}{part} in {tally.seconds:.0f} s; {tally.crashes:,} crashes, "
        f"{tally.points:,} points, {tally.checks:,} checks, "
        f"{len(tally.violations)} violations, {len(tally.missed)} not reached"
    )


def _batch(name: str) -> int:
    """Say how many lives to live before the next look at the clock; on a disk they take longer."""
    return BATCH if name.startswith("memory") else BATCH // 10


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _report(run: Run, seed: int) -> dict[str, object]:
    return {
        "seed": seed,
        "stages": [asdict(tally) for tally in run.tallies],
        "mutants": {
            name: {"lives": lives, "found": how} for name, (lives, how) in run.mutants.items()
        },
    }


def main(arguments: list[str] | None = None) -> int:
    """Run the campaign, or live one life again; 1 when something was found."""
    parser = argparse.ArgumentParser(description=__doc__, prog="make chaos")
    parser.add_argument("--seconds", type=float, default=600.0, help="how long, about")
    parser.add_argument("--seed", type=int, default=None, help="drawn and printed if not given")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 2)
    parser.add_argument("--journals", default="memory,sqlite,postgres")
    parser.add_argument("--stages", default=",".join(STAGES), help="some of them only")
    parser.add_argument("--json", type=Path, default=None, help="write every figure here")
    parser.add_argument("--replay", default="", help="live one life again, by its handle")
    given = parser.parse_args(arguments)
    if given.replay:
        return _again(given.replay)
    seed = SystemRandom().randrange(10**6) if given.seed is None else given.seed
    _say(f"seed {seed}, {given.seconds:.0f} s, {given.jobs} workers, {given.journals}")
    with (
        tempfile.TemporaryDirectory(prefix="rotator-chaos-") as folder,
        get_context("fork").Pool(given.jobs) as pool,
    ):
        run = Run(pool, folder, time.monotonic() + given.seconds)
        campaign(run, seed, given.journals.split(","), frozenset(given.stages.split(",")))
    if given.json:
        given.json.write_text(json.dumps(_report(run, seed), indent=1, default=str), "utf-8")
    for tally in run.tallies:
        for violation in tally.violations[:MOST_SHOWN]:
            _say(f"VIOLATION {violation}")
        if tally.missed and tally.of:
            _say(f"{tally.name}, not reached: {', '.join(tally.missed[:MOST_SHOWN])}")
    _say("clean" if run.is_clean else "NOT clean")
    return 0 if run.is_clean else 1


def _again(handle: str) -> int:
    outcome = live(handle)
    for cell in outcome.struck:
        _say(f"struck: {cell}")
    for violation in outcome.violations:
        _say(f"VIOLATION {violation}")
    return 1 if outcome.violations else 0


if __name__ == "__main__":
    sys.exit(main())
