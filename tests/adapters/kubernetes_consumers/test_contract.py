"""The adapter keeps the port's contract in front of the simulated API server."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rotator.core.consumers import ConsumerKind, ConsumerRef
from rotator.testing.consumers_contract import OBJECT, VERSION, ConsumersContract
from tests.adapters.kubernetes.cluster import NAMESPACE
from tests.adapters.kubernetes_consumers.town import ConsumersTown

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rotator.core.consumers import ConsumerState


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[ConsumersTown]:
    town = ConsumersTown(tmp_path)
    yield town
    town.close()


class TestKubernetesConsumers(ConsumersContract):
    """With the fixture `bench` of this module, as a service account that may do no more."""


def one(bench: ConsumersTown, ref: ConsumerRef) -> ConsumerState:
    (state,) = bench.consumers.read((ref,), OBJECT).states
    return state


@pytest.mark.parametrize("kind", [ConsumerKind.STATEFUL_SET, ConsumerKind.DAEMON_SET])
def test_every_kind_of_workload_is_restarted(bench: ConsumersTown, kind: ConsumerKind) -> None:
    before = one(bench, bench.new_workload(kind))
    at = bench.now()
    bench.consumers.restart(before, at=at, not_after=bench.soon())
    assert not one(bench, before.ref).is_well
    bench.settle()
    after = one(bench, before.ref)

    assert before.is_well
    assert after.is_well
    assert after.started_at is not None
    assert after.started_at >= at.replace(microsecond=0)


def test_a_class_without_pods_is_no_class_that_is_missing(bench: ConsumersTown) -> None:
    bench.new_mount(OBJECT, VERSION)
    idle = {
        "apiVersion": "secrets-store.csi.x-k8s.io/v1",
        "kind": "SecretProviderClass",
        "metadata": {"name": "idle"},
        "spec": {"provider": "aws"},
    }
    bench.add(idle)
    ref = ConsumerRef(kind=ConsumerKind.MOUNT, namespace=NAMESPACE, name="idle")

    assert one(bench, ref).exists
    assert one(bench, ref).versions == frozenset()


def test_external_secrets_of_older_clusters_are_refreshed_too(bench: ConsumersTown) -> None:
    ref = bench.new_feed("v1beta1")
    state = one(bench, ref)
    bench.advance(bench.soon() - bench.now())
    bench.consumers.refresh(state, at=bench.now(), not_after=bench.soon())
    bench.settle()

    assert one(bench, ref).is_well


def test_a_refresh_to_a_version_that_is_pinned_proves_nothing(bench: ConsumersTown) -> None:
    at = {"key": OBJECT, "version": "AWSPREVIOUS"}
    ref = bench.new_feed(dataFrom=[{"extract": at}])
    state = one(bench, ref)

    assert not state.is_well
    assert "is pinned to a version" in state.obstacle
