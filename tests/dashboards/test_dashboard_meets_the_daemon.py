"""Every query of the dashboard, asked of a real Prometheus that scrapes the real daemon."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import UTC
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from rotator.simulators.aws.clients import SimulatedClients
from rotator.simulators.aws.process import SimulatedAws
from rotator.simulators.aws.shapes import FaultKind, FaultRule
from rotator.telemetry.clock import SystemClock
from tests.alerts.stack import alarmed, program
from tests.dashboards.board import Query, queries
from tests.process.conftest import QUICK
from tests.process.consumer import Consumer
from tests.process.installation import Installation, eventually

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.process

WITHIN = 75
"""Seconds until a query has an answer: some wait for a rule that is asked once a minute."""

DUE = ("due", "due-too")
"""Users whose keys are replaced: one at once, the other after a call that was throttled."""

NOBODY = "127.0.0.1:9"
"""Where nobody listens: this estate's pages are sent to no one."""

EMPTY = {
    "Next rotations and deadlines C": "AWS ends no key by itself",
    "Scans that fail A": "every scan succeeds",
    "Accounts that nobody confirmed A": "the account is confirmed",
    "Permissions that are missing A": "nothing is denied",
    "Keys of root, and workspace findings A": "the root has no key",
    "Keys of root, and workspace findings B": "there is no workspace",
    "To be told A": "no channel is configured",
    "Given up A": "no channel is configured",
    "Oldest waiting A": "no channel is configured",
    "Told, tried again, given up; heartbeats A": "no channel is configured",
}
"""Queries that have no answer on this estate, and why that is right."""

EITHER = {"Faults of the engine A": "a busy machine lets ticks overlap, an idle one does not"}
"""Queries that may have an answer or not, and why."""


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Let a daemon work on an estate where something is due, held and refused; and scrape it."""
    program("prometheus")
    program("prometheus-alertmanager")
    folder = tmp_path_factory.mktemp("dashboard")
    now = SystemClock().now().astimezone(UTC)
    with ExitStack() as stack:
        aws = stack.enter_context(SimulatedAws(start=now, is_ticking=True))
        aws.configure(QUICK)
        site = estate(folder / "site", aws)
        hands = SimulatedClients(aws.url)
        for name in DUE:
            stack.enter_context(Consumer(site, hands, name).working())
        daemon = stack.enter_context(site.daemon(is_measured=False))
        scraped = daemon.url().removeprefix("http://")
        url = stack.enter_context(alarmed(folder, scraped, f"http://{NOBODY}/"))
        eventually(lambda: any(map(site.is_replaced, DUE)), what="a key that was replaced")
        yield url


def estate(folder: Path, aws: SimulatedAws) -> Installation:
    """Make an account where two keys are due, one is idle and one is not ours to publish."""
    site = Installation(folder, aws)
    for name in (*DUE, "idle"):
        site.add_user(name, days=80)
    site.add_user("young", days=10)
    site.add_user("foreign", days=80, value='{"AccessKeyId": "AKIASOMEBODYELSES000"}')
    aws.add_fault(FaultRule(kind=FaultKind.THROTTLE, operation="CreateAccessKey", times=1))
    key = folder / "signing.pem"
    made = site.run("audit", "keygen", "--output", str(key))
    assert made.returncode == 0, made.stderr
    text = site.file.read_text(encoding="utf-8")
    signed = f"{{file: '{site.audit}', signingKey: 'file:{key}', checkpoints: {{after: 1s}}}}"
    site.file.write_text(text.replace(f"{{file: '{site.audit}'}}", signed), encoding="utf-8")
    return site


def answer(url: str, query: Query) -> list[dict[str, Any]]:
    told = httpx.get(
        f"{url}/api/v1/query",
        params={"query": query.for_prometheus()},
        trust_env=False,
        timeout=20,
    ).json()
    assert told["status"] == "success", told
    found: list[dict[str, Any]] = told["data"]["result"]
    return found


@pytest.mark.parametrize("query", queries(), ids=lambda query: query.name)
def test_a_query_returns_data_or_it_is_known_why_not(prometheus: str, query: Query) -> None:
    if query.name in EITHER:
        answer(prometheus, query)
        return
    if query.name in EMPTY:
        assert answer(prometheus, query) == [], "it has an answer: take it from the list"
        return
    found = eventually(lambda: answer(prometheus, query), what=query.expr, seconds=WITHIN)

    values = [row["value"][1] for row in found]
    assert "NaN" not in values or query.expr.startswith("histogram_quantile")


def test_what_is_said_to_be_empty_is_a_query_of_the_dashboard() -> None:
    assert {*EMPTY, *EITHER} <= {query.name for query in queries()}


def test_no_label_of_an_answer_holds_a_key_id(prometheus: str) -> None:
    labels = [row["metric"] for query in queries() for row in answer(prometheus, query)]

    assert labels
    assert not [it for it in labels if "AKIA" in str(it)]
