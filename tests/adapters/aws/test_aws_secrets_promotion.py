"""Promoting, releasing and reading secrets, beyond the port's contract."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from rotator.clients.aws_labels import label_of, named
from rotator.core.ids import VersionId
from rotator.destinations.aws_secrets_manager.config import PERMISSIONS, AwsSecretsManagerConfig
from rotator.destinations.aws_secrets_manager.destination import AwsSecretsManager
from rotator.errors import ConflictError, NotFoundError, OutcomeUnknownError, RejectedError
from rotator.simulators.aws.shapes import FaultKind, FaultRule
from tests.adapters.aws.cloud import ACCOUNT, REGION
from tests.adapters.aws.leaks import shown
from tests.adapters.aws.staging import (
    MARKER,
    MATERIAL,
    OURS,
    interrupting,
    rewrite,
    stage,
    value,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.adapters.aws.cloud import Cloud


@pytest.fixture
def destination(cloud: Cloud) -> AwsSecretsManager:
    cloud.warm()
    return AwsSecretsManager(AwsSecretsManagerConfig(), cloud.clients)


# ----------------------------------------------------------------------------- promote


def test_a_version_that_got_in_between_stays_current(cloud: Cloud) -> None:
    ref = cloud.new_secret()
    base = stage(cloud, AwsSecretsManager(AwsSecretsManagerConfig(), cloud.clients), ref)
    destination = interrupting(cloud, "DescribeSecret", lambda: rewrite(cloud, ref))

    with pytest.raises(ConflictError):
        destination.promote(ref, OURS, expected=base, not_after=cloud.soon())
    assert value(cloud, ref, cloud.current(ref)) == '{"by": "hand"}'


def test_a_version_that_came_right_after_makes_the_outcome_unknown(cloud: Cloud) -> None:
    ref = cloud.new_secret()
    base = stage(cloud, AwsSecretsManager(AwsSecretsManagerConfig(), cloud.clients), ref)
    destination = interrupting(cloud, "UpdateSecretVersionStage", lambda: rewrite(cloud, ref))

    with pytest.raises(OutcomeUnknownError):
        destination.promote(ref, OURS, expected=base, not_after=cloud.soon())


def test_a_promotion_that_cannot_be_seen_is_unknown_and_its_repeat_finishes_it(
    cloud: Cloud, destination: AwsSecretsManager
) -> None:
    ref = cloud.new_secret()
    base = stage(cloud, destination, ref)
    cloud.aws.add_fault(FaultRule(kind=FaultKind.ACCESS_DENIED, operation="DescribeSecret", skip=1))

    with pytest.raises(OutcomeUnknownError):
        destination.promote(ref, OURS, expected=base, not_after=cloud.soon())
    assert cloud.current(ref) == OURS
    destination.promote(ref, OURS, expected=base, not_after=cloud.soon())
    assert destination.describe(ref).pending == frozenset()


def test_a_pending_label_that_stays_does_not_fail_the_promotion(
    cloud: Cloud, destination: AwsSecretsManager
) -> None:
    ref = cloud.new_secret()
    base = stage(cloud, destination, ref)
    cloud.aws.add_fault(
        FaultRule(kind=FaultKind.ACCESS_DENIED, operation="UpdateSecretVersionStage", skip=1)
    )
    destination.promote(ref, OURS, expected=base, not_after=cloud.soon())

    assert (cloud.current(ref), cloud.holder(ref, "AWSPENDING")) == (OURS, OURS)
    destination.promote(ref, OURS, expected=base, not_after=cloud.soon())
    assert destination.describe(ref).pending == frozenset()


def test_a_swap_whose_answer_got_lost_is_unknown_whatever_its_repeat_is_told(
    cloud: Cloud, destination: AwsSecretsManager
) -> None:
    ref = cloud.new_secret()
    base = stage(cloud, destination, ref)
    cloud.fault(FaultKind.LOSE_ANSWER, "UpdateSecretVersionStage", times=1)

    with pytest.raises(OutcomeUnknownError):
        destination.promote(ref, OURS, expected=base, not_after=cloud.soon())
    assert [call.error for call in cloud.calls("UpdateSecretVersionStage")] == [
        "",
        "InvalidParameterException",
    ]
    assert cloud.current(ref) == OURS


# ----------------------------------------------------------------- unstage, and reading


def test_there_is_nothing_to_unstage_in_a_missing_secret(
    cloud: Cloud, destination: AwsSecretsManager
) -> None:
    destination.unstage(cloud.new_ref(), OURS, not_after=cloud.soon())

    assert [call.operation for call in cloud.calls()] == ["DescribeSecret"]


def test_a_version_that_is_not_pending_any_more_is_not_read(
    cloud: Cloud, destination: AwsSecretsManager
) -> None:
    ref = cloud.new_secret()
    stage(cloud, destination, ref)
    destination.unstage(ref, OURS, not_after=cloud.soon())

    with pytest.raises(RejectedError):
        destination.read_staged(ref, OURS)


def test_a_pending_version_without_a_key_is_refused_and_not_quoted(
    cloud: Cloud, destination: AwsSecretsManager
) -> None:
    ref = cloud.new_secret()
    version = str(uuid4())
    cloud.secrets_by_hand.put_secret_value(
        SecretId=ref.name,
        ClientRequestToken=version,
        SecretString=json.dumps({"AccessKeyId": 7, "SecretAccessKey": MARKER}),
        VersionStages=["AWSPENDING"],
    )
    with pytest.raises(RejectedError) as caught:
        destination.read_staged(ref, VersionId(version))

    assert caught.value.code == "no_key_inside"
    assert MARKER not in shown(caught.value)


def test_a_version_without_any_label_is_read_by_its_id_alone(
    cloud: Cloud, destination: AwsSecretsManager
) -> None:
    ref = cloud.new_secret()
    stage(cloud, destination, ref)
    destination.unstage(ref, OURS, not_after=cloud.soon())
    asked: list[Mapping[str, object]] = []
    cloud.clients.secrets(ACCOUNT, REGION).meta.events.register(
        "provide-client-params.secrets-manager.GetSecretValue",
        lambda params, **_: asked.append(dict(params)),
    )

    assert destination.read_version(ref, OURS).key_id == MATERIAL.key_id
    assert asked == [{"SecretId": ref.name, "VersionId": OURS}]


def test_a_refusal_to_read_by_id_is_learnt_under_a_name_of_its_own() -> None:
    assert named("secretsmanager:GetSecretValue", label_of({"VersionId": OURS})) == (
        "secretsmanager:GetSecretValue (by version id)"
    )
    both = {"VersionId": OURS, "VersionStage": "AWSPENDING"}
    assert (label_of(both), label_of({})) == ("AWSPENDING", "")


@pytest.mark.parametrize("text", ["{}", '{"AccessKeyId": ""}', '{"other": 1}'])
def test_an_object_without_our_field_publishes_no_key(
    cloud: Cloud, destination: AwsSecretsManager, text: str
) -> None:
    assert destination.published_key_id(cloud.new_secret(text)) is None


@pytest.mark.parametrize("text", [MARKER, "[]", '{"AccessKeyId": 7}'])
def test_a_format_that_we_cannot_read_is_never_taken_for_empty(
    cloud: Cloud, destination: AwsSecretsManager, text: str
) -> None:
    with pytest.raises(RejectedError) as caught:
        destination.published_key_id(cloud.new_secret(text))

    assert MARKER not in shown(caught.value)


def test_a_missing_secret_is_never_taken_for_empty(
    cloud: Cloud, destination: AwsSecretsManager
) -> None:
    with pytest.raises(NotFoundError):
        destination.published_key_id(cloud.new_ref())


def test_every_reading_names_its_label(
    cloud: Cloud, destination: AwsSecretsManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []
    client = cloud.clients.secrets(ACCOUNT, REGION)
    client.meta.events.register(
        "provide-client-params.secrets-manager.GetSecretValue",
        lambda params, **_: asked.append(params.get("VersionStage")),
    )
    ref = cloud.new_secret(merge=True)
    stage(cloud, destination, ref)
    destination.read_staged(ref, OURS)
    destination.published_key_id(ref)

    assert asked == ["AWSCURRENT", "AWSPENDING", "AWSCURRENT"]


def test_every_permission_that_is_used_is_listed_and_no_other(
    cloud: Cloud, destination: AwsSecretsManager
) -> None:
    made, untagged = cloud.new_ref(create=True), cloud.new_secret(owner=None, merge=True)
    for ref in (made, untagged):
        destination.prepare(ref, not_after=cloud.soon())
    base = stage(cloud, destination, untagged)
    destination.read_staged(untagged, OURS)
    destination.promote(untagged, OURS, expected=base, not_after=cloud.soon())
    destination.unstage(untagged, base, not_after=cloud.soon())
    destination.describe(untagged)
    list(destination.search(ACCOUNT, REGION))

    used = {f"secretsmanager:{call.operation}" for call in cloud.calls()}
    assert used == {action for actions in PERMISSIONS.values() for action in actions}
