"""The contract of a destination from promotion on, as tests.

`rotator.testing.destination_contract` puts it together with the rest.
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
from rotator.ports.destination import CanReadBack, CanReadHistory, CanReadVersions
from rotator.testing.bench import Fault
from rotator.testing.destination_bench import (
    FIRST,
    SECOND,
    UNKNOWN,
    contents,
    material,
    owned,
    promote,
    published,
    stage,
)

if TYPE_CHECKING:
    from rotator.testing.destination_bench import DestinationBench


class PromoteContract:
    """The pivot: what consumers read changes, if it still is what we expect."""

    def test_a_promoted_version_is_what_consumers_read(self, bench: DestinationBench) -> None:
        """It is current, no longer pending, and the one before is still stored."""
        ref, base = owned(bench)
        stage(bench, ref, FIRST, base=base)
        promote(bench, ref, FIRST, expected=base)
        state = bench.destination.describe(ref)
        assert (state.current, state.pending) == (FIRST, frozenset())
        assert base in state.versions
        assert state.previous in (None, base)
        assert contents(bench, ref) == published(ref, material())

    def test_promoting_what_is_current_is_no_error(self, bench: DestinationBench) -> None:
        """That is what makes a repeat after a lost answer safe."""
        ref, base = owned(bench)
        stage(bench, ref, FIRST, base=base)
        promote(bench, ref, FIRST, expected=base)
        before = bench.destination.describe(ref)
        promote(bench, ref, FIRST, expected=base)
        promote(bench, ref, FIRST, expected=FIRST)
        assert bench.destination.describe(ref) == before

    def test_promoting_what_is_current_clears_a_pending_label(
        self, bench: DestinationBench
    ) -> None:
        """A crash between two labels leaves nothing that blocks the next rotation."""
        ref, base = owned(bench)
        stage(bench, ref, FIRST, base=base)
        promote(bench, ref, FIRST, expected=base)
        bench.mark_pending_by_hand(ref, FIRST)
        promote(bench, ref, FIRST, expected=base)
        state = bench.destination.describe(ref)
        assert (state.current, state.pending) == (FIRST, frozenset())

    def test_another_current_version_is_a_conflict(self, bench: DestinationBench) -> None:
        """Compare and swap: what somebody wrote in between stays current."""
        ref, base = owned(bench)
        stage(bench, ref, FIRST, base=base)
        foreign = bench.write_by_hand(ref, '{"note": "in between"}')
        with pytest.raises(ConflictError):
            promote(bench, ref, FIRST, expected=base)
        state = bench.destination.describe(ref)
        assert state.current == foreign
        assert FIRST in state.versions
        assert contents(bench, ref) == {"note": "in between"}

    def test_a_version_that_was_never_staged_is_not_promoted(self, bench: DestinationBench) -> None:
        """Consumers go on reading what they read."""
        ref, base = owned(bench)
        with pytest.raises(PermanentError):
            promote(bench, ref, UNKNOWN, expected=base)
        assert bench.destination.describe(ref).current == base

    def test_promoting_in_a_missing_object_is_not_found(self, bench: DestinationBench) -> None:
        """There is nothing to promote in."""
        with pytest.raises(NotFoundError):
            promote(bench, bench.new_ref(), FIRST, expected=None)

    def test_nothing_is_promoted_after_not_after(self, bench: DestinationBench) -> None:
        """A promote that woke up too late is not sent."""
        ref, base = owned(bench)
        stage(bench, ref, FIRST, base=base)
        with pytest.raises(ConflictError):
            bench.destination.promote(ref, FIRST, expected=base, not_after=bench.past())
        assert bench.destination.describe(ref).current == base

    def test_a_promote_whose_answer_was_lost_can_be_repeated(self, bench: DestinationBench) -> None:
        """However far the first one came, the second one finishes it."""
        ref, base = owned(bench)
        stage(bench, ref, FIRST, base=base)
        with (
            bench.failing(Fault.LOST_ANSWER),
            pytest.raises((OutcomeUnknownError, TransientError)),
        ):
            promote(bench, ref, FIRST, expected=base)
        promote(bench, ref, FIRST, expected=base)
        state = bench.destination.describe(ref)
        assert (state.current, state.pending) == (FIRST, frozenset())

    def test_a_denied_promote_changed_nothing(self, bench: DestinationBench) -> None:
        """A missing permission is told by its class."""
        ref, base = owned(bench)
        stage(bench, ref, FIRST, base=base)
        with bench.failing(Fault.DENIED), pytest.raises(AccessDeniedError):
            promote(bench, ref, FIRST, expected=base)
        assert bench.destination.describe(ref).current == base


class UnstageContract:
    """Taking labels off, so that nothing blocks and nobody falls back."""

    def test_an_unstaged_version_is_not_pending(self, bench: DestinationBench) -> None:
        """The object is free for the next rotation."""
        ref, base = owned(bench)
        stage(bench, ref, FIRST, base=base)
        bench.destination.unstage(ref, FIRST, not_after=bench.soon())
        state = bench.destination.describe(ref)
        assert (state.current, state.pending) == (base, frozenset())

    def test_unstaging_without_a_label_is_no_error(self, bench: DestinationBench) -> None:
        """Twice, or a version that was never stored: there is no label to take."""
        ref, base = owned(bench)
        stage(bench, ref, FIRST, base=base)
        for version in (FIRST, FIRST, UNKNOWN):
            bench.destination.unstage(ref, version, not_after=bench.soon())
        assert bench.destination.describe(ref).current == base

    def test_the_previous_version_loses_its_label(self, bench: DestinationBench) -> None:
        """Nobody falls back to a key that is about to be deleted."""
        ref, base = owned(bench)
        stage(bench, ref, FIRST, base=base)
        promote(bench, ref, FIRST, expected=base)
        bench.destination.unstage(ref, base, not_after=bench.soon())
        state = bench.destination.describe(ref)
        assert (state.current, state.previous) == (FIRST, None)

    def test_the_current_version_stays_current(self, bench: DestinationBench) -> None:
        """Every label but "current"."""
        ref, base = owned(bench)
        bench.mark_pending_by_hand(ref, base)
        bench.destination.unstage(ref, base, not_after=bench.soon())
        state = bench.destination.describe(ref)
        assert (state.current, state.pending) == (base, frozenset())

    def test_only_the_named_version_loses_its_labels(self, bench: DestinationBench) -> None:
        """Another rotation's pending version stays pending."""
        ref, base = owned(bench)
        stage(bench, ref, SECOND, base=base)
        bench.destination.unstage(ref, FIRST, not_after=bench.soon())
        assert bench.destination.describe(ref).pending == {SECOND}

    def test_nothing_is_unstaged_after_not_after(self, bench: DestinationBench) -> None:
        """An unstage that woke up too late is not sent."""
        ref, base = owned(bench)
        stage(bench, ref, FIRST, base=base)
        with pytest.raises(ConflictError):
            bench.destination.unstage(ref, FIRST, not_after=bench.past())
        assert FIRST in bench.destination.describe(ref).pending


class ReadBackContract:
    """The capability `CanReadBack`."""

    @pytest.fixture
    def reader(self, bench: DestinationBench) -> CanReadBack:
        """Return the implementation as a reader, or skip."""
        if not isinstance(bench.destination, CanReadBack):
            pytest.skip(f"{type(bench.destination).__name__} does not read back")
        return bench.destination

    def test_a_staged_key_is_read_back(self, bench: DestinationBench, reader: CanReadBack) -> None:
        """It is the key that we stored, secret and all."""
        ref, base = owned(bench, merge=True)
        stage(bench, ref, FIRST, base=base)
        found = reader.read_staged(ref, FIRST)
        assert found.key_id == material().key_id
        assert found.secret.reveal() == material().secret.reveal()

    def test_a_version_that_was_never_stored_is_not_found(
        self, bench: DestinationBench, reader: CanReadBack
    ) -> None:
        """It is never somebody else's content instead."""
        ref, _ = owned(bench)
        with pytest.raises(NotFoundError):
            reader.read_staged(ref, UNKNOWN)

    def test_the_published_key_is_told_by_its_id(
        self, bench: DestinationBench, reader: CanReadBack
    ) -> None:
        """It follows the current version, not the newest."""
        ref, base = owned(bench, content='{"AccessKeyId": "AKIAOLD", "SecretAccessKey": "x"}')
        stage(bench, ref, FIRST, base=base)
        assert reader.published_key_id(ref) == "AKIAOLD"
        promote(bench, ref, FIRST, expected=base)
        assert reader.published_key_id(ref) == material().key_id

    @pytest.mark.parametrize("text", ["{}", "[]", "plain text", '{"AccessKeyId": 7}'])
    def test_a_version_without_a_key_publishes_none(
        self, bench: DestinationBench, reader: CanReadBack, text: str
    ) -> None:
        """A placeholder, or somebody's own format, is not an error."""
        ref, _ = owned(bench, content=text)
        assert reader.published_key_id(ref) is None


class VersionsContract:
    """The capability `CanReadVersions`."""

    @pytest.fixture
    def archive(self, bench: DestinationBench) -> CanReadVersions:
        """Return the implementation as a reader of any version, or skip."""
        if not isinstance(bench.destination, CanReadVersions):
            pytest.skip(f"{type(bench.destination).__name__} does not read any version")
        return bench.destination

    def test_a_version_that_lost_its_labels_is_read(
        self, bench: DestinationBench, archive: CanReadVersions
    ) -> None:
        """It carries the key that was replaced, secret and all."""
        old = material(number=7)
        ref, base = owned(bench)
        content = json.dumps(published(ref, old))
        before = bench.write_by_hand(ref, content)
        bench.settle()
        stage(bench, ref, FIRST, base=before)
        promote(bench, ref, FIRST, expected=before)
        bench.destination.unstage(ref, before, not_after=bench.soon())
        found = archive.read_version(ref, before)
        assert before != base
        assert found.key_id == old.key_id
        assert found.secret.reveal() == old.secret.reveal()

    def test_a_version_that_is_not_stored_is_not_found(
        self, bench: DestinationBench, archive: CanReadVersions
    ) -> None:
        """It is never the current one instead."""
        ref, base = owned(bench)
        stage(bench, ref, FIRST, base=base)
        promote(bench, ref, FIRST, expected=base)
        with pytest.raises(NotFoundError):
            archive.read_version(ref, UNKNOWN)

    def test_a_version_without_our_fields_is_refused(
        self, bench: DestinationBench, archive: CanReadVersions
    ) -> None:
        """A placeholder carries no key that could be tried."""
        ref, base = owned(bench, content="{}")
        with pytest.raises(RejectedError):
            archive.read_version(ref, base)


class HistoryContract:
    """The capability `CanReadHistory`."""

    @pytest.fixture
    def history(self, bench: DestinationBench) -> CanReadHistory:
        """Return the implementation as a reader of history, or skip."""
        if not isinstance(bench.destination, CanReadHistory):
            pytest.skip(f"{type(bench.destination).__name__} does not tell its history")
        return bench.destination

    def test_the_key_that_was_replaced_is_told_by_its_id(
        self, bench: DestinationBench, history: CanReadHistory
    ) -> None:
        """It is what consumers were given before the current version."""
        ref, base = owned(bench, content='{"AccessKeyId": "AKIAOLD", "SecretAccessKey": "x"}')
        stage(bench, ref, FIRST, base=base)
        promote(bench, ref, FIRST, expected=base)
        assert history.previous_key_id(ref) == "AKIAOLD"

    def test_an_object_that_was_never_changed_has_no_key_before(
        self, bench: DestinationBench, history: CanReadHistory
    ) -> None:
        """A pending version is not the one before, and a missing one is no error."""
        ref, base = owned(bench, content='{"AccessKeyId": "AKIAOLD", "SecretAccessKey": "x"}')
        stage(bench, ref, FIRST, base=base)
        assert history.previous_key_id(ref) is None
