"""Install, upgrade and rollback: on the simulated API server, and on a real one where it is named.

``ROTATOR_TEST_KUBECONFIG`` is the path of a kubeconfig whose user may make a namespace, and
``ROTATOR_TEST_IMAGE`` an image that the cluster can pull, as ``repository:tag``. No package
registry brings an API server, so the real one may be missing everywhere, also where CI is set.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import uuid
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from rotator.simulators.kubernetes.process import SimulatedKubernetes
from rotator.simulators.kubernetes.shapes import ClusterSeed, Settings
from tests.helm.charts import CHART, HELM_3, Manifest, case, with_values

if TYPE_CHECKING:
    from collections.abc import Iterator

WRITTEN_ONCE = {"persistence": {"accessMode": "ReadWriteOnce"}}

REAL = os.environ.get("ROTATOR_TEST_KUBECONFIG", "")

pytestmark = pytest.mark.process


class Release:
    """One release in a namespace of its own.

    Attributes:
        name: Its name, and its namespace's.
    """

    def __init__(self, folder: Path, kubeconfig: Path, image: Manifest) -> None:
        self.name = f"rotator-{uuid.uuid4().hex[:8]}"
        self._file = folder / "values.yaml"
        self._kubeconfig = kubeconfig
        self._image = image

    def helm(self, *words: str) -> str:
        """Run Helm on the release's namespace."""
        place = ("--namespace", self.name, "--kubeconfig", str(self._kubeconfig))
        done = subprocess.run(
            [HELM_3.binary(), *words, *place],
            capture_output=True,
            check=False,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def apply(self, values: Manifest, chart: Path = CHART) -> Manifest:
        """Install, or upgrade, and wait until the daemon is ready; returns what was given."""
        given = with_values(values, self._image)
        self._file.write_text(json.dumps(given), encoding="utf-8")
        words = ("--install", "--create-namespace", "--wait", "--timeout", "3m")
        self.helm("upgrade", self.name, str(chart), *words, "--values", str(self._file))
        return given

    def roll_back(self, revision: int) -> None:
        """Go back to a revision, and wait until the daemon is ready."""
        self.helm("rollback", self.name, str(revision), "--wait", "--timeout", "3m")

    def status(self) -> str:
        """Read how the release is, as Helm knows it."""
        told: dict[str, Any] = json.loads(self.helm("status", self.name, "--output", "json"))
        return str(told["info"]["status"])

    def manifest(self) -> str:
        """Read what the revision in force installed."""
        return self.helm("get", "manifest", self.name)

    def values(self) -> Manifest:
        """Read the values of the revision in force."""
        told: Manifest = json.loads(self.helm("get", "values", self.name, "--output", "json"))
        return told


@pytest.fixture(params=["simulated", "real"])
def release(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Release]:
    """Give a release that is taken away again."""
    with _real(tmp_path) if request.param == "real" else _simulated(tmp_path) as found:
        yield found
        found.helm("uninstall", found.name)


def test_it_is_installed_upgraded_and_rolled_back(release: Release) -> None:
    more = {"config": {"mode": "enforce"}, "networkPolicy": {"enabled": True}}
    first = release.apply(case("default"))
    second = release.apply(with_values(case("default"), more))
    assert release.values() == second

    release.roll_back(1)
    release.helm("test", release.name)

    assert release.status() == "deployed"
    assert release.values() == first


def test_what_kubernetes_would_not_change_stays_as_an_earlier_chart_made_it(
    release: Release, tmp_path: Path
) -> None:
    earlier = tmp_path / "earlier"
    shutil.copytree(CHART, earlier)
    stateful = earlier / "templates" / "statefulset.yaml"
    text = stateful.read_text(encoding="utf-8")
    stateful.write_text(text.replace("{{ $made.management }}", "OrderedReady"), encoding="utf-8")
    release.apply(with_values(case("default"), WRITTEN_ONCE), earlier)

    release.apply(case("default"))

    assert "OrderedReady" in release.manifest()
    assert "- ReadWriteOnce\n" in release.manifest()
    release.roll_back(1)
    assert release.status() == "deployed"


def test_a_release_does_not_lose_its_claim_to_another_one(release: Release) -> None:
    first = release.apply(case("default"))
    other = {"persistence": {"existingClaim": "restored"}}

    with pytest.raises(AssertionError, match=r"delete statefulset .* --cascade=orphan"):
        release.apply(with_values(case("default"), other))

    release.roll_back(1)
    assert release.values() == first


@contextmanager
def _simulated(folder: Path) -> Iterator[Release]:
    """Give a release on a cluster of our own, whose time passes by itself."""
    quick = Settings(pod_start_seconds=1, pod_stop_seconds=0, controller_lag_seconds=0)
    with SimulatedKubernetes(is_ticking=True) as cluster:
        cluster.configure(quick)
        file = folder / "kubeconfig"
        file.write_text(cluster.kubeconfig(cluster.seed(ClusterSeed()).admin), encoding="utf-8")
        yield Release(folder, file, {})


@contextmanager
def _real(folder: Path) -> Iterator[Release]:
    if not REAL:
        pytest.skip("no real cluster: ROTATOR_TEST_KUBECONFIG is not set")
    repository, _, tag = os.environ["ROTATOR_TEST_IMAGE"].rpartition(":")
    image = {"image": {"registry": "", "repository": repository, "tag": tag}}
    yield Release(folder, Path(REAL), image)
