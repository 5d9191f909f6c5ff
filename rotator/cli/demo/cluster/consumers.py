"""Pods that call AWS with the key that they were started with, and never read another."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from rotator.cli.demo.cluster.estate import ID_FIELD, KEY_FIELD
from rotator.cli.demo.files import REGION
from rotator.simulators.aws.clients import SimulatedClients
from rotator.simulators.aws.shapes import Credentials

if TYPE_CHECKING:
    from rotator.cli.demo.vendors import Vendors


class Pods:
    """All pods of the cluster.

    Attributes:
        calls: Calls that they made.
        refusals: Calls that AWS refused: each would have been an outage.
    """

    def __init__(self, vendors: Vendors) -> None:
        """Set them up: the cluster says which there are, and what each was started with."""
        self.calls = self.refusals = 0
        self._cluster = vendors.kubernetes
        self._clients = SimulatedClients(vendors.aws.url)

    def step(self) -> None:
        """Let every pod make one call."""
        for environment in self._cluster.state().environments.values():
            key = Credentials(
                access_key_id=environment[ID_FIELD], secret_access_key=environment[KEY_FIELD]
            )
            self.calls += 1
            try:
                self._clients.sts(key, region=REGION).get_caller_identity()
            except ClientError:
                self.refusals += 1
