"""What the Secrets Manager adapter does beyond the port's contract."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from rotator.core.ids import VersionId
from rotator.destinations.aws_secrets_manager.config import (
    SIZE_LIMIT_BYTES,
    AwsSecretsManagerConfig,
)
from rotator.destinations.aws_secrets_manager.destination import AwsSecretsManager
from rotator.errors import ConflictError, RejectedError
from rotator.simulators.aws.shapes import SecretSeed, Settings
from tests.adapters.aws.cloud import ACCOUNT, REGION
from tests.adapters.aws.leaks import shown
from tests.adapters.aws.staging import (
    MARKER,
    MATERIAL,
    OURS,
    OURS_AGAIN,
    PUBLISHED,
    interrupting,
    rewrite,
    stage,
    value,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from rotator.core.facts import DestinationRef
    from tests.adapters.aws.cloud import Cloud


@pytest.fixture
def destination(cloud: Cloud) -> AwsSecretsManager:
    cloud.warm()
    return AwsSecretsManager(AwsSecretsManagerConfig(), cloud.clients)


# ---------------------------------------------------------------------------- describe


def test_every_page_of_versions_is_told(cloud: Cloud, destination: AwsSecretsManager) -> None:
    ref = cloud.new_secret()
    for _ in range(4):
        rewrite(cloud, ref)
    cloud.aws.configure(Settings(max_page_size=2))

    state = destination.describe(ref)
    assert state.versions == set(cloud.secret(ref).versions)
    assert (state.current, state.previous) == (
        cloud.current(ref),
        cloud.holder(ref, "AWSPREVIOUS"),
    )
    assert len(cloud.calls("ListSecretVersionIds")) == 3


# ----------------------------------------------------------------------------- prepare


def test_a_created_secret_is_tagged_and_its_repeat_is_harmless(
    cloud: Cloud, destination: AwsSecretsManager
) -> None:
    ref = cloud.new_ref(create=True)
    for _ in range(2):
        destination.prepare(ref, not_after=cloud.soon())

    secret = cloud.secret(ref)
    assert secret.tags == {"rotator:owner": "rotator", "rotator:managed": "true"}
    assert [version.value for version in secret.versions.values()] == ["{}"]


def test_a_secret_without_a_value_gets_the_placeholder(
    cloud: Cloud, destination: AwsSecretsManager
) -> None:
    ref = cloud.new_secret(None)
    destination.prepare(ref, not_after=cloud.soon())

    assert value(cloud, ref, cloud.current(ref)) == "{}"


def test_a_first_version_is_never_staged_for_it_would_be_current(
    cloud: Cloud, destination: AwsSecretsManager
) -> None:
    ref = cloud.new_secret(None)
    with pytest.raises(RejectedError) as caught:
        destination.stage(ref, OURS, MATERIAL, base=None, not_after=cloud.soon())

    assert caught.value.code == "unprepared"
    assert cloud.secret(ref).versions == {}


def _foreign(cloud: Cloud) -> DestinationRef:
    return cloud.new_secret(owner="somebody-else")


def _deleted(cloud: Cloud) -> DestinationRef:
    ref = cloud.new_secret()
    cloud.secrets_by_hand.delete_secret(SecretId=ref.name)
    return ref


def _rotated(cloud: Cloud) -> DestinationRef:
    ref = cloud.new_ref()
    cloud.aws.seed(
        ACCOUNT,
        secrets=[SecretSeed(name=ref.name, value="{}", region=REGION, native_rotation=True)],
    )
    return ref


def _pending(cloud: Cloud, version: str = "") -> DestinationRef:
    ref = cloud.new_secret()
    cloud.secrets_by_hand.put_secret_value(
        SecretId=ref.name,
        ClientRequestToken=version or str(uuid4()),
        SecretString="{}",
        VersionStages=["AWSPENDING"],
    )
    return ref


def _pending_under_a_name(cloud: Cloud) -> DestinationRef:
    return _pending(cloud, "somebodys-own-way-of-naming-versions")


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (_foreign, "destination_foreign"),
        (_deleted, "destination_deleted"),
        (_rotated, "native_rotation"),
        (_pending, "foreign_pending"),
        (_pending_under_a_name, "foreign_pending"),
    ],
)
def test_a_secret_that_is_not_for_us_is_refused_before_and_after_the_mint(
    cloud: Cloud,
    destination: AwsSecretsManager,
    make: Callable[[Cloud], DestinationRef],
    code: str,
) -> None:
    ref = make(cloud)
    before = cloud.secret(ref)
    changes: list[Callable[[], object]] = [
        lambda: destination.prepare(ref, not_after=cloud.soon()),
        lambda: stage(cloud, destination, ref),
    ]
    for change in changes:
        with pytest.raises(RejectedError) as caught:
            change()
        assert caught.value.code == code
        assert caught.value.hint
    assert cloud.secret(ref) == before


# ------------------------------------------------------------------------------- stage


def test_an_abandoned_version_of_ours_gives_the_label_up(
    cloud: Cloud, destination: AwsSecretsManager
) -> None:
    ref = cloud.new_secret()
    stage(cloud, destination, ref, OURS_AGAIN)
    stage(cloud, destination, ref, OURS)

    assert destination.describe(ref).pending == {OURS}


def test_a_pending_label_on_the_current_version_is_in_nobodys_way(
    cloud: Cloud, destination: AwsSecretsManager
) -> None:
    ref = cloud.new_secret()
    cloud.secrets_by_hand.update_secret_version_stage(
        SecretId=ref.name, VersionStage="AWSPENDING", MoveToVersionId=cloud.current(ref)
    )
    stage(cloud, destination, ref)

    assert destination.describe(ref).pending == {OURS}


@pytest.mark.parametrize("is_replaced", [False, True])
def test_a_version_staged_again_is_pending_again(
    cloud: Cloud, destination: AwsSecretsManager, *, is_replaced: bool
) -> None:
    ref = cloud.new_secret()
    stage(cloud, destination, ref)
    destination.unstage(ref, OURS, not_after=cloud.soon())
    if is_replaced:
        stage(cloud, destination, ref, OURS_AGAIN)
    stage(cloud, destination, ref)

    assert destination.describe(ref).pending == {OURS}


def test_a_merge_keeps_every_other_field_as_it_was(
    cloud: Cloud, destination: AwsSecretsManager
) -> None:
    others = (
        '"big": 123456789012345678901234567890, "real": 1.10, "tiny": -0.0,'
        ' "text": "\\u00e9\\ud83d", "none": null,'
        ' "deep": {"b": [1, {"a": true}], "a": ""}, "": "empty"'
    )
    ref = cloud.new_secret("{" + others + ', "SecretAccessKey": "old"}', merge=True)
    stage(cloud, destination, ref)
    fields = json.loads(value(cloud, ref, OURS))

    assert {name: fields.pop(name) for name in PUBLISHED} == PUBLISHED
    assert repr(fields) == repr(json.loads("{" + others + "}"))


def test_a_number_that_would_be_rounded_stops_the_merge(
    cloud: Cloud, destination: AwsSecretsManager
) -> None:
    for number in ("0.12345678901234567890123", "1e999"):
        ref = cloud.new_secret(f'{{"n": {number}}}', merge=True)
        with pytest.raises(RejectedError) as caught:
            stage(cloud, destination, ref)
        assert caught.value.code == "inexact_number"


def test_without_merging_only_our_fields_are_stored(
    cloud: Cloud, destination: AwsSecretsManager
) -> None:
    ref = cloud.new_secret('{"other": 1}')
    stage(cloud, destination, ref)

    assert json.loads(value(cloud, ref, OURS)) == PUBLISHED
    assert cloud.calls("GetSecretValue") == []


@pytest.mark.parametrize("excess", [0, 1])
def test_the_limit_of_64_kib_is_exact(
    cloud: Cloud, destination: AwsSecretsManager, excess: int
) -> None:
    frame = len(json.dumps({"f": "", **PUBLISHED}, separators=(",", ":")))
    filler = "x" * (SIZE_LIMIT_BYTES - frame + excess)
    ref = cloud.new_secret(json.dumps({"f": filler}), merge=True)

    if not excess:
        stage(cloud, destination, ref)
        assert len(value(cloud, ref, OURS)) == SIZE_LIMIT_BYTES
        return
    with pytest.raises(RejectedError) as caught:
        stage(cloud, destination, ref)
    assert caught.value.code == "too_large"
    assert MARKER not in shown(caught.value)
    assert cloud.calls("PutSecretValue") == []


@pytest.mark.parametrize("text", ["[" * 30_000, '"text"', f"{MARKER}", "null"])
def test_a_base_that_is_no_object_is_refused_and_not_quoted(
    cloud: Cloud, destination: AwsSecretsManager, text: str
) -> None:
    ref = cloud.new_secret(text, merge=True)
    with pytest.raises(RejectedError) as caught:
        stage(cloud, destination, ref)

    assert caught.value.code == "not_an_object"
    assert MARKER not in shown(caught.value)


def test_a_base_that_moves_while_it_is_read_is_a_conflict(cloud: Cloud) -> None:
    ref = cloud.new_secret(merge=True)
    destination = interrupting(cloud, "DescribeSecret", lambda: rewrite(cloud, ref))

    with pytest.raises(ConflictError):
        stage(cloud, destination, ref)
    assert cloud.calls("PutSecretValue")[-1].caller == cloud.seeded.human.access_key_id


def test_a_binary_value_is_neither_merged_nor_read(
    cloud: Cloud, destination: AwsSecretsManager
) -> None:
    ref = cloud.new_secret(merge=True)
    cloud.secrets_by_hand.put_secret_value(SecretId=ref.name, SecretBinary=MARKER.encode())
    readings: list[Callable[[], object]] = [
        lambda: stage(cloud, destination, ref),
        lambda: destination.published_key_id(ref),
    ]

    for reading in readings:
        with pytest.raises(RejectedError) as caught:
            reading()
        assert caught.value.code == "binary"
        assert MARKER not in shown(caught.value)


def test_a_field_is_read_from_what_consumers_read_now(
    cloud: Cloud, destination: AwsSecretsManager
) -> None:
    ref = replace(
        cloud.new_secret(json.dumps({"KEY": MARKER})), key_id_field="", secret_field="KEY"
    )

    assert destination.read_field(ref).reveal() == MARKER
    cloud.secrets_by_hand.put_secret_value(SecretId=ref.name, SecretString='{"KEY": "newer"}')
    assert destination.read_field(ref).reveal() == "newer"


@pytest.mark.parametrize("value", [{}, {"KEY": ""}, {"KEY": [MARKER]}, {"OTHER": MARKER}])
def test_a_field_that_holds_no_text_is_refused_and_not_quoted(
    cloud: Cloud, destination: AwsSecretsManager, value: object
) -> None:
    ref = replace(cloud.new_secret(json.dumps(value)), key_id_field="", secret_field="KEY")

    with pytest.raises(RejectedError) as caught:
        destination.read_field(ref)
    assert caught.value.code == "no_key_inside"
    assert MARKER not in shown(caught.value)


@pytest.mark.parametrize("version", ["short", OURS])
def test_a_refusal_never_repeats_what_was_sent(
    cloud: Cloud, destination: AwsSecretsManager, version: str
) -> None:
    ref = cloud.new_secret()
    # A token that is too short fails inside botocore, a used one at AWS.
    cloud.secrets_by_hand.put_secret_value(
        SecretId=ref.name, ClientRequestToken=OURS, SecretString="{}", VersionStages=["other"]
    )
    with pytest.raises(RejectedError) as caught:
        stage(cloud, destination, ref, VersionId(version))

    assert MARKER not in shown(caught.value)
