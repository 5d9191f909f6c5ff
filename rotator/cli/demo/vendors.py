"""The simulated vendors, each in a process of its own, on one clock."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx

from rotator.simulators.aws.process import SimulatedAws
from rotator.simulators.cipherstash.process import SimulatedCipherStash

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Vendors:
    """Both of them.

    Attributes:
        http: With which the workspace's applications and people reach it.
    """

    aws: SimulatedAws
    stash: SimulatedCipherStash
    http: httpx.Client

    def advance_to(self, instant: datetime) -> None:
        """Move both clocks."""
        self.aws.advance_to(instant)
        self.stash.advance_to(instant)


@contextmanager
def vendors(start: datetime) -> Iterator[Vendors]:
    """Run both, from an aware instant on, for the length of a ``with``."""
    with ExitStack() as stack:
        yield Vendors(
            aws=stack.enter_context(SimulatedAws(start=start)),
            stash=stack.enter_context(SimulatedCipherStash(start=start)),
            # A proxy of the caller's environment would carry the calls elsewhere.
            http=stack.enter_context(httpx.Client(trust_env=False)),
        )
