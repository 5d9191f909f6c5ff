"""What fault rules look at."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """The parts of a call that rules look at; absent parameters are empty."""

    operation: str
    user_name: str
    secret: str
    access_key_id: str
    caller: str
