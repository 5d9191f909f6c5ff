"""The first day, typed: look, paste, look again, adopt; beside a daemon, and only reading."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from rotator.simulators.aws.shapes import KeySeed, SecretSeed, UserSeed
from tests.process.installation import MUTATING, REGION, Installation, eventually

if TYPE_CHECKING:
    from pathlib import Path

    from rotator.simulators.aws.process import SimulatedAws

pytestmark = pytest.mark.process

SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
EVERYBODY = "  - {name: everybody, action: report}\n"
POLICY = "apiVersion: rotator/v1\nkind: Policy\nrules:\n"
FIELDS = ("aws_access_key_id", "aws_secret_access_key")
USERS = ("billing", "mailer", "search")


def pair(key: str, fields: tuple[str, str] = FIELDS) -> str:
    return json.dumps(dict(zip(fields, (key, SECRET), strict=True)))


@pytest.fixture
def site(aws: SimulatedAws, tmp_path: Path) -> Installation:
    made = Installation(tmp_path, aws, mode="plan")
    (made.folder / "policy.yaml").write_text(POLICY + EVERYBODY)
    ids = {name: f"AKIA{made.account}{index:04d}" for index, name in enumerate((*USERS, "text"))}
    aws.seed(
        made.account,
        users=[
            UserSeed(
                name=name,
                path="/svc/" if name in USERS else "/",
                keys=(KeySeed(access_key_id=key),),
            )
            for name, key in ids.items()
        ],
        secrets=[
            *(
                SecretSeed(name=f"svc/{name}/aws", value=pair(ids[name]), region=REGION)
                for name in USERS
            ),
            SecretSeed(name="legacy", value=f"{ids['text']}:{SECRET}", region=REGION),
        ],
    )
    return made


def verdicts(site: Installation) -> dict[str, str]:
    told = json.loads(site.run("adopt", "--plan", "--json").stdout)
    return {row["name"]: row["verdict"] for row in told["principals"]}


def paste_rules(site: Installation) -> str:
    """Put the rules that the plan prints into the policy; return the plan."""
    shown = site.run("adopt", "--plan").stdout
    lines = shown.partition("above `everybody`:\n\n")[2].partition("\n\n")[0]
    assert lines.count("- name:") == 1
    (site.folder / "policy.yaml").write_text(f"{POLICY}{lines}\n{EVERYBODY}")
    return shown


def test_a_first_day_maps_and_adopts_and_sends_nothing_that_changes_anything(
    site: Installation,
) -> None:
    with site.daemon() as daemon:
        eventually(lambda: daemon.told("daemon started"), what="a daemon")
        assert verdicts(site) == {**dict.fromkeys(USERS, "unmapped"), "text": "reported"}
        shown = paste_rules(site)

    assert site.run("config", "check").returncode == 0
    assert verdicts(site) == {**dict.fromkeys(USERS, "adoptable"), "text": "reported"}

    adopted = site.run("adopt", "--yes")
    assert adopted.returncode == 0, adopted.stderr
    assert adopted.stdout.count("adopted: AKIA") == len(USERS)
    assert site.run("adopt").stdout == "nothing to adopt; 3 managed already\n"
    assert SECRET not in shown + adopted.stdout + adopted.stderr
    assert site.calls(*MUTATING) == []


def test_a_daemon_that_runs_takes_the_pasted_rules_up_and_adopts_by_itself(
    site: Installation,
) -> None:
    managed = {**dict.fromkeys(USERS, "managed"), "text": "reported"}

    with site.daemon() as daemon:
        eventually(lambda: daemon.told("daemon started"), what="a daemon")
        paste_rules(site)
        eventually(lambda: verdicts(site) == managed, what="managed keys")

    assert site.calls(*MUTATING) == []
