"""Day one of a workspace, and the day after its journal was lost: simulators over HTTP."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from rotator.app import open_app
from rotator.cli.invocation import Invocation
from rotator.cli.main import cli
from rotator.core.rotation import Trigger
from rotator.providers.cipherstash.config import ACCESS_KEYS, CLIENT_KEYS
from tests.cli.app_estate import POLICY, VAULT, Installation, installation, simulators

if TYPE_CHECKING:
    from click.testing import Result


__all__ = ["installation", "simulators"]

NO_RULES = POLICY.partition("rules:")[0]
SIX_HOURS = timedelta(hours=6)


@dataclass
class Site:
    """An installation, and an operator at its command line."""

    installation: Installation

    def run(self, *arguments: str) -> Result:
        invocation = Invocation(
            config=self.installation.folder / "rotator.yaml",
            is_terminal=False,
            can_ask=False,
            environ={"USER": "ann"},
            opener=partial(open_app, clock=self.installation.clock),
        )
        return CliRunner().invoke(cli, arguments, obj=invocation, catch_exceptions=False)

    def read(self, *arguments: str) -> list[dict[str, object]]:
        found: list[dict[str, object]] = json.loads(self.run(*arguments, "--json").stdout)
        return found

    def policy(self, rules: str) -> None:
        text = NO_RULES + (f"rules:\n{rules}\n" if rules else "")
        (self.installation.folder / "policy.yaml").write_text(text, encoding="utf-8")

    def daemon(self, rounds: int) -> None:
        """Let the daemon look around every six hours, and the application do its work."""
        clock, settings = self.installation.clock, self.installation.settings()
        with open_app(settings, read_only=False, clock=clock) as app:
            for _ in range(rounds):
                app.once()
                self.installation.use()
                clock.advance_to(clock.now() + SIX_HOURS)

    def lose_journal(self) -> None:
        """Begin with an empty journal, and so with an audit log of its own."""
        for file in self.installation.folder.glob("journal.db*"):
            file.unlink()
        (self.installation.folder / "audit.jsonl").rename(self.installation.folder / "old.jsonl")
        self.run("db", "upgrade")

    def keys(self) -> tuple[int, int]:
        """Count the access keys and the clients that the application has in truth."""
        state = self.installation.vault.state(workspace_id=VAULT).workspaces[VAULT]
        access = [it for it in state.access_keys if it.name.startswith("web")]
        living = [it for it in access if it.revoked_at is None]
        return len(living), sum(it.deleted_at is None for it in state.clients)


@pytest.fixture
def site(installation: Installation) -> Site:
    with open_app(installation.settings(), read_only=False, clock=installation.clock):
        return Site(installation)


def test_a_workspace_is_found_pasted_and_adopted(site: Site) -> None:
    site.policy("")
    plan = site.run("adopt", "--plan", "--account", VAULT)
    found = json.loads(site.run("adopt", "--plan", "--json").stdout)["principals"]
    assert {(it["name"], it["provider"], it["verdict"]) for it in found} == {
        ("rotator-admin", ACCESS_KEYS, "unmapped"),
        ("web", ACCESS_KEYS, "unmapped"),
        ("web", CLIENT_KEYS, "unmapped"),
    }

    site.policy(plan.stdout.partition("at the end:\n\n")[2].rpartition("\n\n")[0])
    adopted = site.run("adopt", "--yes")

    assert adopted.exit_code == 0, adopted.output
    assert adopted.stdout.count("adopted: ") == 3
    assert {row["verdict"] for row in _principals(site)} == {"managed"}


def _principals(site: Site) -> list[dict[str, object]]:
    found: list[dict[str, object]] = json.loads(site.run("adopt", "--plan", "--json").stdout)[
        "principals"
    ]
    return found


def test_the_doctor_asks_for_the_provider_and_explains_each_namesake(site: Site) -> None:
    asked = site.run("doctor", "principal", "web")
    access = site.run("doctor", "principal", "web", "--provider", ACCESS_KEYS)
    client = site.run("doctor", "principal", "web", "--account", VAULT, "--provider", CLIENT_KEYS)

    assert asked.exit_code == 2
    assert f"several providers: {ACCESS_KEYS}, {CLIENT_KEYS}" in asked.stderr
    assert access.stdout.startswith(f"web ({ACCESS_KEYS}) in account {VAULT}, rule bundle: 1 key")
    assert client.stdout.startswith(f"web ({CLIENT_KEYS}) in account {VAULT}, rule bundle: 1 key")
    assert "key slot" not in access.stdout + client.stdout


def test_the_installation_is_checked_with_its_workspace(site: Site) -> None:
    lines = {it["what"]: it for it in site.read("doctor") if it["account"] == VAULT}

    assert {name: line["state"] for name, line in lines.items()} == {
        "admin key": "ok",
        "keysets": "ok",
        "clients": "ok",
    }


def test_a_plan_tells_the_namesakes_apart(site: Site) -> None:
    rows = [row for row in site.read("plan") if row["name"] == "web"]

    assert {row["provider"] for row in rows} == {ACCESS_KEYS, CLIENT_KEYS}


def test_after_a_lost_journal_both_keys_are_rebuilt_and_let_go_only_when_confirmed(
    site: Site,
) -> None:
    site.run("accounts", "confirm", VAULT, "--yes")
    site.daemon(1)
    _order(site)
    site.daemon(7)
    _order(site)
    site.daemon(1)
    assert site.keys() == (2, 2)
    site.lose_journal()

    rebuilt = site.run("rebuild", "--account", VAULT, "--yes")
    site.daemon(2)
    assert rebuilt.exit_code == 0, rebuilt.output
    assert "a new grace, deleted past the guard" in rebuilt.stdout
    assert f"rotator accounts confirm {VAULT}" in rebuilt.stdout
    assert site.keys() == (2, 2)

    site.run("accounts", "confirm", VAULT, "--yes")
    site.daemon(6)
    assert site.keys() == (1, 1)
    assert site.installation.published("cs/web")["CS_WORKSPACE_CRN"]


def _order(site: Site) -> None:
    """Order a rotation of both keys of the bundle; the age of a client is told to nobody."""
    settings, clock = site.installation.settings(), site.installation.clock
    with open_app(settings, read_only=False, clock=clock) as app:
        for row in app.journal.credentials():
            rotations = app.journal.rotations(row.id)
            if row.principal.name == "web" and not any(it.is_open for it in rotations):
                app.order(row, Trigger.MANUAL, operator="ann", reason="a test")
