"""Where the contract reads otherwise for a Secret, whose fields have owners of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rotator.testing.destination_bench import (
    FIRST,
    contents,
    material,
    owned,
    promote,
    published,
    stage,
)
from rotator.testing.destination_contract import DestinationContract

if TYPE_CHECKING:
    from rotator.ports.destination import CanReadBack
    from rotator.testing.destination_bench import DestinationBench


class KubernetesSecretContract(DestinationContract):
    """Everything that a destination promises, and that other fields are never touched."""

    def test_a_promoted_version_is_what_consumers_read(self, bench: DestinationBench) -> None:
        # Stricter than the suite: what is somebody else's stays, whatever `merge` says.
        ref, base = owned(bench)
        stage(bench, ref, FIRST, base=base)
        promote(bench, ref, FIRST, expected=base)
        state = bench.destination.describe(ref)
        assert (state.current, state.pending, state.previous) == (FIRST, frozenset(), base)
        assert base in state.versions
        assert contents(bench, ref) == {"note": "first", **published(ref, material())}

    def test_merging_into_something_else_than_an_object_is_rejected(
        self, bench: DestinationBench
    ) -> None:
        pytest.skip("the data of a Secret is always an object")

    @pytest.mark.parametrize("text", ["{}", "[]", "plain text"])
    def test_a_version_without_a_key_publishes_none(
        self, bench: DestinationBench, reader: CanReadBack, text: str
    ) -> None:
        # Without a number: the data of a Secret is text.
        super().test_a_version_without_a_key_publishes_none(bench, reader, text)
