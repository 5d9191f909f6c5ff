"""What a Secret of a cluster is beside what the contract says of any destination."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from rotator.core.ids import VersionId
from rotator.destinations.kubernetes_secret.config import (
    COMPANION,
    OWNER,
    PREVIOUS,
    VERSION,
)
from rotator.destinations.kubernetes_secret.shelf import MOST_UNLABELLED
from rotator.errors import (
    AccessDeniedError,
    NotFoundError,
    OutcomeUnknownError,
    RejectedError,
)
from rotator.simulators.kubernetes.shapes import FaultKind, Rule
from rotator.testing.destination_bench import (
    FIRST,
    SECOND,
    contents,
    material,
    owned,
    promote,
    published,
    stage,
)
from tests.adapters.kubernetes.cluster import (
    INSTALLATION,
    OLD,
    Cluster,
    KubernetesBench,
    data_of,
    patch,
    rotated,
    secrets,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from rotator.core.facts import DestinationRef


def current(bench: KubernetesBench, ref: DestinationRef) -> VersionId | None:
    return bench.destination.describe(ref).current


def test_describing_asks_for_no_secret(bench: KubernetesBench) -> None:
    ref, _ = rotated(bench)
    seen = len(bench.cluster.kube.world.calls)
    bench.destination.describe(ref)
    calls = list(bench.cluster.kube.world.calls)[seen:]
    assert [call.name for call in calls] == [ref.name, COMPANION.format(name=ref.name)]
    assert not any(call.is_whole for call in calls)


def test_a_change_of_somebody_elses_field_is_no_change_of_ours(bench: KubernetesBench) -> None:
    ref, _ = rotated(bench)
    patch(bench, ref, {"data": data_of('{"note": "second", "more": "x"}')})
    assert current(bench, ref) == FIRST


def test_somebody_who_overwrites_our_field_is_named_in_the_version(bench: KubernetesBench) -> None:
    ref, base = rotated(bench)
    patch(bench, ref, {"data": data_of('{"SecretAccessKey": "by hand"}')})
    found = current(bench, ref)
    assert str(found).startswith("found-kubectl-edit-")
    assert found not in (FIRST, base)
    assert found == current(bench, ref)
    patch(bench, ref, {"data": data_of('{"SecretAccessKey": "by hand, again"}')})
    assert current(bench, ref) != found


def test_somebody_who_removes_our_field_or_our_mark_is_noticed(bench: KubernetesBench) -> None:
    removals: list[dict[str, Any]] = [
        {"data": {"SecretAccessKey": None}},
        {"metadata": {"annotations": {VERSION: None}}},
        {"metadata": {"annotations": {VERSION: SECOND}}},
    ]
    for removal in removals:
        ref, base = rotated(bench)
        patch(bench, ref, removal)
        assert current(bench, ref) not in (FIRST, SECOND, base)


def apply(bench: KubernetesBench, ref: DestinationRef, texts: Mapping[str, str]) -> None:
    """Apply texts on the server's side by ``stringData``, as GitOps tools do with manifests."""
    cluster = bench.cluster
    cluster.clock.sleep(1)
    body = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": ref.name}}
    answer = cluster.hand.patch(
        f"{secrets()}/{ref.name}",
        params={"fieldManager": "argocd-controller", "force": "true"},
        content=json.dumps({**body, "stringData": texts}),
        headers={"content-type": "application/apply-patch+yaml"},
    )
    answer.raise_for_status()


def test_somebody_who_applies_our_field_as_string_data_is_noticed(bench: KubernetesBench) -> None:
    ref, _ = rotated(bench)
    own = published(ref, material())
    apply(bench, ref, {"SecretAccessKey": "from git"})
    assert contents(bench, ref) == {"note": "first", **own, "SecretAccessKey": "from git"}
    found = current(bench, ref)
    assert str(found).startswith("found-argocd-controller-")
    stage(bench, ref, SECOND, base=found, key=material(2))
    promote(bench, ref, SECOND, expected=found)
    assert current(bench, ref) == SECOND
    apply(bench, ref, {"note": "from git"})
    assert current(bench, ref) == SECOND


def test_who_held_our_fields_hands_them_over_and_keeps_the_others(bench: KubernetesBench) -> None:
    ref, _ = rotated(bench)
    assert contents(bench, ref) == {"note": "first", **published(ref, material())}
    fields = bench.cluster.secret(ref.name)["metadata"]["managedFields"]
    hand = next(entry for entry in fields if entry["manager"] == "kubectl-edit")
    assert "f:note" in hand["fieldsV1"]["f:data"]
    assert "f:SecretAccessKey" not in hand["fieldsV1"]["f:data"]


def test_the_managers_of_two_credentials_do_not_fight(bench: KubernetesBench) -> None:
    content = json.dumps({"one": "old-id", "two": "old", "three": "old-id", "four": "old"})
    ref, base = owned(bench, content=content)
    first = replace(ref, key_id_field="one", secret_field="two")
    second = replace(ref, key_id_field="three", secret_field="four")
    for ours, version, before in ((first, FIRST, base), (second, SECOND, FIRST)):
        stage(bench, ours, version, base=before, key=material(len(version)))
        promote(bench, ours, version, expected=before)
        bench.settle()
    third = VersionId("00000000-0000-5000-8000-000000000003")
    stage(bench, first, third, base=SECOND, key=material(3))
    promote(bench, first, third, expected=SECOND)
    assert {current(bench, first), current(bench, second)} == {third}
    assert bench.destination.published_key_id(second) == material(len(SECOND)).key_id  # type: ignore[attr-defined]
    assert bench.destination.previous_key_id(first) == material(len(FIRST)).key_id  # type: ignore[attr-defined]


def test_a_secret_that_another_controller_writes_is_refused(bench: KubernetesBench) -> None:
    owner = {"apiVersion": "v1", "kind": "X", "name": "x", "uid": "1", "controller": True}
    for metadata in (
        {"labels": {"reconcile.external-secrets.io/created-by": "abc"}},
        {"labels": {"secrets.hashicorp.com/vso-ownerRefUID": "abc"}},
        {"ownerReferences": [owner]},
    ):
        ref, base = owned(bench)
        patch(bench, ref, {"metadata": metadata})
        with pytest.raises(RejectedError, match="another controller"):
            bench.destination.prepare(ref, not_after=bench.soon())
        with pytest.raises(RejectedError, match="another controller"):
            stage(bench, ref, FIRST, base=base)


def test_an_immutable_secret_is_refused_before_a_key_is_made(bench: KubernetesBench) -> None:
    ref, base = owned(bench)
    patch(bench, ref, {"immutable": True})
    with pytest.raises(RejectedError, match="immutable"):
        bench.destination.prepare(ref, not_after=bench.soon())
    with pytest.raises(RejectedError, match="immutable"):
        stage(bench, ref, FIRST, base=base)


def test_a_secret_without_a_companion_says_how_to_make_one(bench: KubernetesBench) -> None:
    ref, base = owned(bench)
    name = COMPANION.format(name=ref.name)
    bench.cluster.by_hand("DELETE", f"{secrets()}/{name}")
    acts: tuple[Callable[[], None], ...] = (
        lambda: bench.destination.prepare(ref, not_after=bench.soon()),
        lambda: stage(bench, ref, FIRST, base=base),
    )
    for act in acts:
        with pytest.raises(NotFoundError) as caught:
            act()
        assert f"kubectl create secret generic {name} -n {ref.region}" in caught.value.hint
    assert bench.destination.describe(ref).owner is None  # so it is prepared again
    bench.destination.prepare(replace(ref, create=True), not_after=bench.soon())
    assert bench.destination.describe(ref).owner == INSTALLATION


def test_a_companion_of_another_installation_is_refused(bench: KubernetesBench) -> None:
    ref, _ = owned(bench)
    name = COMPANION.format(name=ref.name)
    body = {"metadata": {"annotations": {OWNER: "another"}}}
    bench.cluster.by_hand("PATCH", f"{secrets()}/{name}", body)
    with pytest.raises(RejectedError, match="another"):
        bench.destination.prepare(ref, not_after=bench.soon())


def test_a_promotion_that_lands_late_does_not_undo_what_came_after_it(
    bench: KubernetesBench,
) -> None:
    ref, base = owned(bench, content=OLD)
    stage(bench, ref, FIRST, base=base)
    bench.cluster.land_late("apply-secrets", seconds=60)
    with pytest.raises(OutcomeUnknownError):
        promote(bench, ref, FIRST, expected=base)
    patch(bench, ref, {"data": data_of('{"SecretAccessKey": "by hand"}')})
    theirs = current(bench, ref)
    bench.advance(timedelta(minutes=2))
    assert current(bench, ref) == theirs


def test_a_promotion_whose_label_stays_is_finished_by_the_next_one(bench: KubernetesBench) -> None:
    ref, base = owned(bench)
    stage(bench, ref, FIRST, base=base)
    with bench.cluster.failing(FaultKind.SERVER_ERROR, "patch-secrets"):
        promote(bench, ref, FIRST, expected=base)
    state = bench.destination.describe(ref)
    assert (state.current, state.pending) == (FIRST, frozenset({FIRST}))
    promote(bench, ref, FIRST, expected=base)
    assert bench.destination.describe(ref).pending == frozenset()


def test_get_and_patch_are_all_that_is_needed_where_nothing_is_created(tmp_path: Path) -> None:
    names = ("key-1", "key-1-rotator")
    rule = Rule(
        api_groups=("",), resources=("secrets",), verbs=("get", "patch"), resource_names=names
    )
    cluster = Cluster(tmp_path, rule)
    bench = KubernetesBench(cluster)
    ref = bench.new_ref()
    base = bench.create_by_hand(ref, OLD)
    bench.destination.prepare(ref, not_after=bench.soon())
    stage(bench, ref, FIRST, base=base)
    promote(bench, ref, FIRST, expected=base)
    bench.destination.unstage(ref, base, not_after=bench.soon())
    assert bench.destination.published_key_id(ref) == material().key_id  # type: ignore[attr-defined]
    with pytest.raises(AccessDeniedError, match="may not"):
        bench.destination.prepare(bench.new_ref(create=True), not_after=bench.soon())
    cluster.close()


def test_old_versions_are_forgotten_and_those_that_matter_are_kept(bench: KubernetesBench) -> None:
    ref, before = owned(bench, content=OLD)
    versions = [VersionId(f"00000000-0000-5000-8000-{number:012d}") for number in range(9)]
    for number, version in enumerate(versions):
        stage(bench, ref, version, base=before, key=material(number))
        promote(bench, ref, version, expected=before)
        before = version
    state = bench.destination.describe(ref)
    assert (state.current, state.previous) == (versions[-1], versions[-2])
    assert {*versions[-2:]} <= state.versions
    assert len(state.versions) <= MOST_UNLABELLED + 3
    kept = bench.cluster.secret(COMPANION.format(name=ref.name))["data"]
    assert versions[0] not in kept
    with pytest.raises(NotFoundError):
        bench.destination.read_version(ref, versions[0])  # type: ignore[attr-defined]


def test_a_version_that_lost_its_label_is_not_read_as_pending(bench: KubernetesBench) -> None:
    ref, base = owned(bench)
    stage(bench, ref, FIRST, base=base)
    stage(bench, ref, SECOND, base=base, key=material(2))
    with pytest.raises(RejectedError, match="not pending"):
        bench.destination.read_staged(ref, FIRST)  # type: ignore[attr-defined]


def test_a_field_of_ours_that_is_no_text_is_refused(bench: KubernetesBench) -> None:
    ref, _ = owned(bench)
    patch(bench, ref, {"data": {"AccessKeyId": "//79"}})
    with pytest.raises(RejectedError, match="no text"):
        bench.destination.published_key_id(ref)  # type: ignore[attr-defined]


def test_going_back_by_order_publishes_the_old_key_again(bench: KubernetesBench) -> None:
    ref, base = rotated(bench)
    promote(bench, ref, base, expected=FIRST)
    state = bench.destination.describe(ref)
    assert (state.current, state.previous) == (base, FIRST)
    assert bench.destination.published_key_id(ref) == "AKIAOLD"  # type: ignore[attr-defined]


def test_annotations_hold_no_secret(bench: KubernetesBench) -> None:
    ref, _ = rotated(bench)
    for name in (ref.name, COMPANION.format(name=ref.name)):
        annotations = bench.cluster.secret(name)["metadata"]["annotations"]
        assert material().secret.reveal() not in json.dumps(annotations)
    assert PREVIOUS in bench.cluster.secret(ref.name)["metadata"]["annotations"]
