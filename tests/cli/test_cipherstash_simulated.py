"""The commands about workspaces, through the real app and over HTTP."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from rotator.app import open_app
from rotator.cli.invocation import Invocation
from rotator.cli.main import cli
from rotator.simulators.cipherstash.process import SimulatedCipherStash
from rotator.simulators.cipherstash.shapes import (
    AccessKeySeed,
    ClientSeed,
    KeysetSeed,
    WorkspaceSeed,
)
from tests.settings.files import CONFIGURATION, Files

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from click.testing import Result

VAULT = "ABCDEFGHIJKLMNOP"
POLICY = "apiVersion: rotator/v1\nkind: Policy\nrules: []\n"


class Operator:
    """Runs commands against a simulated workspace with a journal of their own."""

    def __init__(self, folder: Path, vault: SimulatedCipherStash) -> None:
        self.folder = folder
        self.made = vault.seed(
            WorkspaceSeed(
                workspace_id=VAULT,
                access_keys=(AccessKeySeed(name="ops", role="control"),),
                keysets=(KeysetSeed(name="orders"),),
                clients=(ClientSeed(name="web", keysets=("orders", "default")),),
            )
        )
        end = f"""\
mode: enforce
journal: {{url: 'sqlite:///{folder}/journal.db'}}
audit: {{file: '{folder}/audit.jsonl'}}
cipherstash:
  workspaces:
    - crn: crn:us-east-1.aws:{VAULT}
      adminKey: env:CS_ADMIN_KEY
      api: {{ctsUrl: '{vault.cts_url}'}}
"""
        Files(folder).write(CONFIGURATION + end, POLICY)
        self.run("db", "upgrade")

    def run(self, *arguments: str, entered_with: str = "", value: str = "") -> Result:
        key = entered_with or self.made.admin.access_key
        invocation = Invocation(
            config=self.folder / "rotator.yaml",
            is_terminal=False,
            can_ask=False,
            environ={"USER": "ann", "CS_ADMIN_KEY": key},
            opener=open_app,
        )
        return CliRunner().invoke(
            cli, arguments, obj=invocation, input=value, catch_exceptions=False
        )


@pytest.fixture(scope="module")
def vault() -> Iterator[SimulatedCipherStash]:
    with SimulatedCipherStash() as vault:
        yield vault


@pytest.fixture
def operator(tmp_path: Path, vault: SimulatedCipherStash) -> Operator:
    vault.reset()
    return Operator(tmp_path, vault)


def test_an_access_key_is_made_works_is_listed_and_is_refused_after_its_end(
    operator: Operator,
) -> None:
    made = operator.run("keys", "create", "--name", "MyAccessKey", "--role", "control")
    variable, _, key = made.stdout.strip().partition("=")
    assert (made.exit_code, variable) == (0, "CS_CLIENT_ACCESS_KEY")

    secret = key.partition(".")[2].encode()
    assert not any(secret in file.read_bytes() for file in operator.folder.iterdir())

    trying = ("doctor", "value", "--try", "--role", "control", "--as", "access-key")
    assert operator.run(*trying, value=key).exit_code == 0

    listed = json.loads(operator.run("keys", "list", "--workspace", VAULT, "--json").stdout)
    (row,) = [it for it in listed if it["name"] == "MyAccessKey"]
    assert row["keyId"] in key
    assert row["lastUsedAt"] is not None

    revoked = operator.run("keys", "revoke", "--name", "MyAccessKey", "--yes")
    assert revoked.stdout.endswith(f"Access key MyAccessKey for workspace {VAULT} revoked.\n")
    refused = operator.run(*trying, value=key)
    assert (refused.exit_code, "is refused where" in refused.stdout) == (1, True)


def test_a_keyset_and_a_client_are_made_granted_and_ended(operator: Operator) -> None:
    operator.run("cipherstash", "keyset", "create", "tenants/a", "--grant", "web", "--yes")
    created = operator.run(
        *("cipherstash", "client", "create", "batch", "--yes"),
        *("--keyset", "orders", "--keyset", "tenants/a"),
    )
    client_id, client_key = (line.partition("=")[2] for line in created.stdout.splitlines())

    for kind, text in (("client-id", client_id), ("client-key", client_key)):
        assert operator.run("doctor", "value", "--as", kind, value=text).exit_code == 0

    clients = operator.run("cipherstash", "client", "list", "--json")
    (row,) = [it for it in json.loads(clients.stdout) if it["clientId"] == client_id]
    assert row["keysets"] == ["orders", "tenants/a"]

    for verb in ("revoke", "grant"):
        said = operator.run("cipherstash", "keyset", verb, "tenants/a", "batch", "--yes")
        assert said.exit_code == 0
    for verb in ("disable", "enable"):
        assert operator.run("cipherstash", "keyset", verb, "tenants/a", "--yes").exit_code == 0
    assert operator.run("cipherstash", "client", "delete", client_id, "--yes").exit_code == 0
    assert client_id not in operator.run("cipherstash", "client", "list").stdout


def test_our_own_key_is_not_revoked(operator: Operator) -> None:
    result = operator.run("keys", "revoke", "--name", "rotator-admin", "--yes")

    assert result.exit_code == 1
    assert "by which rotator itself is admitted" in result.stderr


def test_the_wrong_role_is_refused_with_its_reason(
    operator: Operator, vault: SimulatedCipherStash
) -> None:
    control = operator.made.access_keys["ops"].access_key

    listed = operator.run("cipherstash", "keyset", "list", entered_with=control)
    create = ("cipherstash", "keyset", "create", "a", "--grant", "web", "--yes")
    created = operator.run(*create, entered_with=control)
    refused = operator.run("keys", "create", "--name", "x", entered_with=control)

    assert (listed.exit_code, created.exit_code, refused.exit_code) == (0, 0, 1)
    assert "cannot authenticate cryptographic operations" in refused.stderr
    assert not vault.calls("create-access-key")
