"""The contract of `rotator.ports.destination`, sentence by sentence, as tests.

An implementation is held to it like this::

    class TestOurAdapter(DestinationContract):
        @pytest.fixture
        def bench(self) -> DestinationBench:
            return OurBench(...)
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from rotator.errors import (
    AccessDeniedError,
    ConflictError,
    NotFoundError,
    OutcomeUnknownError,
    PermanentError,
    RejectedError,
    TransientError,
)
from rotator.ports.destination import Destination
from rotator.testing.bench import Fault
from rotator.testing.bundle_contract import BundleContract
from rotator.testing.destination_bench import (
    FIRST,
    contents,
    material,
    owned,
    published,
    stage,
)
from rotator.testing.promotion_contract import (
    HistoryContract,
    PromoteContract,
    ReadBackContract,
    UnstageContract,
    VersionsContract,
)

if TYPE_CHECKING:
    from rotator.testing.destination_bench import DestinationBench


class DescribeContract:
    """What an object is like, without its secret."""

    def test_it_is_a_destination(self, bench: DestinationBench) -> None:
        """The methods are there, by the names of the port."""
        assert isinstance(bench.destination, Destination)

    def test_a_missing_object_is_a_state(self, bench: DestinationBench) -> None:
        """Describing neither raises nor creates."""
        ref = bench.new_ref(create=True)
        assert not bench.destination.describe(ref).exists
        assert not bench.destination.describe(ref).exists

    def test_an_object_tells_its_current_version(self, bench: DestinationBench) -> None:
        """The version that consumers read is the one that somebody wrote last."""
        ref = bench.new_ref()
        first = bench.create_by_hand(ref, "{}")
        assert bench.destination.describe(ref).current == first
        second = bench.write_by_hand(ref, '{"note": "second"}')
        state = bench.destination.describe(ref)
        assert state.exists
        assert state.current == second
        assert state.pending == frozenset()
        assert not state.native_rotation
        assert not state.deletion_scheduled

    def test_unlabelled_versions_are_told_too(self, bench: DestinationBench) -> None:
        """A key that was stored once is never taken for lost."""
        ref, base = owned(bench)
        stage(bench, ref, FIRST, base=base)
        bench.destination.unstage(ref, FIRST, not_after=bench.soon())
        assert FIRST in bench.destination.describe(ref).versions

    @pytest.mark.parametrize("owner", [None, "another-installation"])
    def test_the_owner_is_told(self, bench: DestinationBench, owner: str | None) -> None:
        """Untagged and another's are different things."""
        ref = bench.new_ref()
        bench.create_by_hand(ref, "{}", owner=owner)
        assert bench.destination.describe(ref).owner == owner

    def test_native_rotation_is_told(self, bench: DestinationBench) -> None:
        """Two rotations on one object would fight."""
        ref, _ = owned(bench)
        bench.switch_native_rotation_on(ref)
        assert bench.destination.describe(ref).native_rotation

    def test_a_scheduled_deletion_is_told(self, bench: DestinationBench) -> None:
        """The object is still there, and will not be."""
        ref, _ = owned(bench)
        bench.schedule_deletion(ref)
        state = bench.destination.describe(ref)
        assert state.exists
        assert state.deletion_scheduled

    def test_a_denied_description_is_access_denied(self, bench: DestinationBench) -> None:
        """A missing permission is never "does not exist"."""
        ref, _ = owned(bench)
        with bench.failing(Fault.DENIED), pytest.raises(AccessDeniedError):
            bench.destination.describe(ref)

    def test_a_throttled_description_is_transient(self, bench: DestinationBench) -> None:
        """Being asked to slow down is never an answer about the object."""
        ref, _ = owned(bench)
        with bench.failing(Fault.THROTTLED), pytest.raises(TransientError):
            bench.destination.describe(ref)


class PrepareContract:
    """Making an object ours."""

    def test_preparing_a_missing_object_is_not_found(self, bench: DestinationBench) -> None:
        """Nothing is created where no rule said so."""
        ref = bench.new_ref(create=False)
        with pytest.raises(NotFoundError):
            bench.destination.prepare(ref, not_after=bench.soon())
        assert not bench.destination.describe(ref).exists

    def test_a_created_object_is_ours_and_holds_a_placeholder(
        self, bench: DestinationBench
    ) -> None:
        """A first version becomes current at once, so it must not be a key."""
        ref = bench.new_ref(create=True)
        bench.destination.prepare(ref, not_after=bench.soon())
        state = bench.destination.describe(ref)
        assert state.exists
        assert state.owner == bench.owner
        assert state.current is not None
        assert contents(bench, ref) == {}
        stage(bench, ref, FIRST, base=state.current)
        assert bench.destination.describe(ref).current == state.current

    def test_preparing_again_changes_nothing(self, bench: DestinationBench) -> None:
        """That is what makes a repeat after a crash safe."""
        ref = bench.new_ref(create=True)
        bench.destination.prepare(ref, not_after=bench.soon())
        before = bench.destination.describe(ref)
        bench.destination.prepare(ref, not_after=bench.soon())
        assert bench.destination.describe(ref) == before

    def test_an_untagged_object_gets_our_tag(self, bench: DestinationBench) -> None:
        """Its content stays what it was."""
        ref = bench.new_ref()
        version = bench.create_by_hand(ref, '{"note": "theirs"}')
        bench.destination.prepare(ref, not_after=bench.soon())
        state = bench.destination.describe(ref)
        assert (state.owner, state.current) == (bench.owner, version)
        assert contents(bench, ref) == {"note": "theirs"}

    def test_anothers_object_is_refused(self, bench: DestinationBench) -> None:
        """Its tag stays what it was."""
        ref = bench.new_ref(create=True)
        bench.create_by_hand(ref, "{}", owner="another-installation")
        with pytest.raises(RejectedError):
            bench.destination.prepare(ref, not_after=bench.soon())
        assert bench.destination.describe(ref).owner == "another-installation"

    def test_nothing_is_prepared_after_not_after(self, bench: DestinationBench) -> None:
        """Neither an object nor a tag is made by a call that woke up too late."""
        missing, untagged = bench.new_ref(create=True), bench.new_ref()
        bench.create_by_hand(untagged, "{}")
        for ref in (missing, untagged):
            with pytest.raises(ConflictError):
                bench.destination.prepare(ref, not_after=bench.past())
        assert not bench.destination.describe(missing).exists
        assert bench.destination.describe(untagged).owner is None


class StageContract:
    """Storing a key where no consumer reads it yet."""

    def test_a_staged_version_is_pending_and_not_current(self, bench: DestinationBench) -> None:
        """Consumers go on reading what they read."""
        ref, base = owned(bench)
        stage(bench, ref, FIRST, base=base)
        state = bench.destination.describe(ref)
        assert state.current == base
        assert FIRST in state.pending
        assert FIRST in state.versions
        assert contents(bench, ref) == {"note": "first"}
        assert contents(bench, ref, FIRST) == published(ref, material())

    def test_staging_again_is_harmless(self, bench: DestinationBench) -> None:
        """Equal content under an equal token is one version."""
        ref, base = owned(bench)
        stage(bench, ref, FIRST, base=base)
        before = bench.destination.describe(ref)
        stage(bench, ref, FIRST, base=base)
        assert bench.destination.describe(ref) == before

    def test_other_content_under_the_same_token_is_rejected(self, bench: DestinationBench) -> None:
        """A token names its content for ever."""
        ref, base = owned(bench)
        stage(bench, ref, FIRST, base=base)
        with pytest.raises(RejectedError):
            stage(bench, ref, FIRST, base=base, key=material(2))
        assert contents(bench, ref, FIRST) == published(ref, material())

    def test_a_moved_base_is_a_conflict_and_stores_nothing(self, bench: DestinationBench) -> None:
        """Somebody wrote in between; what they wrote must not be lost."""
        ref, base = owned(bench)
        bench.write_by_hand(ref, '{"note": "second"}')
        with pytest.raises(ConflictError):
            stage(bench, ref, FIRST, base=base)
        assert FIRST not in bench.destination.describe(ref).versions

    def test_merging_keeps_the_other_fields_of_the_base(self, bench: DestinationBench) -> None:
        """Our two fields are replaced, everybody else's stay."""
        ref, base = owned(
            bench, merge=True, content='{"AccessKeyId": "AKIAOLD", "db": {"host": "x"}, "n": 1}'
        )
        stage(bench, ref, FIRST, base=base)
        expected = {"db": {"host": "x"}, "n": 1, **published(ref, material())}
        assert contents(bench, ref, FIRST) == expected

    def test_merging_into_something_else_than_an_object_is_rejected(
        self, bench: DestinationBench
    ) -> None:
        """A list, or plain text, has no other fields to keep."""
        for text in ("[1, 2]", "plain text"):
            ref, base = owned(bench, merge=True, content=text)
            with pytest.raises(RejectedError):
                stage(bench, ref, FIRST, base=base)
            assert FIRST not in bench.destination.describe(ref).versions

    def test_a_result_that_is_too_large_is_rejected(self, bench: DestinationBench) -> None:
        """It is found out before anything is stored."""
        if bench.size_limit is None:
            pytest.skip("there is no limit here")
        filler = "x" * (bench.size_limit - len('{"big": ""}'))
        ref, base = owned(bench, merge=True, content=json.dumps({"big": filler}))
        with pytest.raises(RejectedError):
            stage(bench, ref, FIRST, base=base)
        assert FIRST not in bench.destination.describe(ref).versions

    def test_staging_into_a_missing_object_is_not_found(self, bench: DestinationBench) -> None:
        """Only `prepare` creates."""
        ref = bench.new_ref(create=True)
        with pytest.raises(NotFoundError):
            stage(bench, ref, FIRST, base=None)
        assert not bench.destination.describe(ref).exists

    def test_staging_before_a_deletion_is_refused(self, bench: DestinationBench) -> None:
        """A key stored in an object that is going away is a lost key."""
        ref, base = owned(bench)
        bench.schedule_deletion(ref)
        with pytest.raises(PermanentError):
            stage(bench, ref, FIRST, base=base)
        assert FIRST not in bench.destination.describe(ref).versions

    def test_nothing_is_staged_after_not_after(self, bench: DestinationBench) -> None:
        """A stage that woke up too late is not sent."""
        ref, base = owned(bench)
        with pytest.raises(ConflictError):
            bench.destination.stage(ref, FIRST, material(), base=base, not_after=bench.past())
        assert FIRST not in bench.destination.describe(ref).versions

    def test_a_stage_whose_answer_was_lost_can_be_repeated(self, bench: DestinationBench) -> None:
        """The token makes the second one the same as the first."""
        ref, base = owned(bench)
        with (
            bench.failing(Fault.LOST_ANSWER),
            pytest.raises((OutcomeUnknownError, TransientError)),
        ):
            stage(bench, ref, FIRST, base=base)
        stage(bench, ref, FIRST, base=base)
        state = bench.destination.describe(ref)
        assert (state.current, state.pending) == (base, frozenset({FIRST}))


class DestinationContract(
    DescribeContract,
    PrepareContract,
    StageContract,
    PromoteContract,
    UnstageContract,
    ReadBackContract,
    VersionsContract,
    HistoryContract,
    BundleContract,
):
    """Everything that a destination promises; a subclass offers the fixture `bench`."""
