"""The engine that carries our own work."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rotator.engines.embedded import EmbeddedEngine, EmbeddedSettings
from rotator.telemetry.clock import monotonic_seconds

if TYPE_CHECKING:
    from collections.abc import Callable

    from rotator.ports.engine import Work
    from rotator.settings.settings import Settings
    from rotator.telemetry.prometheus import PrometheusTelemetry


def embedded_engine(
    settings: Settings,
    work: Work,
    telemetry: PrometheusTelemetry,
    on_idle: Callable[[], None] | None,
) -> EmbeddedEngine:
    """Make the engine that carries our own work."""
    engine = settings.engine
    return EmbeddedEngine(
        work,
        telemetry,
        monotonic=monotonic_seconds,
        settings=EmbeddedSettings(
            sweep_interval=engine.sweep_interval,
            scan_interval=engine.scan_interval,
            reload_interval=engine.sweep_interval,
            workers=engine.workers,
        ),
        on_idle=on_idle,
    )
