"""The Secrets Manager adapter in front of the simulated AWS keeps the port's contract."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rotator.core.ids import Instant, VersionId
from rotator.destinations.aws_secrets_manager.config import (
    SIZE_LIMIT_BYTES,
    AwsSecretsManagerConfig,
)
from rotator.destinations.aws_secrets_manager.destination import AwsSecretsManager
from rotator.simulators.aws.shapes import FaultKind
from rotator.testing.bench import Fault
from rotator.testing.destination_bench import DestinationBench
from rotator.testing.destination_contract import DestinationContract

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from datetime import timedelta

    from rotator.core.facts import DestinationRef
    from rotator.ports.destination import CanReadBack, Destination
    from tests.adapters.aws.cloud import Cloud

FAULTS = {
    Fault.LOST_ANSWER: FaultKind.LOSE_ANSWER,
    Fault.THROTTLED: FaultKind.THROTTLE,
    Fault.DENIED: FaultKind.ACCESS_DENIED,
}
OWNER = "platform-eu"


class AwsSecretsBench(DestinationBench):
    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        config = AwsSecretsManagerConfig(owner=OWNER)
        self._destination = AwsSecretsManager(config, cloud.clients)
        self._hand = cloud.secrets_by_hand
        cloud.warm()

    @property
    def destination(self) -> Destination:
        return self._destination

    @property
    def owner(self) -> str:
        return OWNER

    @property
    def size_limit(self) -> int | None:
        return SIZE_LIMIT_BYTES

    def now(self) -> Instant:
        return self._cloud.clock.now()

    def advance(self, period: timedelta) -> None:
        self._cloud.clock.sleep(period.total_seconds())

    def settle(self) -> None:
        self._cloud.settle()

    def failing(self, fault: Fault) -> AbstractContextManager[None]:
        return self._cloud.failing(FAULTS[fault])

    def new_ref(self, *, merge: bool = False, create: bool = False) -> DestinationRef:
        return self._cloud.new_ref(merge=merge, create=create)

    def create_by_hand(
        self, ref: DestinationRef, content: str, *, owner: str | None = None
    ) -> VersionId:
        made = self._hand.create_secret(
            Name=ref.name,
            SecretString=content,
            Tags=[{"Key": "rotator:owner", "Value": owner}] if owner else [],
        )
        return VersionId(made["VersionId"])

    def write_by_hand(self, ref: DestinationRef, content: str) -> VersionId:
        put = self._hand.put_secret_value(SecretId=ref.name, SecretString=content)
        return VersionId(put["VersionId"])

    def read(self, ref: DestinationRef, version: VersionId | None = None) -> str:
        if version is None:
            return self._hand.get_secret_value(SecretId=ref.name, VersionStage="AWSCURRENT")[
                "SecretString"
            ]
        return self._hand.get_secret_value(SecretId=ref.name, VersionId=version)["SecretString"]

    def mark_pending_by_hand(self, ref: DestinationRef, version: VersionId) -> None:
        self._hand.update_secret_version_stage(
            SecretId=ref.name, VersionStage="AWSPENDING", MoveToVersionId=version
        )

    def switch_native_rotation_on(self, ref: DestinationRef) -> None:
        self._hand.rotate_secret(
            SecretId=ref.name,
            RotationRules={"AutomaticallyAfterDays": 30},
            RotateImmediately=False,
        )

    def schedule_deletion(self, ref: DestinationRef) -> None:
        self._hand.delete_secret(SecretId=ref.name, RecoveryWindowInDays=7)


class TestAwsSecretsManager(DestinationContract):
    @pytest.fixture
    def bench(self, cloud: Cloud) -> AwsSecretsBench:
        return AwsSecretsBench(cloud)

    @pytest.mark.parametrize("text", ["{}", '{"other": "field"}'])
    def test_a_version_without_a_key_publishes_none(
        self, bench: DestinationBench, reader: CanReadBack, text: str
    ) -> None:
        # Narrower than the suite: a text that we cannot read may hold a key in a
        # format of its own, so the adapter refuses it rather than call it empty.
        super().test_a_version_without_a_key_publishes_none(bench, reader, text)
