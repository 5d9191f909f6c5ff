"""Accounts of HTTP APIs in `rotator.yaml`: what is taken, and what contradicts itself."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from rotator.core.ids import AccountId
from rotator.core.policy import Account
from rotator.errors import NotFoundError
from tests.builders import ACCOUNT
from tests.settings.http_files import POLICY, PROVIDER, SPEC, Files, account, section

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

HUB = AccountId("hub-prod")
APART = POLICY.replace("hub/{principal}", "hub/{account}/{principal}")
_AT = "http.providers[0].accounts[0]"


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path).write()


def fault_of(files: Files, *lines: str, without: str = "") -> tuple[str, str]:
    (fault,) = files.write(section(account(*lines, without=without))).faults()
    assert fault.remedy
    assert fault.file.endswith("rotator.yaml")
    return fault.field.removeprefix(_AT).lstrip("."), fault.problem


# --------------------------------------------------------------------- what is taken


def test_an_account_is_entered_by_its_spec_and_published_in_its_home(files: Files) -> None:
    settings = files.load()

    (found,) = settings.http_accounts
    assert (found.id, found.name, found.spec.name) == (HUB, "", PROVIDER)
    assert (found.home, found.home_region) == (ACCOUNT, "eu-central-1")
    assert found.base_url == "https://hub.example.com/hub/api"
    assert found.section.lifetime == timedelta(days=120)
    assert settings.policy.accounts[-1] == Account(
        id=HUB, region="eu-central-1", home=ACCOUNT, providers=(PROVIDER,)
    )


def test_without_the_section_there_are_no_such_accounts(files: Files) -> None:
    assert (
        files.write("limits: {}\n", POLICY.replace(PROVIDER, "aws-iam")).load().http_accounts == ()
    )


def test_an_account_is_found_by_its_id_or_its_name(files: Files) -> None:
    settings = files.write(section(account("name: hub"))).load()

    assert settings.http_account("hub") is settings.http_account(HUB)
    with pytest.raises(NotFoundError) as caught:
        settings.http_account("other")
    assert HUB in caught.value.hint


def test_nobody_is_found_where_there_is_none(files: Files) -> None:
    settings = files.write("limits: {}\n", POLICY.replace(PROVIDER, "aws-iam")).load()

    with pytest.raises(NotFoundError) as caught:
        settings.http_account("hub")
    assert "http.providers" in caught.value.hint


def test_values_reach_the_spec_in_the_types_of_json_and_defaults_fill_the_rest(
    files: Files,
) -> None:
    files.write(section(account("params: {user: robot, scopes: [read, write], policy: {a: [1]}}")))

    (found,) = files.load().http_accounts

    assert found.params == {
        "user": "robot",
        "page": 100,
        "scopes": ["read", "write"],
        "is-strict": True,
        "policy": {"a": [1]},
    }


def test_a_base_url_of_the_spec_is_filled_and_one_of_the_account_wins(files: Files) -> None:
    by_spec = SPEC.replace("params:\n", "baseUrl: https://${params.user}.example.com/v1\nparams:\n")
    files.write(section(account(without="baseUrl"))).spec(by_spec)

    assert files.load().http_accounts[0].base_url == "https://robot.example.com/v1"

    files.write(section(account("baseUrl: https://other.example.com/"))).spec(by_spec)
    assert files.load().http_accounts[0].base_url == "https://other.example.com"


def test_a_lifetime_may_be_as_long_as_the_greatest_age(files: Files) -> None:
    assert files.write(section(account("lifetime: 90d"))).load().http_accounts


def test_without_a_place_for_it_no_lifetime_is_needed(files: Files) -> None:
    bare = SPEC.replace('        expires_in: "${new.ttl|seconds}"\n', "")
    files.write(section(account(without="lifetime"))).spec(bare)
    assert files.load().http_accounts[0].section.lifetime is None

    optional = SPEC.replace("${new.ttl|seconds}", "${new.ttl|seconds|optional}")
    assert files.spec(optional).load().http_accounts[0].section.lifetime is None


@pytest.mark.parametrize(
    "reference", ["env:HUB_TOKEN", "file:token", "secret:hub/rotator#HUB_TOKEN"]
)
def test_a_credential_is_referred_to_and_not_looked_up_at_the_start(
    files: Files, reference: str
) -> None:
    files.write(section(account(f'credentials: {{admin: "{reference}"}}')))

    assert files.load().http_accounts[0].section.credentials == {"admin": reference}


# --------------------------------------------------------------------- contradictions


def test_a_key_itself_is_refused_and_not_repeated(files: Files) -> None:
    field, problem = fault_of(files, "credentials: {admin: hunter2}")

    assert field == "credentials.admin"
    assert "hunter2" not in problem


@pytest.mark.parametrize(
    ("line", "field", "problem"),
    [
        ("id: Hub", "id", "right form"),
        ("params: {}", "", "gives no parameter `user`"),
        ("params: {user: robot, usr: a}", "params.usr", "is no parameter of the spec"),
        ("params: {user: 7}", "params.user", "is not text"),
        ("params: {user: ''}", "params.user", "is empty"),
        ('params: {user: "a\\nb"}', "params.user", "control character"),
        ("params: {user: Robot}", "params.user", "does not have the right form"),
        ("params: {user: robot, page: many}", "params.page", "is not a whole number"),
        ("params: {user: robot, page: true}", "params.page", "is not a whole number"),
        ("params: {user: robot, scopes: read}", "params.scopes", "is not a list of texts"),
        ("params: {user: robot, scopes: [1]}", "params.scopes", "is not a list of texts"),
        ("params: {user: robot, is-strict: 1}", "params.is-strict", "neither true nor false"),
        ("credentials: {}", "", "gives no credential `admin`"),
        ("credentials: {admin: env:A, root: env:B}", "credentials.root", "is no credential"),
        ("baseUrl: http://hub.example.com", "baseUrl", "unencrypted"),
        ("baseUrl: https://10.0.0.1/hub", "baseUrl", "private network"),
        ("baseUrl: https://localhost:8081", "baseUrl", "this machine"),
        ("baseUrl: https://hub.example.com/?a=b", "baseUrl", "cannot be used"),
        ("baseUrl: https://hub.example.com:99999/", "baseUrl", "cannot be used"),
        ("baseUrl: ftp://hub.example.com", "baseUrl", "right form"),
        ("lifetime: 60d", "lifetime", "shorter than maxAge 90d of rule `hub`"),
        ("home: {account: 444455556666}", "home.account", "none of `aws.accounts`"),
        ("name: prod", "name", "is aws.accounts[0] already"),
        ("caFile: no.pem", "caFile", "cannot be read"),
        ("clientCertificate: {certificate: no.pem}", "clientCertificate.certificate", "be read"),
        ("proxy: 'http://user:hunter2@proxy.example'", "proxy", "right form"),
        ("pinSha256: [abc]", "pinSha256[0]", "right form"),
    ],
)
def test_what_contradicts_itself_is_refused(
    files: Files, line: str, field: str, problem: str
) -> None:
    text = section(account(line)) if not line.startswith("id:") else section(account(id="Hub"))

    (fault,) = files.write(text).faults()

    assert fault.field.removeprefix(_AT).lstrip(".") == field
    assert problem in fault.problem
    assert "hunter2" not in str(fault)
    assert fault.remedy


def test_a_base_url_that_nobody_gives_is_missing(files: Files) -> None:
    assert fault_of(files, without="baseUrl") == ("", "has no base URL, and its spec gives none")


def test_a_value_that_the_base_url_needs_is_told_missing_once(files: Files) -> None:
    by_spec = SPEC.replace("params:\n", "baseUrl: https://${params.user}.example.com/v1\nparams:\n")
    files.write(section(account("params: {}", without="baseUrl"))).spec(by_spec)

    (fault,) = files.faults()

    assert "gives no parameter `user`" in fault.problem


def test_a_value_cannot_lead_the_base_url_elsewhere(files: Files) -> None:
    by_spec = SPEC.replace("params:\n", "baseUrl: https://api.test/${params.user}\nparams:\n")
    lines = "params: {user: '../../other?x='}"
    files.write(section(account(lines, without="baseUrl"))).spec(
        by_spec.replace(', pattern: "[a-z0-9-]+"', "")
    )

    (fault,) = files.faults()

    assert fault.field == f"{_AT}.params.user"
    assert "is no part of a URL" in fault.problem
    assert "other" not in str(fault)


def test_a_pin_needs_encryption(files: Files) -> None:
    pin = "pinSha256: ['47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=']"
    files.write(section(account("baseUrl: 'http://hub.house'", "allowPrivate: true", pin)))

    (fault,) = files.faults()

    assert fault.field == f"{_AT}.pinSha256"
    assert "not encrypted" in fault.problem


def test_a_lifetime_that_the_spec_needs_is_missing_and_one_that_it_never_sends_is_too_much(
    files: Files,
) -> None:
    assert "gives no lifetime" in fault_of(files, without="lifetime")[1]

    files.write().spec(SPEC.replace('        expires_in: "${new.ttl|seconds}"\n', ""))
    (fault,) = files.faults()
    assert fault.field == f"{_AT}.lifetime"
    assert "never be sent" in fault.problem


def test_only_rules_that_rotate_the_accounts_keys_bind_its_lifetime(files: Files) -> None:
    short = section(account("lifetime: 60d"))
    reported = POLICY.replace("action: rotate", "action: report").split("    destination")[0]

    assert files.write(short, reported).load().http_accounts
    elsewhere = POLICY.replace("{provider: hub-token}", "{account: prod}")
    assert files.write(short, elsewhere).load().http_accounts


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8081/hub/api", "http://hub.house", "https://10.0.0.1"]
)
def test_an_api_inside_the_house_is_opened_by_a_word_of_the_operator(
    files: Files, url: str
) -> None:
    files.write(section(account(f"baseUrl: '{url}'", "allowPrivate: true")))

    assert files.load().http_accounts[0].base_url == url


def test_every_account_is_listed_once(files: Files) -> None:
    twice = section(account("name: hub"), account("name: hub", "params: {user: other}"))

    assert [
        (fault.field.rpartition(".")[2], fault.problem) for fault in files.write(twice).faults()
    ] == [
        ("id", "`hub-prod` is http.providers[0].accounts[0] already"),
        ("name", "`hub` is http.providers[0].accounts[0] already"),
    ]


def test_two_accounts_that_reach_the_same_keys_are_one(files: Files) -> None:
    (fault,) = files.write(section(account(), account(id="hub-too")), APART).faults()

    assert fault.field == "http.providers[0].accounts[1]"
    assert "is the account `hub-prod` again" in fault.problem

    apart = section(account(), account("credentials: {admin: env:OTHER}", id="hub-too"))
    assert len(files.write(apart, APART).load().http_accounts) == 2


def test_a_spec_is_named_once_and_so_is_its_provider(files: Files) -> None:
    again = account("params: {user: other}", id="hub-too")
    second = f"    - spec: copy.yaml\n      accounts:\n{again}"
    files.write(section(account()) + second, APART).spec(name="copy.yaml")

    (fault,) = files.faults()

    assert fault.field == "http.providers[1].spec"
    assert f"brings the provider `{PROVIDER}`" in fault.problem
    assert "line 11" in fault.problem


def test_a_spec_that_is_not_there_is_told_alone(files: Files) -> None:
    (fault,) = files.write(section(account(), spec="no.yaml")).faults()

    assert fault.field == "http.providers[0].spec"
    assert "No such file" in fault.problem


def test_a_spec_that_is_no_text_is_told_alone(files: Files) -> None:
    (files.folder / "hub.yaml").write_bytes(b"\xff\xfe")

    (fault,) = files.faults()

    assert "not UTF-8" in fault.problem


def test_what_is_wrong_with_a_spec_is_told_with_its_own_lines_and_nothing_follows(
    files: Files,
) -> None:
    files.spec(SPEC.replace("    items: tokens\n", "    itmes: tokens\n"))

    faults = files.faults()

    assert faults
    assert {fault.file for fault in faults} == {str(files.folder / "hub.yaml")}
    assert all(fault.line for fault in faults)


def test_a_spec_without_a_name_makes_no_rule_about_it_wrong(files: Files) -> None:
    files.spec(SPEC.replace(f"name: {PROVIDER}\n", ""))

    assert {fault.file for fault in files.faults()} == {str(files.folder / "hub.yaml")}


def test_everything_wrong_is_told_at_once(files: Files, golden: Callable[[str, str], None]) -> None:
    text = section(
        account(
            "baseUrl: http://hub.example.com",
            "params: {usr: robot}",
            "credentials: {root: env:ROOT}",
            "lifetime: 10d",
            "home: {account: 444455556666}",
        ),
        account("lifetime: 10d", "caFile: no.pem", id="hub-two"),
    )
    files.write(text, POLICY.replace("{provider: hub-token}", "{provider: [hub, hub-token]}"))

    golden("tests/golden/config_http.txt", files.diagnostics())


@pytest.mark.parametrize(("create", "is_refused"), [("6m", False), ("7m", True)])
def test_a_key_is_not_given_up_before_its_api_lets_it_in(
    files: Files, create: str, *, is_refused: bool
) -> None:
    """By default three times two minutes are waited; each longer mint would be in vain."""
    files.spec(SPEC.replace("auth:", f"propagation: {{create: {create}}}\nauth:", 1))
    if not is_refused:
        assert files.load().http_accounts
        return
    (fault,) = files.faults()
    assert fault.field == "limits.verifyTimeout"
    assert "one of hub-token may take 7m" in fault.problem
