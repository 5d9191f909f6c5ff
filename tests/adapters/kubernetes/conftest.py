"""A cluster for each test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.adapters.kubernetes.cluster import Cluster, KubernetesBench

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    cluster = Cluster(tmp_path)
    yield cluster
    cluster.close()


@pytest.fixture
def bench(cluster: Cluster) -> KubernetesBench:
    return KubernetesBench(cluster)
