"""The controls: clock, seed, settings, state, log, and the life of the process."""

from __future__ import annotations

import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import httpx
import pytest

from rotator.simulators.cipherstash.process import SimulatedCipherStash
from rotator.simulators.cipherstash.shapes import (
    AccessKeySeed,
    ClientSeed,
    FaultKind,
    FaultRule,
    KeysetSeed,
    SeededWorkspace,
    Settings,
    WorkspaceSeed,
)
from rotator.simulators.clock import SteppedClock

if TYPE_CHECKING:
    from collections.abc import Iterator

WORKSPACE = "ABCDEFGHIJKLMNOP"
DAY = 86_400


@pytest.fixture(scope="module")
def _process() -> Iterator[SimulatedCipherStash]:
    with SimulatedCipherStash() as process:
        yield process


@pytest.fixture
def simulator(_process: SimulatedCipherStash) -> SimulatedCipherStash:
    """Return a simulated CipherStash without workspaces, faults or calls."""
    _process.reset()
    return _process


@pytest.fixture
def workspace(simulator: SimulatedCipherStash) -> SeededWorkspace:
    return simulator.seed(
        WorkspaceSeed(
            workspace_id=WORKSPACE,
            access_keys=(AccessKeySeed(name="app", age_seconds=100 * DAY),),
            keysets=(KeysetSeed(name="tenant"),),
            clients=(ClientSeed(name="app", age_seconds=100 * DAY),),
        )
    )


def get(simulator: SimulatedCipherStash, path: str, token: str) -> httpx.Response:
    headers = {"Authorization": f"Bearer {token}"}
    return httpx.get(f"{simulator.url}{path}", headers=headers, trust_env=False)


def create(
    simulator: SimulatedCipherStash, workspace: SeededWorkspace, name: str
) -> httpx.Response:
    return httpx.post(
        f"{simulator.cts_url}api/access-keys",
        json={"keyName": name, "workspaceId": WORKSPACE},
        headers={"Authorization": f"Bearer {workspace.human}"},
        trust_env=False,
    )


def test_services_are_found_under_their_urls(
    simulator: SimulatedCipherStash, workspace: SeededWorkspace
) -> None:
    headers = {"Authorization": f"Bearer {workspace.human}"}
    regional = simulator.regional(workspace.region)
    with httpx.Client(headers=headers, trust_env=False) as client:
        listed = client.post(f"{simulator.zerokms_url}list-keysets", json={})
        shown = client.get(f"{simulator.console_url}api/access-keys/{WORKSPACE}")
        told = client.get(f"{regional}api/workspaces")

    assert listed.headers["content-type"] == "application/json"
    assert [row["keyName"] for row in shown.json()] == ["rotator-admin", "app"]
    assert told.json() == [{"id": WORKSPACE, "region": workspace.region}]


def test_tokens_lead_back_to_the_name_by_which_the_client_came(
    simulator: SimulatedCipherStash, workspace: SeededWorkspace
) -> None:
    url = simulator.url.replace("127.0.0.1", "localhost")
    body = {"accessKey": workspace.admin.access_key}
    token = httpx.post(f"{url}/api/authorise", json=body, trust_env=False).json()["accessToken"]

    assert get(simulator, "/api/workspaces", token).status_code == 200


def test_date_header_is_the_simulated_instant(
    simulator: SimulatedCipherStash, workspace: SeededWorkspace
) -> None:
    now = simulator.advance(3600)
    answer = get(simulator, "/api/workspaces", workspace.human)

    assert answer.headers["date"] == f"{now:%a, %d %b %Y %H:%M:%S} GMT"


def test_clock_never_goes_back(simulator: SimulatedCipherStash) -> None:
    with pytest.raises(ValueError, match="never goes back"):
        simulator.advance_to(simulator.now() - timedelta(seconds=1))


def test_stepped_clock_can_drive_the_simulator(simulator: SimulatedCipherStash) -> None:
    clock = SteppedClock(simulator.now(), on_advance=simulator.advance_to)
    clock.sleep(90)

    assert simulator.now() == clock.now()


def test_moving_the_clock_lands_late_calls_at_their_own_instants(
    simulator: SimulatedCipherStash, workspace: SeededWorkspace
) -> None:
    begun = simulator.now()
    simulator.add_fault(
        FaultRule(kind=FaultKind.LAND_LATE, operation="create-access-key", seconds=30)
    )
    with pytest.raises(httpx.RemoteProtocolError):
        create(simulator, workspace, "late")
    simulator.advance(100)

    found = simulator.state().workspaces[WORKSPACE].access_key("late")
    assert found is not None
    assert found.created_at == begun + timedelta(seconds=30)


def test_a_slow_answer_comes_after_its_effect(
    simulator: SimulatedCipherStash, workspace: SeededWorkspace
) -> None:
    simulator.add_fault(
        FaultRule(kind=FaultKind.DELAY_ANSWER, operation="create-access-key", seconds=30)
    )
    with pytest.raises(httpx.ReadTimeout):
        httpx.post(
            f"{simulator.cts_url}api/access-keys",
            json={"keyName": "slow", "workspaceId": WORKSPACE},
            headers={"Authorization": f"Bearer {workspace.human}"},
            trust_env=False,
            timeout=httpx.Timeout(10, read=0.2),
        )

    assert simulator.state().workspaces[WORKSPACE].access_key("slow") is not None


def test_seed_takes_ids_secrets_and_instants_as_given(simulator: SimulatedCipherStash) -> None:
    born, used = datetime(2025, 6, 1, tzinfo=UTC), datetime(2025, 12, 31, tzinfo=UTC)
    client_id, keyset_id = (
        f"{'1' * 8}-1111-4111-8111-{'1' * 12}",
        f"{'2' * 8}-2222-4222-8222-{'2' * 12}",
    )
    seeded = simulator.seed(
        WorkspaceSeed(
            workspace_id=WORKSPACE,
            region="eu-central-1.aws",
            admin=AccessKeySeed(name="boss", role="admin", key_id="B" * 16, secret="SECRET"),
            access_keys=(
                AccessKeySeed(
                    name="app",
                    role="control",
                    key_id="A" * 16,
                    secret="CHOSEN",
                    created_at=born,
                    last_used_at=used,
                ),
            ),
            keysets=(KeysetSeed(name="off", id=keyset_id, is_disabled=True),),
            clients=(ClientSeed(name="c", id=client_id, keysets=("off",), client_type="device"),),
        )
    )
    found = simulator.state(workspace_id=WORKSPACE).workspaces[WORKSPACE]

    assert (seeded.crn, seeded.admin.access_key) == (
        f"crn:eu-central-1.aws:{WORKSPACE}",
        f"CSAK{'B' * 16}.SECRET",
    )
    key = found.access_key("app")
    assert key is not None
    assert (key.access_key, key.role) == (f"CSAK{'A' * 16}.CHOSEN", "control")
    assert (key.created_at, key.last_used_at, key.uses) == (born, used, 1)
    client = found.client(client_id)
    assert client is not None
    assert (client.bound_keyset, client.grants) == (keyset_id, frozenset({keyset_id}))
    assert client.client_key == seeded.clients["c"].client_key
    assert [keyset.is_disabled for keyset in found.keysets] == [False, True]


def test_seed_may_come_in_parts_and_refuses_what_is_taken(
    simulator: SimulatedCipherStash, workspace: SeededWorkspace
) -> None:
    assert simulator.seed(WorkspaceSeed(workspace_id=WORKSPACE)).admin == workspace.admin
    taken = AccessKeySeed(name="other", key_id=workspace.admin.key_id)
    with pytest.raises(ValueError, match="an access key is named app"):
        simulator.seed(
            WorkspaceSeed(workspace_id=WORKSPACE, access_keys=(AccessKeySeed(name="app"),))
        )
    with pytest.raises(ValueError, match=f"access key {workspace.admin.key_id} exists"):
        simulator.seed(WorkspaceSeed(workspace_id=WORKSPACE, access_keys=(taken,)))


def test_calls_are_kept_and_can_be_chosen(
    simulator: SimulatedCipherStash, workspace: SeededWorkspace
) -> None:
    create(simulator, workspace, "one")
    get(simulator, "/api/access-keys", workspace.human)
    create(simulator, workspace, "two")

    assert [call.name for call in simulator.calls("create-access-key")] == ["one", "two"]
    assert [call.operation for call in simulator.calls(start=2)] == ["create-access-key"]
    simulator.clear_calls()
    assert simulator.calls() == []


def test_settings_and_faults_are_replaced_and_forgotten(
    simulator: SimulatedCipherStash, workspace: SeededWorkspace
) -> None:
    simulator.configure(Settings(duplicate_status=400))
    simulator.add_fault(FaultRule(kind=FaultKind.SERVER_ERROR, times=None))
    assert create(simulator, workspace, "app").status_code == 500
    simulator.clear_faults()
    assert create(simulator, workspace, "app").status_code == 400
    simulator.reset()

    assert simulator.settings() == Settings()
    assert simulator.state().workspaces == {}


@pytest.mark.parametrize(
    ("path", "method", "body", "status"),
    [
        ("nothing", "GET", "", 404),
        ("settings", "PUT", '{"unknown": 1}', 400),
        ("clock", "PUT", "{}", 400),
        ("seed", "POST", '{"workspace_id": "short"}', 400),
    ],
)
def test_bad_control_requests_are_refused_with_the_reason(
    simulator: SimulatedCipherStash, path: str, method: str, body: str, status: int
) -> None:
    url = f"{simulator.url}/_simulator/{path}"
    answer = httpx.request(method, url, content=body, trust_env=False)

    assert answer.status_code == status
    assert answer.text


def test_equal_seeds_make_equal_secrets(simulator: SimulatedCipherStash) -> None:
    seeded = simulator.seed(WorkspaceSeed(workspace_id=WORKSPACE))
    with SimulatedCipherStash() as same, SimulatedCipherStash(seed=1) as other:
        assert same.seed(WorkspaceSeed(workspace_id=WORKSPACE)) == seeded
        assert other.seed(WorkspaceSeed(workspace_id=WORKSPACE)) != seeded


def test_a_ticking_simulator_goes_with_the_machine() -> None:
    with SimulatedCipherStash(start=datetime.now(UTC), is_ticking=True) as process:
        assert abs(process.now() - datetime.now(UTC)) < timedelta(minutes=1)


def test_process_is_gone_after_the_block() -> None:
    with SimulatedCipherStash() as process:
        url = process.url
    with pytest.raises(httpx.ConnectError):
        httpx.get(url, trust_env=False)
    with pytest.raises(RuntimeError, match="use it in a with block"):
        process.now()


def test_a_start_without_time_zone_is_refused_at_once() -> None:
    with pytest.raises(RuntimeError, match="did not start"):
        SimulatedCipherStash(start=datetime(2026, 1, 1)).__enter__()  # noqa: DTZ001 - the fault


def test_term_signal_ends_the_process() -> None:
    command = [sys.executable, "-m", "rotator.simulators.cipherstash"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(signal.SIGTERM)

        assert process.wait(10) == 0
