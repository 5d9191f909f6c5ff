"""Workloads that read their key from Secrets Manager and call AWS with it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from rotator.cli.demo.estate import CAST, REGION, secret_name
from rotator.simulators.aws.clients import SimulatedClients
from rotator.simulators.aws.shapes import Credentials

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sts import STSClient

    from rotator.cli.demo.estate import Character


@dataclass(slots=True)
class Consumer:
    """One workload and what became of its calls.

    Attributes:
        calls: Calls that it made.
        refusals: Calls that AWS refused: each would have been an outage.
    """

    character: Character
    calls: int = 0
    refusals: int = 0
    _held: Credentials | None = None
    _age: int = 0
    _key: str = ""
    _client: STSClient | None = None

    def step(self, clients: SimulatedClients, secrets: SecretsManagerClient) -> None:
        """Read the secret if the cache is too old, and make one call."""
        if self._is_stale():
            self._held = _read(secrets, self.character)
            self._age = 0
        self._age += 1
        if self._held is None:
            return
        self.calls += 1
        try:
            self._sts(clients, self._held).get_caller_identity()
        except ClientError:
            self.refusals += 1

    def _is_stale(self) -> bool:
        patience = self.character.caches_steps
        return self._held is None or (patience is not None and self._age > patience)

    def _sts(self, clients: SimulatedClients, key: Credentials) -> STSClient:
        if self._client is None or self._key != key.access_key_id:
            self._client = clients.sts(key, region=REGION)
            self._key = key.access_key_id
        return self._client


class Consumers:
    """All workloads; they run at every step of the clock."""

    def __init__(self, url: str, reader: Credentials) -> None:
        """Set up the workloads of everyone who has a secret.

        Args:
            url: The simulated AWS.
            reader: The identity that may read secrets.
        """
        self._clients = SimulatedClients(url)
        self._secrets = self._clients.secrets_manager(reader, region=REGION)
        self.all = [Consumer(character) for character in CAST if character.has_secret]

    def step(self) -> None:
        """Let every workload make one call."""
        for consumer in self.all:
            consumer.step(self._clients, self._secrets)

    def of(self, name: str) -> Consumer | None:
        """Return the workload of one user."""
        return next((item for item in self.all if item.character.name == name), None)


def _read(secrets: SecretsManagerClient, character: Character) -> Credentials:
    told = secrets.get_secret_value(SecretId=secret_name(character), VersionStage="AWSCURRENT")
    fields = json.loads(told["SecretString"])
    return Credentials(
        access_key_id=fields["AccessKeyId"], secret_access_key=fields["SecretAccessKey"]
    )
