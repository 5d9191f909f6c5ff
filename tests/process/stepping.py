"""The app in this process, on a clock that the simulated AWS follows."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

from rotator.app import open_app
from rotator.settings.loading import load
from rotator.simulators.clock import SteppedClock
from tests.process.consumer import Consumer
from tests.process.installation import MUTATING, Installation

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rotator.app import App
    from rotator.simulators.aws.clients import SimulatedClients
    from rotator.simulators.aws.process import SimulatedAws

STEP = timedelta(hours=1)


class Stepping:
    """Does everything due once an hour, with a consumer at work in between."""

    def __init__(self, folder: Path, aws: SimulatedAws, hands: SimulatedClients) -> None:
        self.site = Installation(folder, aws, is_quick=False)
        self.consumer = Consumer(self.site, hands, "old")
        self.clock = SteppedClock(aws.now(), on_advance=aws.advance_to)
        self._app: App | None = None

    @property
    def app(self) -> App:
        assert self._app is not None, "open it first"
        return self._app

    @contextmanager
    def open(self) -> Iterator[App]:
        settings = load(self.site.file, self.site.environ)
        with open_app(settings, read_only=False, clock=self.clock) as app:
            self._app = app
            yield app

    def finish(self) -> None:
        """Go on until the consumer's user has a new key alone; a month at most."""
        self.go_on(timedelta(days=30), until_replaced=True)

    def go_on(self, period: timedelta, *, until_replaced: bool = False) -> None:
        """Work through a period, or a part of it."""
        ends = self.clock.now() + period
        self.app.once()
        while self.clock.now() < ends:
            if until_replaced and self.site.is_replaced("old"):
                return
            self.clock.advance_to(min(ends, self.clock.now() + STEP))
            self.consumer.work()
            self.app.once()

    def sent_about(self, key: str) -> list[str]:
        """Name what we sent, to any effect, about one key."""
        calls = self.site.calls(*MUTATING)
        return [call.operation for call in calls if call.access_key_id == key]

    def held(self) -> list[str]:
        """Name the reasons for which something waits for a person."""
        return [str(item.hold.reason) for item in self.app.held() if item.hold]
