"""Faults: what they do to the effect, to the answer and to the log of calls."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError, HTTPClientError

from rotator.simulators.aws.shapes import FaultKind, FaultRule, Settings, UserSeed

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient

    from rotator.simulators.aws.clients import SimulatedClients
    from rotator.simulators.aws.process import SimulatedAws
    from rotator.simulators.aws.shapes import Call, SeededAccount


@pytest.fixture
def iam(clients: SimulatedClients, account: SeededAccount) -> IAMClient:
    """Return the administrator's client; user ``ci`` has one key."""
    return clients.iam(account.admin)


def keys_left(aws: SimulatedAws) -> int:
    """Count the keys of user ``ci``."""
    return len(aws.state().accounts["111122223333"].users["ci"].keys)


def mint(iam: IAMClient) -> str:
    """Try to mint a key; return how it failed."""
    with pytest.raises((ClientError, HTTPClientError)) as caught:
        iam.create_access_key(UserName="ci")
    if isinstance(caught.value, ClientError):
        return caught.value.response["Error"]["Code"]
    return type(caught.value).__name__


def only_call(aws: SimulatedAws) -> Call:
    """Return the one CreateAccessKey call of the log."""
    (call,) = aws.calls("CreateAccessKey")
    return call


@pytest.mark.parametrize(
    ("kind", "failure", "keys"),
    [
        (FaultKind.LOSE_REQUEST, "ConnectionClosedError", 1),
        (FaultKind.LOSE_ANSWER, "ConnectionClosedError", 2),
        (FaultKind.THROTTLE, "Throttling", 1),
        (FaultKind.SERVER_ERROR, "ServiceFailure", 1),
        (FaultKind.ACCESS_DENIED, "AccessDenied", 1),
    ],
)
def test_fault_has_its_effect_and_its_answer_once(
    aws: SimulatedAws, iam: IAMClient, kind: FaultKind, failure: str, keys: int
) -> None:
    """And the log tells which call it struck."""
    aws.add_fault(FaultRule(kind=kind, operation="CreateAccessKey"))

    assert mint(iam) == failure
    assert keys_left(aws) == keys
    assert only_call(aws).fault is kind
    assert only_call(aws).is_effective is (kind is FaultKind.LOSE_ANSWER)
    iam.list_access_keys(UserName="ci")


def test_late_request_takes_effect_when_its_time_comes(aws: SimulatedAws, iam: IAMClient) -> None:
    """The client has long given up, and the key is dated then."""
    start = aws.now()
    aws.add_fault(FaultRule(kind=FaultKind.LAND_LATE, operation="CreateAccessKey", seconds=120))
    assert mint(iam) == "ConnectionClosedError"
    aws.advance(119)
    assert keys_left(aws) == 1
    aws.advance(600)

    key = aws.state().accounts["111122223333"].users["ci"].keys[1]
    assert (key.created_at - start).total_seconds() == 120
    assert [call.is_effective for call in aws.calls("CreateAccessKey")] == [False, True]


def test_delayed_answer_still_arrives(aws: SimulatedAws, iam: IAMClient) -> None:
    """The effect is there; a client with a short time-out would miss the answer."""
    aws.add_fault(FaultRule(kind=FaultKind.DELAY_ANSWER, operation="ListUsers", seconds=0.05))

    assert iam.list_users()["Users"]
    assert aws.calls("ListUsers")[0].fault is FaultKind.DELAY_ANSWER


def test_delayed_request_takes_effect_later_and_is_answered_then(
    aws: SimulatedAws, iam: IAMClient
) -> None:
    """The log shows it twice: as it came, and as it took effect, with the key that it made."""
    aws.add_fault(
        FaultRule(kind=FaultKind.DELAY_REQUEST, operation="CreateAccessKey", seconds=0.05)
    )

    made = iam.create_access_key(UserName="ci")["AccessKey"]["AccessKeyId"]

    came, done = aws.calls("CreateAccessKey")
    assert (came.fault, came.status, came.is_effective) == (FaultKind.DELAY_REQUEST, None, False)
    assert (done.fault, done.status, done.is_effective) == (None, 200, True)
    assert done.parameters == {"CreatedAccessKeyId": made}


def test_request_with_an_old_signature_has_no_effect(
    aws: SimulatedAws, iam: IAMClient, account: SeededAccount, clients: SimulatedClients
) -> None:
    """Senders sign by the real clock, and the simulator's stands elsewhere."""
    aws.configure(Settings(signature_window_seconds=300))
    secrets = clients.secrets_manager(account.admin)

    assert mint(iam) == "SignatureDoesNotMatch"
    with pytest.raises(ClientError, match="InvalidSignatureException"):
        secrets.describe_secret(SecretId="ci/key")
    assert keys_left(aws) == 1


def test_log_tells_what_a_change_was_from_any_place_on(aws: SimulatedAws, iam: IAMClient) -> None:
    """Without the value that was stored."""
    (key,) = iam.list_access_keys(UserName="ci")["AccessKeyMetadata"]
    iam.update_access_key(UserName="ci", AccessKeyId=key["AccessKeyId"], Status="Inactive")

    (call,) = aws.calls(start=1)
    assert (call.operation, call.parameters) == ("UpdateAccessKey", {"Status": "Inactive"})


def test_rule_strikes_only_the_calls_it_names(
    aws: SimulatedAws, iam: IAMClient, account: SeededAccount, clients: SimulatedClients
) -> None:
    """By user, secret, key and caller."""
    aws.seed(account.account_id, users=[UserSeed(name="other")])
    (key,) = account.users["ci"]
    for rule in (
        FaultRule(kind=FaultKind.THROTTLE, operation="CreateAccessKey", user_name="ci"),
        FaultRule(kind=FaultKind.THROTTLE, secret="ci/key"),
        FaultRule(kind=FaultKind.THROTTLE, access_key_id=key.access_key_id),
        FaultRule(kind=FaultKind.THROTTLE, caller=account.human.access_key_id),
    ):
        aws.add_fault(rule)
    secrets = clients.secrets_manager(account.admin)
    iam.create_access_key(UserName="other")

    assert mint(iam) == "Throttling"
    with pytest.raises(ClientError, match="ThrottlingException"):
        secrets.describe_secret(SecretId=account.secrets["ci/key"])
    with pytest.raises(ClientError, match="Throttling"):
        iam.get_access_key_last_used(AccessKeyId=key.access_key_id)
    with pytest.raises(ClientError, match="Throttling"):
        clients.iam(account.human).list_users()
    assert iam.list_users()["Users"]


def test_rule_skips_and_counts_as_told(aws: SimulatedAws, iam: IAMClient) -> None:
    """The third and fourth call of five are struck."""
    aws.add_fault(FaultRule(kind=FaultKind.SERVER_ERROR, skip=2, times=2))
    outcomes = []
    for _ in range(5):
        try:
            iam.list_users()
            outcomes.append("ok")
        except ClientError:
            outcomes.append("failed")

    assert outcomes == ["ok", "ok", "failed", "failed", "ok"]


def test_rule_for_ever_ends_when_faults_are_cleared(aws: SimulatedAws, iam: IAMClient) -> None:
    """An outage and its end."""
    aws.add_fault(FaultRule(kind=FaultKind.SERVER_ERROR, times=None))
    for _ in range(3):
        with pytest.raises(ClientError):
            iam.list_users()
    aws.clear_faults()

    assert iam.list_users()["Users"]


def test_rate_limit_refills_with_simulated_time(aws: SimulatedAws, iam: IAMClient) -> None:
    """A burst of two, then one for each two seconds."""
    aws.add_fault(FaultRule(kind=FaultKind.RATE_LIMIT, times=None, rate=0.5, burst=2))
    iam.list_users()
    iam.list_users()
    with pytest.raises(ClientError, match="Rate exceeded"):
        iam.list_users()
    aws.advance(2)

    assert iam.list_users()["Users"]


def test_throttled_call_is_no_use_of_the_key(
    aws: SimulatedAws, account: SeededAccount, clients: SimulatedClients
) -> None:
    """It was turned away at the door."""
    aws.add_fault(FaultRule(kind=FaultKind.THROTTLE))
    with pytest.raises(ClientError, match="Throttling"):
        clients.sts(account.users["ci"][0]).get_caller_identity()

    assert aws.state().accounts["111122223333"].users["ci"].keys[0].uses == 0
