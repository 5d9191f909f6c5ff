"""How many log lines were written: one count for the process, as there is one log."""

from __future__ import annotations

from typing import TYPE_CHECKING

import prometheus_client

from rotator.telemetry.metrics import LOG_MESSAGES

if TYPE_CHECKING:
    from collections.abc import Iterable, MutableMapping

    from prometheus_client import Metric
    from structlog.typing import EventDict, WrappedLogger

_LINES = prometheus_client.Counter(
    LOG_MESSAGES.name, LOG_MESSAGES.meaning, LOG_MESSAGES.labels, registry=None
)
_BY_LEVEL = {level: _LINES.labels(level) for (level,) in LOG_MESSAGES.known}


def count_line(
    logger: WrappedLogger, method_name: str, event_dict: MutableMapping[str, object]
) -> EventDict:
    """Count a line under its level and pass it on (a structlog processor that cannot fail)."""
    del logger, method_name
    counted = _BY_LEVEL.get(str(event_dict.get("level")))
    if counted is not None:
        counted.inc()
    return dict(event_dict)


class LineCollector(prometheus_client.registry.Collector):
    """Exports the count in whichever registry it is put."""

    def collect(self) -> Iterable[Metric]:
        """Give the count as it is now."""
        return _LINES.collect()
