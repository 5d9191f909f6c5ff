"""What a scrape of many credentials costs, against one of few: `make bench`.

Beside it what it costs to look through a secret, and through an account's objects, of
twice the size. It prints medians and their ratio and fails nothing: a machine that does
something else meanwhile measures that, too. Both sizes are measured in turns, in one run.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from contextlib import ExitStack, closing, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
from prometheus_client import generate_latest

from rotator.core.tallies import AgeLimits
from rotator.journal.opening import open_journal
from rotator.telemetry.clock import SystemChance, monotonic_seconds
from rotator.telemetry.prometheus import PrometheusTelemetry
from rotator.telemetry.state import StateCollector
from rotator.testing.builders import EPOCH
from rotator.testing.manual_clock import ManualClock
from rotator.web.probes import create_app
from rotator.web.server import WebServer
from tests.bench import searching
from tests.bench.estate import RULE_NAMES, build
from tests.journal.journals import journal_url

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from prometheus_client import CollectorRegistry

SIZES = (100, 10_000)
ROUNDS = 60
LEAST_LINES = 500
WARM_UP = 5
MAX_AGE = timedelta(days=90)
LIMITS = AgeLimits(by_rule=dict.fromkeys(RULE_NAMES, MAX_AGE), otherwise=MAX_AGE)


def main() -> None:
    """Measure, and print."""
    with tempfile.TemporaryDirectory(prefix="rotator-bench-") as name, ExitStack() as stack:
        registries = {size: stack.enter_context(_installed(Path(name), size)) for size in SIZES}
        _report("in the process", {size: _direct(of) for size, of in registries.items()})
        served = {size: stack.enter_context(_served(of)) for size, of in registries.items()}
        _report("over HTTP", served)
    for name, searches in searching.searches().items():
        _compare(name, searches)


@contextmanager
def _installed(folder: Path, size: int) -> Iterator[CollectorRegistry]:
    """Give what a daemon on a journal of that size exports of its state."""
    home = folder / str(size)
    home.mkdir()
    build(home, size)
    opened = open_journal(journal_url(home), chance=SystemChance(), exclusive=True)
    with closing(opened) as journal:
        telemetry = PrometheusTelemetry(ManualClock(EPOCH))
        telemetry.registry.register(
            StateCollector(
                journal,
                ManualClock(EPOCH),
                limits=lambda: LIMITS,
                stale_after=timedelta(hours=18),
                log="bench",
            )
        )
        yield telemetry.registry


def _direct(registry: CollectorRegistry) -> Callable[[], int]:
    return lambda: generate_latest(registry).count(b"\n")


@contextmanager
def _served(registry: CollectorRegistry) -> Iterator[Callable[[], int]]:
    telemetry = PrometheusTelemetry(ManualClock(EPOCH))
    app = create_app(live={}, ready={}, registry=registry, telemetry=telemetry)
    server = WebServer(app, host="127.0.0.1", port=0)
    url = f"http://127.0.0.1:{server.start()}/metrics"
    with httpx.Client(trust_env=False, timeout=30) as client:
        yield lambda: client.get(url).raise_for_status().content.count(b"\n")
    server.stop()


def _medians(works: Mapping[int, Callable[[], int]]) -> dict[int, float]:
    """Time each size in turns."""
    seconds: dict[int, list[float]] = {size: [] for size in works}
    for number in range(WARM_UP + ROUNDS):
        for size, work in works.items():
            began = monotonic_seconds()
            work()
            if number >= WARM_UP:
                seconds[size].append(monotonic_seconds() - began)
    return {size: statistics.median(found) for size, found in seconds.items()}


def _compare(name: str, works: Mapping[int, Callable[[], int]]) -> None:
    medians = _medians(works)
    few, many = medians
    sys.stdout.write(
        f"{name:28} {many / few:.0f} times as much takes {medians[many] / medians[few]:.2f} times\n"
    )


def _report(where: str, scrapes: Mapping[int, Callable[[], int]]) -> None:
    lines = {size: scrape() for size, scrape in scrapes.items()}
    assert min(lines.values()) > LEAST_LINES, "the journal was not read"
    medians = _medians(scrapes)
    for size, median in medians.items():
        sys.stdout.write(f"{where:14} {size:6} credentials {median * 1e3:6.1f} ms\n")
    few, many = SIZES
    sys.stdout.write(
        f"{where:14} {lines[many]:6} lines, ratio {medians[many] / medians[few]:.2f}\n"
    )


if __name__ == "__main__":
    main()
