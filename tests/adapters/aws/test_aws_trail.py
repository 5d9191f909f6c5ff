"""Who made a key, by CloudTrail: identity and user agent together, or no answer."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from rotator.clients.aws_calls import rotation_agent
from rotator.clients.aws_config import AwsAccount
from rotator.clients.aws_trail import Mint, home_of_iam, is_same_caller, minter, mints
from rotator.core.facts import Minter
from rotator.core.ids import KeyId, RotationId
from rotator.errors import ThrottledError
from rotator.providers.aws_iam import AwsIamConfig, AwsIamProviderWithTrail
from rotator.simulators.aws.shapes import FaultKind, Settings
from tests.adapters.aws.cloud import ACCOUNT
from tests.builders import at

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rotator.core.facts import Principal
    from tests.adapters.aws.cloud import Cloud

ROTATION = RotationId("00000000-0000-0000-0000-0000000a11ce")
OTHER = RotationId("00000000-0000-0000-0000-000000000b0b")
ROLE = f"arn:aws:sts::{ACCOUNT}:assumed-role/rotator"
US, THEM = f"{ROLE}/one", f"arn:aws:iam::{ACCOUNT}:user/human"
AGENT = f"Boto3/1.44 rotator/1.0 {rotation_agent(ROTATION)}"
MADE = Mint(key_id="AKIAMADE", user_name="svc", caller=US, user_agent=AGENT)


@pytest.fixture
def provider(cloud: Cloud) -> AwsIamProviderWithTrail:
    cloud.warm()
    return AwsIamProviderWithTrail(AwsIamConfig(), cloud.clients)


def ask(cloud: Cloud, provider: AwsIamProviderWithTrail, user: Principal, key: str) -> Minter:
    return provider.minted_by(user, KeyId(key), ROTATION, since=cloud.past(), until=cloud.soon())


def test_only_a_provider_that_may_read_the_trail_tells_minters(
    provider: AwsIamProviderWithTrail,
) -> None:
    assert provider.traits.can_tell_minter


def test_every_page_of_the_trail_is_read_until_the_key_is_found(
    cloud: Cloud, provider: AwsIamProviderWithTrail
) -> None:
    user = cloud.new_user()
    key = provider.create_key(user, ROTATION, replaces=None, not_after=cloud.soon()).material.key_id
    for _ in range(3):
        cloud.iam_by_hand.create_access_key(UserName=cloud.new_user().name)
    cloud.aws.configure(Settings(max_page_size=2))

    assert ask(cloud, provider, user, key) is Minter.OURS
    assert len(cloud.calls("LookupEvents")) == 2
    assert ask(cloud, provider, user, "AKIANOBODYKNOWSTHIS0") is Minter.UNKNOWN


def test_a_key_whose_answer_was_lost_is_still_found_as_ours(
    cloud: Cloud, provider: AwsIamProviderWithTrail
) -> None:
    user = cloud.new_user()
    cloud.fault(FaultKind.LOSE_ANSWER, "CreateAccessKey", times=1)
    with pytest.raises(Exception, match="CreateAccessKey"):
        provider.create_key(user, ROTATION, replaces=None, not_after=cloud.soon())
    key = cloud.user(user.name).keys[0].access_key_id

    assert ask(cloud, provider, user, key) is Minter.OURS


def test_a_key_of_another_user_is_unknown(cloud: Cloud, provider: AwsIamProviderWithTrail) -> None:
    user, other = cloud.new_user(), cloud.new_user()
    key = provider.create_key(
        other, ROTATION, replaces=None, not_after=cloud.soon()
    ).material.key_id

    assert ask(cloud, provider, user, key) is Minter.UNKNOWN


def test_an_assumed_roles_mint_is_ours_under_any_session_name(cloud: Cloud) -> None:
    role = f"arn:aws:iam::{ACCOUNT}:role/rotator"
    accounts = {ACCOUNT: AwsAccount(role_arn=role)}
    first = cloud.new_clients(accounts=accounts, session_name="first")
    second = cloud.new_clients(accounts=accounts, session_name="second")
    user = cloud.new_user()
    minting = AwsIamProviderWithTrail(AwsIamConfig(), first)
    key = minting.create_key(user, ROTATION, replaces=None, not_after=cloud.soon()).material.key_id

    assert first.caller(ACCOUNT) != second.caller(ACCOUNT)
    asking = AwsIamProviderWithTrail(AwsIamConfig(), second)
    assert ask(cloud, asking, user, key) is Minter.OURS


def test_a_throttled_look_is_transient(cloud: Cloud, provider: AwsIamProviderWithTrail) -> None:
    user = cloud.new_user()

    with cloud.failing(FaultKind.THROTTLE), pytest.raises(ThrottledError):
        ask(cloud, provider, user, "AKIANOBODYKNOWSTHIS0")


@pytest.mark.parametrize(
    ("mint", "told"),
    [
        (MADE, Minter.OURS),
        (replace(MADE, caller=f"{ROLE}/two"), Minter.OURS),
        (replace(MADE, caller=THEM), Minter.UNKNOWN),
        (replace(MADE, caller=""), Minter.UNKNOWN),
        (replace(MADE, user_agent=f"rotator/1.0 {rotation_agent(OTHER)}"), Minter.UNKNOWN),
        (replace(MADE, user_agent=""), Minter.UNKNOWN),
        (replace(MADE, user_agent="aws-cli/2.0"), Minter.SOMEBODY_ELSE),
        (replace(MADE, user_agent="aws-cli/2.0", caller=THEM), Minter.SOMEBODY_ELSE),
        (replace(MADE, user_agent="", caller=THEM), Minter.SOMEBODY_ELSE),
    ],
    ids=[
        "ours",
        "another session of ours",
        "our word, another identity",
        "our word, no identity",
        "another rotation",
        "no user agent",
        "a person with our role",
        "a person",
        "a person without a user agent",
    ],
)
def test_ours_is_our_identity_and_our_rotation_and_nothing_less(mint: Mint, told: Minter) -> None:
    assert minter(mint, US, ROTATION) is told


def test_one_identity_is_one_whatever_its_session_is_called() -> None:
    assert is_same_caller(f"{ROLE}/one", f"{ROLE}/two")
    assert is_same_caller(THEM, THEM)
    assert not is_same_caller(f"{ROLE}/one", f"{ROLE}-2/one")
    assert not is_same_caller("", "")


@pytest.mark.parametrize(
    ("region", "home"),
    [
        ("eu-central-1", "us-east-1"),
        ("cn-northwest-1", "cn-north-1"),
        ("us-gov-east-1", "us-gov-west-1"),
    ],
)
def test_iams_events_are_looked_up_where_their_partition_keeps_them(region: str, home: str) -> None:
    assert home_of_iam(region) == home


class _Endless:
    """A trail with one refused call on every page, and always another page."""

    def __init__(self) -> None:
        self.asked = 0

    def lookup_events(self, **asked: Any) -> Mapping[str, Any]:  # noqa: ANN401 - boto3's own
        assert asked["MaxResults"] == 50
        self.asked += 1
        record = {"errorCode": "AccessDenied", "responseElements": None}
        return {"Events": [{"CloudTrailEvent": json.dumps(record)}], "NextToken": "more"}


def test_a_refused_call_made_no_key_and_a_flood_is_not_read_for_ever() -> None:
    trail = _Endless()

    assert list(mints(trail, since=at(), until=at(minutes=1))) == []
    assert trail.asked == 20
