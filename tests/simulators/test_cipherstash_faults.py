"""What goes wrong with calls to CipherStash, when it is told to."""

from __future__ import annotations

import httpx
import pytest

from rotator.simulators.cipherstash.shapes import FaultKind, FaultRule
from tests.simulators.stash import OTHER, WORKSPACE, Stash

DROPPED = (FaultKind.LOSE_REQUEST, FaultKind.LOSE_ANSWER, FaultKind.LAND_LATE)
ANSWERED = {
    FaultKind.THROTTLE: 429,
    FaultKind.SERVER_ERROR: 500,
    FaultKind.SERVER_ERROR_AFTER: 500,
    FaultKind.REDIRECT: 302,
    FaultKind.ACCESS_DENIED: 403,
    FaultKind.CREDENTIAL_REVOKED: 401,
    FaultKind.PAYMENT_REQUIRED: 402,
    FaultKind.NOT_FOUND: 404,
    FaultKind.NOT_ALLOWED: 405,
}
WITH_EFFECT = (FaultKind.LOSE_ANSWER, FaultKind.SERVER_ERROR_AFTER, FaultKind.GARBLE)


@pytest.fixture
def stash() -> Stash:
    return Stash()


def is_made(stash: Stash, name: str = "new") -> bool:
    return stash.state.access_key(name) is not None


@pytest.mark.parametrize("kind", DROPPED)
def test_a_lost_call_is_not_answered(stash: Stash, kind: FaultKind) -> None:
    stash.fault(kind=kind, operation="create-access-key", seconds=60)
    with pytest.raises(httpx.RemoteProtocolError):
        stash.create_key("new")

    assert is_made(stash) == (kind in WITH_EFFECT)
    assert (stash.told[-1].status, stash.told[-1].fault) == (None, kind)
    assert stash.told[-1].is_effective == (kind in WITH_EFFECT)


@pytest.mark.parametrize("kind", ANSWERED)
def test_a_fault_is_answered_with_its_status(stash: Stash, kind: FaultKind) -> None:
    stash.fault(kind=kind, operation="create-access-key")

    assert stash.create_key("new").status_code == ANSWERED[kind]
    assert is_made(stash) == (kind in WITH_EFFECT)
    assert stash.told[-1].is_effective == (kind in WITH_EFFECT)
    assert stash.create_key("other").status_code == 200


def test_a_garbled_answer_had_its_effect_and_is_no_json(stash: Stash) -> None:
    stash.fault(kind="garble", operation="create-access-key")
    answer = stash.create_key("new")

    assert answer.status_code == 200
    with pytest.raises(ValueError, match=r"^(Unterminated|Expecting)"):
        answer.json()
    assert is_made(stash)


def test_a_throttled_caller_is_told_when_to_come_back(stash: Stash) -> None:
    stash.fault(kind="throttle", seconds=7)
    assert stash.create_key("new").headers["retry-after"] == "7"
    stash.fault(kind="throttle")

    assert "retry-after" not in stash.create_key("new").headers


def test_a_redirect_leads_away(stash: Stash) -> None:
    stash.fault(kind="redirect")

    assert stash.create_key("new").headers["location"] == "https://elsewhere.invalid/"


def test_a_rate_limit_fills_up_with_simulated_time(stash: Stash) -> None:
    stash.fault(kind="rate_limit", operation="list-access-keys", rate=1, burst=2, times=None)
    human = stash.seeded.human

    def statuses() -> list[int]:
        asked = (stash.ask("GET", "/api/access-keys", token=human) for _ in range(3))
        return [answer.status_code for answer in asked]

    assert statuses() == [200, 200, 429]
    stash.wait(1)
    assert statuses() == [200, 429, 429]


def test_a_late_call_takes_effect_at_its_own_instant(stash: Stash) -> None:
    stash.fault(kind="land_late", operation="create-access-key", seconds=90)
    with pytest.raises(httpx.RemoteProtocolError):
        stash.create_key("new")
    due = stash.simulator.next_landing()
    stash.wait(200)
    stash.simulator.land()

    found = stash.state.access_key("new")
    assert found is not None
    assert found.created_at == due == stash.told[-1].at
    assert stash.told[-1].is_effective
    assert stash.simulator.next_landing() is None


def test_a_call_that_lands_after_its_tokens_end_has_no_effect(stash: Stash) -> None:
    token = stash.token("admin")
    stash.fault(kind="land_late", operation="create-access-key", seconds=901)
    with pytest.raises(httpx.RemoteProtocolError):
        stash.create_key("new", token=token)
    stash.wait(901)
    stash.simulator.land()

    assert not is_made(stash)
    assert stash.told[-1].status == 401


@pytest.mark.parametrize(
    "wanted",
    [
        {"operation": "list-clients"},
        {"workspace_id": OTHER},
        {"name": "other"},
        {"client_id": "x"},
        {"keyset": "x"},
        {"caller": "x"},
    ],
)
def test_a_rule_strikes_only_what_it_names(stash: Stash, wanted: dict[str, str]) -> None:
    stash.fault(kind="server_error", **wanted)

    assert stash.create_key("new").status_code == 200


def test_a_rule_sees_all_parts_of_a_call(stash: Stash) -> None:
    key = stash.seeded.access_keys["control"]
    client, tenant = stash.seeded.clients["narrow"].id, stash.seeded.keysets["tenant"]
    token = stash.token("control")
    whole = {"caller": key.key_id, "workspace_id": WORKSPACE}
    stash.fault(kind="server_error", operation="authorise", **whole)
    stash.fault(kind="server_error", client_id=client, keyset=tenant, **whole)
    body = {"client_id": client, "keyset_id": {"Uuid": tenant}}

    assert stash.authorise(key.access_key).status_code == 500
    assert stash.zerokms("grant-keyset", body, token=token).status_code == 500
    assert stash.zerokms("grant-keyset", body, token=token).status_code == 200


def test_rules_count_what_passes_and_what_they_strike(stash: Stash) -> None:
    stash.fault(kind="server_error", operation="create-access-key", skip=1, times=2)
    statuses = [stash.create_key(f"key-{number}").status_code for number in range(4)]

    assert statuses == [200, 500, 500, 200]


def test_a_rule_may_last_until_it_is_removed(stash: Stash) -> None:
    rule = stash.fault(kind="server_error", times=None)
    statuses = [stash.create_key("new").status_code for _ in range(3)]

    assert statuses == [500] * 3
    assert stash.world.faults.remove(rule) == 3
    assert stash.create_key("new").status_code == 200
    stash.fault(kind="server_error", times=None)
    stash.world.faults.clear()
    assert stash.create_key("other").status_code == 200


@pytest.mark.parametrize("kind", [FaultKind.DELAY_REQUEST, FaultKind.DELAY_ANSWER])
def test_a_slow_call_has_its_effect(stash: Stash, kind: FaultKind) -> None:
    stash.fault(kind=kind, operation="create-access-key", seconds=0.001)

    assert stash.create_key("new").status_code == 200
    assert is_made(stash)


def test_nothing_of_a_fault_is_left_after_a_reset() -> None:
    stash = Stash()
    simulator = stash.simulator
    simulator.world.faults.add(FaultRule(kind=FaultKind.SERVER_ERROR, times=None))
    simulator.world.reset()

    assert stash.ask("GET", "/api/workspaces").status_code == 401
    assert not simulator.world.workspaces
