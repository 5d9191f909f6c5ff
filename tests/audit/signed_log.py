"""A log that is signed: a sealer with a notary, on a clock that a test moves."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from rotator.audit.checkpoints import Notary
from rotator.audit.sealer import Sealer
from rotator.audit.signing import Signer, generate
from rotator.core.chain import leaf_hash
from rotator.core.tree import Tree
from rotator.errors import TamperError, UnavailableError
from rotator.testing.builders import EPOCH, audit_record
from rotator.testing.manual_clock import ManualClock, SeededChance
from rotator.testing.memory_evidence import MemorySink, QuietTelemetry
from rotator.testing.memory_journal import MemoryJournal

if TYPE_CHECKING:
    from rotator.audit.checkpoint_places import CheckpointPlace
    from rotator.core.events import SealedRecord

SIGNER = Signer.read(generate(), "test")
MINUTE = timedelta(minutes=1)


class MemoryPlace:
    """A `CheckpointPlace` in memory that can be down."""

    def __init__(self, name: str = "place") -> None:
        self.name = name
        self.notes: list[str] = []
        self.down = False
        self.fatal: TamperError | None = None

    def newest(self) -> str | None:
        self._answer()
        return self.notes[-1] if self.notes else None

    def put(self, size: int, note: str) -> None:
        del size
        self._answer()
        self.notes.append(note)

    @property
    def sizes(self) -> list[int]:
        return [SIGNER.verifier.verify(note).size for note in self.notes]

    def _answer(self) -> None:
        if self.fatal is not None:
            raise self.fatal
        if self.down:
            raise UnavailableError("the place is down")


class DownJournal(MemoryJournal):
    """A journal that loses its disk when told to."""

    is_down = False

    def sealed_after(self, seq: int, *, limit: int) -> tuple[SealedRecord, ...]:
        if self.is_down:
            raise UnavailableError("the disk is gone")
        return super().sealed_after(seq, limit=limit)


class Log:
    """A sealer with a notary, on a clock that a test moves."""

    def __init__(self, *places: CheckpointPlace, every: int = 3) -> None:
        self.journal = DownJournal(SeededChance())
        self.clock = ManualClock(EPOCH)
        self.telemetry = QuietTelemetry()
        self.sink = MemorySink()
        self.every = every
        self.start(*places)

    def start(self, *places: CheckpointPlace) -> None:
        """Start a process on the same journal."""
        self.notary = Notary(
            self.journal,
            SIGNER,
            places,
            every=self.every,
            after=MINUTE,
            clock=self.clock,
            telemetry=self.telemetry,
        )
        self.sealer = Sealer(
            self.journal,
            [self.sink],
            log_name="test",
            lag_limit=timedelta(minutes=5),
            telemetry=self.telemetry,
            companions=[self.notary],
        )
        self.sealer.seal()  # places are asked what they have

    def write(self, *names: object) -> None:
        self.journal.append(tuple(audit_record(name) for name in names))
        self.sealer.seal()

    @property
    def root(self) -> bytes:
        return Tree.empty().extended(leaf_hash(it.line) for it in self.sink.records).root()

    def errors(self) -> list[str]:
        return [event for level, event, _ in self.telemetry.lines if level == "error"]
