"""`rotator config check` about accounts of HTTP APIs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rotator.cli.invocation import MISCONFIGURED
from tests.cli.desk import Desk
from tests.settings.http_files import SPEC, Files, account, section

if TYPE_CHECKING:
    from pathlib import Path


def test_the_accounts_are_named_with_their_providers(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    Files(tmp_path).write(section(account("name: hub")))

    result = desk.run("config", "check")

    assert result.exit_code == 0
    assert "HTTP APIs      hub (hub-token)" in result.output


def test_a_spec_is_told_wrong_with_its_own_file_and_line(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    Files(tmp_path).write().spec(SPEC.replace("items: tokens", "items: 'tokens['"))

    result = desk.run("config", "check")

    line = SPEC[: SPEC.index("items:")].count("\n") + 1
    assert result.exit_code == MISCONFIGURED
    assert f"{tmp_path}/hub.yaml:{line}: operations.list.items" in result.output
