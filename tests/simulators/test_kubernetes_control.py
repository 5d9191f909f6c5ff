"""The controls: clock, seed, settings, state, log, TLS, and the life of the process."""

from __future__ import annotations

import base64
import json
import ssl
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import httpx
import pytest

from rotator.simulators.kubernetes.process import SimulatedKubernetes
from rotator.simulators.kubernetes.shapes import (
    AccountSeed,
    BrokenWorkload,
    ClusterSeed,
    FaultKind,
    FaultRule,
    ObjectSeed,
    RemoteValue,
    Settings,
)
from tests.simulators.cluster import APPLY, DEPLOYMENTS, SECRETS, rule, secret, workload

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rotator.simulators.kubernetes.shapes import SeededCluster

DB = f"{SECRETS}/db"


@pytest.fixture(scope="module")
def _process() -> Iterator[SimulatedKubernetes]:
    with SimulatedKubernetes() as process:
        yield process


@pytest.fixture
def simulator(_process: SimulatedKubernetes) -> SimulatedKubernetes:
    """Return a simulated cluster without objects, faults or calls."""
    _process.reset()
    return _process


@pytest.fixture
def seeded(simulator: SimulatedKubernetes) -> SeededCluster:
    account = AccountSeed(namespace="rotator", name="rotator", roles={"apps": (rule("get"),)})
    return simulator.seed(
        ClusterSeed(
            accounts=(account,),
            objects=(ObjectSeed(manifest=in_apps(secret(key="x"))),),
            remotes={"prod/db": RemoteValue(text="{}")},
        )
    )


def in_apps(thing: dict[str, object]) -> dict[str, object]:
    metadata = thing["metadata"]
    assert isinstance(metadata, dict)
    return {**thing, "metadata": {**metadata, "namespace": "apps"}}


def get(simulator: SimulatedKubernetes, path: str, token: str) -> httpx.Response:
    headers = {"Authorization": f"Bearer {token}"}
    return httpx.get(f"{simulator.url}{path}", headers=headers, trust_env=False)


def test_a_seeded_account_is_let_in(simulator: SimulatedKubernetes, seeded: SeededCluster) -> None:
    told = get(simulator, DB, seeded.tokens["rotator/rotator"])

    assert told.status_code == 200
    assert told.headers["audit-id"]
    assert get(simulator, SECRETS, seeded.tokens["rotator/rotator"]).status_code == 403
    assert get(simulator, SECRETS, seeded.admin).status_code == 200


def test_a_token_can_be_chosen_and_the_operator_s_stays(
    simulator: SimulatedKubernetes, seeded: SeededCluster
) -> None:
    chosen = AccountSeed(namespace="a", name="b", token="chosen")
    again = simulator.seed(ClusterSeed(accounts=(chosen,)))

    assert again.tokens == {"a/b": "chosen"}
    assert again.admin == seeded.admin


def test_an_object_can_be_seeded_as_applied(
    simulator: SimulatedKubernetes, seeded: SeededCluster
) -> None:
    thing = ObjectSeed(
        manifest=in_apps(secret(more="y")), manager="theirs", operation="Apply", age_seconds=60
    )
    simulator.seed(ClusterSeed(objects=(thing,)))
    found = simulator.state().find("Secret", "apps", "db")

    assert found is not None
    entries = found["metadata"]["managedFields"]
    assert [(e["manager"], e["operation"]) for e in entries] == [
        ("theirs", "Apply"),
        ("kubectl", "Update"),
    ]


@pytest.mark.parametrize(
    ("manifest", "told"),
    [
        ({"apiVersion": "v1", "kind": "Endpoints", "metadata": {"name": "x"}}, "no kind"),
        (in_apps(secret(key="x")), "already exists"),
        (secret("Not A Name"), "is invalid"),
    ],
)
def test_a_seed_that_makes_no_sense_is_refused(
    simulator: SimulatedKubernetes,
    seeded: SeededCluster,
    manifest: dict[str, object],
    told: str,
) -> None:
    with pytest.raises(ValueError, match=told):
        simulator.seed(ClusterSeed(objects=(ObjectSeed(manifest=manifest),)))


def test_time_is_moved_and_late_requests_land_on_the_way(
    simulator: SimulatedKubernetes, seeded: SeededCluster
) -> None:
    began = simulator.now()
    simulator.add_fault(FaultRule(kind=FaultKind.LAND_LATE, seconds=60))
    headers = {"Authorization": f"Bearer {seeded.admin}", "Content-Type": APPLY}
    with pytest.raises(httpx.RemoteProtocolError):
        httpx.patch(
            f"{simulator.url}{DB}?fieldManager=late",
            json=secret(late="l"),
            headers=headers,
            trust_env=False,
        )
    assert simulator.advance(3600) == began + timedelta(hours=1)
    found = simulator.state().find("Secret", "apps", "db")
    calls = simulator.calls("apply-secrets")

    assert found is not None
    assert "late" in found["data"]
    assert [(call.status, call.at - began) for call in calls] == [
        (None, timedelta(0)),
        (200, timedelta(minutes=1)),
    ]
    simulator.clear_calls()
    simulator.clear_faults()
    assert simulator.calls() == []


def test_settings_are_replaced_and_forgotten(simulator: SimulatedKubernetes) -> None:
    simulator.configure(Settings(pod_start_seconds=1))
    assert simulator.settings().pod_start_seconds == 1
    simulator.reset()

    assert simulator.settings() == Settings()
    assert simulator.state().objects == ()


def test_a_workload_is_broken_and_mended(
    simulator: SimulatedKubernetes, seeded: SeededCluster
) -> None:
    web = ObjectSeed(manifest=in_apps(workload()), age_seconds=3600)
    simulator.seed(ClusterSeed(objects=(web,)))
    broken = BrokenWorkload(kind="Deployment", namespace="apps", name="web", falls=True)

    def ready() -> int:
        told: dict[str, int] = get(simulator, f"{DEPLOYMENTS}/web", seeded.admin).json()["status"]
        return told.get("readyReplicas", 0)

    assert ready() == 3
    simulator.set_broken(broken)
    assert ready() == 0
    simulator.set_broken(broken.model_copy(update={"is_broken": False}))
    simulator.advance(10)
    assert ready() == 3


def test_it_is_served_by_tls_for_whom_trusts_its_authority(
    simulator: SimulatedKubernetes, seeded: SeededCluster
) -> None:
    tls = simulator.tls()
    trusting = ssl.create_default_context(cadata=tls.ca)
    headers = {"Authorization": f"Bearer {seeded.admin}"}
    told = httpx.get(f"{tls.url}{DB}", headers=headers, verify=trusting, trust_env=False)

    assert told.json()["metadata"]["name"] == "db"
    assert simulator.tls() == tls
    with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        httpx.get(tls.url, trust_env=False)


def test_kubectl_and_helm_find_their_way(
    simulator: SimulatedKubernetes, seeded: SeededCluster
) -> None:
    told = json.loads(simulator.kubeconfig(seeded.admin))
    cluster, user = told["clusters"][0]["cluster"], told["users"][0]["user"]
    ca = base64.b64decode(cluster["certificate-authority-data"]).decode()
    answer = httpx.get(
        f"{cluster['server']}/api/v1/namespaces",
        headers={"Authorization": f"Bearer {user['token']}"},
        verify=ssl.create_default_context(cadata=ca),
        trust_env=False,
    )

    assert answer.status_code == 200


def test_a_clock_can_tick(simulator: SimulatedKubernetes) -> None:
    with SimulatedKubernetes(is_ticking=True, start=datetime(2030, 1, 1, tzinfo=UTC)) as ticking:
        assert ticking.now() >= datetime(2030, 1, 1, tzinfo=UTC)
        assert ticking.now() != ticking.now()


def test_tokens_are_those_of_the_dice() -> None:
    def admin(number: int) -> str:
        with SimulatedKubernetes(seed=number) as made:
            return made.seed(ClusterSeed()).admin

    assert admin(1) == admin(1) != admin(2)
