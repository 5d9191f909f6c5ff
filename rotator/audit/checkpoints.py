"""Signing the log: a checkpoint of what is durable, put where it is kept.

The tree of the log is built from the journal, by whoever starts, in pieces that
hold up nobody. What an earlier process signed is compared with it on the way: a
checkpoint that the journal contradicts says that the log was cut or rewritten, and
then nothing is signed any more, for a new signature would cover that up.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rotator.audit.feeding import BATCH, NO_ANSWER, TOO_SLOW
from rotator.core.chain import leaf_hash, sealed_at
from rotator.core.checkpoint import Checkpoint, parse_checkpoint, parse_note
from rotator.core.standing import SinkStanding
from rotator.core.tree import Tree
from rotator.errors import FatalError, RotatorError, UnavailableError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import timedelta

    from rotator.audit.checkpoint_places import CheckpointPlace
    from rotator.audit.running import Jobs
    from rotator.audit.signing import Signer
    from rotator.core.events import SealedRecord
    from rotator.core.ids import Instant
    from rotator.core.standing import AuditStanding
    from rotator.ports.clock import Clock
    from rotator.ports.evidence import Telemetry
    from rotator.ports.journal import AuditQueue

_BATCHES_A_ROUND = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class _Signed:
    """A checkpoint of ours, as a note."""

    size: int
    note: str
    at: Instant


class _Delivery:
    """One place, what it holds, and whether it keeps up; its `run` may be in a thread."""

    def __init__(self, place: CheckpointPlace, origin: str, telemetry: Telemetry) -> None:
        self.name = place.name
        self.found: Checkpoint | None = None
        self.size = 0
        self.has_answered = False
        self.wanted: _Signed | None = None
        self._place = place
        self._origin = origin
        self._telemetry = telemetry
        self.stored_at: Instant | None = None
        self._error = self._why = ""
        self._told = ""

    @property
    def is_open(self) -> bool:
        """Whether there is something to do."""
        return not self.has_answered or (self.wanted is not None and self.size < self.wanted.size)

    @property
    def is_failing(self) -> bool:
        return self._told != ""

    def run(self) -> None:
        try:
            if not self.has_answered:
                self._look()
            wanted = self.wanted
            # What was found is compared first: a place is given nothing that contradicts it.
            if wanted is not None and self.found is None and self.size < wanted.size:
                self._place.put(wanted.size, wanted.note)
                self.size, self.stored_at = wanted.size, wanted.at
        except FatalError:
            raise
        except RotatorError as error:
            self._error, self._why = error.code, error.diagnostics()
        else:
            self._error = ""

    def judge(self, *, is_busy: bool) -> None:
        error, why = (TOO_SLOW, NO_ANSWER) if is_busy else (self._error, self._why)
        if error and error != self._told:
            self._telemetry.log(
                "error", "checkpoint not stored", place=self.name, code=error, error=why
            )
        self._told = error

    def _look(self) -> None:
        text = self._place.newest()
        if text is not None:
            self.found = _read(text, self._origin)
            self.size = self.found.size
        self.has_answered = True


class Notary:
    """Signs checkpoints and puts them into their places; a `Companion` of the sealer."""

    def __init__(
        self,
        queue: AuditQueue,
        signer: Signer,
        places: Sequence[CheckpointPlace],
        *,
        every: int,
        after: timedelta,
        clock: Clock,
        telemetry: Telemetry,
    ) -> None:
        """Take what is signed, with what, and where it goes.

        Args:
            queue: Where the chain is kept.
            signer: Signs in the log's name.
            places: One or more.
            every: Records after which a checkpoint is due.
            after: Age of the first record that is not signed at which one is due.
            clock: Tells that age.
            telemetry: Is told of checkpoints and of places that fail.
        """
        self._queue = queue
        self._signer = signer
        self._every = every
        self._after = after
        self._clock = clock
        self._telemetry = telemetry
        self._deliveries = tuple(
            _Delivery(place, signer.verifier.name, telemetry) for place in places
        )
        self._tree = Tree.empty()
        self._unsigned_at: Instant | None = None
        self._latest: _Signed | None = None
        self._is_contradicted = False

    def jobs(self, durable: int) -> Jobs:
        """Grow the tree, sign if a checkpoint is due, and name what places lack."""
        try:
            self._advance(durable)
            if self._is_due(durable):
                self._sign()
        except UnavailableError as error:
            self._telemetry.log("error", "audit log not signed", code=error.code)
        return self._open_jobs()

    def last_jobs(self, durable: int) -> Jobs:
        """Sign whatever is not signed yet."""
        try:
            while self._advance(durable):
                pass
            if self._may_sign(durable):
                self._sign()
        except UnavailableError as error:
            self._telemetry.log("error", "audit log not signed", code=error.code)
        return self._open_jobs()

    def judge(self, busy: frozenset[str]) -> None:
        """Hear which places were too slow."""
        for delivery in self._deliveries:
            delivery.judge(is_busy=delivery.name in busy)

    def noted(self, standing: AuditStanding) -> AuditStanding:
        """Add how far the log is signed, and which places for it fail."""
        places = tuple(
            SinkStanding(name=it.name, records=None, is_failing=it.is_failing)
            for it in self._deliveries
        )
        stored = max((it.size for it in self._deliveries), default=0)
        times = [it.stored_at for it in self._deliveries if it.stored_at is not None]
        return replace(
            standing,
            sinks=(*standing.sinks, *places),
            checkpoint_records=stored or None,
            checkpoint_at=max(times, default=None),
            is_valid=False if self._is_contradicted else standing.is_valid,
        )

    def _open_jobs(self) -> Jobs:
        if self._is_contradicted:
            return {}
        return {it.name: it.run for it in self._deliveries if it.is_open}

    def _advance(self, durable: int) -> bool:
        """Take some more records into the tree; False when there are none to take.

        It stops at each size that a place has a checkpoint of, to compare the roots.
        """
        for _ in range(_BATCHES_A_ROUND):
            lacking = self._next_stop(durable + 1) - self._tree.size
            if lacking <= 0:
                return False
            records = self._queue.sealed_after(self._tree.size - 1, limit=min(BATCH, lacking))
            if not records:
                return False
            # Of the line, not the journal's own hash: the line is what sinks are given.
            self._tree = self._tree.extended(leaf_hash(it.line) for it in records)
            self._note_time(records)
        return True

    def _note_time(self, records: Sequence[SealedRecord]) -> None:
        """Remember when the first record was made that is not signed."""
        if self._unsigned_at is None:
            unsigned = (it for it in records if it.seq >= self._signed_size())
            self._unsigned_at = next((sealed_at(it) for it in unsigned), None)

    def _next_stop(self, end: int) -> int:
        """Compare what can be compared, and say how far the tree may grow then."""
        found = [(it, it.found) for it in self._deliveries if it.found is not None]
        if any(known.size < self._tree.size for _, known in found):
            # Found late: a tree does not shrink, so it is grown again.
            self._tree, self._unsigned_at = Tree.empty(), None
        for delivery, known in found:
            if known.size == self._tree.size:
                delivery.found = self._unsigned_at = None
                self._check(delivery.name, known, is_true=known.root == self._tree.root())
            elif known.size > end:
                head = self._queue.head()
                self._check(
                    delivery.name, known, is_true=head is not None and known.size <= head.seq + 1
                )
        return min((it.found.size for it in self._deliveries if it.found is not None), default=end)

    def _check(self, place: str, known: Checkpoint, *, is_true: bool) -> None:
        if not is_true and not self._is_contradicted:
            self._is_contradicted = True
            self._telemetry.log(
                "error", "audit log contradicts a checkpoint", place=place, records=known.size
            )

    def _is_due(self, durable: int) -> bool:
        if not self._may_sign(durable) or self._unsigned_at is None:
            return False
        is_many = self._tree.size - self._signed_size() >= self._every
        # Of a time to come nobody knows how old it is.
        return is_many or abs(self._clock.now() - self._unsigned_at) >= self._after

    def _may_sign(self, durable: int) -> bool:
        """Whether there is something new, and nothing known that speaks against it."""
        return (
            not self._is_contradicted
            and any(it.has_answered for it in self._deliveries)
            and all(it.found is None for it in self._deliveries)
            and self._tree.size == durable + 1
            and self._tree.size > self._signed_size()
        )

    def _signed_size(self) -> int:
        ours = 0 if self._latest is None else self._latest.size
        return max(ours, *(it.size for it in self._deliveries))

    def _sign(self) -> None:
        size = self._tree.size
        origin = self._signer.verifier.name
        note = self._signer.sign(Checkpoint(origin=origin, size=size, root=self._tree.root()))
        self._latest = _Signed(size=size, note=note, at=self._clock.now())
        self._unsigned_at = None
        for delivery in self._deliveries:
            delivery.wanted = self._latest
        self._telemetry.log("info", "audit log signed", records=size)


def _read(text: str, origin: str) -> Checkpoint:
    try:
        checkpoint = parse_checkpoint(parse_note(text).text)
    except ValueError as error:
        raise UnavailableError("the newest checkpoint cannot be read", code="unreadable") from error
    if checkpoint.origin != origin:
        raise UnavailableError("the newest checkpoint is another log's", code="other_log")
    return checkpoint
