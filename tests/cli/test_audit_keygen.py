"""`rotator audit keygen`: the key that is there, and what is wrong with an order for one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.settings.files import CONFIGURATION, Files

if TYPE_CHECKING:
    from tests.cli.desk import Desk


@pytest.fixture
def verifier_key(desk: Desk) -> str:
    """Make a key, and configure it; return what auditors are given."""
    path = desk.folder / "log.pem"
    made = desk.run("audit", "keygen", "--output", str(path), "--name", "my-log").stdout.strip()
    section = f"audit: {{logName: my-log, signingKey: 'file:{path}'}}\n"
    Files(desk.folder).write(CONFIGURATION + section)
    return made


def test_the_verifier_key_is_shown_again_years_later(desk: Desk, verifier_key: str) -> None:
    found = desk.run("audit", "keygen", "--show")

    assert (found.exit_code, found.stdout) == (0, f"{verifier_key}\n")


def test_it_is_shown_only_where_a_key_is_configured(desk: Desk) -> None:
    Files(desk.folder).write(CONFIGURATION)

    found = desk.run("audit", "keygen", "--show")

    assert found.exit_code == 2
    assert "audit.signingKey" in found.stderr


def test_an_order_for_nothing_is_refused(desk: Desk) -> None:
    found = desk.run("audit", "keygen")

    assert found.exit_code == 2
    assert "--output" in found.stderr


def test_what_to_write_into_the_configuration_holds_from_any_folder(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(desk.folder)

    found = desk.run("audit", "keygen", "--output", "near.pem", "--name", "my-log")

    assert f"signingKey: file:{desk.folder}/near.pem" in found.stderr
