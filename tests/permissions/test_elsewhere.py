"""Keys of AWS users that go to a cluster or to files: nothing is asked of the account's secrets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rotator.core.ids import AccountId
from rotator.settings.permissions import permission_grants, permission_land
from tests.settings.files import CONFIGURATION, Files

if TYPE_CHECKING:
    from pathlib import Path

ACCOUNT = AccountId("111122223333")
CLUSTER = CONFIGURATION + "kubernetes: {}\n"
POLICY = """\
apiVersion: rotator/v1
kind: Policy
rules:
  - name: ci
    match: {principal: ci-*}
    action: rotate
    destination: {type: kubernetes-secret, namespace: apps, name: "{principal}"}
"""
FOLLOWED = POLICY + (
    '    followers: [{type: aws-secrets-manager, secret: "copy/{principal}", create: true}]\n'
)


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


def test_a_rotation_into_a_cluster_asks_aws_for_the_users_only(files: Files) -> None:
    settings = files.write(CLUSTER, POLICY).load()
    asked = [name for grant in permission_grants(settings, ACCOUNT) for name in grant.names]
    assert "iam:CreateAccessKey" in asked
    assert not [name for name in asked if name.startswith("secretsmanager:")]
    assert permission_land(settings, ACCOUNT).secrets == ()


def test_a_namespace_is_never_taken_for_a_region(files: Files) -> None:
    settings = files.write(CLUSTER, POLICY).load()
    assert permission_land(settings, ACCOUNT).regions == ("eu-central-1",)


def test_a_follower_in_the_account_asks_for_its_secret(files: Files) -> None:
    settings = files.write(CLUSTER, FOLLOWED).load()
    asked = [name for grant in permission_grants(settings, ACCOUNT) for name in grant.names]
    assert "secretsmanager:PutSecretValue" in asked
    assert "secretsmanager:CreateSecret" in asked
    assert any(":secret:copy/ci-*" in name for name in permission_land(settings, ACCOUNT).secrets)
