"""What fault rules look at."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """The parts of a call that rules look at; absent ones are empty."""

    operation: str
    namespace: str
    name: str
    caller: str
