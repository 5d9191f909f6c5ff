"""The page for newcomers, walked through: from a policy document to a confirmed account."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner, Result

from rotator.cli.main import cli
from rotator.simulators.aws.process import SimulatedAws
from rotator.simulators.aws.shapes import KeySeed, SecretSeed, UserSeed
from rotator.telemetry.clock import SystemClock

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rotator.simulators.aws.shapes import SeededAccount

pytestmark = pytest.mark.process

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "getting-started.md").read_text(encoding="utf-8")
ACCOUNT = "111122223333"
REGION = "eu-central-1"
DAY = 86_400
READING = ("Get", "List", "Describe", "BatchGet", "Generate", "Simulate")

_YAML = re.compile(r"^```yaml\n(.*?)^```", re.DOTALL | re.MULTILINE)
_PASTED = re.compile(r"^  - name: .*\n(?:    .*\n)+", re.MULTILINE)


@pytest.fixture(scope="module")
def aws() -> Iterator[SimulatedAws]:
    with SimulatedAws(start=SystemClock().now(), is_ticking=True) as running:
        yield running


@pytest.fixture
def configuration(tmp_path: Path, aws: SimulatedAws) -> Path:
    """Write the two files as the page says, but for paths and the endpoint."""
    block = next(text for text in _YAML.findall(PAGE) if "kind: Configuration" in text)
    text = block.replace("/home/me/rotator-config", str(tmp_path))
    text = text.replace("aws:\n", f"aws:\n  endpointUrl: {aws.url}\n")
    (tmp_path / "rotator.yaml").write_text(text, encoding="utf-8")
    policy = (ROOT / "config" / "policy.yaml").read_text(encoding="utf-8")
    (tmp_path / "policy.yaml").write_text(policy, encoding="utf-8")
    return tmp_path / "rotator.yaml"


def run(configuration: Path, line: str) -> Result:
    return CliRunner().invoke(cli, [*line.split(), "--config", str(configuration)])


def estate(aws: SimulatedAws, document: dict[str, Any]) -> SeededAccount:
    """Make three users, and one for the newcomer who may do what the document says."""
    users = [
        UserSeed(name="svc-billing", path="/svc/", keys=(KeySeed(age_seconds=100 * DAY),)),
        UserSeed(name="anna.keller", keys=(KeySeed(age_seconds=300 * DAY),), console_password=True),
        UserSeed(name="newcomer", keys=(KeySeed(age_seconds=DAY),), policies=(document,)),
    ]
    account = aws.seed(ACCOUNT, users=users)
    key = account.users["svc-billing"][0]
    value = json.dumps({"AccessKeyId": key.access_key_id, "SecretAccessKey": key.secret_access_key})
    aws.seed(ACCOUNT, secrets=[SecretSeed(name="iam/svc-billing", value=value, region=REGION)])
    return account


def test_a_newcomer_comes_from_nothing_to_a_plan_with_credentials_that_only_read(
    aws: SimulatedAws, configuration: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run(configuration, "config check").exit_code == 0
    document = run(configuration, "aws policy member --with search")
    account = estate(aws, json.loads(document.stdout))
    newcomer = account.users["newcomer"][0]
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", newcomer.access_key_id)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", newcomer.secret_access_key)
    start = len(aws.calls())

    doctor = run(configuration, "doctor")
    plan = run(configuration, "plan")
    day_one = run(configuration, "adopt --plan")

    assert doctor.exit_code in {0, 3}, doctor.output
    assert plan.exit_code == 0, plan.output
    assert "a person's" in day_one.output
    assert "unmapped" in day_one.output
    _paste(configuration.parent / "policy.yaml", day_one.stdout)
    assert run(configuration, "config check").exit_code == 0
    aws.put_policies(ACCOUNT, "newcomer", [_still_reading(configuration)])

    doctor, day_two = run(configuration, "doctor"), run(configuration, "adopt --plan")

    assert doctor.exit_code == 3, doctor.output
    assert "adoptable" in day_two.output
    assert "older than the policy asks for" in run(configuration, "plan").output
    called = {call.operation for call in aws.calls(start=start)}
    assert [name for name in called if not name.startswith(READING)] == []


def _still_reading(configuration: Path) -> dict[str, Any]:
    """Leave out what the page's filter leaves out."""
    assert 'test("^(Rotate|Mark)") | not' in PAGE
    document = json.loads(run(configuration, "aws policy member --with search").stdout)
    kept = [item for item in document["Statement"] if not re.match("Rotate|Mark", item["Sid"])]
    return {**document, "Statement": kept}


def _paste(policy: Path, shown: str) -> None:
    """Put the printed rules above the rule about everybody, as the page says."""
    found = _PASTED.search(shown)
    assert found is not None, shown
    text = policy.read_text(encoding="utf-8")
    policy.write_text(text.replace("rules:\n", f"rules:\n{found[0]}", 1), encoding="utf-8")
