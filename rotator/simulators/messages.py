"""HTTP as the simulators see it: a request as it arrived, an answer as it goes back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRequest:
    """A request as it arrived; header names are lower case."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What goes back; with a delay, that many real seconds later.

    Attributes:
        error: The vendor's code for the refusal, for the log of calls; empty on success.
        headers: What goes with it beside Date, Content-Type and Content-Length.
    """

    status: int
    content_type: str
    body: bytes
    error: str = ""
    delay_seconds: float = 0
    headers: Mapping[str, str] = field(default_factory=dict)
