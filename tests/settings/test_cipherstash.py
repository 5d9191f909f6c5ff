from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from rotator.core.ids import AccountId
from rotator.core.policy import Account
from rotator.core.workspace import AccessRole
from rotator.errors import NotFoundError
from rotator.providers.cipherstash.config import ApiKind, KeysetReference
from tests.builders import ACCOUNT
from tests.settings.files import CONFIGURATION, POLICY
from tests.settings.files import Files as AnyFiles

if TYPE_CHECKING:
    from pathlib import Path

WORKSPACE = AccountId("ZVATKW3VHMFG27DY")
CRN = f"crn:ap-southeast-2.aws:{WORKSPACE}"
PROVIDERS = ("cipherstash-access-key", "cipherstash-client-key")
SECTION = f"""\
cipherstash:
  workspaces:
    - crn: {CRN}
      adminKey: env:CS_ADMIN_KEY
"""
AWS_POLICY = POLICY.replace("{principal: ci-*}", "{provider: aws-iam, principal: ci-*}")


class Files(AnyFiles):
    """Both files, with rules that say whose keys they are about."""

    def write(self, configuration: str = CONFIGURATION, policy: str = AWS_POLICY) -> Files:
        """Write both files."""
        super().write(configuration, policy)
        return self


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path).write(CONFIGURATION + SECTION)


def workspace(*lines: str, crn: str = f"crn: {CRN}") -> str:
    """Write a configuration with one workspace of these further lines."""
    items = [crn, *lines]
    if not any(line.startswith("adminKey") for line in items):
        items.append("adminKey: env:CS_ADMIN_KEY")
    text = "\n      ".join(items)
    return f"{CONFIGURATION}cipherstash:\n  workspaces:\n    - {text}\n"


def profile(folder: Path, content: str) -> None:
    path = folder / "profiles" / "default" / "profile-config.json"
    path.parent.mkdir(parents=True)
    path.write_text(content, encoding="utf-8")


# --------------------------------------------------------------------- what is taken


def test_a_crn_and_a_reference_to_a_key_are_enough(files: Files) -> None:
    settings = files.load()

    (found,) = settings.workspaces
    assert (found.id, found.region, found.name) == (WORKSPACE, "ap-southeast-2.aws", "")
    assert (found.home, found.home_region) == (ACCOUNT, "eu-central-1")
    assert found.providers == PROVIDERS
    assert settings.policy.accounts[1] == Account(
        id=WORKSPACE, region="eu-central-1", home=ACCOUNT, providers=PROVIDERS
    )


def test_without_the_section_there_are_no_workspaces(files: Files) -> None:
    assert files.write().load().workspaces == ()


def test_what_is_written_reaches_the_workspace(files: Files) -> None:
    text = workspace(
        "name: vault",
        "home: {account: 111122223333, region: eu-west-1}",
        "controlKey: file:/run/secrets/control",
        "accessKeyRoles: {ci-*: member, '*': admin}",
        "api: {kind: legacy, keysetReference: plain, clientKeysetsField: sets,"
        " paths: {revokeAccessKey: /v2}}",
    )
    settings = files.write(text + "  traits: {tokenLifetime: 10m}\n").load()

    found = settings.workspace("vault")
    section = found.section
    assert found is settings.workspace(WORKSPACE)
    assert found.home_region == "eu-west-1"
    assert found.providers == ("cipherstash-access-key",)
    assert found.traits.token_lifetime == timedelta(minutes=10)
    assert section.access_key_roles == {"ci-*": AccessRole.MEMBER, "*": AccessRole.ADMIN}
    assert section.api.kind is ApiKind.LEGACY
    assert section.api.keyset_reference is KeysetReference.PLAIN
    assert section.api.paths.revoke_access_key == "/v2"


def test_environments_are_named_with_their_keysets(files: Files) -> None:
    files.write(workspace("environments: {production: orders, staging: orders-staging}"))

    (found,) = files.load().workspaces

    assert found.section.environments == {"production": "orders", "staging": "orders-staging"}


def test_a_profile_names_the_workspace(files: Files) -> None:
    profile(files.folder, json.dumps({"service": {"workspace": WORKSPACE}}))
    files.write(workspace("region: ap-southeast-2.aws", crn="profile: default"))

    (found,) = files.load({"CS_CONFIG_PATH": str(files.folder / "profiles")}).workspaces

    assert (found.id, found.region) == (WORKSPACE, "ap-southeast-2.aws")


def test_profiles_are_where_the_vendors_command_line_keeps_them(files: Files) -> None:
    profile(files.folder, json.dumps({"service": {"workspace": WORKSPACE}}))
    (files.folder / "profiles").rename(files.folder / ".cipherstash")
    files.write(workspace("api: {kind: legacy}", crn="profile: default"))

    (found,) = files.load({"HOME": str(files.folder)}).workspaces

    assert (found.id, found.region) == (WORKSPACE, "")


def test_a_workspace_that_is_not_configured_is_named_with_those_that_are(files: Files) -> None:
    with pytest.raises(NotFoundError) as caught:
        files.load().workspace("vault")
    assert WORKSPACE in caught.value.hint

    with pytest.raises(NotFoundError) as caught:
        files.write().load().workspace("vault")
    assert "cipherstash.workspaces" in caught.value.hint


# --------------------------------------------------------------------------- the keys


@pytest.mark.parametrize(
    "reference", ["env:CS_KEY", "file:key", "file:/run/my keys/a", "secret:cipherstash/a#CS_KEY"]
)
def test_a_key_is_referred_to_and_not_looked_up_at_the_start(files: Files, reference: str) -> None:
    files.write(workspace(f'adminKey: "{reference}"'))

    (found,) = files.load().workspaces

    assert found.section.admin_key == reference


@pytest.mark.parametrize(
    "text",
    [
        "CSAKhunter2.hunter2",
        "env:",
        "env:CS KEY",
        "env:CSAKhunter2.hunter2",
        "env:hunter2.hunter2",
        "file:CSAKhunter2.hunter2",
        "secret:a#CSAKhunter2.hunter2",
        "file:",
        "secret:hunter2",
        "secret:hunter2#",
        "secret:#hunter2",
        "secret:a#b#hunter2",
        "vault:hunter2",
        "[hunter2]",
    ],
)
def test_a_key_itself_is_refused_and_not_repeated(files: Files, text: str) -> None:
    files.write(workspace(f'adminKey: "{text}"'))

    (fault,) = files.faults()

    assert fault.field == "cipherstash.workspaces[0].adminKey"
    assert "secret:NAME#FIELD" in fault.remedy
    assert "hunter2" not in str(fault)


# ----------------------------------------------------------------------- contradictions


def fault_of(files: Files, text: str, environ: dict[str, str] | None = None) -> tuple[str, str]:
    (fault,) = files.write(text).faults(environ)
    assert fault.remedy
    return fault.field.removeprefix("cipherstash.workspaces[0]").lstrip("."), fault.problem


@pytest.mark.parametrize(
    "crn",
    [
        WORKSPACE,
        "crn:ap-southeast-2.aws",
        f"crn:ap-southeast-2:{WORKSPACE}",
        "crn:ap-southeast-2.aws:short",
        f"crn:ap-southeast-2.aws:{WORKSPACE.lower()}",
    ],
)
def test_a_crn_of_another_form_is_refused_with_an_example(files: Files, crn: str) -> None:
    (fault,) = files.write(workspace(crn=f"crn: {crn}")).faults()

    assert fault.field == "cipherstash.workspaces[0].crn"
    assert CRN in fault.remedy


@pytest.mark.parametrize(
    ("text", "field", "problem"),
    [
        (workspace(crn="name: a"), "", "has no name"),
        (workspace("profile: default"), "", "has both"),
        (workspace("region: ap-southeast-2.aws"), "region", "part of the CRN"),
        (workspace("home: {account: 444455556666}"), "home.account", "none of `aws.accounts`"),
        (workspace("api: {ctsUrl: http://cts.example}"), "api.ctsUrl", "unencrypted"),
        (workspace("api: {zerokmsUrl: http://10.0.0.1}"), "api.zerokmsUrl", "unencrypted"),
        (workspace("environments: {a: k, b: k}"), "environments.b", "the keyset of `a`"),
        (workspace("api: {kind: legacy}", "environments: {a: k}"), "environments", "no keysets"),
        (workspace("name: prod"), "name", "is aws.accounts[0] already"),
        (workspace("environments: {a: ''}"), "environments.a", "is empty"),
        (workspace("accessKeyRoles: {a: owner}"), "accessKeyRoles.a", "is not one of: member"),
    ],
)
def test_what_contradicts_itself_is_refused(
    files: Files, text: str, field: str, problem: str
) -> None:
    found = fault_of(files, text)

    assert found[0] == field
    assert problem in found[1]


@pytest.mark.parametrize("url", ["http://127.0.0.1:8000", "http://localhost:1/x", "http://[::1]:1"])
def test_a_simulator_on_this_machine_needs_no_encryption(files: Files, url: str) -> None:
    text = workspace(f'api: {{ctsUrl: "{url}", zerokmsUrl: "{url}"}}')

    assert files.write(text).load().workspaces[0].section.api.cts_url == url


def test_every_workspace_is_listed_once(files: Files) -> None:
    again = f"    - {{crn: '{CRN}', name: vault, adminKey: env:CS_ADMIN_KEY}}\n"
    text = workspace("name: vault") + again

    faults = files.write(text).faults()

    assert [fault.field.rpartition(".")[2] for fault in faults] == ["crn", "name"]
    assert all("cipherstash.workspaces[0] already" in fault.problem for fault in faults)


def test_with_several_aws_accounts_somebody_says_where_the_secrets_are(files: Files) -> None:
    second = '    - id: "111122223333"\n    - id: "444455556666"\n'
    text = workspace().replace('    - id: "111122223333"\n      name: prod\n', second)

    assert fault_of(files, text) == ("home", "does not say in which AWS account its secrets are")
    named = text.replace("crn:", "home: {account: '444455556666'}\n      crn:", 1)
    assert files.write(named).load().workspaces[0].home == "444455556666"


def test_an_unusable_workspace_is_told_together_with_everything_else(files: Files) -> None:
    text = workspace("home: {account: 444455556666}", crn="name: prod")

    assert len(files.write(text + "limits: {mintBudget: 2m}\n").faults()) == 3


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("", "is not a JSON object"),
        ("[1]", "is not a JSON object"),
        ("[" * 100_000, "is not a JSON object"),
        ("{}", "names no workspace in `service.workspace`"),
        ('{"service": 1}', "names no workspace in `service.workspace`"),
        ('{"service": {"workspace": "hunter2"}}', "names no workspace in `service.workspace`"),
    ],
)
def test_a_profile_that_names_no_workspace_is_refused_with_its_path(
    files: Files, content: str, problem: str
) -> None:
    profile(files.folder, content)
    text = workspace("region: ap-southeast-2.aws", crn="profile: default")

    field, told = fault_of(files, text, {"CS_CONFIG_PATH": str(files.folder / "profiles")})

    assert field == "profile"
    assert "profiles/default/profile-config.json" in told
    assert problem in told
    assert "hunter2" not in told


def test_a_profile_that_is_not_there_is_refused(files: Files) -> None:
    text = workspace("region: ap-southeast-2.aws", crn="profile: default")

    missing = fault_of(files, text, {"HOME": str(files.folder)})
    assert ".cipherstash/default/profile-config.json` cannot be read" in missing[1]
    assert "neither `CS_CONFIG_PATH` nor `HOME` is set" in fault_of(files, text)[1]


def test_a_profile_does_not_say_the_region(files: Files) -> None:
    profile(files.folder, json.dumps({"service": {"workspace": WORKSPACE}}))
    environ = {"CS_CONFIG_PATH": str(files.folder / "profiles")}

    assert fault_of(files, workspace(crn="profile: default"), environ)[0] == "profile"
    by_url = workspace("api: {ctsUrl: 'https://cts.example'}", crn="profile: default")
    assert files.write(by_url).load(environ).workspaces[0].region == ""
