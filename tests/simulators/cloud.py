"""An AWS of either kind, as the promises about it see it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

from rotator.simulators.aws.shapes import Credentials

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from mypy_boto3_iam import IAMClient
    from mypy_boto3_secretsmanager import SecretsManagerClient

    from rotator.simulators.aws.clients import SimulatedClients


@dataclass(frozen=True, slots=True)
class Cloud:
    """An AWS, and its administrator."""

    url: str
    admin: Credentials
    clients: SimulatedClients
    wait: Callable[[float], object]
    now: Callable[[], datetime]

    @property
    def iam(self) -> IAMClient:
        """Return the administrator's IAM client."""
        return self.clients.iam(self.admin)

    @property
    def secrets(self) -> SecretsManagerClient:
        """Return the administrator's Secrets Manager client."""
        return self.clients.secrets_manager(self.admin)

    def new_key(self) -> tuple[str, Credentials]:
        """Create a user with a key; return its name and the key."""
        name = f"user-{uuid4()}"
        self.iam.create_user(UserName=name)
        key = self.iam.create_access_key(UserName=name)["AccessKey"]
        return name, Credentials(
            access_key_id=key["AccessKeyId"], secret_access_key=key["SecretAccessKey"]
        )

    def new_secret(self) -> tuple[str, str, str]:
        """Create a secret with a current and a pending version; return name and versions."""
        name = f"secret-{uuid4()}"
        first = self.secrets.create_secret(Name=name, SecretString="first")["VersionId"]
        second = self.secrets.put_secret_value(
            SecretId=name,
            SecretString="second",
            ClientRequestToken=str(uuid4()),
            VersionStages=["AWSPENDING"],
        )["VersionId"]
        return name, first, second


def refusal(call: Callable[[], object]) -> str:
    """Return the code of the error that the call must raise."""
    with pytest.raises(ClientError) as caught:
        call()
    return caught.value.response["Error"]["Code"]
