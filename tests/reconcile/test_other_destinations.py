"""Whole rotations into a Kubernetes Secret and into a file, by the real shell and adapters."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from rotator.core.ids import KeyId
from rotator.core.reasons import Reason
from rotator.core.rotation import Phase
from rotator.core.secret import KeyMaterial, Secret
from rotator.core.terms import Terms
from rotator.testing.destination_bench import contents
from tests.adapters.file.files import OWNER, FileBench
from tests.adapters.kubernetes.cluster import Cluster, KubernetesBench
from tests.reconcile.estate import LIMITS, Estate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from rotator.core.facts import DestinationRef
    from rotator.core.rotation import Credential
    from rotator.reconcile.parts import Parts
    from rotator.testing.destination_bench import DestinationBench
    from rotator.testing.manual_clock import ManualClock


class Elsewhere(Estate):
    """An estate whose key is published by a real destination."""

    def __init__(self, made: Callable[[ManualClock], DestinationBench]) -> None:
        self._made = made
        super().__init__(terms=Terms(owner=OWNER, limits=LIMITS))

    def register(self, credential: Credential) -> None:
        self.bench = self._made(self.clock)
        self.ref = self.bench.new_ref(merge=True)
        self.bench.create_by_hand(self.ref, self.content(self.old, note="kept"))
        super().register(replace(credential, destination=self.ref))

    def parts(self) -> Parts:
        return replace(super().parts(), destinations={self.ref.kind: self.bench.destination})

    def consume(self) -> bool:
        return self.provider.use(key_in(self.bench, self.ref))


def key_in(bench: DestinationBench, ref: DestinationRef) -> KeyMaterial:
    """Read the key as a consumer does."""
    told = json.loads(bench.read(ref))
    return KeyMaterial(key_id=KeyId(told["AccessKeyId"]), secret=Secret(told["SecretAccessKey"]))


@pytest.fixture(params=["kubernetes", "file"])
def estate(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Elsewhere]:
    clusters = []

    def made(clock: ManualClock) -> DestinationBench:
        if request.param == "file":
            return FileBench(tmp_path, clock)
        clusters.append(Cluster(tmp_path, clock=clock))
        return KubernetesBench(clusters[0])

    yield Elsewhere(made)
    for cluster in clusters:
        cluster.close()


def test_an_old_key_is_replaced_and_deleted_without_one_refusal(estate: Elsewhere) -> None:
    refusals = 0
    for _ in range(160):
        estate.run(timedelta(hours=12))
        refusals += not estate.consume()

    assert refusals == 0
    assert estate.newest.phase is Phase.COMPLETED
    assert estate.enabled() == {estate.stored.current_key_id}
    found = contents(estate.bench, estate.ref)
    assert isinstance(found, dict)
    assert found["note"] == "kept"
    state = estate.bench.destination.describe(estate.ref)
    assert (state.pending, state.previous) == (frozenset(), None)


def test_what_a_person_overwrites_is_told_as_drift_with_the_version(estate: Elsewhere) -> None:
    estate.due()
    estate.run(timedelta(days=14), until=Phase.COMPLETED)
    stranger = estate.provider.mint_by_hand(estate.principal)
    version = estate.bench.write_by_hand(estate.ref, estate.content(stranger))
    for _ in range(6):
        estate.run(timedelta(hours=12), consuming=False)

    hold = estate.stored.hold
    assert hold is not None
    assert hold.reason is Reason.DRIFT
    assert version in hold.detail
    assert estate.consume()  # nothing was done to what works
