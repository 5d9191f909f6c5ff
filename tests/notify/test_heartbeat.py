"""The dead man's switch is called after a scan that succeeded everywhere, and blocks nothing."""

from __future__ import annotations

import pytest

from rotator.core.secret import Secret
from rotator.notify.heartbeat import Heartbeat
from tests.notify.bench import Bench, Receiver, client, reply


@pytest.mark.parametrize(
    ("is_complete", "status", "calls", "outcome"),
    [(True, 200, 1, "success"), (True, 500, 1, "failure"), (False, 200, 0, "")],
)
def test_it_beats_only_after_a_whole_scan(
    *, is_complete: bool, status: int, calls: int, outcome: str
) -> None:
    receiver, bench = Receiver(answers=[reply(status)]), Bench({})
    with receiver.served(bench.clock) as url, client(url, bench.clock) as made:
        switch = Heartbeat(made, Secret(f"{url}/ping/uuid"), bench.telemetry)
        beating = Bench({}, heartbeat=switch, telemetry=bench.telemetry)
        beating.notices.beat(is_complete=is_complete)

    assert [(it.method, it.path) for it in receiver.got] == [("GET", "/ping/uuid")] * calls
    assert bench.telemetry.counts == [("heartbeats", {"outcome": outcome})] * calls


def test_without_one_nothing_beats() -> None:
    Bench({}).notices.beat(is_complete=True)
