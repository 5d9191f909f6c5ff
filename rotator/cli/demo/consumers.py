"""Workloads that read their key from Secrets Manager and call AWS with it."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from rotator.cli.demo.cast import CAST
from rotator.cli.demo.character import CLINGS
from rotator.cli.demo.files import REGION
from rotator.simulators.aws.clients import SimulatedClients
from rotator.simulators.aws.shapes import Credentials

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sts import STSClient

    from rotator.cli.demo.character import User
    from rotator.cli.demo.estate import Estate

_AT_ONCE = 4


@dataclass(slots=True)
class Consumer:
    """One workload and what became of its calls.

    Attributes:
        held: The key that it holds; it begins with the one that is published.
        calls: Calls that it made.
        refusals: Calls that AWS refused: each would have been an outage.
    """

    character: User
    held: Credentials
    calls: int = 0
    refusals: int = 0
    _age: int = 0
    _key: str = ""
    _client: STSClient | None = None

    def step(self, clients: SimulatedClients, secrets: SecretsManagerClient) -> None:
        """Read the secret if the cache is too old, and make one call."""
        patience = self.character.patience
        if patience is not CLINGS and self._age >= patience:
            self.held = _read(secrets, self.character)
            self._age = 0
        self._age += 1
        self.calls += 1
        try:
            self._sts(clients).get_caller_identity()
        except ClientError:
            self.refusals += 1

    def _sts(self, clients: SimulatedClients) -> STSClient:
        if self._client is None or self._key != self.held.access_key_id:
            self._client = clients.sts(self.held, region=REGION)
            self._key = self.held.access_key_id
        return self._client


class Consumers:
    """All workloads; each calls AWS at every step of the clock."""

    def __init__(self, url: str, estate: Estate) -> None:
        """Set up a workload for everyone whose key is published and works."""
        self._clients = SimulatedClients(url)
        self._secrets = estate.secrets(url)
        self.all = {
            character.id: Consumer(character, estate.published(character))
            for character in CAST
            if character.has_consumer
        }

    def step(self) -> None:
        """Let every workload make one call."""
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            # list, so that a failure of our own is raised here.
            list(pool.map(self._one, self.all.values()))

    def _one(self, consumer: Consumer) -> None:
        consumer.step(self._clients, self._secrets[consumer.character.account])

    @property
    def calls(self) -> int:
        """Return how many calls were made in all."""
        return sum(item.calls for item in self.all.values())

    @property
    def refusals(self) -> int:
        """Return how many of them AWS refused."""
        return sum(item.refusals for item in self.all.values())


def _read(secrets: SecretsManagerClient, character: User) -> Credentials:
    shelf = character.shelf
    assert shelf is not None, "only whose key is published has a consumer"  # noqa: S101
    told = secrets.get_secret_value(SecretId=character.secret, VersionStage="AWSCURRENT")
    fields = json.loads(told["SecretString"])
    return Credentials(
        access_key_id=fields[shelf.key_id_field], secret_access_key=fields[shelf.secret_field]
    )
