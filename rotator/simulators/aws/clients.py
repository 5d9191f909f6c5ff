"""boto3 clients of the simulated AWS that see each fault as it is."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

from rotator.simulators.aws.shapes import DEFAULT_REGION, Credentials

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sts import STSClient

# One attempt: a retry would hide the fault that a test has asked for.
_CONFIG = Config(
    retries={"mode": "standard", "total_max_attempts": 1}, max_pool_connections=32, proxies={}
)


class SimulatedClients:
    """Makes clients for one endpoint; a client costs about 3 ms.

    Safe for threads: boto3's sessions are not, so they are made under a lock.
    """

    def __init__(self, url: str) -> None:
        """Speak to the simulator at `url`."""
        self._url = url
        self._lock = threading.Lock()
        self._session = boto3.Session()

    def iam(self, credentials: Credentials, *, session_token: str = "") -> IAMClient:
        """Return an IAM client; temporary credentials need their session token."""
        with self._lock:
            return self._session.client(
                "iam",
                region_name=DEFAULT_REGION,
                endpoint_url=self._url,
                aws_access_key_id=credentials.access_key_id,
                aws_secret_access_key=credentials.secret_access_key,
                aws_session_token=session_token or None,
                config=_CONFIG,
            )

    def sts(
        self, credentials: Credentials, *, region: str = DEFAULT_REGION, session_token: str = ""
    ) -> STSClient:
        """Return an STS client; temporary credentials need their session token."""
        with self._lock:
            return self._session.client(
                "sts",
                region_name=region,
                endpoint_url=self._url,
                aws_access_key_id=credentials.access_key_id,
                aws_secret_access_key=credentials.secret_access_key,
                aws_session_token=session_token or None,
                config=_CONFIG,
            )

    def secrets_manager(
        self, credentials: Credentials, *, region: str = DEFAULT_REGION
    ) -> SecretsManagerClient:
        """Return a Secrets Manager client."""
        with self._lock:
            return self._session.client(
                "secretsmanager",
                region_name=region,
                endpoint_url=self._url,
                aws_access_key_id=credentials.access_key_id,
                aws_secret_access_key=credentials.secret_access_key,
                config=_CONFIG,
            )
