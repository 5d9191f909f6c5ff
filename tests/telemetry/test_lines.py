"""Log lines are counted by level, ours and those of libraries, and only once."""

from __future__ import annotations

import io
import logging
from typing import TYPE_CHECKING

import pytest

from rotator.telemetry.lines import count_line
from rotator.telemetry.logs import configure_logs
from rotator.telemetry.prometheus import PrometheusTelemetry
from rotator.testing.builders import EPOCH
from rotator.testing.manual_clock import ManualClock
from tests.telemetry.exports import value

if TYPE_CHECKING:
    from collections.abc import Iterator

LEVELS = ("debug", "info", "warning", "error", "critical")


@pytest.fixture
def telemetry() -> Iterator[PrometheusTelemetry]:
    """Give a telemetry that logs from INFO on, and leave logging as it was."""
    root = logging.getLogger()
    before = (root.level, root.handlers[:])
    configure_logs(stream=io.StringIO())
    yield PrometheusTelemetry(ManualClock(EPOCH), is_strict=True)
    root.setLevel(before[0])
    root.handlers[:] = before[1]


def counts(telemetry: PrometheusTelemetry) -> dict[str, float]:
    found = {level: value(telemetry, "rotator_log_messages_total", level=level) for level in LEVELS}
    return {level: count for level, count in found.items() if count is not None}


def test_every_line_that_is_written_is_counted_once(telemetry: PrometheusTelemetry) -> None:
    before = counts(telemetry)

    telemetry.log("debug", "not written")
    telemetry.log("error", "audit sink failed")
    logging.getLogger("some.library").warning("retrying")

    after = counts(telemetry)
    assert {level: after[level] - before[level] for level in LEVELS} == {
        "debug": 0,
        "info": 0,
        "warning": 1,
        "error": 1,
        "critical": 0,
    }


def test_a_line_of_a_level_that_nobody_knows_passes_uncounted(
    telemetry: PrometheusTelemetry,
) -> None:
    before = counts(telemetry)

    assert count_line(None, "", {"level": "loud", "event": "x"}) == {"level": "loud", "event": "x"}
    assert count_line(None, "", {"event": "x"}) == {"event": "x"}

    assert counts(telemetry) == before
