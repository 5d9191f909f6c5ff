"""What happens to a Secret when somebody else writes to it between our reading and our writing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from rotator.clients.kubernetes import KubernetesApi
from rotator.destinations.kubernetes_secret.config import COMPANION, KubernetesSecretConfig
from rotator.destinations.kubernetes_secret.destination import KubernetesSecrets
from rotator.errors import ConflictError, NotFoundError, OutcomeUnknownError, RejectedError
from rotator.testing.destination_bench import (
    FIRST,
    SECOND,
    contents,
    material,
    owned,
    promote,
    stage,
)
from tests.adapters.kubernetes.cluster import (
    INSTALLATION,
    OLD,
    KubernetesBench,
    data_of,
    patch,
    rotated,
    secrets,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rotator.clients.kubernetes import ObjectPath
    from rotator.core.ids import Instant


class Meddled(KubernetesApi):
    """An API in which something happens before an apply or a merge, or to what an apply answers."""

    before: Callable[[], object] = staticmethod(lambda: None)
    before_merge: Callable[[], object] = staticmethod(lambda: None)
    after: Callable[[dict[str, Any]], object] = staticmethod(lambda _: None)

    def apply(
        self,
        path: ObjectPath,
        body: Mapping[str, Any],
        *,
        manager: str,
        force: bool = False,
        dry_run: bool = False,
        not_after: Instant,
    ) -> Mapping[str, Any]:
        self.before()
        found = super().apply(
            path, body, manager=manager, force=force, dry_run=dry_run, not_after=not_after
        )
        told = json.loads(json.dumps(found))
        self.after(told)
        return told  # type: ignore[no-any-return]

    def merge(
        self, path: ObjectPath, body: Mapping[str, Any], *, not_after: Instant
    ) -> Mapping[str, Any]:
        self.before_merge()
        return super().merge(path, body, not_after=not_after)


def meddled(bench: KubernetesBench) -> tuple[KubernetesSecrets, Meddled]:
    cluster = bench.cluster
    server = "http://127.0.0.1:6443"
    api = Meddled(cluster.http, cluster.clock, server=server, token_file=cluster.token_file)
    return KubernetesSecrets(KubernetesSecretConfig(owner=INSTALLATION), api), api


def test_a_webhook_that_alters_our_fields_is_found_before_the_pivot(
    bench: KubernetesBench,
) -> None:
    ref, base = owned(bench)
    secrets, api = meddled(bench)
    api.after = lambda told: told["data"].update(SecretAccessKey="other")
    with pytest.raises(RejectedError, match="on their way"):
        secrets.stage(ref, FIRST, material(), base=base, not_after=bench.soon())
    state = bench.destination.describe(ref)
    assert (state.current, state.pending) == (base, frozenset())


def test_a_webhook_that_begins_to_alter_at_the_pivot_is_an_unknown_outcome(
    bench: KubernetesBench,
) -> None:
    ref, base = owned(bench)
    stage(bench, ref, FIRST, base=base)
    secrets, api = meddled(bench)
    api.after = lambda told: told["data"].update(SecretAccessKey="other")
    with pytest.raises(OutcomeUnknownError, match="on their way"):
        secrets.promote(ref, FIRST, expected=base, not_after=bench.soon())


def test_who_writes_between_our_look_and_our_apply_is_not_overwritten(
    bench: KubernetesBench,
) -> None:
    ref, base = owned(bench, content=OLD)
    stage(bench, ref, FIRST, base=base)
    secrets, api = meddled(bench)
    api.before = lambda: patch(bench, ref, {"data": data_of('{"SecretAccessKey": "theirs"}')})
    with pytest.raises(ConflictError):
        secrets.promote(ref, FIRST, expected=base, not_after=bench.soon())
    found = contents(bench, ref)
    assert isinstance(found, dict)
    assert found["SecretAccessKey"] == "theirs"


def test_a_secret_that_is_deleted_meanwhile_is_not_made_anew(bench: KubernetesBench) -> None:
    ref, base = owned(bench, content=OLD)
    stage(bench, ref, FIRST, base=base)
    api_secrets, api = meddled(bench)
    api.before = lambda: bench.cluster.by_hand("DELETE", f"{secrets()}/{ref.name}")
    with pytest.raises((ConflictError, NotFoundError)):
        api_secrets.promote(ref, FIRST, expected=base, not_after=bench.soon())
    assert not bench.destination.describe(ref).exists


def test_a_secret_that_another_controller_took_over_meanwhile_is_not_promoted(
    bench: KubernetesBench,
) -> None:
    ref, _ = rotated(bench)
    stage(bench, ref, SECOND, base=FIRST, key=material(2))
    before = contents(bench, ref)
    labels = {"reconcile.external-secrets.io/managed": "true"}
    patch(bench, ref, {"metadata": {"labels": labels}})
    # It has written none of our fields yet, so by its version the Secret is still ours.
    assert bench.destination.describe(ref).current == FIRST
    with pytest.raises(RejectedError, match="another controller writes"):
        promote(bench, ref, SECOND, expected=FIRST)
    assert contents(bench, ref) == before


def test_a_secret_that_became_immutable_meanwhile_is_refused_with_the_remedy(
    bench: KubernetesBench,
) -> None:
    ref, _ = rotated(bench)
    stage(bench, ref, SECOND, base=FIRST, key=material(2))
    before = contents(bench, ref)
    patch(bench, ref, {"immutable": True})
    with pytest.raises(RejectedError, match="the Secret is immutable") as caught:
        promote(bench, ref, SECOND, expected=FIRST)
    assert "make a new Secret" in caught.value.hint
    assert contents(bench, ref) == before


def test_unstaging_leaves_what_a_promotion_of_the_same_moment_calls_previous(
    bench: KubernetesBench,
) -> None:
    ref, base = rotated(bench)
    secrets, api = meddled(bench)

    def promote_the_next() -> None:
        stage(bench, ref, SECOND, base=FIRST, key=material(2))
        promote(bench, ref, SECOND, expected=FIRST)

    api.before_merge = promote_the_next
    with pytest.raises(ConflictError):
        secrets.unstage(ref, base, not_after=bench.soon())
    state = bench.destination.describe(ref)
    assert (state.current, state.previous) == (SECOND, FIRST)


def test_unstaging_leaves_what_is_staged_at_the_same_moment_pending(
    bench: KubernetesBench,
) -> None:
    ref, base = owned(bench)
    stage(bench, ref, FIRST, base=base)
    secrets, api = meddled(bench)
    api.before_merge = lambda: stage(bench, ref, SECOND, base=base, key=material(2))
    with pytest.raises(ConflictError):
        secrets.unstage(ref, FIRST, not_after=bench.soon())
    assert bench.destination.describe(ref).pending == {SECOND}


def test_a_promotion_leaves_what_is_staged_right_after_its_pivot_pending(
    bench: KubernetesBench,
) -> None:
    ref, base = owned(bench)
    stage(bench, ref, FIRST, base=base)
    secrets, api = meddled(bench)
    api.before_merge = lambda: stage(bench, ref, SECOND, base=FIRST, key=material(2))
    secrets.promote(ref, FIRST, expected=base, not_after=bench.soon())
    state = bench.destination.describe(ref)
    assert (state.current, state.pending) == (FIRST, frozenset({SECOND}))


def test_of_two_who_stage_at_the_same_moment_only_one_does(bench: KubernetesBench) -> None:
    ref, base = owned(bench)
    secrets, api = meddled(bench)
    api.before_merge = lambda: stage(bench, ref, SECOND, base=base, key=material(2))
    with pytest.raises(ConflictError):
        secrets.stage(ref, FIRST, material(), base=base, not_after=bench.soon())
    state = bench.destination.describe(ref)
    assert state.pending == {SECOND}
    assert state.versions == {base, SECOND}
    assert FIRST not in bench.cluster.secret(COMPANION.format(name=ref.name))["data"]
