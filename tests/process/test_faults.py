"""Calls that go wrong on the wire: what is sent, what is left, and that it ends well.

The app runs here in the test's own process, on a clock that the simulated AWS
follows: hours pass in no time, and AWS is as slow and as coarse as the real one.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from rotator.errors import UnavailableError
from rotator.simulators.aws.shapes import FaultKind, FaultRule
from tests.process.stepping import Stepping

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rotator.simulators.aws.clients import SimulatedClients
    from rotator.simulators.aws.process import SimulatedAws

pytestmark = pytest.mark.process


@pytest.fixture
def steps(
    stepped: SimulatedAws,
    stepped_hands: SimulatedClients,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Stepping]:
    stepping = Stepping(tmp_path, stepped, stepped_hands)
    for name, value in stepping.site.environ.items():
        monkeypatch.setenv(name, value)
    stepping.site.add_user("old", days=80)
    stepping.consumer.work()
    with stepping.open():
        yield stepping
    stepped.clear_faults()


def strike(steps: Stepping, kind: FaultKind, operation: str, times: int = 1) -> None:
    ours = steps.site.seeded.admin.access_key_id
    steps.site.aws.add_fault(FaultRule(kind=kind, operation=operation, caller=ours, times=times))


def test_a_mint_whose_answer_is_lost_is_not_sent_again(steps: Stepping) -> None:
    strike(steps, FaultKind.LOSE_ANSWER, "CreateAccessKey")

    steps.go_on(timedelta(minutes=1))

    assert steps.site.calls_about("old", "CreateAccessKey") == 1


def test_a_round_that_could_not_search_an_account_does_not_end_as_if_it_had(
    steps: Stepping,
) -> None:
    strike(steps, FaultKind.ACCESS_DENIED, "ListUsers")

    with pytest.raises(UnavailableError, match="not every account could be searched"):
        steps.app.once()


def test_the_stray_of_a_lost_answer_is_disabled_then_deleted_and_the_key_replaced(
    steps: Stepping,
) -> None:
    strike(steps, FaultKind.LOSE_ANSWER, "CreateAccessKey")
    steps.go_on(timedelta(minutes=1))
    old, stray = (key.access_key_id for key in steps.site.user("old").keys)

    steps.finish()

    site = steps.site
    assert steps.sent_about(stray) == ["UpdateAccessKey", "DeleteAccessKey"]
    assert steps.sent_about(old) == ["UpdateAccessKey", "DeleteAccessKey"]
    assert site.is_replaced("old")
    assert site.calls_about("old", "CreateAccessKey") == 2
    assert steps.consumer.refused == []


@pytest.mark.parametrize(
    ("kind", "operation", "times"),
    [
        (FaultKind.LOSE_REQUEST, "CreateAccessKey", 1),
        (FaultKind.SERVER_ERROR, "CreateAccessKey", 1),
        (FaultKind.THROTTLE, "CreateAccessKey", 3),
        (FaultKind.ACCESS_DENIED, "PutSecretValue", 1),
        (FaultKind.LOSE_ANSWER, "UpdateAccessKey", 1),
        (FaultKind.LOSE_ANSWER, "DeleteAccessKey", 1),
    ],
)
def test_a_rotation_comes_through(
    kind: FaultKind, operation: str, times: int, steps: Stepping
) -> None:
    strike(steps, kind, operation, times)

    steps.finish()

    site = steps.site
    assert [call.fault for call in site.calls(operation)].count(kind) == times
    assert site.is_replaced("old")
    assert steps.held() == []
    assert steps.consumer.refused == []
