"""An account that is a workspace's home: its secrets may be written, and its users left alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rotator.core.ids import AccountId
from rotator.settings.permissions import permission_grants, permission_land
from rotator.simulators.aws.policy_documents import Ask, Verdict, evaluate, read_policies
from tests.permissions.estate import document
from tests.settings.files import Files
from tests.settings.test_cipherstash import WORKSPACE, workspace

if TYPE_CHECKING:
    from pathlib import Path

HOME = AccountId("111122223333")
SECRETS = f"arn:aws:secretsmanager:eu-west-1:{HOME}:secret"
POLICY = """\
apiVersion: rotator/v1
kind: Policy
rules:
  - name: never
    match: {provider: cipherstash-access-key, principal: admin}
    action: report
  - name: keys
    match: {provider: cipherstash-*, principal: web}
    action: rotate
    destination:
      {type: aws-secrets-manager, secret: "cs/{account}/{principal}", merge: true}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    configuration = workspace(
        "name: vault",
        "home: {region: eu-west-1}",
        "adminKey: secret:cs/own#KEY",
        "controlKey: secret:cs/own#CONTROL",
    )
    Files(tmp_path).write(configuration, POLICY)
    return tmp_path


def verdict(folder: Path, action: str, resource: str, label: str = "") -> Verdict:
    policies = read_policies(document(folder, "member"))
    context = {"secretsmanager:versionstage": (label,)} if label else {}
    return evaluate(policies, Ask(action=action, resource=resource, context=context))


def test_a_workspaces_secrets_may_be_written(folder: Path) -> None:
    bundle = f"{SECRETS}:cs/{WORKSPACE}/web-AbCdEf"

    assert verdict(folder, "secretsmanager:PutSecretValue", bundle) is Verdict.ALLOWED
    read = verdict(folder, "secretsmanager:GetSecretValue", bundle, "AWSPENDING")
    assert read is Verdict.ALLOWED


def test_our_own_key_may_be_read_and_its_secret_not_written(folder: Path) -> None:
    own = f"{SECRETS}:cs/own-AbCdEf"

    read = verdict(folder, "secretsmanager:GetSecretValue", own, "AWSCURRENT")
    assert read is Verdict.ALLOWED
    assert verdict(folder, "secretsmanager:PutSecretValue", own) is not Verdict.ALLOWED


@pytest.mark.parametrize("user", ["web", "admin", "other"])
def test_no_key_of_a_user_may_be_made_and_no_user_is_spared_for_a_key_of_the_same_name(
    folder: Path, user: str
) -> None:
    arn = f"arn:aws:iam::{HOME}:user/{user}"

    assert verdict(folder, "iam:CreateAccessKey", arn) is Verdict.IMPLICIT_DENY


def test_nobody_is_kept_from_users_for_the_sake_of_a_workspaces_keys(folder: Path) -> None:
    statements = [
        statement
        for made in document(folder, "scp", "--role", f"arn:aws:iam::{HOME}:role/rotator")
        for statement in made["Statement"]
    ]

    assert "KeysOfManagedUsers" not in {statement["Sid"] for statement in statements}
    assert WORKSPACE not in str(statements)


def test_an_account_that_is_nobodys_home_asks_for_nothing_of_it(folder: Path) -> None:
    settings = Files(folder).load()
    stranger = AccountId("444455556666")

    features = {grant.feature for grant in permission_grants(settings, stranger)}
    assert not {"publish", "enter"} & features
    assert permission_land(settings, stranger).own_keys == ()
