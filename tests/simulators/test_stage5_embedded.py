"""The simulated Stage5 in this process: over httpx and over httpcore, always the same."""

from __future__ import annotations

from datetime import timedelta

import httpcore
import httpx
import pytest

from rotator.simulators.stage5.embedded import EmbeddedStage5
from rotator.testing.manual_clock import ManualClock
from tests.simulators.acme import BASE, WORKSPACE, Acme


class PowerCut(BaseException):
    """The end of a process."""


class Cut:
    """Ends the process on one side of the first call."""

    def __init__(self, *, is_over: bool) -> None:
        self.is_over = is_over
        self.seen: list[tuple[str, bool]] = []

    def __call__(self, operation: str, *, is_over: bool) -> None:
        self.seen.append((operation, is_over))
        if is_over is self.is_over:
            raise PowerCut


@pytest.fixture
def acme() -> Acme:
    return Acme()


def exercise(acme: Acme) -> str:
    """Do a little of everything; return all that is known afterwards."""
    made = acme.made()
    acme.me(made["key"])
    acme.fault(kind="land_late", operation="revoke-access-key", seconds=10)
    with pytest.raises(httpx.RemoteProtocolError):
        acme.revoke(made["id"])
    acme.wait(60)
    acme.simulator.land()
    return acme.state.model_dump_json() + "".join(call.model_dump_json() for call in acme.told)


def test_one_seed_has_one_history() -> None:
    assert exercise(Acme(number=3)) == exercise(Acme(number=3))
    assert exercise(Acme(number=3)) != exercise(Acme(number=4))


def test_calls_are_told_after_their_effect_without_secrets(acme: Acme) -> None:
    made = acme.made("new", scopes=["projects:read"])
    acme.me(made["key"])
    creation, use = acme.told

    assert (creation.operation, creation.name) == ("create-access-key", "new")
    assert (creation.caller, creation.workspace_id) == (acme.seeded.admin.id, WORKSPACE)
    assert (creation.subject_id, creation.is_let_in) == (made["id"], True)
    assert (use.operation, use.caller, use.workspace_id) == ("get-me", made["id"], WORKSPACE)
    written = "".join(told.model_dump_json() for told in acme.told)
    assert made["key"].rpartition("_")[2] not in written
    assert acme.admin.rpartition("_")[2] not in written


def test_what_is_shown_of_a_key_or_a_person_hides_the_secret(acme: Acme) -> None:
    workspace = acme.world.workspaces[WORKSPACE]
    shown = repr(workspace)

    assert acme.crm not in shown
    assert acme.session("olive") not in shown


def test_answers_carry_the_services_own_time(acme: Acme) -> None:
    acme.simulator.time.offset = timedelta(hours=1)

    assert acme.me(acme.crm).headers["date"] == "Thu, 01 Jan 2026 01:00:00 GMT"


def test_a_process_may_end_before_or_after_the_effect(acme: Acme) -> None:
    for is_over in (False, True):
        cut = Cut(is_over=is_over)
        acme.http = httpx.Client(transport=acme.simulator.transport(on_request=cut))
        with pytest.raises(PowerCut):
            acme.create()

        assert cut.seen[-1] == ("create-access-key", is_over)
        assert (acme.state.active("new") is not None) is is_over


def test_a_path_that_nobody_serves_has_no_operation(acme: Acme) -> None:
    seen = Cut(is_over=False)
    client = httpx.Client(transport=acme.simulator.transport(on_request=seen))
    with pytest.raises(PowerCut):
        client.get(f"{BASE}/nothing")

    assert seen.seen == [("", False)]


def test_httpcore_speaks_to_it_over_a_connection_that_is_kept(acme: Acme) -> None:
    with httpcore.ConnectionPool(network_backend=acme.simulator.sockets()) as pool:
        for _ in range(3):
            answer = pool.request(
                "GET", f"{BASE}/v1/me", headers={"authorization": f"Bearer {acme.crm}"}
            )
            assert answer.status == 200
        assert len(pool.connections) == 1


def test_an_answer_without_a_body_ends_over_httpcore_too(acme: Acme) -> None:
    key = acme.made()["id"]
    with httpcore.ConnectionPool(network_backend=acme.simulator.sockets()) as pool:
        url = f"{BASE}/v1/workspaces/{WORKSPACE}/access-keys/{key}"
        answer = pool.request("DELETE", url, headers={"authorization": f"Bearer {acme.admin}"})

        assert (answer.status, answer.content) == (204, b"")


def test_a_lost_answer_is_a_closed_connection_over_httpcore(acme: Acme) -> None:
    acme.fault(kind="lose_answer")
    with (
        httpcore.ConnectionPool(network_backend=acme.simulator.sockets()) as pool,
        pytest.raises(httpcore.RemoteProtocolError),
    ):
        pool.request("GET", f"{BASE}/v1/me")


def test_a_simulator_needs_nobody_who_listens() -> None:
    client = httpx.Client(transport=EmbeddedStage5(ManualClock()).transport())

    assert client.get(f"{BASE}/v1/me").status_code == 401
