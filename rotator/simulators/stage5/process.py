"""The simulated Stage5 as tests and the demo use it: a child process and its controls."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import TypeAdapter

from rotator.simulators.child import DEFAULT_START, ChildSimulator
from rotator.simulators.stage5.shapes import (
    Call,
    FaultRule,
    SeededWorkspace,
    Settings,
    State,
    WorkspaceSeed,
)

if TYPE_CHECKING:
    from datetime import datetime

_CALLS = TypeAdapter(list[Call])


class SimulatedStage5(ChildSimulator):
    """A simulated Stage5 in its own process, for the length of a ``with`` block."""

    def __init__(
        self, *, start: datetime = DEFAULT_START, is_ticking: bool = False, seed: int = 0
    ) -> None:
        """Choose the first instant (aware), whether time passes by itself, and the dice."""
        super().__init__(
            "rotator.simulators.stage5",
            start=start,
            is_ticking=is_ticking,
            arguments=("--seed", str(seed)),
        )

    @property
    def base_url(self) -> str:
        """Where the API is, for an account's ``baseUrl``."""
        return f"{self.url}/v1"

    def settings(self) -> Settings:
        """Return the settings in force."""
        return self._get("settings", Settings)

    def configure(self, settings: Settings) -> None:
        """Replace the settings."""
        self._put("settings", settings, Settings)

    def seed(self, workspace: WorkspaceSeed) -> SeededWorkspace:
        """Add to a workspace, which is made if it is new; return what to reach it with."""
        return SeededWorkspace.model_validate_json(self._ask("POST", "seed", workspace))

    def add_fault(self, rule: FaultRule) -> None:
        """Arm a fault, after those that are armed."""
        self._ask("POST", "faults", rule)

    def state(self, *, workspace_id: str = "") -> State:
        """Return the whole truth, or that of one workspace."""
        query = {"workspace": workspace_id}
        return State.model_validate_json(self._ask("GET", "state", query=query))

    def calls(self, *operations: str, start: int = 0) -> list[Call]:
        """Return the calls so far, oldest first, of all operations or of these.

        Args:
            operations: Their names; none for all.
            start: How many of all calls to leave out at the beginning, 0 or more.
        """
        query = {"operation": [*operations], "start": [str(start)]}
        return _CALLS.validate_json(self._ask("GET", "calls", query=query))
