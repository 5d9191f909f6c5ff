"""A rotation that fails wakes somebody: daemon, Prometheus, Alertmanager, webhook, all real."""

from __future__ import annotations

import re
import subprocess
from datetime import UTC
from typing import TYPE_CHECKING

import httpx
import pytest

from rotator.simulators.aws.process import SimulatedAws
from rotator.simulators.aws.shapes import FaultKind, FaultRule, Settings
from rotator.telemetry.clock import SystemClock
from tests.alerts.promtool import promtool
from tests.alerts.stack import WIKI, Pager, alarmed, program
from tests.alerts.test_alerts import questions
from tests.process.installation import Installation, eventually

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.process

ALERT = "RotatorRotationFailing"
EVIDENCE = (
    "{{file: '{log}', signingKey: 'file:{key}', verifyInterval: 2s, checkpoints: {{after: 1s}}}}"
)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Installation]:
    """Return an installation with a key that is due."""
    now = SystemClock().now().astimezone(UTC)
    with SimulatedAws(start=now, is_ticking=True) as aws:
        aws.configure(Settings(propagation_delay_seconds=0, revocation_lag_seconds=0))
        site = Installation(tmp_path / "site", aws)
        site.add_user("old", days=80)
        yield site


def is_rotated(site: Installation) -> bool:
    return not site.published("old").startswith("AKIAOLD")


def address(url: str) -> str:
    return url.removeprefix("http://")


def test_a_rotation_that_fails_pages_somebody_and_so_does_its_recovery(
    site: Installation, tmp_path: Path
) -> None:
    program("prometheus")
    program("prometheus-alertmanager")
    pager = Pager()
    # What a pass about this key reads first, so that an order tries again at once and not after
    # the minute of its back-off.
    refusing = FaultRule(kind=FaultKind.THROTTLE, operation="ListAccessKeys", times=None)
    site.aws.add_fault(refusing)

    with (
        pager.listening() as hook,
        site.daemon(is_measured=False) as daemon,
        alarmed(tmp_path, address(daemon.url()), hook),
    ):
        page = pager.wait_for(ALERT, "firing")
        site.aws.clear_faults()
        retried = site.run("keys", "rotate", "old", "--reason", "mended", "--yes")
        resolved = pager.wait_for(ALERT, "resolved")
        eventually(lambda: is_rotated(site), what="a new key that consumers read")
        daemon.kill()
        silence = pager.wait_for("RotatorAbsent", "firing")

    assert page["labels"]["severity"] == "warning"
    assert page["labels"]["provider"] == "aws-iam"
    assert page["labels"]["account"] == site.account
    assert page["labels"]["rule"] == "all"
    assert page["annotations"]["runbook_url"] == f"{WIKI}{ALERT}.md"
    assert "`rotator keys list`" in page["annotations"]["description"]
    assert retried.returncode == 0, retried.stderr
    assert resolved["labels"] == page["labels"]
    assert silence["labels"]["severity"] == "critical"
    assert not [text for text in map(str, pager.pages) if "AKIA" in text]


def signed(site: Installation) -> None:
    """Let an installation sign its log, and verify it all the time."""
    key = site.folder / "signing.pem"
    made = site.run("audit", "keygen", "--output", str(key))
    assert made.returncode == 0, made.stderr
    plain = f"audit: {{file: '{site.audit}'}}"
    text = site.file.read_text(encoding="utf-8")
    assert plain in text
    told = EVIDENCE.format(log=site.audit, key=key)
    site.file.write_text(text.replace(plain, f"audit: {told}"), encoding="utf-8")


def asked_of(prometheus: str) -> set[str]:
    """Name the alerts that fire or are about to."""
    answer = httpx.get(f"{prometheus}/api/v1/alerts", trust_env=False, timeout=20).json()
    return {item["labels"]["alertname"] for item in answer["data"]["alerts"]}


def test_a_healthy_installation_wakes_nobody_until_somebody_edits_its_log(
    site: Installation, tmp_path: Path
) -> None:
    program("prometheus")
    program("prometheus-alertmanager")
    signed(site)
    pager = Pager()

    with (
        pager.listening() as hook,
        site.daemon(is_measured=False) as daemon,
        alarmed(tmp_path, address(daemon.url()), hook) as prometheus,
    ):
        eventually(lambda: is_rotated(site), what="a new key that consumers read")
        eventually(lambda: verified(daemon.url()), what="a verification")
        eventually(lambda: not asked_of(prometheus), what="peace")
        exported = metrics(daemon.url())
        before = [page["labels"]["alertname"] for page in pager.pages if page["status"] == "firing"]
        text = site.audit.read_text(encoding="utf-8")
        site.audit.write_text(text.replace('"success"', '"failure"', 1), encoding="utf-8")
        page = pager.wait_for("RotatorAuditChainBroken", "firing")

    # Rightly so, as nobody is patient here: before the first scrape, and before the first look.
    assert set(before) <= {"RotatorAbsent", "RotatorKeyOverMaxAge"}
    assert page["labels"]["severity"] == "critical"
    assert page["labels"]["log"] == "test"
    asked = {name for _, expr in questions() for name in re.findall(r"\brotator_\w+", expr)}
    told = set(re.findall(r"^# TYPE (\w+) ", exported, re.MULTILINE))
    assert asked <= told


def verified(url: str) -> bool:
    return 'rotator_audit_chain_valid{log="test"} 1.0' in metrics(url)


def test_prometheus_finds_nothing_wrong_with_what_the_daemon_exports(site: Installation) -> None:
    linter = promtool()
    with site.daemon(is_measured=False) as daemon:
        url = daemon.url()
        eventually(lambda: "rotator_last_scan_timestamp_seconds{" in metrics(url), what="a scan")
        told = metrics(url)

    checked = subprocess.run(
        [linter, "check", "metrics"],
        input=told,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    of_ours = [line for line in checked.stderr.splitlines() if line.startswith("rotator_")]
    assert of_ours == []
    assert checked.returncode in {0, 3}, checked.stderr


def metrics(url: str) -> str:
    return httpx.get(f"{url}/metrics", trust_env=False, timeout=20).text
