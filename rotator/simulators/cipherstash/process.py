"""The simulated CipherStash as tests and the demo use it: a child process and its controls."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import TypeAdapter

from rotator.simulators.child import DEFAULT_START, ChildSimulator
from rotator.simulators.cipherstash.shapes import (
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


class SimulatedCipherStash(ChildSimulator):
    """A simulated CipherStash in its own process, for the length of a ``with`` block."""

    def __init__(
        self, *, start: datetime = DEFAULT_START, is_ticking: bool = False, seed: int = 0
    ) -> None:
        """Choose the first instant (aware), whether time passes by itself, and the dice."""
        super().__init__(
            "rotator.simulators.cipherstash",
            start=start,
            is_ticking=is_ticking,
            arguments=("--seed", str(seed)),
        )

    @property
    def cts_url(self) -> str:
        """Where CTS is, for CS_CTS_HOST; put a region before it with `regional`."""
        return f"{self.url}/"

    @property
    def zerokms_url(self) -> str:
        """Where ZeroKMS is, for CS_ZEROKMS_HOST; tokens lead there by themselves."""
        return f"{self.url}/zerokms/"

    @property
    def console_url(self) -> str:
        """Where the legacy QX console is."""
        return f"{self.url}/console/"

    def regional(self, region: str) -> str:
        """Return where CTS of one region is, such as that of ``eu-west-1.aws``."""
        return f"{self.url}/{region}/"

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
