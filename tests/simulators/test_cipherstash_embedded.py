"""The simulated CipherStash in this process: over httpx and over httpcore, always the same."""

from __future__ import annotations

from datetime import timedelta

import httpcore
import httpx
import pytest

from rotator.simulators.cipherstash.embedded import EmbeddedCipherStash
from rotator.simulators.embedded_transport import OnRequest, ignore_request
from rotator.testing.manual_clock import ManualClock
from tests.simulators.stash import BASE, REGION, WORKSPACE, Stash

CTS = f"https://{REGION}.cts.cipherstashmanaged.net"


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
def stash() -> Stash:
    return Stash()


def pool_of(stash: Stash, on_request: OnRequest = ignore_request) -> httpcore.ConnectionPool:
    return httpcore.ConnectionPool(network_backend=stash.simulator.sockets(on_request=on_request))


def exercise(stash: Stash) -> str:
    """Do a little of everything; return all that is known afterwards."""
    stash.create_key("new", token=stash.token("admin"))
    stash.zerokms("create-client", {"name": "new", "description": "x"})
    stash.fault(kind="land_late", operation="revoke-access-key", seconds=10)
    with pytest.raises(httpx.RemoteProtocolError):
        stash.revoke_key("member")
    stash.wait(60)
    stash.simulator.land()
    return stash.state.model_dump_json() + "".join(call.model_dump_json() for call in stash.told)


def test_one_seed_has_one_history() -> None:
    assert exercise(Stash(number=3)) == exercise(Stash(number=3))
    assert exercise(Stash(number=3)) != exercise(Stash(number=4))


def test_two_simulators_live_side_by_side() -> None:
    one, two = Stash(number=1), Stash(number=2)
    one.create_key("new")

    assert two.state.access_key("new") is None
    assert two.authorise(one.seeded.admin.access_key).status_code == 401


def test_calls_are_told_after_their_effect_without_secrets(stash: Stash) -> None:
    made = stash.create_key("new", role="member", token=stash.token("admin")).json()
    exchange, call = stash.told
    admin = stash.seeded.access_keys["admin"]

    assert (exchange.operation, exchange.caller, exchange.role) == (
        "authorise",
        admin.key_id,
        "admin",
    )
    assert (call.operation, call.name, call.asked_role) == ("create-access-key", "new", "member")
    assert (call.caller, call.role, call.workspace_id) == (admin.key_id, "admin", WORKSPACE)
    assert made["accessKey"].startswith(f"CSAK{call.subject_id}.")
    written = "".join(told.model_dump_json() for told in stash.told)
    assert made["accessKey"].partition(".")[2] not in written
    assert admin.access_key.partition(".")[2] not in written


def test_a_person_is_told_apart_from_a_key(stash: Stash) -> None:
    stash.create_key("new")

    assert (stash.told[-1].caller, stash.told[-1].role) == ("human", "admin")


def test_answers_carry_the_services_own_time() -> None:
    stash = Stash()
    stash.simulator.time.offset = timedelta(hours=1)
    answer = stash.ask("GET", "/api/workspaces", token=stash.seeded.human)

    assert answer.headers["date"] == "Thu, 01 Jan 2026 01:00:00 GMT"


def test_a_process_may_end_before_or_after_the_effect(stash: Stash) -> None:
    for is_over in (False, True):
        cut = Cut(is_over=is_over)
        client = httpx.Client(transport=stash.simulator.transport(on_request=cut))
        headers = {"Authorization": f"Bearer {stash.seeded.human}"}
        body = {"keyName": "new", "workspaceId": WORKSPACE}
        with pytest.raises(PowerCut):
            client.post(f"{BASE}/api/access-keys", json=body, headers=headers)

        assert cut.seen[-1] == ("create-access-key", is_over)
        assert (stash.state.access_key("new") is not None) is is_over


def test_a_path_that_nobody_serves_has_no_operation(stash: Stash) -> None:
    seen = Cut(is_over=False)
    client = httpx.Client(transport=stash.simulator.transport(on_request=seen))
    with pytest.raises(PowerCut):
        client.get(f"{BASE}/nothing")

    assert seen.seen == [("", False)]


# ------------------------------------------------------------------------- over httpcore


def test_httpcore_speaks_to_it_over_a_connection_that_is_kept(stash: Stash) -> None:
    with pool_of(stash) as pool:
        for _ in range(3):
            answer = pool.request(
                "GET",
                f"{CTS}/api/workspaces?x=1",
                headers={"authorization": f"Bearer {stash.seeded.human}"},
            )
            assert answer.status == 200
            assert answer.content == b'[{"id": "ABCDEFGHIJKLMNOP", "region": "eu-west-1.aws"}]'
        assert len(pool.connections) == 1


def test_chunked_bodies_are_read_over_httpcore(stash: Stash) -> None:
    key = stash.seeded.admin.access_key.encode()
    parts = iter([b'{"accessKey": "', key, b'"}'])
    with pool_of(stash) as pool:
        answer = pool.request(
            "POST",
            f"{BASE}/api/authorise",
            headers={"content-type": "application/json", "transfer-encoding": "chunked"},
            content=parts,
        )

    assert answer.status == 200


def test_a_lost_answer_is_a_closed_connection_over_httpcore(stash: Stash) -> None:
    stash.fault(kind="lose_answer")
    with pool_of(stash) as pool, pytest.raises(httpcore.RemoteProtocolError):
        pool.request("GET", f"{BASE}/api/workspaces")


def test_a_process_may_end_over_httpcore_too(stash: Stash) -> None:
    cut = Cut(is_over=True)
    pool = pool_of(stash, cut)
    with pytest.raises(PowerCut):
        pool.request("POST", f"{BASE}/api/authorise", content=b"")
    pool.close()

    assert cut.seen == [("authorise", False), ("authorise", True)]
    assert stash.told[-1].status == 422


def test_a_simulator_needs_nobody_who_listens() -> None:
    clock = ManualClock()
    client = httpx.Client(transport=EmbeddedCipherStash(clock).transport())

    assert client.get(f"{BASE}/api/workspaces").status_code == 401
