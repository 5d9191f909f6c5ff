"""What the generated documents grant and deny, judged by an evaluator that knows nothing of us."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from rotator.cli.invocation import Invocation
from rotator.cli.main import cli
from rotator.clients.aws_grants import partition_of, user_patterns
from rotator.clients.aws_policies import POLICY_LIMIT, documents, size
from rotator.core.policy import Match
from rotator.simulators.aws.policy_documents import Ask, Verdict, evaluate, read_policies
from tests.permissions.estate import CONFIGURATION, MEMBER, POLICY, REGION, ROLE, document
from tests.settings.files import Files

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

USERS = "arn:aws:iam::111122223333:user"
SECRETS = f"arn:aws:secretsmanager:{REGION}:{MEMBER}:secret"
KMS = f"arn:aws:kms:{REGION}:{MEMBER}:key/one"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    Files(tmp_path).write(CONFIGURATION, POLICY)
    return tmp_path


def verdict(
    policies: tuple[dict[str, Any], ...],
    action: str,
    resource: str,
    context: Mapping[str, tuple[str, ...]] | None = None,
) -> Verdict:
    """Evaluate one call; the evaluator takes condition keys in lower case."""
    keys = {name.lower(): value for name, value in (context or {}).items()}
    return evaluate(read_policies(policies), Ask(action=action, resource=resource, context=keys))


# ------------------------------------------------------------------------ the member


@pytest.mark.parametrize(
    ("user", "is_managed"),
    [
        ("/svc/ci-app", True),
        ("/svc/deep/ci-app", True),
        ("/svc/other", False),
        ("/svc/xci-app", False),
        ("/ci-app", False),
        ("/admin", False),
    ],
)
def test_keys_are_made_for_users_whom_rules_rotate_and_for_no_others(
    folder: Path, user: str, *, is_managed: bool
) -> None:
    found = verdict(document(folder, "member"), "iam:CreateAccessKey", f"{USERS}{user}")

    assert (found is Verdict.ALLOWED) == is_managed


def test_a_user_whom_an_earlier_rule_exempts_is_denied_outright(folder: Path) -> None:
    found = verdict(document(folder, "member"), "iam:DeleteAccessKey", f"{USERS}/svc/admin")

    assert found is Verdict.EXPLICIT_DENY


@pytest.mark.parametrize(
    ("label", "features", "is_readable"),
    [
        ("AWSCURRENT", (), True),
        ("AWSPENDING", (), True),
        ("AWSPREVIOUS", (), False),
        ("AWSCURRENT", ("--without", "read_current"), False),
        ("AWSPENDING", ("--without", "read_staged"), False),
        ("AWSPREVIOUS", ("--with", "rebuild"), True),
    ],
)
def test_a_secret_is_read_under_those_labels_only_that_a_feature_needs(
    folder: Path, label: str, features: tuple[str, ...], *, is_readable: bool
) -> None:
    made, secret = document(folder, "member", *features), f"{SECRETS}:iam/ci-app-AbCdEf"
    by = {"secretsmanager:VersionStage": (label,)}
    found = verdict(made, "secretsmanager:GetSecretValue", secret, by)

    assert (found is Verdict.ALLOWED) == is_readable


@pytest.mark.parametrize(
    ("features", "asked", "is_readable"),
    [
        ((), {"secretsmanager:VersionId": ("some-id",)}, True),
        (("--without", "proof"), {"secretsmanager:VersionId": ("some-id",)}, False),
        ((), {}, False),
        (
            ("--without", "read_current"),
            {
                "secretsmanager:VersionId": ("some-id",),
                "secretsmanager:VersionStage": ("AWSCURRENT",),
            },
            False,
        ),
    ],
    ids=["by id", "left out", "by nothing", "by id and label"],
)
def test_a_version_is_read_by_its_id_alone_only_where_deleted_keys_are_tried(
    folder: Path,
    features: tuple[str, ...],
    asked: dict[str, tuple[str, ...]],
    *,
    is_readable: bool,
) -> None:
    made, secret = document(folder, "member", *features), f"{SECRETS}:iam/ci-app-AbCdEf"
    found = verdict(made, "secretsmanager:GetSecretValue", secret, asked)

    assert (found is Verdict.ALLOWED) == is_readable


@pytest.mark.parametrize(
    ("tag", "resource", "action", "may"),
    [
        ("AKIAIOSFODNN7EXAMPLE", f"{USERS}/svc/ci-app", "iam:TagUser", True),
        ("rotator:managed", f"{USERS}/svc/ci-app", "iam:TagUser", False),
        ("rotator:owner", f"{SECRETS}:iam/ci-app-AbCdEf", "secretsmanager:TagResource", True),
        ("team", f"{SECRETS}:iam/ci-app-AbCdEf", "secretsmanager:TagResource", False),
    ],
)
def test_the_daemon_writes_its_own_tags_and_makes_no_user_managed(
    folder: Path, tag: str, resource: str, action: str, *, may: bool
) -> None:
    made = document(folder, "member")
    found = verdict(made, action, resource, {"aws:TagKeys": (tag,)})

    assert (found is Verdict.ALLOWED) == may


def test_secrets_of_other_names_and_regions_are_out_of_reach(folder: Path) -> None:
    made = document(folder, "member")
    put = "secretsmanager:PutSecretValue"

    assert verdict(made, put, f"{SECRETS}:iam/ci-app-AbCdEf") is Verdict.ALLOWED
    assert verdict(made, put, f"{SECRETS}:db/ci-app-AbCdEf") is Verdict.IMPLICIT_DENY
    elsewhere = f"arn:aws:secretsmanager:us-east-1:{MEMBER}:secret:iam/ci-app-AbCdEf"
    assert verdict(made, put, elsewhere) is Verdict.IMPLICIT_DENY


def test_a_secret_that_is_not_there_yet_may_be_asked_for_and_made(folder: Path) -> None:
    made = document(folder, "member")

    for name in ("new/new-api", "new/new-api-AbCdEf"):
        found = verdict(made, "secretsmanager:CreateSecret", f"{SECRETS}:{name}")
        assert found is Verdict.ALLOWED


def test_all_secrets_are_searched_only_on_request(folder: Path) -> None:
    plain = json.dumps(document(folder, "member"))

    assert "ListSecrets" not in plain
    assert "ListSecrets" in json.dumps(document(folder, "member", "--with", "search"))


def test_a_key_of_the_customers_is_used_through_secrets_manager_only(folder: Path) -> None:
    (made,) = document(folder, "member", "--kms-key", KMS)

    statement = made["Statement"][-1]
    assert (statement["Action"], statement["Resource"]) == (
        ["kms:Decrypt", "kms:GenerateDataKey"],
        KMS,
    )
    via = {"kms:ViaService": f"secretsmanager.{REGION}.amazonaws.com"}
    assert statement["Condition"] == {"StringEquals": via}


def test_documents_are_the_same_each_time_and_fit(folder: Path) -> None:
    made = document(folder, "member")

    assert made == document(folder, "member")
    assert all(size(item) <= POLICY_LIMIT for item in made)
    sids = [statement["Sid"] for item in made for statement in item["Statement"]]
    assert len(sids) == len(set(sids))
    assert all(sid.isalnum() for sid in sids)


def test_what_is_too_large_is_split_and_said(folder: Path) -> None:
    names = ", ".join(f"ci-with-a-rather-long-name-{number:03}" for number in range(60))
    Files(folder).write(CONFIGURATION, POLICY.replace("ci-*", f"[{names}]"))
    invocation = Invocation(config=folder / "rotator.yaml", environ={})
    result = CliRunner().invoke(cli, ["aws", "policy", "member"], obj=invocation)

    made = document(folder, "member")
    assert len(made) > 1
    assert all(size(item) <= POLICY_LIMIT for item in made)
    assert f"{len(made)} documents" in result.stderr
    last = f"{USERS}/svc/ci-with-a-rather-long-name-059"
    assert verdict(made, "iam:CreateAccessKey", last) is Verdict.ALLOWED


def test_a_statement_that_cannot_be_halved_is_left_whole() -> None:
    one = {"Sid": "One", "Effect": "Allow", "Action": "a:B", "Resource": "x" * 7000}

    assert len(documents([one])) == 1


# ------------------------------------------------------- globs, and the other documents


@pytest.mark.parametrize(
    ("path", "name", "patterns"),
    [
        ((), (), ["/*"]),
        ((), ("ci-*",), ["/ci-*", "/*/ci-*"]),
        (("*",), ("ci",), ["/ci", "/*/ci"]),
        (("/svc/",), ("ci",), ["/svc/ci"]),
        (("/svc*",), ("ci",), ["/svc*/ci"]),
        (("/svc/*",), (), ["/svc/*"]),
        ((), ("[ab]c",), ["/?c", "/*/?c"]),
        (("/svc/*",), ("*", "ci"), ["/svc/*"]),
    ],
)
def test_globs_become_patterns_that_are_no_narrower(
    path: tuple[str, ...], name: tuple[str, ...], patterns: list[str]
) -> None:
    made = user_patterns("u", [Match(path=path, principal=name)])

    assert list(made) == [f"u{pattern}" for pattern in patterns]


def test_users_are_looked_for_under_the_configured_paths_only() -> None:
    assert user_patterns("u", [Match(principal=("ci",))], ("/svc/",)) == (
        "u/svc/ci",
        "u/svc/*/ci",
    )


@pytest.mark.parametrize(
    ("region", "partition"),
    [("eu-central-1", "aws"), ("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov")],
)
def test_arns_are_of_the_regions_partition(region: str, partition: str) -> None:
    assert partition_of(region) == partition


def test_the_hub_may_assume_the_members_role_and_nothing_else(folder: Path) -> None:
    (made,) = document(folder, "hub")

    assert verdict((made,), "sts:AssumeRole", ROLE) is Verdict.ALLOWED
    assert [statement["Sid"] for statement in made["Statement"]] == ["AssumeMemberRoles"]


def test_an_account_without_a_role_is_worked_on_by_the_hub_itself(folder: Path) -> None:
    without_role = CONFIGURATION.replace(f"      roleArn: {ROLE}\n", "")
    Files(folder).write(without_role, POLICY)
    me = f"arn:aws:iam::{MEMBER}:role/me"
    made = document(folder, "hub", "--identity", me)

    assert verdict(made, "iam:CreateAccessKey", f"{USERS}/svc/ci-app") is Verdict.ALLOWED
    assert verdict(made, "sts:AssumeRole", ROLE) is Verdict.IMPLICIT_DENY
    check = "iam:SimulatePrincipalPolicy"
    assert verdict(made, check, me) is Verdict.ALLOWED
    assert verdict(document(folder, "hub"), check, me) is Verdict.IMPLICIT_DENY


def test_the_trust_policy_names_the_hub_and_the_organization(folder: Path) -> None:
    hub = "arn:aws:iam::444455556666:role/hub"
    (plain,), (narrow,) = (
        document(folder, "trust", "--hub", hub, *more) for more in ((), ("--org", "o-1"))
    )

    assert plain["Statement"][0]["Principal"] == {"AWS": hub}
    assert "Condition" not in plain["Statement"][0]
    assert narrow["Statement"][0]["Condition"] == {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}


MINE = "arn:aws:iam::111122223333:role/rotator"
BREAK_GLASS = "arn:aws:iam::111122223333:role/break-glass"
SOMEBODY = "arn:aws:iam::111122223333:role/developer"


@pytest.mark.parametrize(
    ("action", "resource", "context"),
    [
        ("iam:CreateAccessKey", f"{USERS}/svc/ci-app", {}),
        ("iam:DeleteAccessKey", f"{USERS}/x", {"aws:ResourceTag/rotator:managed": ("true",)}),
        ("iam:TagUser", f"{USERS}/svc/ci-app", {"aws:TagKeys": ("AKIAIOSFODNN7EXAMPLE",)}),
        ("iam:TagUser", f"{USERS}/x", {"aws:TagKeys": ("rotator:managed",)}),
        ("secretsmanager:UntagResource", f"{SECRETS}:x", {"aws:TagKeys": ("rotator:owner",)}),
        (
            "secretsmanager:PutSecretValue",
            f"{SECRETS}:x",
            {"aws:ResourceTag/rotator:managed": ("true",)},
        ),
    ],
)
def test_the_control_policy_keeps_everybody_out_but_the_daemon_and_emergencies(
    folder: Path, action: str, resource: str, context: dict[str, tuple[str, ...]]
) -> None:
    made = document(folder, "scp", "--role", MINE, "--except", BREAK_GLASS)

    def asked_by(who: str) -> Verdict:
        return verdict(made, action, resource, {**context, "aws:PrincipalArn": (who,)})

    assert asked_by(SOMEBODY) is Verdict.EXPLICIT_DENY
    assert {asked_by(MINE), asked_by(BREAK_GLASS)} == {Verdict.IMPLICIT_DENY}


def test_the_control_policy_leaves_other_users_and_secrets_alone(folder: Path) -> None:
    made = document(folder, "scp", "--role", MINE)
    by = {"aws:PrincipalArn": (SOMEBODY,), "aws:TagKeys": ("team",)}

    for action, resource in (
        ("iam:CreateAccessKey", f"{USERS}/jane"),
        ("iam:TagUser", f"{USERS}/svc/ci-app"),
        ("secretsmanager:PutSecretValue", f"{SECRETS}:db/x"),
    ):
        assert verdict(made, action, resource, by) is Verdict.IMPLICIT_DENY


# ------------------------------------------------ rules that say little, and say it by tags

BY_TAGS = """
  - name: team
    match: {tags: {team: [payments, "checkout-[ab]"]}}
    action: rotate
    destination: {type: aws-secrets-manager, secret: "team/{principal}"}
"""
EVERYBODY = """
  - name: everybody
    match: {principal: "*"}
    action: rotate
    destination: {type: aws-secrets-manager, secret: "all/{principal}"}
"""


@pytest.mark.parametrize("action", ["iam:CreateAccessKey", "iam:DeleteAccessKey", "iam:TagUser"])
@pytest.mark.parametrize(
    ("team", "is_managed"),
    [(("payments",), True), (("checkout-a",), True), (("other",), False), ((), False)],
)
def test_a_rule_by_tags_lets_keys_be_made_for_users_with_these_tags_only(
    folder: Path, action: str, team: tuple[str, ...], *, is_managed: bool
) -> None:
    Files(folder).write(CONFIGURATION, POLICY + BY_TAGS)
    tags = {"aws:ResourceTag/team": team} if team else {}
    context = {**tags, "aws:TagKeys": ("AKIAIOSFODNN7EXAMPLE",)}

    found = verdict(document(folder, "member"), action, f"{USERS}/anybody", context)
    assert (found is Verdict.ALLOWED) == is_managed


def test_a_user_below_an_exempted_path_whom_a_later_rule_rotates_is_not_denied(
    folder: Path,
) -> None:
    exempt = "  - name: early\n    match: {path: /svc/}\n    action: report\n"
    Files(folder).write(CONFIGURATION, POLICY.replace("rules:\n", f"rules:\n{exempt}"))

    found = verdict(document(folder, "member"), "iam:CreateAccessKey", f"{USERS}/svc/deep/ci-app")
    assert found is Verdict.ALLOWED


@pytest.mark.parametrize("path", ["", "path: /svc/*, "])
def test_an_exempted_user_is_denied_wherever_the_rule_finds_it(folder: Path, path: str) -> None:
    never = POLICY.replace("{principal: admin}", f"{{{path}principal: admin}}")
    Files(folder).write(CONFIGURATION, never)

    found = verdict(document(folder, "member"), "iam:CreateAccessKey", f"{USERS}/svc/deep/admin")
    assert found is Verdict.EXPLICIT_DENY


def test_making_a_secret_of_one_name_gives_no_reach_to_longer_names(folder: Path) -> None:
    Files(folder).write(CONFIGURATION, POLICY.replace("new-*", "new-api"))
    made = document(folder, "member")
    current = {"secretsmanager:VersionStage": ("AWSCURRENT",)}

    for name, may in (("new-api", True), ("new-api-AbCdEf", True), ("new-api-db-AbCdEf", False)):
        secret = f"{SECRETS}:new/{name}"
        found = verdict(made, "secretsmanager:GetSecretValue", secret, current)
        assert (found is Verdict.ALLOWED) == may, name


def test_secrets_are_searched_in_every_region_that_adoption_looks_at(folder: Path) -> None:
    far = CONFIGURATION.replace("  cloudTrail", "  consumerRegions: [us-east-1]\n  cloudTrail")
    rule = POLICY.replace('"iam/{principal}",', '"iam/{principal}", region: eu-west-1,')
    Files(folder).write(far, rule)
    made = document(folder, "member", "--with", "search")
    current = {"secretsmanager:VersionStage": ("AWSCURRENT",)}

    for region in (REGION, "eu-west-1", "us-east-1"):
        secret = f"arn:aws:secretsmanager:{region}:{MEMBER}:secret:any-AbCdEf"
        found = verdict(made, "secretsmanager:GetSecretValue", secret, current)
        assert found is Verdict.ALLOWED, region


def control(folder: Path, action: str, resource: str, **tags: str) -> Verdict:
    """Say what the control policy answers to somebody who is not exempt."""
    context = {f"aws:ResourceTag/{name}": (value,) for name, value in tags.items()}
    made = document(folder, "scp", "--role", MINE)
    return verdict(made, action, resource, {**context, "aws:PrincipalArn": (SOMEBODY,)})


def test_a_rule_about_everybody_keeps_nobody_from_their_own_keys(folder: Path) -> None:
    Files(folder).write(CONFIGURATION, POLICY + EVERYBODY)

    assert control(folder, "iam:CreateAccessKey", f"{USERS}/jane") is Verdict.IMPLICIT_DENY
    managed = f"{USERS}/svc/ci-app"
    assert control(folder, "iam:CreateAccessKey", managed) is Verdict.EXPLICIT_DENY


def test_a_rule_by_tags_keeps_others_from_users_with_these_tags_only(folder: Path) -> None:
    Files(folder).write(CONFIGURATION, POLICY + BY_TAGS)
    create, jane = "iam:CreateAccessKey", f"{USERS}/jane"

    assert control(folder, create, jane) is Verdict.IMPLICIT_DENY
    assert control(folder, create, jane, team="design") is Verdict.IMPLICIT_DENY
    assert control(folder, create, jane, team="payments") is Verdict.EXPLICIT_DENY


def test_a_rule_about_one_account_keeps_nobody_out_in_another(folder: Path) -> None:
    here = POLICY.replace("{path: /svc/*, ", "{account: prod, path: /svc/*, ")
    Files(folder).write(CONFIGURATION, here)
    elsewhere = "arn:aws:iam::222233334444:user/svc/ci-app"

    assert control(folder, "iam:CreateAccessKey", elsewhere) is Verdict.IMPLICIT_DENY
    assert control(folder, "iam:CreateAccessKey", f"{USERS}/svc/ci-app") is Verdict.EXPLICIT_DENY


def test_a_managed_user_cannot_be_moved_out_of_the_control_policys_reach(folder: Path) -> None:
    assert control(folder, "iam:UpdateUser", f"{USERS}/svc/ci-app") is Verdict.EXPLICIT_DENY
    assert control(folder, "iam:UpdateUser", f"{USERS}/jane") is Verdict.IMPLICIT_DENY


@pytest.mark.parametrize("name", ["rotator:managed", "Rotator:Managed", "ROTATOR:OWNER"])
@pytest.mark.parametrize("action", ["iam:TagUser", "iam:UntagUser", "iam:CreateUser"])
def test_our_tags_are_kept_from_others_in_whatever_case_they_are_written(
    folder: Path, action: str, name: str
) -> None:
    context = {"aws:PrincipalArn": (SOMEBODY,), "aws:TagKeys": (name, "team")}
    made = document(folder, "scp", "--role", MINE)

    assert verdict(made, action, f"{USERS}/jane", context) is Verdict.EXPLICIT_DENY


# ---------------------------------------------------------------------- the command


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("policy", "trust", "--hub", "nobody"), "is not a role's or user's ARN"),
        (("policy", "member", "--kms-key", "alias/x"), "is not a KMS key's ARN"),
        (("policy", "member", "--account", "000000000000"), MEMBER),
    ],
)
def test_a_wrong_word_is_a_usage_error(folder: Path, arguments: tuple[str, ...], said: str) -> None:
    invocation = Invocation(config=folder / "rotator.yaml", environ={})
    result = CliRunner().invoke(cli, ["aws", *arguments], obj=invocation)

    assert result.exit_code == 2
    assert said in result.stderr


def test_the_features_are_listed_with_what_stops_without_them(folder: Path) -> None:
    invocation = Invocation(config=folder / "rotator.yaml", environ={})
    plain = CliRunner().invoke(cli, ["aws", "features"], obj=invocation)
    as_json = CliRunner().invoke(cli, ["aws", "features", "--json"], obj=invocation)

    assert "search  (not used)" in plain.stdout
    found = {item["feature"]: item for item in json.loads(as_json.stdout)}
    assert found["read_current"]["actions"] == ["secretsmanager:GetSecretValue (AWSCURRENT)"]
    assert found["search"]["actions"] == []
    assert f"without it  {found['rotate']['withoutIt']}" in plain.stdout
