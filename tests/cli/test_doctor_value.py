from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from rotator.core.ids import AccountId
from rotator.core.workspace import AccessRole, Admitted
from rotator.testing.fake_workspace import WORKSPACE
from rotator.testing.wire import Failure
from tests.cli.workspace_desk import OTHER, SECOND, SECTION, WorkspaceDesk

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result

CRN = f"crn:ap-southeast-2.aws:{WORKSPACE}"


@pytest.fixture
def desk(tmp_path: Path) -> WorkspaceDesk:
    return WorkspaceDesk(tmp_path)


def value(desk: WorkspaceDesk, text: str, *arguments: str) -> Result:
    return desk.run("doctor", "value", *arguments, answer=text)


def key_of(desk: WorkspaceDesk, role: AccessRole = AccessRole.MEMBER) -> str:
    return desk.vault.secrets[desk.vault.add_access_key("ci", role).key_id]


def test_a_right_value_is_said_to_be_right(desk: WorkspaceDesk) -> None:
    result = value(desk, f"{key_of(desk)}\n")

    assert result.exit_code == 0
    assert "a CipherStash access key" in result.stdout
    assert "nothing is wrong with it" in result.stdout
    assert "S" * 12 not in result.output
    assert desk.app.calls == []


def test_every_fault_has_its_remedy(
    desk: WorkspaceDesk, golden: Callable[[str, str], None]
) -> None:
    text = f'export CS_CLIENT_ACCESS_KEY="{key_of(desk)[:-48]}"\r\n'

    result = value(desk, text, "--as", "client-key")

    assert result.exit_code == 1
    golden("tests/golden/doctor_value.txt", result.stdout)
    golden(
        "tests/golden/doctor_value.json", value(desk, text, "--as", "client-key", "--json").stdout
    )


def test_a_person_types_it_unseen(desk: WorkspaceDesk) -> None:
    desk.can_ask = True
    text = key_of(desk)

    result = value(desk, f"{text}\n")

    assert result.exit_code == 0
    assert text not in result.output
    assert "Value (not shown)" in result.stderr


@pytest.mark.parametrize("typed", ["CSAKABC.SECRET", "--CSAKABC.SECRET"])
def test_a_value_on_the_command_line_is_refused_and_not_repeated(
    desk: WorkspaceDesk, typed: str
) -> None:
    result = value(desk, "", typed)

    assert result.exit_code == 2
    assert "SECRET" not in result.output
    assert "so rotate it" in result.stderr


class TestCrns:
    def test_one_of_a_configured_workspace_is_right(self, desk: WorkspaceDesk) -> None:
        assert value(desk, CRN).exit_code == 0

    def test_another_region_and_another_workspace_are_told(self, desk: WorkspaceDesk) -> None:
        region = value(desk, CRN.replace("ap-southeast-2", "us-east-1"))
        other = value(desk, f"crn:ap-southeast-2.aws:{OTHER}")

        assert "names another region than ap-southeast-2.aws" in region.stdout
        assert f"names another workspace than the configured {WORKSPACE}" in other.stdout
        assert region.exit_code == other.exit_code == 1

    def test_a_named_workspace_is_the_only_one_that_it_may_be(self, desk: WorkspaceDesk) -> None:
        desk.configure(SECTION + SECOND)

        assert value(desk, CRN, "--workspace", "vault").exit_code == 0
        assert value(desk, CRN, "--workspace", "lab").exit_code == 1

    def test_without_a_configuration_only_its_form_is_judged(self, desk: WorkspaceDesk) -> None:
        (desk.folder / "rotator.yaml").unlink()

        result = value(desk, f"crn:ap-southeast-2.aws:{OTHER}")

        assert result.exit_code == 0
        assert "no configuration could be read" in result.stdout
        assert value(desk, CRN, "--workspace", "vault").exit_code == 2


class TestTrying:
    def test_the_service_says_what_the_key_opens(self, desk: WorkspaceDesk) -> None:
        result = value(desk, key_of(desk), "--try")

        assert result.exit_code == 0
        assert "member" in result.stdout
        assert "the service counts that as a use of it" in result.stdout

    def test_machines_are_told_the_same(self, desk: WorkspaceDesk) -> None:
        told = json.loads(value(desk, key_of(desk), "--try", "--json").stdout)

        assert told["admitted"] == {"workspace": WORKSPACE, "role": "member"}
        assert told["isValid"] is True

    def test_a_revoked_key_is_refused(self, desk: WorkspaceDesk) -> None:
        key = key_of(desk)
        desk.vault.revoke_access_key("ci")

        result = value(desk, key, "--try")

        assert result.exit_code == 1
        assert f"is refused where workspace {WORKSPACE} is entered" in result.stdout
        assert "sent    yes\n" in result.stdout

    def test_another_workspaces_key_is_told(
        self, desk: WorkspaceDesk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        key = key_of(desk)
        admitted = Admitted(
            workspace=AccountId(OTHER), key_id=desk.vault.keys["ci"].key_id, role=None
        )
        monkeypatch.setattr(type(desk.vault), "try_access_key", lambda *_: admitted)

        result = value(desk, key, "--try", "--role", "member")

        assert f"opens workspace {OTHER}, and not {WORKSPACE}" in result.stdout
        assert "has a role that nobody tells, and not member" in result.stdout

    def test_another_role_than_asked_for_is_told(self, desk: WorkspaceDesk) -> None:
        result = value(desk, key_of(desk), "--try", "--role", "admin")

        assert result.exit_code == 1
        assert "has role member, and not admin" in result.stdout

    def test_a_role_that_nobody_asks_the_service_about_is_not_said_to_be_right(
        self, desk: WorkspaceDesk
    ) -> None:
        result = value(desk, key_of(desk), "--role", "admin")

        assert (result.exit_code, "add --try" in result.stderr) == (2, True)

    def test_nothing_is_sent_while_its_text_is_wrong(self, desk: WorkspaceDesk) -> None:
        result = value(desk, f'"{key_of(desk)}"', "--try")

        assert "no, for something is wrong with its text" in result.stdout
        assert desk.vault.wire.sent == []

    def test_only_an_access_key_can_be_tried_alone(self, desk: WorkspaceDesk) -> None:
        result = value(desk, CRN, "--try")

        assert result.exit_code == 2
        assert desk.vault.wire.sent == []

    def test_a_service_that_is_down_says_nothing_of_the_key(self, desk: WorkspaceDesk) -> None:
        desk.vault.wire.break_next("try_access_key", Failure.UNAVAILABLE)

        result = value(desk, key_of(desk), "--try")

        assert (result.exit_code, result.stdout) == (1, "")
