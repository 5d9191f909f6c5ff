"""One key of ours, staged into secrets of the simulated AWS."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from rotator.core.ids import KeyId, RotationId, VersionId, version_token
from rotator.core.secret import KeyMaterial, Secret
from rotator.destinations.aws_secrets_manager.config import AwsSecretsManagerConfig
from rotator.destinations.aws_secrets_manager.destination import AwsSecretsManager

if TYPE_CHECKING:
    from collections.abc import Callable

    from rotator.core.facts import DestinationRef
    from tests.adapters.aws.cloud import Cloud

MARKER = "marker+of/the+secret"
MATERIAL = KeyMaterial(key_id=KeyId("AKIA" + "N" * 16), secret=Secret(MARKER))
ROTATION = RotationId(str(UUID(int=1)))
OURS = version_token(ROTATION, MATERIAL.key_id, 1)
OURS_AGAIN = version_token(ROTATION, MATERIAL.key_id, 2)
PUBLISHED = {"AccessKeyId": MATERIAL.key_id, "SecretAccessKey": MARKER}


def stage(
    cloud: Cloud,
    destination: AwsSecretsManager,
    ref: DestinationRef,
    version: VersionId = OURS,
) -> VersionId:
    base = cloud.current(ref)
    destination.stage(ref, version, MATERIAL, base=base, not_after=cloud.soon())
    return base


def value(cloud: Cloud, ref: DestinationRef, version: VersionId) -> str:
    return cloud.secret(ref).versions[version].value or ""


def interrupting(cloud: Cloud, after: str, act: Callable[[], object]) -> AwsSecretsManager:
    """Make a destination in which somebody acts right after our first such call."""
    left = [act]

    def on_call(
        service: str, operation: str, code: str, request_id: str, seconds: float, *, is_change: bool
    ) -> None:
        if operation == after and left:
            left.pop()()

    clients = cloud.new_clients(on_call=on_call)
    return AwsSecretsManager(AwsSecretsManagerConfig(), clients)


def rewrite(cloud: Cloud, ref: DestinationRef) -> None:
    cloud.secrets_by_hand.put_secret_value(SecretId=ref.name, SecretString='{"by": "hand"}')
