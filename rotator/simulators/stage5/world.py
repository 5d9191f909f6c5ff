"""What the parts of the simulated Stage5 share."""

from __future__ import annotations

import threading
from collections import deque
from datetime import timedelta
from typing import TYPE_CHECKING

from rotator.simulators.dice import Dice
from rotator.simulators.fault_book import FaultBook
from rotator.simulators.stage5.shapes import Call, FaultRule, Settings
from rotator.simulators.stage5.workspaces import ID_CHARACTERS, SECRET_CHARACTERS

if TYPE_CHECKING:
    from datetime import datetime

    from rotator.simulators.simulated_time import SimulatedTime
    from rotator.simulators.stage5.faults import Sighting
    from rotator.simulators.stage5.workspaces import AccessKey, Person, Workspace

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
        self._dice = Dice(self._seed)
        self.workspaces: dict[str, Workspace] = {}
        self.faults: FaultBook[FaultRule, Sighting] = FaultBook()
        self.calls: deque[Call] = deque(maxlen=_CALLS_KEPT)

    def now(self) -> datetime:
        """Return the exact simulated instant."""
        return self.time.now()

    def listed_at(self) -> datetime:
        """Return the instant that lists tell of."""
        return self.now() - timedelta(seconds=self.settings.list_lag_seconds)

    def used_by(self) -> datetime:
        """Return the instant up to which uses are told."""
        return self.now() - timedelta(seconds=self.settings.last_used_lag_seconds)

    def draw_id(self) -> str:
        """Return the part of an id that comes after its prefix."""
        return self._dice.base32(ID_CHARACTERS).lower()

    def draw_secret(self) -> str:
        """Return the part of a key that nobody can guess."""
        drawn = self.settings.secret_mark + self._dice.base32(SECRET_CHARACTERS).lower()
        return drawn[:SECRET_CHARACTERS]

    def find_key(self, key_id: str) -> tuple[Workspace, AccessKey] | None:
        """Return an access key, revoked or not, and its workspace."""
        for workspace in self.workspaces.values():
            if key_id in workspace.keys:
                return workspace, workspace.keys[key_id]
        return None

    def find_person(self, person_id: str) -> tuple[Workspace, Person] | None:
        """Return a person and their workspace."""
        for workspace in self.workspaces.values():
            if person_id in workspace.people:
                return workspace, workspace.people[person_id]
        return None
