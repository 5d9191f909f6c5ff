"""With the rights that the chart grants, and with none less, the daemon does its work.

The simulated API server asks for each right as the real one does.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from rotator.core.facts import DestinationRef
from rotator.core.ids import AccountId
from rotator.destinations.kubernetes_secret.config import DESTINATION
from rotator.errors import AccessDeniedError
from rotator.testing.destination_bench import FIRST, SECOND, promote, stage
from tests.adapters.kubernetes.cluster import Cluster, KubernetesBench
from tests.adapters.kubernetes.secret_contract import KubernetesSecretContract
from tests.helm.rights import NAMESPACE, each_without_one, granted

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rotator.simulators.kubernetes.shapes import Rule

NAMES = [f"key-{number}" for number in range(1, 10)]


def published(*, create: bool) -> tuple[Rule, ...]:
    """Read what the chart grants for Secrets."""
    return granted(secrets=[{"namespace": NAMESPACE, "names": NAMES, "create": create}])


class Place:
    """A cluster in which the daemon has these rights."""

    def __init__(self, folder: Path, rules: tuple[Rule, ...]) -> None:
        self.cluster = Cluster(folder, *rules)
        self.bench = KubernetesBench(self.cluster)

    def rotate(self, *, create: bool) -> None:
        """Publish a key, and then another, in an object that is there or not."""
        ref = self.bench.new_ref(create=create)
        if not create:
            self.bench.create_by_hand(ref, '{"note": "first"}', owner=self.bench.owner)
        destination = self.bench.destination
        destination.prepare(ref, not_after=self.bench.soon())
        for version in (FIRST, SECOND):
            base = destination.describe(ref).current
            stage(self.bench, ref, version, base=base)
            promote(self.bench, ref, version, expected=base)
            self.bench.settle()
        assert destination.describe(ref).current == SECOND


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """Give the cluster of an installation that may make Secrets."""
    found = Place(tmp_path, published(create=True))
    yield found
    found.cluster.close()


class TestDestination(KubernetesSecretContract):
    """Everything that a destination promises is kept with these rights."""

    @pytest.fixture
    def bench(self, place: Place) -> KubernetesBench:
        return place.bench


@pytest.mark.parametrize("create", [False, True], ids=["kept", "made"])
def test_keys_are_published_and_no_right_is_superfluous(create: bool, tmp_path: Path) -> None:  # noqa: FBT001 - a parameter
    rules = published(create=create)

    with _in(tmp_path, rules) as whole:
        whole.rotate(create=create)
    for less in each_without_one(rules):
        with _in(tmp_path, less) as place, pytest.raises(AccessDeniedError):
            place.rotate(create=create)


def test_a_secret_that_was_not_named_is_out_of_reach(place: Place) -> None:
    other = DestinationRef(
        kind=DESTINATION, account=AccountId("kubernetes"), region=NAMESPACE, name="other"
    )

    with pytest.raises(AccessDeniedError):
        place.bench.destination.describe(other)
    with pytest.raises(AccessDeniedError):
        place.bench.destination.prepare(other, not_after=place.bench.soon())


@contextmanager
def _in(folder: Path, rules: tuple[Rule, ...]) -> Iterator[Place]:
    place = Place(folder, rules)
    yield place
    place.cluster.close()
