"""Rules about workspaces: what they may say together, and what nobody can mean."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rotator.core.policy import decide
from tests.builders import ACCOUNT, principal
from tests.settings.files import CONFIGURATION, POLICY
from tests.settings.test_cipherstash import PROVIDERS, SECTION, WORKSPACE, Files, workspace

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

BUNDLE = """\
apiVersion: rotator/v1
kind: Policy
rules:
  - name: access
    match: {provider: cipherstash-access-key, account: vault, principal: web}
    action: rotate
    destination: {type: aws-secrets-manager, secret: cipherstash/web, merge: true}
  - name: client
    match: {provider: cipherstash-client-key, principal: web}
    action: rotate
    destination: {type: aws-secrets-manager, secret: cipherstash/web, merge: true}
"""


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


def test_a_bundle_is_one_object_with_fields_of_each_provider(files: Files) -> None:
    settings = files.write(workspace("name: vault"), BUNDLE).load()

    by_provider = [
        decide(settings.policy, principal("web", provider=name, account=WORKSPACE)).destination
        for name in PROVIDERS
    ]

    assert None not in by_provider
    assert len({ref.id for ref in by_provider if ref}) == 1
    assert [(ref.account, ref.key_id_field, ref.secret_field) for ref in by_provider if ref] == [
        (ACCOUNT, "", "CS_CLIENT_ACCESS_KEY"),
        (ACCOUNT, "CS_CLIENT_ID", "CS_CLIENT_KEY"),
    ]


def test_a_rule_that_names_no_provider_cannot_publish_for_several(files: Files) -> None:
    (fault,) = files.write(CONFIGURATION + SECTION, POLICY).faults()

    assert fault.field == "rules[0].match"
    assert "`aws-iam` and `cipherstash-access-key`" in fault.problem


@pytest.mark.parametrize(
    ("match", "field", "problem"),
    [
        ("account: prod", "match.account", "no account that it names has keys"),
        (f"account: ['{ACCOUNT}']", "match.account", "no account that it names has keys"),
        ("tags: {team: web}", "match", "only users of `aws-iam`"),
        ("path: /svc/*", "match", "only users of `aws-iam`"),
    ],
)
def test_a_rule_for_keys_that_nobody_there_can_have_is_refused(
    files: Files, match: str, field: str, problem: str
) -> None:
    policy = BUNDLE.replace("account: vault", match)

    (fault,) = files.write(workspace("name: vault"), policy).faults()

    assert fault.field == f"rules[0].{field}"
    assert problem in fault.problem
    assert fault.remedy


@pytest.mark.parametrize("match", ["account: elsewhere", "account: [prod, vault]", "account: '*'"])
def test_a_rule_may_name_an_account_that_is_configured_elsewhere(files: Files, match: str) -> None:
    policy = BUNDLE.replace("account: vault", match)

    assert len(files.write(workspace("name: vault"), policy).load().policy.rules) == 2


def test_a_policy_may_speak_of_workspaces_where_none_is_configured(files: Files) -> None:
    policy = BUNDLE.replace("account: vault", "account: '*'")

    assert len(files.write(CONFIGURATION, policy).load().policy.rules) == 2


def test_fields_may_be_named_and_an_empty_one_means_inside_the_secret(files: Files) -> None:
    policy = BUNDLE.replace("merge: true}", "merge: true, fields: {keyId: '', secret: KEY}}", 1)

    settings = files.write(workspace("name: vault"), policy).load()

    ref = decide(
        settings.policy, principal("web", provider=PROVIDERS[0], account=WORKSPACE)
    ).destination
    assert ref is not None
    assert (ref.key_id_field, ref.secret_field) == ("", "KEY")


def test_what_is_wrong_with_rules_about_workspaces_is_told_at_once(
    files: Files, golden: Callable[[str, str], None]
) -> None:
    policy = (
        BUNDLE.replace("merge: true}", "merge: false}", 1)
        + """\
  - name: both
    match: {account: vault, principal: "app-*"}
    action: rotate
    destination: {type: aws-secrets-manager, secret: "cs/{principal}"}
  - name: pair
    match: {provider: cipherstash-client-key, principal: "pair-*"}
    action: rotate
    destination: {type: aws-secrets-manager, secret: "pair/{principal}", fields: {keyId: ""}}
  - name: typo
    match: {provider: [cipherstash, aws-iam]}
    action: report
"""
    )

    files.write(workspace("name: vault"), policy)

    golden("tests/golden/config_cipherstash.txt", files.diagnostics())
