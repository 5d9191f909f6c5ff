"""The contract of `rotator.ports.destination.CanSearch`, sentence by sentence, as tests.

An implementation is held to it like this::

    class TestOurSearch(SearchContract):
        @pytest.fixture
        def bench(self) -> DestinationBench:
            return OurBench(...)
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from rotator.core.survey import Shape
from rotator.errors import PermanentError, TransientError
from rotator.ports.destination import CanSearch
from rotator.testing.bench import Fault
from rotator.testing.destination_bench import material, owned

if TYPE_CHECKING:
    from rotator.core.facts import DestinationRef
    from rotator.core.survey import FoundObject
    from rotator.testing.destination_bench import DestinationBench

_EXAMPLE = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"


class SearchContract:
    """The capability `CanSearch`."""

    @pytest.fixture
    def searcher(self, bench: DestinationBench) -> CanSearch:
        """Return the implementation as one that can be searched."""
        assert isinstance(bench.destination, CanSearch)
        return bench.destination

    def test_every_object_of_the_place_is_found(
        self, bench: DestinationBench, searcher: CanSearch
    ) -> None:
        """More than one page of them, and each once."""
        made = [owned(bench)[0] for _ in range(120)]
        found = list(searcher.search(made[0].account, made[0].region))
        assert sorted(item.name for item in found) == sorted(ref.name for ref in made)

    def test_a_key_is_found_with_its_two_fields(
        self, bench: DestinationBench, searcher: CanSearch
    ) -> None:
        """The fields are told as they are called there, and their number."""
        key = material()
        text = {"note": "x", "access_key": key.key_id, "secret_key": key.secret.reveal()}
        ref, _ = owned(bench, content=json.dumps(text))
        item = _one(searcher, ref)
        (stands,) = item.keys
        assert (item.shape, item.fields) == (Shape.FIELDS, 3)
        assert (stands.key_id, stands.is_addressable) == (key.key_id, True)
        assert (stands.key_id_field, stands.secret_field) == ("access_key", "secret_key")

    def test_only_the_current_version_counts(
        self, bench: DestinationBench, searcher: CanSearch
    ) -> None:
        """What consumers read is what is told."""
        ref, _ = owned(bench, content=json.dumps({"AccessKeyId": material().key_id}))
        bench.write_by_hand(ref, json.dumps({"AccessKeyId": material(2).key_id}))
        assert [key.key_id for key in _one(searcher, ref).keys] == [material(2).key_id]

    def test_text_and_emptiness_are_told(
        self, bench: DestinationBench, searcher: CanSearch
    ) -> None:
        """A key in a text is found, although no rule can name its place."""
        text, _ = owned(bench, content=f"AWS_ACCESS_KEY_ID={material().key_id}")
        empty, _ = owned(bench, content="{}")
        assert _one(searcher, text).shape is Shape.TEXT
        assert [key.is_addressable for key in _one(searcher, text).keys] == [False]
        assert (_one(searcher, empty).shape, _one(searcher, empty).keys) == (Shape.EMPTY, ())

    def test_whose_an_object_is_and_who_rotates_it_is_told(
        self, bench: DestinationBench, searcher: CanSearch
    ) -> None:
        """Ours, another's, nobody's."""
        ours, _ = owned(bench)
        theirs, nobodys = bench.new_ref(), bench.new_ref()
        bench.create_by_hand(theirs, "{}", owner="another-installation")
        bench.create_by_hand(nobodys, "{}")
        bench.switch_native_rotation_on(nobodys)
        owners = [_one(searcher, ref).owner for ref in (ours, theirs, nobodys)]
        assert owners == [bench.owner, "another-installation", None]
        assert _one(searcher, nobodys).is_rotated_natively
        assert not _one(searcher, ours).is_rotated_natively

    def test_what_is_going_to_be_deleted_is_left_out(
        self, bench: DestinationBench, searcher: CanSearch
    ) -> None:
        """Nobody should be told to publish there."""
        ref, _ = owned(bench)
        bench.schedule_deletion(ref)
        assert list(searcher.search(ref.account, ref.region)) == []

    def test_other_places_are_left_out(self, bench: DestinationBench, searcher: CanSearch) -> None:
        """An object is found where it is."""
        ref, _ = owned(bench)
        assert list(searcher.search(ref.account, "us-west-2")) == []

    def test_no_secret_is_told(self, bench: DestinationBench, searcher: CanSearch) -> None:
        """Neither as a field, nor as its name, nor in a text."""
        for text in (
            json.dumps({"AccessKeyId": material().key_id, "SecretAccessKey": _EXAMPLE}),
            json.dumps({_EXAMPLE: material().key_id}),
            f"{_EXAMPLE}:{material().key_id}",
        ):
            ref, _ = owned(bench, content=text)
            assert _EXAMPLE not in repr(_one(searcher, ref))

    def test_a_refused_search_is_an_error(
        self, bench: DestinationBench, searcher: CanSearch
    ) -> None:
        """It is never "there is nothing"."""
        ref, _ = owned(bench)
        with bench.failing(Fault.DENIED), pytest.raises(PermanentError):
            list(searcher.search(ref.account, ref.region))
        with bench.failing(Fault.THROTTLED), pytest.raises(TransientError):
            list(searcher.search(ref.account, ref.region))


def _one(searcher: CanSearch, ref: DestinationRef) -> FoundObject:
    found = searcher.search(ref.account, ref.region)
    return next(item for item in found if item.name == ref.name)
