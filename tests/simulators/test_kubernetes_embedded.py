"""The simulated cluster inside the process: its clock, its names for calls, its sockets."""

from __future__ import annotations

from datetime import timedelta

import httpcore
import httpx

from rotator.simulators.kubernetes.embedded import EmbeddedKubernetes
from rotator.simulators.kubernetes.seeding import seed
from rotator.simulators.kubernetes.shapes import ClusterSeed
from rotator.testing.manual_clock import ManualClock
from tests.simulators.cluster import BASE, DEPLOYMENTS, SECRETS, Cluster, secret


def test_its_clock_may_be_ahead() -> None:
    clock = ManualClock()
    simulator = EmbeddedKubernetes(clock, offset=timedelta(hours=1))

    assert simulator.now() == clock.now() + timedelta(hours=1)


def test_callers_are_told_of_every_request() -> None:
    cluster, seen = Cluster(), []

    def note(operation: str, *, is_over: bool) -> None:
        seen.append((operation, is_over))

    http = httpx.Client(transport=cluster.simulator.transport(on_request=note))
    http.get(f"{BASE}{SECRETS}")
    http.get(f"{BASE}{DEPLOYMENTS}/web")
    http.get(f"{BASE}/nowhere")

    names = ["get-secrets", "get-deployments", ""]
    assert seen == [(name, is_over) for name in names for is_over in (False, True)]


def test_a_client_may_bring_a_pool_of_its_own() -> None:
    simulator = EmbeddedKubernetes(ManualClock())
    token = seed(simulator.world, ClusterSeed()).admin
    with httpcore.ConnectionPool(network_backend=simulator.sockets()) as pool:
        headers = [("Authorization", f"Bearer {token}"), ("Host", "kubernetes")]
        answer = pool.request("GET", "https://kubernetes/api/v1/namespaces", headers=headers)

    assert answer.status == 200
    assert b'"NamespaceList"' in answer.content


def test_equal_seeds_make_equal_clusters() -> None:
    def uid(number: int) -> str:
        made = Cluster(number=number).create(SECRETS, secret())
        return str(made["metadata"]["uid"])

    assert uid(1) == uid(1) != uid(2)
