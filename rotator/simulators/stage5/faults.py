"""What fault rules look at."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """The parts of a call that rules look at; absent ones are empty."""

    operation: str
    workspace_id: str
    key_id: str
    name: str
    caller: str
