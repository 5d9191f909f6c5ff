"""The policy file is changed while the daemon runs: a real process, a real file."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.process.installation import Daemon, Installation, eventually

if TYPE_CHECKING:
    from pathlib import Path

    from rotator.simulators.aws.process import SimulatedAws

pytestmark = pytest.mark.process


def sample(daemon: Daemon, name: str) -> str:
    text = httpx.get(f"{daemon.url()}/metrics", trust_env=False, timeout=20).text
    return next(line for line in text.splitlines() if line.startswith(name)).split()[-1]


def test_a_changed_policy_holds_without_a_restart_and_a_faulty_one_never(
    aws: SimulatedAws, tmp_path: Path
) -> None:
    site = Installation(tmp_path, aws)
    site.add_user("old", days=80)
    file = tmp_path / "policy.yaml"
    rotating = file.read_text()
    reporting = rotating.partition("rules:")[0] + (
        "rules:\n  - {name: all, match: {principal: '*'}, action: report}\n"
    )
    file.write_text(reporting)

    with site.daemon() as daemon:
        eventually(lambda: "old" in site.run("keys", "list").stdout, what="a first scan")

        file.write_text(rotating.replace("action: rotate", "action: rotat"))
        eventually(lambda: daemon.told("policy refused"), what="a refusal")
        (fault,) = [line for line in daemon.lines() if line["event"] == "policy fault"]
        assert f"{file}:9: rules[0].action: " in fault["fault"]
        assert sample(daemon, "rotator_policy_refused") == "1.0"
        assert httpx.get(f"{daemon.url()}/readyz", trust_env=False).status_code == 200
        assert len(site.user("old").keys) == 1

        file.write_text(rotating)
        eventually(lambda: not site.published("old").startswith("AKIAOLD"), what="a new key")
        assert sample(daemon, "rotator_policy_refused") == "0.0"
        assert sample(daemon, 'rotator_policy_reloads_total{outcome="loaded"}') == "1.0"
        assert daemon.stop() == 0

    records = [json.loads(line) for line in site.audit.read_text().splitlines()]
    loaded = [it for it in records if it["action"] == "policy.load"]
    digests = [sha256(text.encode()).hexdigest() for text in (reporting, rotating)]
    assert [it["policy"]["sha256"] for it in loaded] == digests
    assert loaded[1]["evidence"]["changed"] == "all"
    minted = [it for it in records if it["action"] == "key.create"]
    assert {it["policy"]["sha256"] for it in minted} == {digests[1]}
