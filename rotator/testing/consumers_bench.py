"""The hands that the contract of consumers needs: whoever deploys, and time."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING

from rotator.testing.bench import Bench

if TYPE_CHECKING:
    from rotator.core.consumers import ConsumerRef
    from rotator.ports.consumers import Consumers


class ConsumersBench(Bench):
    """One cluster, set up afresh; names are never used twice."""

    @property
    @abstractmethod
    def consumers(self) -> Consumers:
        """Return the implementation under test."""

    @abstractmethod
    def new_feed(self) -> ConsumerRef:
        """Let an ExternalSecret be there that is ready."""

    @abstractmethod
    def new_workload(self) -> ConsumerRef:
        """Let a workload be there whose pods have run for an hour."""

    @abstractmethod
    def new_mount(self, name: str, version: str) -> ConsumerRef:
        """Let pods be there that mount that version of an object of that name."""

    @abstractmethod
    def pause_by_hand(self, ref: ConsumerRef) -> None:
        """Keep a workload from being restarted."""

    @abstractmethod
    def change_by_hand(self, ref: ConsumerRef) -> None:
        """Change something about a workload that leaves its pods alone."""
