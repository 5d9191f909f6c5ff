"""What every durable sink of the audit log promises, whatever it is made of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rotator.core.chain import GENESIS, Link, seal
from rotator.errors import RotatorError
from rotator.testing.builders import audit_record

if TYPE_CHECKING:
    from collections.abc import Callable

    from rotator.core.events import SealedRecord
    from rotator.ports.evidence import AuditSink

    Open = Callable[[], AuditSink]


def chain(count: int, *, salt: str = "") -> list[SealedRecord]:
    """Make the first records of a log; another salt makes another log."""
    link, made = GENESIS, []
    for seq in range(count):
        made.append(seal(audit_record(f"{salt}{seq}"), seq=seq, prev=link.hash, log="test"))
        link = Link(seq=seq, hash=made[-1].hash)
    return made


class AuditSinkContract:
    """Subclasses give the fixtures `open_sink`, which opens one place again, and `kept`."""

    def test_a_new_sink_is_empty(self, open_sink: Open) -> None:
        """Its last number is the one before the first."""
        assert open_sink().last().seq == -1

    def test_what_was_written_is_there_for_the_next_process(
        self, open_sink: Open, kept: Callable[[], list[str]]
    ) -> None:
        """Line for line, however it was cut into writes."""
        made = chain(5)
        open_sink().write(made[:2])
        sink = open_sink()
        sink.write(made[2:4])
        sink.write(made[4:])

        assert open_sink().last().seq == sink.last().seq == 4
        assert kept() == [record.line for record in made]

    def test_the_end_of_a_long_log_is_found(self, open_sink: Open) -> None:
        """By a process that wrote none of it."""
        sink, made = open_sink(), chain(40)
        for start in range(0, 40, 3):
            sink.write(made[start : start + 3])

        assert open_sink().last().seq == 39

    def test_another_logs_records_change_nothing(
        self, open_sink: Open, kept: Callable[[], list[str]]
    ) -> None:
        """They are refused as a whole."""
        made, other = chain(3), chain(3, salt="other")
        open_sink().write(made)
        with pytest.raises(RotatorError):
            open_sink().write(other)

        assert kept() == [record.line for record in made]
        assert open_sink().last().seq == 2
