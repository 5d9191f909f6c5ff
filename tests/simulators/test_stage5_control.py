"""The controls: clock, seed, settings, state, log, and the life of the process."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import httpx
import pytest

from rotator.simulators.stage5.process import SimulatedStage5
from rotator.simulators.stage5.shapes import (
    ADMIN_NAME,
    AccessKeySeed,
    FaultKind,
    FaultRule,
    PersonSeed,
    SeededWorkspace,
    Settings,
    WorkspaceSeed,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

WORKSPACE, OTHER = "ws_acme", "ws_other"
DAY = 86_400


@pytest.fixture(scope="module")
def _process() -> Iterator[SimulatedStage5]:
    with SimulatedStage5() as process:
        yield process


@pytest.fixture
def simulator(_process: SimulatedStage5) -> SimulatedStage5:
    """Return a simulated Stage5 without workspaces, faults or calls."""
    _process.reset()
    return _process


@pytest.fixture
def workspace(simulator: SimulatedStage5) -> SeededWorkspace:
    seed = WorkspaceSeed(
        workspace_id=WORKSPACE,
        access_keys=(AccessKeySeed(name="crm", age_seconds=100 * DAY, rotate_every_days=90),),
    )
    return simulator.seed(seed)


def me(simulator: SimulatedStage5, key: str) -> httpx.Response:
    headers = {"Authorization": f"Bearer {key}"}
    return httpx.get(f"{simulator.base_url}/me", headers=headers, trust_env=False)


def test_a_seeded_key_is_let_in_under_the_base_url(
    simulator: SimulatedStage5, workspace: SeededWorkspace
) -> None:
    told = me(simulator, workspace.access_keys["crm"].key)

    assert told.json()["accessKey"]["name"] == "crm"
    assert told.headers["x-request-id"]
    assert me(simulator, workspace.admin.key).json()["accessKey"]["name"] == ADMIN_NAME


def test_ids_secrets_ages_and_ends_can_be_chosen(simulator: SimulatedStage5) -> None:
    used = datetime(2025, 12, 31, tzinfo=UTC)
    chosen = AccessKeySeed(
        name="chosen",
        description="for this test",
        key_id="key_" + "a" * 16,
        secret="b" * 40,
        age_seconds=DAY,
        expires_in_seconds=-60,
        last_used_at=used,
    )
    seeded = simulator.seed(WorkspaceSeed(workspace_id=WORKSPACE, access_keys=(chosen,)))
    found = simulator.state().workspaces[WORKSPACE].access_key("key_" + "a" * 16)

    assert found is not None
    assert seeded.access_keys["chosen"].key == f"s5k_{'a' * 16}_{'b' * 40}" == found.key
    assert (found.status, found.is_accepted, found.last_used_at) == ("expired", False, used)
    assert found.expires_at is not None
    assert found.expires_at - found.created_at == timedelta(days=1, seconds=-60)


@pytest.mark.parametrize(
    "again",
    [
        WorkspaceSeed(workspace_id=WORKSPACE, people=(PersonSeed(name="olive"),)),
        WorkspaceSeed(workspace_id=WORKSPACE, people=(PersonSeed(name="x", projects=("no",)),)),
        WorkspaceSeed(workspace_id=WORKSPACE, projects=("a", "a")),
    ],
)
def test_a_seed_that_contradicts_is_refused(
    simulator: SimulatedStage5, workspace: SeededWorkspace, again: WorkspaceSeed
) -> None:
    with pytest.raises(ValueError, match=r"named|no project"):
        simulator.seed(again)
    twin = AccessKeySeed(name="x", key_id=workspace.admin.id)
    with pytest.raises(ValueError, match="exists"):
        simulator.seed(WorkspaceSeed(workspace_id=OTHER, access_keys=(twin,)))


def test_more_is_added_to_a_workspace_that_exists(
    simulator: SimulatedStage5, workspace: SeededWorkspace
) -> None:
    people = (PersonSeed(name="mia", projects=("support",)),)
    more = WorkspaceSeed(
        workspace_id=WORKSPACE, plan="starter", projects=("support",), people=people
    )
    seeded = simulator.seed(more)

    assert (seeded.admin, set(seeded.sessions)) == (workspace.admin, {"olive", "mia"})
    assert set(seeded.projects) == {"support"}
    assert simulator.state().workspaces[WORKSPACE].plan == "business"


def test_time_is_moved_and_late_requests_land_on_the_way(
    simulator: SimulatedStage5, workspace: SeededWorkspace
) -> None:
    key = workspace.access_keys["crm"].id
    before = simulator.now()
    simulator.add_fault(FaultRule(kind=FaultKind.LAND_LATE, seconds=60))
    url = f"{simulator.base_url}/workspaces/{WORKSPACE}/access-keys/{key}"
    headers = {"Authorization": f"Bearer {workspace.admin.key}"}
    with pytest.raises(httpx.RemoteProtocolError):
        httpx.delete(url, headers=headers, trust_env=False)
    assert simulator.advance(3600) == before + timedelta(hours=1)

    found = simulator.state(workspace_id=WORKSPACE).workspaces[WORKSPACE].access_key(key)
    assert found is not None
    assert found.revoked_at == before + timedelta(seconds=60)


def test_settings_are_replaced_as_a_whole(simulator: SimulatedStage5) -> None:
    simulator.configure(Settings(list_lag_seconds=5))
    assert simulator.settings() == Settings(list_lag_seconds=5)
    simulator.reset()

    assert simulator.settings() == Settings()


def test_calls_are_kept_by_operation_and_from_a_start(
    simulator: SimulatedStage5, workspace: SeededWorkspace
) -> None:
    me(simulator, workspace.admin.key)
    me(simulator, "nonsense")

    assert [call.is_let_in for call in simulator.calls("get-me")] == [True, False]
    assert [call.error for call in simulator.calls(start=1)] == ["malformed_key"]
    assert simulator.calls("list-people") == []


def test_the_state_of_one_workspace_is_told_alone(
    simulator: SimulatedStage5, workspace: SeededWorkspace
) -> None:
    simulator.seed(WorkspaceSeed(workspace_id=OTHER))

    assert set(simulator.state().workspaces) == {WORKSPACE, OTHER}
    found = simulator.state(workspace_id=WORKSPACE).workspaces
    assert set(found) == {workspace.workspace_id}


def test_new_secrets_can_be_marked(simulator: SimulatedStage5) -> None:
    simulator.configure(Settings(secret_mark="looked4"))
    seeded = simulator.seed(WorkspaceSeed(workspace_id=OTHER))

    assert seeded.admin.key.rpartition("_")[2].startswith("looked4")
