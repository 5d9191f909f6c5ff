"""The IAM adapter in front of the simulated AWS keeps the port's contract."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError

from rotator.core.ids import Instant, KeyId
from rotator.core.secret import KeyMaterial, Secret
from rotator.providers.aws_iam import AwsIamConfig, AwsIamProvider, AwsIamProviderWithTrail
from rotator.simulators.aws.shapes import Credentials, FaultKind
from rotator.testing.bench import Fault
from rotator.testing.capability_contract import MinterContract
from rotator.testing.provider_bench import ProviderBench
from rotator.testing.provider_contract import KeyProviderContract

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from rotator.core.facts import Principal
    from rotator.ports.provider import KeyProvider
    from tests.adapters.aws.cloud import Cloud

FAULTS = {
    Fault.LOST_ANSWER: FaultKind.LOSE_ANSWER,
    Fault.THROTTLED: FaultKind.THROTTLE,
    Fault.DENIED: FaultKind.ACCESS_DENIED,
}


class AwsIamBench(ProviderBench):
    def __init__(self, cloud: Cloud, kind: type[AwsIamProvider] = AwsIamProvider) -> None:
        self._cloud = cloud
        self._provider = kind(AwsIamConfig(), cloud.clients)
        cloud.warm()

    @property
    def provider(self) -> KeyProvider:
        return self._provider

    def now(self) -> Instant:
        return self._cloud.clock.now()

    def advance(self, period: timedelta) -> None:
        self._cloud.clock.sleep(period.total_seconds())

    def settle(self) -> None:
        self._cloud.settle()

    def failing(self, fault: Fault) -> AbstractContextManager[None]:
        return self._cloud.failing(FAULTS[fault])

    def new_principal(self) -> Principal:
        return self._cloud.new_user()

    def mint_by_hand(self, principal: Principal) -> KeyMaterial:
        key = self._cloud.iam_by_hand.create_access_key(UserName=principal.name)["AccessKey"]
        return KeyMaterial(key_id=KeyId(key["AccessKeyId"]), secret=Secret(key["SecretAccessKey"]))

    def delete_by_hand(self, principal: Principal, key: KeyId) -> None:
        self._cloud.iam_by_hand.delete_access_key(UserName=principal.name, AccessKeyId=key)

    def use(self, material: KeyMaterial) -> bool:
        key = Credentials(access_key_id=material.key_id, secret_access_key=material.secret.reveal())
        try:
            self._cloud.hands.sts(key).get_caller_identity()
        except ClientError:
            return False
        return True

    def delay_activation(self) -> None:
        # The simulated AWS delays every key, as AWS does.
        assert self._cloud.aws.settings().propagation_delay_seconds > 0

    def delay_trail(self) -> None:
        settings = self._cloud.aws.settings()
        late = settings.model_copy(update={"trail_lag_seconds": 900})
        self._cloud.aws.configure(late)

    def publish_trail(self) -> None:
        self.advance(timedelta(minutes=16))

    def make_person(self, principal: Principal) -> None:
        self._cloud.iam_by_hand.create_login_profile(
            UserName=principal.name, Password="correct horse battery staple"
        )

    def tag_by_hand(self, principal: Principal, name: str, value: str) -> None:
        tag = {"Key": name, "Value": value}
        self._cloud.iam_by_hand.tag_user(UserName=principal.name, Tags=[tag])  # type: ignore[list-item]

    def replace_by_hand(self, principal: Principal) -> None:
        self._cloud.iam_by_hand.delete_user(UserName=principal.name)
        self._cloud.iam_by_hand.create_user(UserName=principal.name)


class TestAwsTrail(MinterContract):
    @pytest.fixture
    def bench(self, cloud: Cloud) -> AwsIamBench:
        return AwsIamBench(cloud, AwsIamProviderWithTrail)


class TestAwsIam(KeyProviderContract):
    @pytest.fixture
    def bench(self, cloud: Cloud) -> AwsIamBench:
        return AwsIamBench(cloud)
