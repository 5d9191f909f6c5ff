"""Whose secrets are ours, and what may be asked of Secrets Manager."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

if TYPE_CHECKING:
    from collections.abc import Mapping

DESTINATION: Final = "aws-secrets-manager"

_WRITES = (
    "secretsmanager:PutSecretValue",
    "secretsmanager:UpdateSecretVersionStage",
    "secretsmanager:TagResource",
)

PERMISSIONS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "observe": ("secretsmanager:DescribeSecret", "secretsmanager:ListSecretVersionIds"),
        "rotate": _WRITES,
        "publish": _WRITES,
        "enter": ("secretsmanager:GetSecretValue",),
        "create": ("secretsmanager:CreateSecret",),
        "read_staged": ("secretsmanager:GetSecretValue",),
        "read_current": ("secretsmanager:GetSecretValue",),
        "search": (
            "secretsmanager:ListSecrets",
            "secretsmanager:BatchGetSecretValue",
            "secretsmanager:GetSecretValue",
        ),
        "rebuild": ("secretsmanager:GetSecretValue",),
        "proof": ("secretsmanager:GetSecretValue",),
    }
)
"""What each feature asks of Secrets Manager.

Each reading of a secret names its label, so that it may be granted for that label
alone by the condition key ``secretsmanager:VersionStage``; the proof that a deleted key
is refused names a version, for that one has no label left. A customer's KMS key asks
for ``kms:GenerateDataKey`` and ``kms:Decrypt`` too.
"""

OWNER_TAG = "rotator:owner"
MANAGED_TAG = "rotator:managed"

SIZE_LIMIT_BYTES = 65_536
"""The longest value of a secret, in UTF-8."""


class AwsSecretsManagerConfig(BaseModel):
    """Whose secrets the destination takes for ours.

    Attributes:
        owner: The installation's name, as in the tag `OWNER_TAG`.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True
    )

    type: Literal["aws-secrets-manager"] = DESTINATION
    owner: str = Field(
        default="rotator", min_length=1, max_length=256, pattern=r"^[A-Za-z0-9 _.:/=+@-]+$"
    )
