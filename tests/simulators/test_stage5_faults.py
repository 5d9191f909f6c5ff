"""What goes wrong with calls to the simulated Stage5, when it is told to."""

from __future__ import annotations

from time import monotonic

import httpx
import pytest

from rotator.simulators.stage5.shapes import FaultKind, FaultRule
from tests.simulators.acme import KEYS, OTHER, WORKSPACE, Acme

DROPPED = (FaultKind.LOSE_REQUEST, FaultKind.LOSE_ANSWER, FaultKind.LAND_LATE)
ANSWERED = {
    FaultKind.THROTTLE: 429,
    FaultKind.SERVER_ERROR: 500,
    FaultKind.SERVER_ERROR_AFTER: 500,
    FaultKind.REDIRECT: 302,
    FaultKind.ACCESS_DENIED: 403,
    FaultKind.CREDENTIAL_REVOKED: 401,
    FaultKind.PLAN_LIMIT: 402,
    FaultKind.NOT_FOUND: 404,
}
WITH_EFFECT = (FaultKind.LOSE_ANSWER, FaultKind.SERVER_ERROR_AFTER, FaultKind.GARBLE)


@pytest.fixture
def acme() -> Acme:
    return Acme()


def is_made(acme: Acme) -> bool:
    return acme.state.active("new") is not None


@pytest.mark.parametrize("kind", DROPPED)
def test_a_lost_call_is_not_answered(acme: Acme, kind: FaultKind) -> None:
    acme.fault(kind=kind, operation="create-access-key", seconds=60)
    with pytest.raises(httpx.RemoteProtocolError):
        acme.create()

    assert is_made(acme) == (kind in WITH_EFFECT)
    assert (acme.told[-1].status, acme.told[-1].fault) == (None, kind)


@pytest.mark.parametrize("kind", ANSWERED)
def test_a_fault_is_answered_with_its_status(acme: Acme, kind: FaultKind) -> None:
    acme.fault(kind=kind, operation="create-access-key")

    assert acme.create().status_code == ANSWERED[kind]
    assert is_made(acme) == (kind in WITH_EFFECT)
    assert acme.create("other").status_code == 201


def test_a_garbled_answer_had_its_effect_and_is_no_json(acme: Acme) -> None:
    acme.fault(kind="garble", operation="create-access-key")
    answer = acme.create()

    assert answer.status_code == 201
    with pytest.raises(ValueError, match=r"^(Unterminated|Expecting)"):
        answer.json()
    assert is_made(acme)


def test_a_throttled_caller_is_told_when_to_come_back(acme: Acme) -> None:
    acme.fault(kind="throttle", seconds=7)
    assert acme.create().headers["retry-after"] == "7"
    acme.fault(kind="throttle")

    assert "retry-after" not in acme.create().headers


def test_a_redirect_leads_away(acme: Acme) -> None:
    acme.fault(kind="redirect")

    assert acme.create().headers["location"] == "https://elsewhere.invalid/"


def test_a_rate_limit_fills_up_with_simulated_time(acme: Acme) -> None:
    acme.fault(kind="rate_limit", rate=1, burst=2, times=None)

    def statuses() -> list[int]:
        return [acme.ask("GET", KEYS).status_code for _ in range(3)]

    assert statuses() == [200, 200, 429]
    acme.wait(1)
    assert statuses() == [200, 429, 429]


def test_a_late_request_takes_effect_at_its_own_instant(acme: Acme) -> None:
    acme.fault(kind="land_late", operation="create-access-key", seconds=90)
    with pytest.raises(httpx.RemoteProtocolError):
        acme.create()
    acme.wait(3600)
    acme.simulator.land()

    found = acme.state.active("new")
    assert found is not None
    assert found.created_at.minute == 1
    assert acme.simulator.next_landing() is None


@pytest.mark.parametrize("kind", [FaultKind.DELAY_REQUEST, FaultKind.DELAY_ANSWER])
def test_a_delayed_call_has_its_effect(acme: Acme, kind: FaultKind) -> None:
    acme.fault(kind=kind, operation="create-access-key", seconds=0.05)
    began = monotonic()

    assert acme.create().status_code == 201
    assert is_made(acme)
    assert (monotonic() - began >= 0.05) == (kind is FaultKind.DELAY_REQUEST)


@pytest.mark.parametrize(
    "selected",
    [
        {"operation": "get-me"},
        {"workspace_id": OTHER},
        {"key_id": "key_other"},
        {"name": "other"},
        {"caller": "key_other"},
        {"skip": 1},
    ],
)
def test_only_the_calls_that_are_meant_are_struck(acme: Acme, selected: dict[str, object]) -> None:
    acme.fault(kind="server_error", **selected)

    assert acme.create().status_code == 201


@pytest.mark.parametrize("kind", FaultKind)
def test_every_fault_strikes_the_call_that_is_meant(acme: Acme, kind: FaultKind) -> None:
    rule = FaultRule(
        kind=kind,
        operation="create-access-key",
        workspace_id=WORKSPACE,
        name="new",
        caller=acme.seeded.admin.id,
        key_id="",
    )
    acme.world.faults.add(rule)
    try:
        acme.create()
    except httpx.RemoteProtocolError:
        assert kind in DROPPED

    assert kind in [call.fault for call in acme.told]
