"""How AWS is reached: accounts, regions, endpoints, patience."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

AccountNumber = Annotated[str, Field(pattern=r"^\d{12}$")]
Service = Literal["iam", "sts", "secretsmanager", "cloudtrail"]

_ACCOUNT_OF_ARN = 4


class AwsAccount(BaseModel):
    """One AWS account.

    Attributes:
        role_arn: A role of that account to assume; without one, our own identity
            must belong to the account, which is checked before its first use.
        region: Where its IAM and STS are called; None takes `AwsConfig.region`.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True
    )

    role_arn: Annotated[str, Field(pattern=r"^arn:[a-z-]+:iam::\d{12}:role/.+$")] | None = None
    region: str | None = None


class AwsConfig(BaseModel):
    """What all AWS adapters of a process share.

    Attributes:
        accounts: Every account that may be touched; no other one is.
        region: Where our own identity is asked for, and the default of accounts.
        endpoint_url: One endpoint for all services; None leaves botocore's own
            rules, ``AWS_ENDPOINT_URL`` and its kin included.
        endpoint_urls: Endpoints of single services; they win.
        session_name: The name under which CloudTrail shows our sessions.
        max_pool_connections: Connections per client; the number of worker threads.
        attempts: Tries per call, the first included. A mint and a verification
            are tried once, whatever is written here.
        connect_timeout_seconds: Patience for a connection.
        read_timeout_seconds: Patience for an answer.
        read_only: Refuse every call that could change something, before sending.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True
    )

    accounts: dict[AccountNumber, AwsAccount] = {}
    region: str = "us-east-1"
    endpoint_url: str | None = None
    endpoint_urls: dict[Service, str] = {}
    session_name: str = Field(
        default="rotator", min_length=2, max_length=64, pattern=r"^[A-Za-z0-9_+=,.@-]+$"
    )
    max_pool_connections: int = Field(default=16, ge=1)
    attempts: int = Field(default=4, ge=1, le=10)
    connect_timeout_seconds: float = Field(default=5, gt=0)
    read_timeout_seconds: float = Field(default=15, gt=0)
    read_only: bool = False

    @model_validator(mode="after")
    def _roles_live_in_their_accounts(self) -> AwsConfig:
        for number, account in self.accounts.items():
            arn = account.role_arn
            if arn is not None and arn.split(":")[_ACCOUNT_OF_ARN] != number:
                msg = f"accounts.{number}.roleArn: {arn} is a role of another account"
                raise ValueError(msg)
        return self

    def region_of(self, account: str) -> str:
        """Return the region in which an account's global services are called."""
        known = self.accounts.get(account)
        return (known.region if known else None) or self.region

    def endpoint_of(self, service: Service) -> str | None:
        """Return a service's configured endpoint; None where botocore decides."""
        return self.endpoint_urls.get(service, self.endpoint_url)
