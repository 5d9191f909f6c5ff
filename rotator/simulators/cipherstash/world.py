"""What the parts of the simulated CipherStash share."""

from __future__ import annotations

import threading
from collections import deque
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from rotator.simulators.cipherstash.shapes import Call, FaultRule, Settings
from rotator.simulators.dice import Dice
from rotator.simulators.fault_book import FaultBook

if TYPE_CHECKING:
    from rotator.simulators.cipherstash.faults import Sighting
    from rotator.simulators.cipherstash.workspaces import AccessKey, Workspace
    from rotator.simulators.simulated_time import SimulatedTime

_CALLS_KEPT = 500_000


class World:
    """Clock, settings, workspaces, faults and the log of calls.

    One lock serialises everything that reads or changes it.
    """

    def __init__(self, time: SimulatedTime, *, seed: int = 0) -> None:
        """Start empty, with default settings; ids and secrets come from the seed."""
        self.lock = threading.RLock()
        self.time = time
        self._seed = seed
        self.reset()

    def reset(self) -> None:
        """Forget everything but the time."""
        self.settings = Settings()
        self.dice = Dice(self._seed)
        self.token_secret = self.dice.draw(32)
        self.workspaces: dict[str, Workspace] = {}
        self.faults: FaultBook[FaultRule, Sighting] = FaultBook()
        self.calls: deque[Call] = deque(maxlen=_CALLS_KEPT)

    def now(self) -> datetime:
        """Return the exact simulated instant."""
        return self.time.now()

    def token_time(self) -> float:
        """Return the seconds since 1970 by which tokens begin and end."""
        return (datetime.now(UTC) if self.settings.machine_tokens else self.now()).timestamp()

    def listed_at(self) -> datetime:
        """Return the instant that listings tell of."""
        return self.now() - timedelta(seconds=self.settings.list_lag_seconds)

    def find_access_key(self, key_id: str, region: str) -> tuple[Workspace, AccessKey] | None:
        """Return an access key, revoked or not, and its workspace; no region is all regions."""
        for workspace in self.workspaces.values():
            if key_id in workspace.access_keys and region in ("", workspace.region):
                return workspace, workspace.access_keys[key_id]
        return None
