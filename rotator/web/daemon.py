"""The running daemon's probes and metrics, served for the length of a ``with``."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

from rotator.telemetry.clock import monotonic_seconds
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
    from collections.abc import Iterator, Mapping

    from rotator.app import App
    from rotator.web.checks import Check

_SILENT_SWEEPS = 12
_LEAST_SILENCE = timedelta(minutes=1)
_MISSED_SCANS = 3


@contextmanager
def serving(app: App) -> Iterator[str]:
    """Serve the app's probes and metrics, and yield the address.

    Raises:
        FatalError: The address is taken.
    """
    web = app.settings.web
    surface = create_app(
        live=live_checks(app),
        ready=ready_checks(app),
        registry=app.telemetry.registry,
        telemetry=app.telemetry,
    )
    server = WebServer(surface, host=web.host, port=web.port)
    port = server.start()
    url = f"http://{web.host}:{port}"
    app.telemetry.log("info", "probes served", url=url)
    try:
        yield url
    finally:
        server.stop()


def live_checks(app: App) -> Mapping[str, Check]:
    """What a restart of the process can heal."""
    limit = max(app.settings.engine.sweep_interval * _SILENT_SWEEPS, _LEAST_SILENCE)
    return {"engine": ticking(app.engine.last_tick, monotonic=monotonic_seconds, limit=limit)}


def ready_checks(app: App) -> Mapping[str, Check]:
    """What work needs."""
    limits, engine = app.settings.limits, app.settings.engine
    return {
        "journal": journal_readable(app.journal, app.clock),
        "audit": audit_open(app.sealer, app.clock, app.sealer.failing),
        "clock": clock_agrees(lambda: app.skew.latest, limit=limits.clock_skew),
        "scan": scanned_recently(
            app.telemetry.last_scan_at, app.clock, limit=engine.scan_interval * _MISSED_SCANS
        ),
    }
