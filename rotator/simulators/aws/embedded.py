"""The simulated AWS inside the process that calls it: no sockets, no threads, no waiting.

A call costs about 1 ms and a new world 2 ms, so that thousands of worlds can be
played through on a clock that is stepped by hand.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from moto.iam.models import iam_backends
from moto.moto_api._internal import mock_random
from moto.secretsmanager.models import secretsmanager_backends
from moto.sts.models import sts_backends

from rotator.simulators.aws.gateway import Gateway
from rotator.simulators.aws.moto_patches import patch_moto
from rotator.simulators.aws.seeding import put_policies
from rotator.simulators.aws.shapes import PolicyChange
from rotator.simulators.aws.world import World
from rotator.simulators.simulated_time import BorrowedTime

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from rotator.ports.clock import Clock
    from rotator.simulators.aws.shapes import Call, PolicyDocument
    from rotator.simulators.messages import Answer, HttpRequest


class EmbeddedAws:
    """A simulated AWS without a process of its own; only the newest one in a process lives.

    moto keeps what it simulates in globals, so a new one starts with nothing and
    takes the place of the one before. Not safe for threads that run at once.

    Attributes:
        time: Its clock, which is the caller's.
        world: Settings, faults, keys and calls, to be read and changed directly.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        offset: timedelta = timedelta(0),
        seed: int = 0,
        on_call: Callable[[Call], None],
    ) -> None:
        """Start empty, with default settings.

        Args:
            clock: The time; late requests land as soon as it is looked at again.
            offset: How far AWS's clock is ahead of that one.
            seed: What generated ids and secrets come from.
            on_call: Is told of every call after its effect, late ones too; then
                `world` tells the instant of the effect.
        """
        for backends in (iam_backends, secretsmanager_backends, sts_backends):
            backends.clear()
        mock_random.seed(seed)
        self.time = BorrowedTime(clock, offset)
        self.world = World(self.time)
        patch_moto(self.world.date)
        self._gateway = Gateway(self.world)
        self._on_call = on_call
        self._told = 0

    def answer(self, request: HttpRequest) -> Answer | None:
        """Carry out one call; None means that no answer arrives."""
        self.land()
        answer = self._gateway.answer(request)
        self._tell()
        return answer

    def put_policies(
        self, account_id: str, name: str, policies: tuple[PolicyDocument, ...] | None
    ) -> None:
        """Replace the policies of one user or role, at once; None means what it means in a seed.

        Raises:
            ValueError: There is no such user or role, or a policy cannot be evaluated.
        """
        put_policies(self.world, PolicyChange(account_id=account_id, name=name, policies=policies))

    def next_landing(self) -> datetime | None:
        """Return when the next late request takes effect, by AWS's clock."""
        return self._gateway.next_landing()

    def land(self) -> None:
        """Let every late request take effect whose time has come, each at its own instant."""
        while (due := self._gateway.next_landing()) is not None and due <= self.world.now():
            with self.time.held_at(due):
                self._gateway.land_due()
                self._tell()

    def _tell(self) -> None:
        while self._told < len(self.world.calls):
            self._told += 1
            self._on_call(self.world.calls[self._told - 1])
