"""The simulated AWS in this process: same answers, borrowed clock, nothing that waits."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError

from rotator.simulators.aws.embedded import EmbeddedAws
from rotator.simulators.aws.embedded_session import EmbeddedSession, OnRequest, ignore_request
from rotator.simulators.aws.seeding import seed
from rotator.simulators.aws.shapes import (
    AccountSeed,
    Call,
    FaultKind,
    FaultRule,
    KeySeed,
    RoleSeed,
    SecretSeed,
    SeededAccount,
    Settings,
    UserSeed,
)
from rotator.testing.manual_clock import ManualClock

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sts import STSClient

    from rotator.ports.clock import Clock

REGION = "us-east-1"
ONCE = Config(retries={"mode": "standard", "total_max_attempts": 1})


class Cloud(NamedTuple):
    """An AWS with user ``ci`` (one key) and secret ``ci/key``, its clock and its calls."""

    aws: EmbeddedAws
    clock: ManualClock
    account: SeededAccount
    calls: list[tuple[timedelta, Call]]

    def session(
        self, *, clock: Clock | None = None, on_request: OnRequest = ignore_request
    ) -> EmbeddedSession:
        return EmbeddedSession(
            self.aws, clock or self.clock, self.account.admin, on_request=on_request
        )

    def iam(self, *, clock: Clock | None = None, config: Config = ONCE) -> IAMClient:
        client: IAMClient = self.session(clock=clock).client(  # type: ignore[assignment]
            "iam", region_name=REGION, config=config
        )
        return client

    def secrets(self, *, clock: Clock | None = None) -> SecretsManagerClient:
        client: SecretsManagerClient = self.session(clock=clock).client(  # type: ignore[assignment]
            "secretsmanager", region_name=REGION, config=ONCE
        )
        return client

    def keys(self) -> int:
        listed = self.aws.world.keys.listed(self.uid, self.aws.world.now())
        return len(listed)

    @property
    def uid(self) -> str:
        key = self.account.users["ci"][0].access_key_id
        return self.aws.world.keys.by_id(key).principal.user_id


def cloud_of(clock: ManualClock, *, number: int = 0) -> Cloud:
    calls: list[tuple[timedelta, Call]] = []
    start = clock.now()
    aws = EmbeddedAws(
        clock, seed=number, on_call=lambda call: calls.append((aws.world.now() - start, call))
    )
    aws.world.settings = Settings(signature_window_seconds=300, propagation_delay_seconds=0)
    account = seed(
        aws.world,
        AccountSeed(
            account_id="111122223333",
            users=(UserSeed(name="ci", keys=(KeySeed(),)),),
            secrets=(SecretSeed(name="ci/key", value="{}"),),
        ),
    )
    return Cloud(aws, clock, account, calls)


@pytest.fixture
def cloud() -> Cloud:
    return cloud_of(ManualClock())


def test_all_three_services_answer_with_the_borrowed_time(cloud: Cloud) -> None:
    sts: STSClient = cloud.session().client("sts", region_name=REGION)  # type: ignore[assignment]
    cloud.clock.advance(timedelta(days=400))

    assert sts.get_caller_identity()["Account"] == "111122223333"
    assert cloud.secrets().describe_secret(SecretId="ci/key")["Name"] == "ci/key"
    made = cloud.iam().create_access_key(UserName="ci")
    assert made["AccessKey"]["CreateDate"] == cloud.clock.now()
    date = made["ResponseMetadata"]["HTTPHeaders"]["date"]
    assert date == "Fri, 05 Feb 2027 00:00:00 GMT"


def test_clock_of_aws_may_be_ahead(cloud: Cloud) -> None:
    cloud.aws.time.offset = timedelta(minutes=3)
    made = cloud.iam().create_access_key(UserName="ci")["AccessKey"]

    assert made["CreateDate"] == cloud.clock.now() + timedelta(minutes=3)


@pytest.mark.parametrize("off", [timedelta(minutes=6), timedelta(minutes=-6)])
def test_signature_of_a_clock_that_is_off_is_refused(cloud: Cloud, off: timedelta) -> None:
    wrong = ManualClock(cloud.clock.now())
    wrong.advance(off)

    with pytest.raises(ClientError, match="SignatureDoesNotMatch"):
        cloud.iam(clock=wrong).create_access_key(UserName="ci")
    with pytest.raises(ClientError, match="InvalidSignatureException"):
        cloud.secrets(clock=wrong).describe_secret(SecretId="ci/key")
    assert cloud.keys() == 1


def test_late_request_takes_effect_at_its_own_instant(cloud: Cloud) -> None:
    cloud.aws.world.faults.add(
        FaultRule(kind=FaultKind.LAND_LATE, operation="CreateAccessKey", seconds=240)
    )
    with pytest.raises(ConnectionClosedError):
        cloud.iam().create_access_key(UserName="ci")
    assert cloud.aws.next_landing() == cloud.clock.now() + timedelta(minutes=4)
    cloud.clock.advance(timedelta(days=1))
    cloud.aws.land()

    assert cloud.keys() == 2
    at, landed = cloud.calls[-1]
    assert (at, landed.operation, landed.is_effective) == (
        timedelta(minutes=4),
        "CreateAccessKey",
        True,
    )


def test_request_that_lands_after_its_signature_window_has_no_effect(cloud: Cloud) -> None:
    cloud.aws.world.faults.add(
        FaultRule(kind=FaultKind.LAND_LATE, operation="CreateAccessKey", seconds=301)
    )
    with pytest.raises(ConnectionClosedError):
        cloud.iam().create_access_key(UserName="ci")
    cloud.clock.advance(timedelta(hours=1))
    cloud.aws.land()

    assert cloud.keys() == 1


@pytest.mark.parametrize("mode", ["standard", "adaptive"])
def test_retries_step_the_clock_instead_of_waiting(cloud: Cloud, mode: str) -> None:
    patient = Config(retries={"mode": mode, "total_max_attempts": 4})  # type: ignore[arg-type]
    cloud.aws.world.faults.add(FaultRule(kind=FaultKind.THROTTLE, times=3))
    before = cloud.clock.now()

    assert cloud.iam(config=patient).list_users()["Users"]
    assert cloud.clock.now() - before == timedelta(seconds=3)
    assert [call.error for _, call in cloud.calls] == ["Throttling"] * 3 + [""]


def test_each_side_of_a_request_is_told_and_may_end_the_process(cloud: Cloud) -> None:
    class PowerCut(BaseException):
        """Nothing but this test catches it."""

    told: list[tuple[str, bool]] = []

    def cut(operation: str, *, is_over: bool) -> None:
        told.append((operation, is_over))
        if is_over:
            raise PowerCut

    iam: IAMClient = cloud.session(on_request=cut).client(  # type: ignore[assignment]
        "iam", region_name=REGION
    )
    with pytest.raises(PowerCut):
        iam.create_access_key(UserName="ci")
    assert told == [("CreateAccessKey", False), ("CreateAccessKey", True)]
    assert cloud.keys() == 2


def test_guards_of_a_client_are_asked_before_anything_leaves(cloud: Cloud) -> None:
    iam = cloud.iam()

    def refuse(**_: object) -> None:
        raise TimeoutError

    iam.meta.events.register("before-send", refuse)
    with pytest.raises(TimeoutError):
        iam.create_access_key(UserName="ci")
    assert cloud.calls == []


def test_new_world_knows_nothing_of_the_one_before(cloud: Cloud) -> None:
    cloud.iam().create_access_key(UserName="ci")
    anew = cloud_of(ManualClock())

    assert anew.keys() == 1
    assert anew.calls == []


def test_same_seed_makes_the_same_ids() -> None:
    def ids(number: int) -> tuple[str, str]:
        cloud = cloud_of(ManualClock(), number=number)
        key = cloud.iam().create_access_key(UserName="ci")["AccessKey"]["AccessKeyId"]
        return cloud.uid, key

    assert ids(1) == ids(1)
    assert ids(1) != ids(2)


def test_removed_rule_tells_how_often_it_struck(cloud: Cloud) -> None:
    rules = [
        FaultRule(kind=FaultKind.THROTTLE, operation="ListUsers", times=None) for _ in range(2)
    ]
    for rule in rules:
        cloud.aws.world.faults.add(rule)
    with pytest.raises(ClientError):
        cloud.iam().list_users()

    assert [cloud.aws.world.faults.remove(rule) for rule in rules] == [1, 0]
    assert cloud.iam().list_users()["Users"]


def test_policies_bind_an_embedded_aws_too(cloud: Cloud) -> None:
    role = RoleSeed(name="rotator", policies=(), trusts=("111122223333",))
    seed(cloud.aws.world, AccountSeed(account_id="111122223333", roles=(role,)))
    sts: STSClient = cloud.session().client("sts", region_name=REGION)  # type: ignore[assignment]
    role_arn = "arn:aws:iam::111122223333:role/rotator"
    answer = sts.assume_role(RoleArn=role_arn, RoleSessionName="test")["Credentials"]
    iam: IAMClient = cloud.session().client(  # type: ignore[assignment]
        "iam",
        region_name=REGION,
        config=ONCE,
        aws_access_key_id=answer["AccessKeyId"],
        aws_secret_access_key=answer["SecretAccessKey"],
        aws_session_token=answer["SessionToken"],
    )

    with pytest.raises(ClientError, match="because no identity-based policy allows"):
        iam.list_users()
    statement = {"Effect": "Allow", "Action": "iam:ListUsers", "Resource": "*"}
    document = {"Version": "2012-10-17", "Statement": statement}
    cloud.aws.put_policies("111122223333", "rotator", (document,))
    assert iam.list_users()["Users"]
