"""What people do while the daemon works: one makes a key of her own during a rotation."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rotator.cli.demo.cast import VICTIM
from rotator.cli.demo.character import CLINGS
from rotator.cli.demo.consumers import Consumer
from rotator.core.rotation import Phase
from rotator.simulators.aws.clients import SimulatedClients
from rotator.simulators.aws.shapes import Credentials

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rotator.cli.demo.character import User
    from rotator.cli.demo.consumers import Consumers
    from rotator.cli.demo.estate import Estate
    from rotator.cli.demo.fleet import Standing


@dataclass(slots=True)
class Intruder:
    """A person who makes a key by hand while the daemon waits for the answer to its own mint.

    Attributes:
        key: What she made; None before.
    """

    url: str
    estate: Estate
    consumers: Consumers
    key: Credentials | None = None

    def watch(self, fleet: Iterable[Standing]) -> None:
        """Make the key as soon as that user's first rotation waits, and use it from then on."""
        if self.key is not None:
            return
        if any(item.character is VICTIM and item.phase is Phase.PLANNED for item in fleet):
            self.key = self._make(VICTIM)
            by_hand = replace(VICTIM, name="by hand", caches_days=CLINGS)
            self.consumers.all[by_hand.id] = Consumer(by_hand, self.key)

    def _make(self, character: User) -> Credentials:
        person = self.estate.accounts[character.account].human
        iam = SimulatedClients(self.url).iam(person)
        made = iam.create_access_key(UserName=character.name)["AccessKey"]
        return Credentials(
            access_key_id=made["AccessKeyId"], secret_access_key=made["SecretAccessKey"]
        )
