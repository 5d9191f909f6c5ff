"""What commands that know accounts make of a workspace's name or id."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.cli.desk import Desk
from tests.settings.files import Files
from tests.settings.test_cipherstash import WORKSPACE, workspace
from tests.settings.test_cipherstash_policy import BUNDLE

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    made = Desk(tmp_path)
    Files(tmp_path).write(workspace("name: vault"), BUNDLE)
    return made


def test_a_configuration_is_summed_up_with_its_workspaces(desk: Desk) -> None:
    result = desk.run("config", "check")

    assert result.exit_code == 0
    assert "vault" in result.stdout


def test_a_workspace_can_be_paused_before_anything_is_known_of_it(desk: Desk) -> None:
    result = desk.run("pause", "--account", WORKSPACE, "--reason", "migration", "--yes")

    assert result.exit_code == 0, result.output
    (paused,) = desk.app.journal.pauses()
    assert paused.account == WORKSPACE


def test_a_workspace_is_looked_at_by_its_id(desk: Desk) -> None:
    result = desk.run("adopt", "--plan", "--account", WORKSPACE)

    assert result.exit_code == 0, result.output


def test_no_policy_of_aws_is_made_for_a_workspace(desk: Desk) -> None:
    result = desk.run("aws", "policy", "member", "--account", WORKSPACE)

    assert result.exit_code == 2
    assert "known are 111122223333" in result.stderr
