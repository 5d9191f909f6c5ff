"""The contract in front of a real API server, where one is given."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from rotator.simulators.kubernetes.process import SimulatedKubernetes
from rotator.simulators.kubernetes.shapes import ClusterSeed
from rotator.testing.destination_bench import FIRST, owned, promote, stage
from tests.adapters.kubernetes.cluster import SecretsBench
from tests.adapters.kubernetes.real_cluster import KUBECONFIG, RealCluster, access
from tests.adapters.kubernetes.secret_contract import KubernetesSecretContract

if TYPE_CHECKING:
    from collections.abc import Iterator


def entered(kubeconfig: Path, folder: Path) -> RealCluster:
    found = access(kubeconfig, folder)
    if found is None:
        pytest.skip("the user of ROTATOR_TEST_KUBECONFIG has no token")
    return RealCluster(found, folder)


@pytest.mark.slow
@pytest.mark.skipif(not KUBECONFIG, reason="no cluster: ROTATOR_TEST_KUBECONFIG is not set")
class TestRealCluster(KubernetesSecretContract):
    """Where rotator's own user is the one of the kubeconfig."""

    @pytest.fixture
    def bench(self, tmp_path: Path) -> Iterator[SecretsBench]:
        cluster = entered(Path(KUBECONFIG), tmp_path)
        yield SecretsBench(cluster)
        cluster.close()


@pytest.mark.process
def test_the_way_to_a_real_cluster_works_in_front_of_the_simulated_one(tmp_path: Path) -> None:
    with SimulatedKubernetes(is_ticking=True) as simulator:
        token = simulator.seed(ClusterSeed()).admin
        kubeconfig = tmp_path / "config"
        named = {"cluster": "c", "user": "u"}
        told = {
            "current-context": "x",
            "contexts": [{"name": "x", "context": named}],
            "clusters": [{"name": "c", "cluster": {"server": simulator.url}}],
            "users": [{"name": "u", "user": {"token": token}}],
        }
        kubeconfig.write_text(yaml.safe_dump(told))
        cluster = entered(kubeconfig, tmp_path)
        bench = SecretsBench(cluster)
        ref, base = owned(bench)
        stage(bench, ref, FIRST, base=base)
        promote(bench, ref, FIRST, expected=base)
        assert bench.destination.describe(ref).current == FIRST
        cluster.close()


def test_a_user_without_a_token_is_told_apart(tmp_path: Path) -> None:
    kubeconfig = tmp_path / "config"
    told = {
        "current-context": "x",
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
        "clusters": [{"name": "c", "cluster": {"server": "https://10.0.0.1"}}],
        "users": [{"name": "u", "user": {"client-certificate-data": "eA=="}}],
    }
    kubeconfig.write_text(yaml.safe_dump(told))
    assert access(kubeconfig, tmp_path) is None
