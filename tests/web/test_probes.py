"""The probes say what is wrong, and nothing that is nobody's business."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, NoReturn

import httpx
import pytest
from prometheus_client import CollectorRegistry, Counter
from prometheus_client.registry import Collector

from rotator.errors import UnavailableError
from rotator.testing.builders import EPOCH
from rotator.testing.manual_clock import ManualClock, SeededChance
from rotator.testing.memory_evidence import MemoryGate, QuietTelemetry
from rotator.testing.memory_journal import MemoryJournal
from rotator.web.checks import (
    audit_open,
    clock_agrees,
    journal_readable,
    scanned_recently,
    ticking,
)
from rotator.web.probes import create_app
from rotator.web.server import WebServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rotator.web.checks import Check

MINUTE = timedelta(minutes=1)


class Site:
    """A served application whose checks a test changes."""

    def __init__(self) -> None:
        self.live: dict[str, Check] = {}
        self.ready: dict[str, Check] = {}
        self.registry = CollectorRegistry()
        self.telemetry = QuietTelemetry()
        app = create_app(
            live=self.live, ready=self.ready, registry=self.registry, telemetry=self.telemetry
        )
        self._server = WebServer(app, host="127.0.0.1", port=0)
        self.client = httpx.Client(
            base_url=f"http://127.0.0.1:{self._server.start()}", trust_env=False, timeout=20
        )

    def close(self) -> None:
        self.client.close()
        self._server.stop()


@pytest.fixture(scope="module")
def served() -> Iterator[Site]:
    site = Site()
    yield site
    site.close()


@pytest.fixture
def site(served: Site) -> Site:
    served.live.clear()
    served.ready.clear()
    return served


def answering(said: str | None) -> Check:
    return lambda: said


def raising(error: Exception) -> Check:
    def check() -> str | None:
        raise error

    return check


def always(reading: float) -> Callable[[], float]:
    return lambda: reading


@pytest.mark.parametrize("path", ["/livez", "/readyz"])
def test_a_probe_is_green_when_every_check_is(site: Site, path: str) -> None:
    site.live["engine"] = site.ready["journal"] = answering(None)

    answer = site.client.get(path)

    assert answer.status_code == 200
    assert set(answer.json().values()) == {"ok"}
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_probe_says_which_check_fails_one_to_a_line(site: Site) -> None:
    site.ready["journal"] = answering(None)
    site.ready["audit"] = answering("records wait")

    answer = site.client.get("/readyz")

    assert answer.status_code == 503
    assert answer.text.splitlines() == [
        "{",
        ' "journal": "ok",',
        ' "audit": "records wait"',
        "}",
    ]


def test_liveness_does_not_ask_what_only_readiness_asks(site: Site) -> None:
    site.ready["audit"] = answering("records wait")

    assert site.client.get("/livez").status_code == 200


def test_a_check_that_breaks_has_failed_and_keeps_its_words_inside(site: Site) -> None:
    site.ready["journal"] = raising(UnavailableError("postgresql://u:pw@host", code="locked"))
    site.ready["audit"] = raising(RuntimeError("hunter2"))

    answer = site.client.get("/readyz")

    assert answer.status_code == 503
    assert answer.json() == {
        "journal": "cannot tell: locked",
        "audit": "cannot tell: RuntimeError",
    }


def test_requests_are_counted_by_route_and_code(site: Site) -> None:
    site.ready["audit"] = answering("records wait")
    before = len(site.telemetry.counts)

    for path in ("/livez", "/readyz", "/wp-login.php?x=1", "/metrics/../etc"):
        site.client.get(path)

    found = [labels for _, labels in site.telemetry.counts[before:]]
    assert found == [
        {"route": "/livez", "code": "200"},
        {"route": "/readyz", "code": "503"},
        {"route": "other", "code": "404"},
        {"route": "other", "code": "404"},
    ]


def test_a_request_that_breaks_is_counted_as_a_failure_of_ours(site: Site) -> None:
    class Broken(Collector):
        def collect(self) -> NoReturn:
            raise RuntimeError("hunter2")

    broken = Broken()
    site.registry.register(broken)
    before = len(site.telemetry.counts)

    answer = site.client.get("/metrics")
    site.registry.unregister(broken)

    assert (answer.status_code, answer.text) == (500, "Internal Server Error")
    assert site.telemetry.counts[before:] == [
        ("http_requests", {"route": "/metrics", "code": "500"})
    ]


def test_a_header_that_the_exporter_stumbles_over_gets_the_plain_form(site: Site) -> None:
    strange = {"Accept": "application/openmetrics-text; version=abc"}

    answer = site.client.get("/metrics", headers=strange)

    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/plain")


def test_metrics_are_text_for_prometheus(site: Site) -> None:
    Counter("rotator_things", "Things", registry=site.registry).inc()

    plain = site.client.get("/metrics")
    modern = site.client.get("/metrics", headers={"Accept": "application/openmetrics-text"})

    assert "rotator_things_total 1.0" in plain.text
    assert plain.headers["Content-Type"].startswith("text/plain")
    assert modern.headers["Content-Type"].startswith("application/openmetrics-text")


def test_an_engine_that_does_not_tick_is_told() -> None:
    alive = ticking(always(100.0), monotonic=always(160.0), limit=MINUTE)
    stuck = ticking(always(100.0), monotonic=always(161.0), limit=MINUTE)

    assert alive() is None
    assert stuck() == "the engine has not looked for work for 61 s"


def test_a_journal_that_answers_is_readable() -> None:
    journal = MemoryJournal(SeededChance())

    assert journal_readable(journal, ManualClock())() is None


def test_a_closed_audit_gate_is_told() -> None:
    gate = MemoryGate()
    check = audit_open(gate, ManualClock())
    assert check() is None

    gate.blocked = True

    assert "nothing is started" in (check() or "")


@pytest.mark.parametrize(
    ("skew", "said"),
    [
        (None, None),
        (MINUTE, None),
        (-MINUTE, None),
        (MINUTE + timedelta(seconds=1), "our clock is 61 s off the provider's"),
        (-2 * MINUTE, "our clock is -120 s off the provider's"),
    ],
)
def test_a_clock_that_is_off_is_told(skew: timedelta | None, said: str | None) -> None:
    assert clock_agrees(lambda: skew, limit=MINUTE)() == said


def test_scans_that_fail_for_too_long_are_told() -> None:
    clock, last = ManualClock(EPOCH), [None, EPOCH + MINUTE]
    never = scanned_recently(lambda: last[0], clock, limit=MINUTE)
    once = scanned_recently(lambda: last[1], clock, limit=MINUTE)

    clock.advance(MINUTE)
    assert never() is None
    clock.advance(MINUTE)
    assert never() == "no scan has succeeded for 120 s"
    assert once() is None
