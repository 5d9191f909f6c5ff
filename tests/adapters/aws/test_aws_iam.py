"""What the IAM adapter does beyond the port's contract."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from rotator.core.ids import KeyId, RotationId
from rotator.core.secret import KeyMaterial, Secret
from rotator.core.terms import Traits
from rotator.errors import (
    AccessDeniedError,
    NotFoundError,
    QuotaExceededError,
    RejectedError,
    TransientError,
    UnavailableError,
)
from rotator.ports.provider import Verdict
from rotator.providers.aws_iam import (
    PERMISSIONS,
    AwsIamConfig,
    AwsIamProvider,
    AwsIamProviderWithTrail,
    _last_used,
)
from rotator.simulators.aws.shapes import FaultKind, FaultRule, Settings
from tests.adapters.aws.cloud import ACCOUNT
from tests.adapters.aws.leaks import shown
from tests.builders import EPOCH

if TYPE_CHECKING:
    from rotator.core.facts import Principal
    from tests.adapters.aws.cloud import Cloud

ROTATION = RotationId("00000000-0000-0000-0000-0000000a11ce")


@pytest.fixture
def provider(cloud: Cloud) -> AwsIamProvider:
    cloud.warm()
    return AwsIamProvider(AwsIamConfig(), cloud.clients)


def key_of(cloud: Cloud, user: Principal, place: int = 0) -> KeyId:
    return KeyId(cloud.user(user.name).keys[place].access_key_id)


def test_every_page_of_users_is_read(cloud: Cloud, provider: AwsIamProvider) -> None:
    made = {cloud.new_user().uid for _ in range(5)}
    cloud.aws.configure(Settings(max_page_size=2))

    assert {user.uid for user in provider.principals(ACCOUNT)} == made
    assert len(cloud.calls("ListUsers")) == 3


def test_every_page_of_keys_is_read(cloud: Cloud, provider: AwsIamProvider) -> None:
    user = cloud.new_user(keys=[{}, {"status": "Inactive"}])
    cloud.aws.configure(Settings(max_page_size=1))

    assert [key.enabled for key in provider.list_keys(user).keys] == [True, False]
    assert len(cloud.calls("ListAccessKeys")) == 2


def test_only_the_configured_paths_are_seen_and_nobody_twice(cloud: Cloud) -> None:
    wanted = [cloud.new_user(path="/svc/ci/"), cloud.new_user(path="/apps/")]
    cloud.new_user(path="/people/")
    config = AwsIamConfig(path_prefixes=("/svc/", "/apps/", "/svc/ci/"))
    found = list(AwsIamProvider(config, cloud.clients).principals(ACCOUNT))

    assert sorted(found, key=lambda user: user.name) == sorted(wanted, key=lambda user: user.name)


def test_one_look_at_a_user_is_two_calls(cloud: Cloud, provider: AwsIamProvider) -> None:
    provider.list_keys(cloud.new_user(keys=[{}, {}]))

    assert [call.operation for call in cloud.calls()] == ["ListAccessKeys", "GetUser"]


def test_a_user_made_again_under_its_name_is_another(
    cloud: Cloud, provider: AwsIamProvider
) -> None:
    user = cloud.new_user()
    hand = cloud.iam_by_hand
    hand.delete_user(UserName=user.name)
    hand.create_user(UserName=user.name)

    for look in (provider.list_keys, provider.marks):
        with pytest.raises(NotFoundError) as caught:
            look(user)
        assert caught.value.code == "principal_replaced"


def test_a_missing_user_is_not_found_by_any_name(cloud: Cloud, provider: AwsIamProvider) -> None:
    user = cloud.new_user()
    cloud.iam_by_hand.delete_user(UserName=user.name)

    with pytest.raises(NotFoundError) as caught:
        provider.list_keys(user)
    assert caught.value.code == "not_found"
    with pytest.raises(NotFoundError):
        provider.create_key(user, ROTATION, replaces=None, not_after=cloud.soon())


def test_a_mark_shows_in_the_listing_and_goes_with_its_key(
    cloud: Cloud, provider: AwsIamProvider
) -> None:
    user = cloud.new_user(keys=[{}], tags={"team": "rotator/but not a key's"})
    key = key_of(cloud, user)
    provider.mark_key(user, key, ROTATION)

    assert provider.list_keys(user).keys[0].rotation == ROTATION
    assert cloud.user(user.name).tags[key] == f"rotator/{ROTATION}"

    provider.delete_key(user, key, not_after=cloud.soon())

    assert list(cloud.user(user.name).tags) == ["team"]


def test_a_mark_that_cannot_be_removed_does_not_fail_the_deletion(
    cloud: Cloud, provider: AwsIamProvider
) -> None:
    user = cloud.new_user(keys=[{}])
    cloud.fault(FaultKind.ACCESS_DENIED, "UntagUser")

    provider.delete_key(user, key_of(cloud, user), not_after=cloud.soon())

    assert cloud.user(user.name).keys == ()


def test_a_mark_beyond_the_limit_of_tags_is_a_quota(cloud: Cloud, provider: AwsIamProvider) -> None:
    user = cloud.new_user(keys=[{}], tags={f"tag-{place}": "x" for place in range(50)})

    with pytest.raises(QuotaExceededError):
        provider.mark_key(user, key_of(cloud, user), ROTATION)


def test_a_key_must_be_accepted_in_every_consumer_region(cloud: Cloud) -> None:
    cloud.warm()
    user = cloud.new_user()
    config = AwsIamConfig(verify_regions=("eu-west-1", "us-west-2"))
    provider = AwsIamProvider(config, cloud.clients)
    material = provider.create_key(user, ROTATION, replaces=None, not_after=cloud.soon()).material
    cloud.settle()
    cloud.aws.clear_calls()

    assert provider.verify(user, material) is Verdict.ACCEPTED
    assert {call.caller for call in cloud.calls()} == {material.key_id}
    assert len(cloud.calls("GetCallerIdentity")) == 2

    cloud.aws.add_fault(
        FaultRule(kind=FaultKind.LOSE_REQUEST, operation="GetCallerIdentity", skip=1)
    )
    with pytest.raises(UnavailableError):
        provider.verify(user, material)


@pytest.mark.parametrize(
    ("verdicts", "together"),
    [
        ((Verdict.NOT_YET, Verdict.NOT_YET), Verdict.NOT_YET),
        ((Verdict.NOT_YET, Verdict.ACCEPTED), Verdict.PARTLY),
        ((Verdict.ACCEPTED, Verdict.NOT_YET), Verdict.PARTLY),
        ((Verdict.WRONG_PRINCIPAL, Verdict.WRONG_PRINCIPAL), Verdict.WRONG_PRINCIPAL),
    ],
)
def test_a_key_is_refused_only_if_every_consumer_region_refuses_it(
    cloud: Cloud,
    monkeypatch: pytest.MonkeyPatch,
    verdicts: tuple[Verdict, ...],
    together: Verdict,
) -> None:
    told = iter(verdicts)
    monkeypatch.setattr(AwsIamProvider, "_try", lambda *_: next(told))
    config = AwsIamConfig(verify_regions=("eu-west-1", "us-west-2"))
    material = KeyMaterial(key_id=KeyId("AKIAIOSFODNN7EXAMPLE"), secret=Secret("x"))

    verdict = AwsIamProvider(config, cloud.clients).verify(cloud.new_user(), material)

    assert verdict is together


def test_a_try_is_one_request(cloud: Cloud, provider: AwsIamProvider) -> None:
    user = cloud.new_user()
    material = provider.create_key(user, ROTATION, replaces=None, not_after=cloud.soon()).material
    cloud.settle()
    cloud.aws.clear_calls()
    with cloud.failing(FaultKind.SERVER_ERROR), pytest.raises(TransientError):
        provider.verify(user, material)

    assert len(cloud.calls()) == 1


def test_a_secret_that_is_not_the_keys_is_rejected_and_not_told(
    cloud: Cloud, provider: AwsIamProvider
) -> None:
    user = cloud.new_user()
    key = provider.create_key(user, ROTATION, replaces=None, not_after=cloud.soon()).material.key_id
    cloud.settle()
    forged = KeyMaterial(key_id=key, secret=Secret("marker+forged/secret"))

    with pytest.raises(RejectedError) as caught:
        provider.verify(user, forged)
    assert caught.value.code == "wrong_secret"
    assert "marker" not in shown(caught.value)


def test_what_says_nothing_of_the_key_is_no_verdict(cloud: Cloud, provider: AwsIamProvider) -> None:
    user = cloud.new_user()
    material = provider.create_key(user, ROTATION, replaces=None, not_after=cloud.soon()).material
    cloud.settle()

    with cloud.failing(FaultKind.ACCESS_DENIED), pytest.raises(AccessDeniedError):
        provider.verify(user, material)


def test_the_last_use_is_told_with_service_and_region(
    cloud: Cloud, provider: AwsIamProvider
) -> None:
    used_at = cloud.clock.now() - timedelta(days=3)
    user = cloud.new_user(keys=[{"age_seconds": 10 * 86_400, "last_used_at": used_at.isoformat()}])
    use = provider.last_used(user, key_of(cloud, user))

    assert (use.at, use.service, use.region) == (used_at, "s3", "us-east-1")


def test_the_use_of_another_users_key_is_not_told(cloud: Cloud, provider: AwsIamProvider) -> None:
    user, other = cloud.new_user(keys=[{}]), cloud.new_user()

    with pytest.raises(NotFoundError):
        provider.last_used(other, key_of(cloud, user))


def test_never_is_taken_for_never_only_in_awss_own_words() -> None:
    key = KeyId("AKIA")

    assert _last_used({"ServiceName": "N/A", "Region": "N/A"}, key).at is None
    with pytest.raises(RejectedError) as caught:
        _last_used({"ServiceName": "s3", "Region": "us-east-1"}, key)
    assert caught.value.code == "use_unclear"
    told = _last_used({"LastUsedDate": EPOCH, "ServiceName": "N/A", "Region": "N/A"}, key)
    assert (told.at, told.service, told.region) == (EPOCH, "", "")


def test_what_cannot_be_read_makes_nobody_a_machine(cloud: Cloud, provider: AwsIamProvider) -> None:
    user = cloud.new_user(console_password=True)

    assert provider.is_person(user)
    with cloud.failing(FaultKind.ACCESS_DENIED), pytest.raises(AccessDeniedError):
        provider.is_person(user)


def test_traits_are_safe_by_default_and_configurable(cloud: Cloud) -> None:
    quick = AwsIamConfig.model_validate(
        {"signatureWindow": "PT2S", "listLag": "PT1S", "useQuantum": "PT0S", "maxKeys": 2}
    )

    assert AwsIamProvider(AwsIamConfig(), cloud.clients).traits == Traits(
        max_keys=2,
        can_disable=True,
        can_report_use=True,
        marks_keys=False,
        signature_window=timedelta(minutes=5),
        list_lag=timedelta(seconds=60),
        use_quantum=timedelta(minutes=15),
    )
    assert AwsIamProvider(quick, cloud.clients).traits.signature_window == timedelta(seconds=2)


def test_every_permission_that_is_used_is_listed_and_no_other(
    cloud: Cloud, provider: AwsIamProvider
) -> None:
    user = cloud.new_user()
    list(provider.principals(ACCOUNT))
    key = provider.create_key(user, ROTATION, replaces=None, not_after=cloud.soon()).material.key_id
    provider.mark_key(user, key, ROTATION)
    provider.list_keys(user)
    provider.marks(user)
    provider.tags(user)
    provider.survey(ACCOUNT)
    provider.last_used(user, key)
    provider.is_person(user)
    provider.disable_key(user, key, not_after=cloud.soon())
    provider.enable_key(user, key, not_after=cloud.soon())
    provider.delete_key(user, key, not_after=cloud.soon())

    trailed = AwsIamProviderWithTrail(AwsIamConfig(), cloud.clients)
    trailed.minted_by(user, key, ROTATION, since=cloud.past(), until=cloud.soon())

    used = {f"{call.service}:{call.operation}" for call in cloud.calls()}
    # Whoever has a key may ask whose it is.
    used -= {"sts:GetCallerIdentity"}
    assert used == {action for actions in PERMISSIONS.values() for action in actions}
