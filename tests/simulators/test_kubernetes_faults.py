"""What goes wrong with calls to the simulated API server, when it is told to."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx
import pytest

from rotator.simulators.kubernetes.shapes import FaultKind, FaultRule
from tests.simulators.cluster import SECRETS, Cluster, encoded, secret

DB = f"{SECRETS}/db"
DROPPED = (FaultKind.LOSE_REQUEST, FaultKind.LOSE_ANSWER, FaultKind.LAND_LATE)
ANSWERED = {
    FaultKind.THROTTLE: 429,
    FaultKind.CONFLICT: 409,
    FaultKind.SERVER_ERROR: 500,
    FaultKind.UNAVAILABLE: 503,
    FaultKind.SERVER_ERROR_AFTER: 500,
    FaultKind.TIMEOUT_AFTER: 504,
    FaultKind.REDIRECT: 302,
    FaultKind.ACCESS_DENIED: 403,
    FaultKind.CREDENTIAL_REVOKED: 401,
    FaultKind.NOT_FOUND: 404,
    FaultKind.GARBLE: 200,
}
WITH_EFFECT = (
    FaultKind.LOSE_ANSWER,
    FaultKind.SERVER_ERROR_AFTER,
    FaultKind.TIMEOUT_AFTER,
    FaultKind.GARBLE,
)


@pytest.fixture
def cluster() -> Cluster:
    made = Cluster()
    made.apply(DB, secret(key="old"))
    return made


def change(cluster: Cluster) -> httpx.Response:
    return cluster.try_apply(DB, secret(key="new"))


def has_changed(cluster: Cluster) -> bool:
    return bool(cluster.find("Secret", "db")["data"] == {"key": encoded("new")})


@pytest.mark.parametrize("kind", DROPPED)
def test_a_lost_call_is_not_answered(cluster: Cluster, kind: FaultKind) -> None:
    cluster.fault(kind=kind, operation="apply-secrets", seconds=60)
    with pytest.raises(httpx.RemoteProtocolError):
        change(cluster)

    assert has_changed(cluster) == (kind in WITH_EFFECT)
    assert (cluster.told[-1].status, cluster.told[-1].fault) == (None, kind)


@pytest.mark.parametrize("kind", ANSWERED)
def test_a_fault_is_answered_with_its_status(cluster: Cluster, kind: FaultKind) -> None:
    cluster.fault(kind=kind, operation="apply-secrets")

    assert change(cluster).status_code == ANSWERED[kind]
    assert has_changed(cluster) == (kind in WITH_EFFECT)
    assert change(cluster).status_code == 200


def test_a_refusal_by_a_fault_is_a_status_object(cluster: Cluster) -> None:
    cluster.fault(kind="throttle", seconds=7)
    answer = cluster.ask("GET", DB)

    assert answer.headers["retry-after"] == "7"
    assert (answer.json()["kind"], answer.json()["reason"]) == ("Status", "TooManyRequests")


def test_a_late_request_takes_effect_at_its_own_instant(cluster: Cluster) -> None:
    cluster.fault(kind="land_late", operation="apply-secrets", seconds=90)
    with pytest.raises(httpx.RemoteProtocolError):
        change(cluster)
    cluster.wait(3600)
    cluster.simulator.land()

    assert has_changed(cluster)
    entries = cluster.find("Secret", "db")["metadata"]["managedFields"]
    assert entries[0]["time"] == "2026-01-01T00:01:30Z"


def test_a_late_request_that_was_overtaken_is_refused_by_its_precondition(
    cluster: Cluster,
) -> None:
    version = cluster.get(DB)["metadata"]["resourceVersion"]
    cluster.fault(kind="land_late", operation="apply-secrets", seconds=90)
    with pytest.raises(httpx.RemoteProtocolError):
        cluster.try_apply(DB, secret(key="new", metadata={"resourceVersion": version}))
    cluster.apply(DB, secret(key="newer"))
    cluster.wait(3600)
    cluster.simulator.land()

    assert cluster.told[-1].status == 409
    assert cluster.find("Secret", "db")["data"] == {"key": encoded("newer")}


@pytest.mark.parametrize("seconds", [600, -600])
def test_a_date_can_be_wrong(cluster: Cluster, seconds: int) -> None:
    cluster.fault(kind="wrong_date", seconds=seconds)
    told = parsedate_to_datetime(cluster.ask("GET", DB).headers["date"])

    assert (told - datetime(2026, 1, 1, tzinfo=UTC)).total_seconds() == seconds


def test_a_rate_limit_fills_up_with_simulated_time(cluster: Cluster) -> None:
    cluster.fault(kind="rate_limit", rate=1, burst=2, times=None)

    def statuses() -> list[int]:
        return [cluster.ask("GET", DB).status_code for _ in range(3)]

    assert statuses() == [200, 200, 429]
    cluster.wait(1)
    assert statuses() == [200, 429, 429]


@pytest.mark.parametrize(
    "selected",
    [
        {"operation": "get-secrets"},
        {"operation": "patch-secrets"},
        {"namespace": "other"},
        {"name": "other"},
        {"caller": "other"},
        {"skip": 1},
    ],
)
def test_only_the_calls_that_are_meant_are_struck(
    cluster: Cluster, selected: dict[str, object]
) -> None:
    cluster.fault(kind="server_error", **selected)

    assert change(cluster).status_code == 200


@pytest.mark.parametrize("kind", FaultKind)
def test_every_fault_strikes_the_call_that_is_meant(cluster: Cluster, kind: FaultKind) -> None:
    rule = FaultRule(
        kind=kind,
        operation="apply-secrets",
        namespace="apps",
        name="db",
        caller="system:admin",
    )
    cluster.world.faults.add(rule)
    try:
        change(cluster)
    except httpx.RemoteProtocolError:
        assert kind in DROPPED

    assert kind in [call.fault for call in cluster.told]
