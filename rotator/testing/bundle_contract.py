"""Several credentials in one object, and keys that carry their own id, as tests.

`rotator.testing.destination_contract` puts them together with the rest.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from rotator.core.ids import KeyId
from rotator.core.secret import KeyMaterial, Secret
from rotator.ports.destination import CanReadBack
from rotator.testing.destination_bench import FIRST, SECOND, contents, owned, promote, stage

if TYPE_CHECKING:
    from rotator.core.facts import DestinationRef
    from rotator.testing.destination_bench import DestinationBench

WHOLE = KeyMaterial(key_id=KeyId("ABCDEFGHIJKLMNOP"), secret=Secret("CSAKABCDEFGHIJKLMNOP.s3cret"))
PAIR = KeyMaterial(key_id=KeyId("6e9f8c1e-0000-4000-8000-000000000001"), secret=Secret("0a0b"))
BUNDLE = {
    "CS_WORKSPACE_CRN": "crn:x",
    "CS_CLIENT_ID": "before",
    "CS_CLIENT_KEY": "0000",
    "CS_CLIENT_ACCESS_KEY": "CSAKOLD.old",
}


def _whole(ref: DestinationRef) -> DestinationRef:
    """Name the one field of a key that carries its own id."""
    return replace(ref, key_id_field="", secret_field="CS_CLIENT_ACCESS_KEY")  # noqa: S106


def _pair(ref: DestinationRef) -> DestinationRef:
    return replace(ref, key_id_field="CS_CLIENT_ID", secret_field="CS_CLIENT_KEY")  # noqa: S106


class BundleContract:
    """An object whose fields are several credentials'."""

    def test_a_key_that_carries_its_id_is_stored_in_one_field(
        self, bench: DestinationBench
    ) -> None:
        """No field is made up for an id that the key itself begins with."""
        ref, base = owned(bench)
        stage(bench, _whole(ref), FIRST, base=base, key=WHOLE)
        assert contents(bench, ref, FIRST) == {"CS_CLIENT_ACCESS_KEY": WHOLE.secret.reveal()}

    def test_each_credential_changes_its_own_fields_only(self, bench: DestinationBench) -> None:
        """Neither ever sees a mixed pair, and a bystander's field is kept."""
        ref, base = owned(bench, merge=True, content=json.dumps(BUNDLE))
        stage(bench, _whole(ref), FIRST, base=base, key=WHOLE)
        promote(bench, _whole(ref), FIRST, expected=base)
        stage(bench, _pair(ref), SECOND, base=FIRST, key=PAIR)
        promote(bench, _pair(ref), SECOND, expected=FIRST)
        bench.settle()
        assert contents(bench, ref) == {
            "CS_WORKSPACE_CRN": "crn:x",
            "CS_CLIENT_ID": PAIR.key_id,
            "CS_CLIENT_KEY": PAIR.secret.reveal(),
            "CS_CLIENT_ACCESS_KEY": WHOLE.secret.reveal(),
        }

    def test_each_credential_reads_its_own_key(self, bench: DestinationBench) -> None:
        """The id of a whole key is read out of it, and never its secret."""
        reader = _reader(bench)
        ref, base = owned(bench, merge=True, content=json.dumps(BUNDLE))
        assert reader.published_key_id(_whole(ref)) == "OLD"
        assert reader.published_key_id(_pair(ref)) == "before"
        stage(bench, _whole(ref), FIRST, base=base, key=WHOLE)
        staged = reader.read_staged(_whole(ref), FIRST)
        assert (staged.key_id, staged.secret.reveal()) == (WHOLE.key_id, WHOLE.secret.reveal())

    def test_an_empty_field_publishes_no_key(self, bench: DestinationBench) -> None:
        """A bundle may be prepared before all of its parts exist."""
        reader = _reader(bench)
        ref, _ = owned(bench, content='{"CS_CLIENT_ACCESS_KEY": ""}')
        assert reader.published_key_id(_whole(ref)) is None


def _reader(bench: DestinationBench) -> CanReadBack:
    if not isinstance(bench.destination, CanReadBack):
        pytest.skip(f"{type(bench.destination).__name__} does not read back")
    return bench.destination
