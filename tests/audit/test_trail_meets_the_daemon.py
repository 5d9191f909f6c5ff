"""Whatever change the simulated AWS saw from the daemon, its audit log names as a request."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC
from typing import TYPE_CHECKING, Any

import pytest

from rotator import __version__
from rotator.core.audit_lines import read_record
from rotator.core.cloudtrail import Reconciliation
from rotator.core.ids import instant
from rotator.simulators.aws.clients import SimulatedClients
from rotator.simulators.aws.process import SimulatedAws
from rotator.telemetry.clock import SystemClock
from tests.core.trail import PRINCIPAL, iam_event, user
from tests.process.conftest import QUICK
from tests.process.consumer import Consumer
from tests.process.installation import MUTATING, Installation, eventually

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rotator.simulators.aws.shapes import Call

pytestmark = pytest.mark.process

OURS = "arn:aws:iam::111122223333:user/rotator"
SHA_256_BYTES = 32
SERVICES = {"iam": "iam.amazonaws.com", "secretsmanager": "secretsmanager.amazonaws.com"}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """Return an installation whose daemon has replaced a key, and has ended."""
    now = SystemClock().now().astimezone(UTC)
    with SimulatedAws(start=now, is_ticking=True) as aws:
        aws.configure(QUICK)
        site = Installation(tmp_path_factory.mktemp("trail") / "site", aws)
        site.add_user("old", days=80)
        with (
            Consumer(site, SimulatedClients(aws.url), "old").working(),
            site.daemon(is_measured=False) as daemon,
        ):
            site.wait_for_replacement("old")
            eventually(lambda: '"rotation.finish"' in site.audit.read_text(), what="its end")
            assert daemon.stop() == 0
        yield site


def named(audit: Path) -> list[tuple[str, str, str]]:
    """Every change that the log names: service, operation and request id."""
    calls = [call for line in audit.read_text().splitlines() for call in read_record(line)["calls"]]
    return [
        (call["service"], call["operation"], call["request_id"])
        for call in calls
        if call["operation"] in MUTATING
    ]


def trail(seen: list[Call], logged: list[tuple[str, str, str]]) -> list[dict[str, Any]]:
    """Make the trail of what was seen; the simulator keeps no request ids, so ours go round."""
    ids: dict[str, list[str]] = {}
    for _, operation, request_id in logged:
        ids.setdefault(operation, []).append(request_id)
    return [
        iam_event(
            ids[call.operation].pop(0) if ids.get(call.operation) else "unknown",
            call.operation,
            when=instant(call.at),
            userIdentity=user(OURS),
            eventSource=SERVICES[call.service],
            requestParameters={"userName": call.user_name} if call.user_name else None,
        )
        for call in seen
    ]


def test_every_change_that_was_seen_is_named_once_with_an_id(site: Installation) -> None:
    seen = Counter(call.operation for call in site.calls(*MUTATING))
    logged = named(site.audit)

    assert seen["CreateAccessKey"] == 1
    assert Counter(operation for _, operation, _ in logged) == seen
    assert all(request_id for _, _, request_id in logged)


def test_a_trail_of_what_was_seen_agrees_and_one_call_more_is_told(site: Installation) -> None:
    events = trail(site.calls(*MUTATING), named(site.audit))
    both = Reconciliation()
    for line in site.audit.read_text().splitlines():
        both.add_line(line)
    for event in events:
        both.add_event(json.loads(json.dumps(event)))
    both.add_event(iam_event("stolen", "CreateAccessKey", userIdentity=user(OURS)))
    verdict = both.verdict()

    assert not any("covered by intent" in note for note in verdict.notes)
    assert verdict.matched == len(events)
    (finding,) = verdict.findings
    assert finding.detail == f"CreateAccessKey {PRINCIPAL} by {OURS}, requestID stolen: no record"


def test_every_record_of_the_daemon_says_where_it_runs_and_which_policy_was_in_force(
    site: Installation,
) -> None:
    lines = map(read_record, site.audit.read_text().splitlines())
    records = [record for record in lines if record["actor"] == "daemon"]

    assert {record["source"]["version"] for record in records} == {__version__}
    assert all(record["source"]["host"] for record in records)
    (policy,) = {record["policy"]["sha256"] for record in records}
    assert len(bytes.fromhex(policy)) == SHA_256_BYTES
