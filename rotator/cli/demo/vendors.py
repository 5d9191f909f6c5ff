"""The simulated vendors, each in a process of its own, on one clock."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx

from rotator.cli.demo.chat.consumers import PublicApi
from rotator.simulators.aws.process import SimulatedAws
from rotator.simulators.cipherstash.process import SimulatedCipherStash
from rotator.simulators.kubernetes.process import SimulatedKubernetes
from rotator.simulators.stage5.process import SimulatedStage5

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Vendors:
    """All of them.

    Attributes:
        http: With which the workspaces' applications and people reach them.
    """

    aws: SimulatedAws
    stash: SimulatedCipherStash
    stage5: SimulatedStage5
    kubernetes: SimulatedKubernetes
    http: httpx.Client

    @property
    def public_api(self) -> PublicApi:
        """Return what integrations with an access key of Stage5 call."""
        return PublicApi(http=self.http, url=self.stage5.base_url)

    def advance_to(self, instant: datetime) -> None:
        """Move all clocks."""
        self.aws.advance_to(instant)
        self.stash.advance_to(instant)
        self.stage5.advance_to(instant)
        self.kubernetes.advance_to(instant)


@contextmanager
def vendors(start: datetime) -> Iterator[Vendors]:
    """Run all, from an aware instant on, for the length of a ``with``."""
    with ExitStack() as stack:
        yield Vendors(
            aws=stack.enter_context(SimulatedAws(start=start)),
            stash=stack.enter_context(SimulatedCipherStash(start=start)),
            stage5=stack.enter_context(SimulatedStage5(start=start)),
            kubernetes=stack.enter_context(SimulatedKubernetes(start=start)),
            # A proxy of the caller's environment would carry the calls elsewhere.
            http=stack.enter_context(httpx.Client(trust_env=False)),
        )
