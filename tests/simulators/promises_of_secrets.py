"""What Secrets Manager does, and stock moto does not; the rows are of the same table."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING
from uuid import uuid4

from tests.simulators.cloud import refusal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.simulators.cloud import Cloud

THREADS = 16
CREATIONS = 200


@contextmanager
def switching_often() -> Iterator[None]:
    """Let threads of this process, moto's server among them, interrupt each other often."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        yield
    finally:
        sys.setswitchinterval(usual)


def value_without_a_stage_is_the_promoted_one(cloud: Cloud) -> None:
    """Row 1."""
    name, first, second = cloud.new_secret()
    cloud.secrets.update_secret_version_stage(
        SecretId=name,
        VersionStage="AWSCURRENT",
        MoveToVersionId=second,
        RemoveFromVersionId=first,
    )

    assert cloud.secrets.get_secret_value(SecretId=name)["SecretString"] == "second"


def after_promote_and_put_one_version_is_current(cloud: Cloud) -> None:
    """Row 1, the second half."""
    name, first, second = cloud.new_secret()
    cloud.secrets.update_secret_version_stage(
        SecretId=name,
        VersionStage="AWSCURRENT",
        MoveToVersionId=second,
        RemoveFromVersionId=first,
    )
    cloud.secrets.put_secret_value(SecretId=name, SecretString="third")

    labels = cloud.secrets.describe_secret(SecretId=name)["VersionIdsToStages"]
    assert sum("AWSCURRENT" in held for held in labels.values()) == 1
    assert "AWSPREVIOUS" in labels[second]


def pending_version_is_not_overwritten_under_its_token(cloud: Cloud) -> None:
    """Row 2."""
    name, _, second = cloud.new_secret()

    code = refusal(
        lambda: cloud.secrets.put_secret_value(
            SecretId=name,
            SecretString="other",
            ClientRequestToken=second,
            VersionStages=["AWSPENDING"],
        )
    )
    assert code == "ResourceExistsException"


def secret_scheduled_for_deletion_takes_no_value(cloud: Cloud) -> None:
    """Row 8."""
    name, *_ = cloud.new_secret()
    cloud.secrets.delete_secret(SecretId=name)

    code = refusal(lambda: cloud.secrets.put_secret_value(SecretId=name, SecretString="late"))
    assert code == "InvalidRequestException"


def secret_scheduled_for_deletion_keeps_its_labels(cloud: Cloud) -> None:
    """Row 8."""
    name, first, second = cloud.new_secret()
    cloud.secrets.delete_secret(SecretId=name)

    code = refusal(
        lambda: cloud.secrets.update_secret_version_stage(
            SecretId=name,
            VersionStage="AWSCURRENT",
            MoveToVersionId=second,
            RemoveFromVersionId=first,
        )
    )
    assert code == "InvalidRequestException"


def any_label_moves_only_from_its_named_holder(cloud: Cloud) -> None:
    """Row 8b."""
    name, first, _ = cloud.new_secret()

    code = refusal(
        lambda: cloud.secrets.update_secret_version_stage(
            SecretId=name, VersionStage="AWSPENDING", MoveToVersionId=first
        )
    )
    assert code == "InvalidParameterException"


def value_larger_than_64_kib_is_refused(cloud: Cloud) -> None:
    """Row 9."""
    name, *_ = cloud.new_secret()

    cloud.secrets.put_secret_value(SecretId=name, SecretString="x" * 65_536)
    code = refusal(lambda: cloud.secrets.put_secret_value(SecretId=name, SecretString="x" * 65_537))
    assert code == "ValidationException"


def deprecated_versions_are_listed_only_on_request(cloud: Cloud) -> None:
    """Row 9."""
    name, first, second = cloud.new_secret()
    cloud.secrets.update_secret_version_stage(
        SecretId=name, VersionStage="AWSPENDING", RemoveFromVersionId=second
    )

    usual = cloud.secrets.list_secret_version_ids(SecretId=name)["Versions"]
    every = cloud.secrets.list_secret_version_ids(SecretId=name, IncludeDeprecated=True)["Versions"]
    assert [version["VersionId"] for version in usual] == [first]
    assert {version["VersionId"] for version in every} == {first, second}


def secrets_are_created_by_many_threads_at_once(cloud: Cloud) -> None:
    """Row 15: moto walks over all secrets while another thread adds one."""
    client = cloud.secrets

    def create(number: int) -> bool:
        try:
            client.create_secret(Name=f"many-{number}-{uuid4()}", SecretString="{}")
        except Exception:  # noqa: BLE001 - moto's 500 is not always one that botocore can read
            return False
        return True

    with switching_often(), ThreadPoolExecutor(THREADS) as pool:
        assert all(pool.map(create, range(CREATIONS)))


def batch_follows_the_promotion(cloud: Cloud) -> None:
    """Row 1, for many secrets in one call."""
    name, first, second = cloud.new_secret()
    cloud.secrets.update_secret_version_stage(
        SecretId=name,
        VersionStage="AWSCURRENT",
        MoveToVersionId=second,
        RemoveFromVersionId=first,
    )

    (value,) = cloud.secrets.batch_get_secret_value(SecretIdList=[name])["SecretValues"]
    assert value["SecretString"] == "second"


PROMISES = [
    batch_follows_the_promotion,
    secrets_are_created_by_many_threads_at_once,
    value_without_a_stage_is_the_promoted_one,
    after_promote_and_put_one_version_is_current,
    pending_version_is_not_overwritten_under_its_token,
    secret_scheduled_for_deletion_takes_no_value,
    secret_scheduled_for_deletion_keeps_its_labels,
    any_label_moves_only_from_its_named_holder,
    value_larger_than_64_kib_is_refused,
    deprecated_versions_are_listed_only_on_request,
]
