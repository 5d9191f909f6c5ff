"""Verification of a log, line by line: the chain, the tree, the signatures, the intents.

It goes through a log of any length in constant memory: of the lines it keeps the place
of the last one and the tree's compact range; of the rest, checkpoints, intents that are
open, and as many findings as a person would read.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from rotator.core.chain import GENESIS, Link, judge, leaf_hash, read_line
from rotator.core.ids import instant
from rotator.core.log_findings import Finding, FindingKind
from rotator.core.open_intents import OpenIntents
from rotator.core.tree import Tree

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rotator.core.chain import Line
    from rotator.core.checkpoint import Checkpoint
    from rotator.core.ids import Instant

MOST_FINDINGS: Final = 10_000
"""Findings that are kept in words; more are counted."""

UNDER_WAY: Final = timedelta(hours=1)
"""How long before a log's end an intent may be without an outcome and yet be in order."""

LONGEST_LINE: Final = 1024 * 1024
"""Bytes of a line that are read at once; records are far shorter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogReport:
    """What came of a verification.

    Attributes:
        findings: Every fault, those of records first; `MOST_FINDINGS` at the most.
        more: Faults beyond these.
        untold: Faults before the time from which on they were asked for.
        records: How many records the log has, by the number of its last one.
        last_at: When the last record was made; None without one.
        covered: How many of them a believed checkpoint of this very log covers.
        checkpoints: How many checkpoints were believed.
        is_signed: Whether they were verified by a key, rather than only compared.
        under_way: Intents near the log's end whose outcome may still come.
    """

    findings: tuple[Finding, ...]
    more: int
    untold: int
    records: int
    last_at: Instant | None
    covered: int
    checkpoints: int
    is_signed: bool
    under_way: int

    @property
    def is_clean(self) -> bool:
        """Whether nothing at all was found."""
        return not self.findings


@dataclass(slots=True)
class _Findings:
    """Keeps findings up to a number, and drops those before a place."""

    kept: list[Finding] = field(default_factory=list)
    more: int = 0
    untold: int = 0

    def add(self, finding: Finding, *, is_told: bool) -> None:
        if not is_told:
            self.untold += 1
        elif len(self.kept) < MOST_FINDINGS:
            self.kept.append(finding)
        else:
            self.more += 1

    def take(self, others: _Findings, *, is_told: bool) -> None:
        """Take over what waited until its time was known."""
        for finding in others.kept:
            self.add(finding, is_told=is_told)
        if is_told:
            self.more += others.more
        else:
            self.untold += others.more


class LogCheck:
    """Takes a log's lines in order, then says what is wrong with it."""

    def __init__(
        self,
        checkpoints: Iterable[Checkpoint] = (),
        *,
        is_signed: bool = False,
        expected: int | None = None,
        since: Instant | None = None,
        is_signing_behind: bool = False,
    ) -> None:
        """Take what the log is measured by.

        Args:
            checkpoints: In any order; those that were not believed are left out.
            is_signed: Whether their signatures were verified.
            expected: How many records somebody knows the log to have at the least.
            since: Faults of records before it are counted, but not told.
            is_signing_behind: Whoever signs may not have come to it yet, so that it is in
                order if records at the end are not covered, whatever their age.
        """
        self._checkpoints = sorted(set(checkpoints), key=lambda it: it.size)
        self._is_signed, self._expected, self._since = is_signed, expected, since
        self._next = 0
        self._rewritten: list[Checkpoint] = []
        self._covered = 0
        self._head: Link = GENESIS
        self._tree = Tree.empty()
        self._intents = OpenIntents()
        self._findings, self._undated = _Findings(), _Findings()
        self._is_signing_behind = is_signing_behind
        self._at: Instant | None = None
        self._last_at: Instant | None = None
        self._uncovered_at: Instant | None = None
        self._is_told = since is None
        self._compare()

    def read(self, raw: bytes) -> None:
        """Take the next line, with its line feed as it is there."""
        text, fault = _decoded(raw)
        try:
            line = read_line(text)
        except ValueError as error:
            self._unreadable(text, fault or str(error))
            return
        self._time(line)
        found = judge(line, after=self._head)
        if fault:
            self._invalid(line.link.seq, fault)
        if found:
            self._tell(found)
        self._head = line.link
        self._intents.read(line.link.seq, line.fields)
        self._grow(line.link.hash)

    def finish(self, faults: Sequence[Finding] = ()) -> LogReport:
        """Say what was found.

        Args:
            faults: What else is wrong, such as of checkpoints that are not believed.
        """
        # No later record shows that what is at the end was made before `since`.
        self._findings.take(self._undated, is_told=True)
        self._tell_rewritten()
        for finding in faults:
            self._always(finding)
        if not faults:
            self._tell_unsigned()
        self._tell_missing()
        under_way = self._tell_open()
        return LogReport(
            findings=tuple(self._findings.kept),
            more=self._findings.more,
            untold=self._findings.untold,
            records=self._head.seq + 1,
            last_at=self._last_at,
            covered=self._covered,
            checkpoints=len(self._checkpoints),
            is_signed=self._is_signed,
            under_way=under_way,
        )

    def _unreadable(self, text: str, detail: str) -> None:
        """Count what is no record as one, so that one fault is told once."""
        seq, self._at = self._head.seq + 1, None
        self._invalid(seq, detail)
        self._head = Link(seq=seq, hash=leaf_hash(text))
        self._grow(self._head.hash)

    def _grow(self, leaf: str) -> None:
        self._tree = self._tree.append(leaf)
        self._compare()

    def _compare(self) -> None:
        """Compare the root with every checkpoint of the size that was reached."""
        while self._next < len(self._checkpoints):
            checkpoint = self._checkpoints[self._next]
            if checkpoint.size != self._tree.size:
                return
            if checkpoint.root == self._tree.root():
                self._covered, self._uncovered_at = checkpoint.size, None
            else:
                self._rewritten.append(checkpoint)
            self._next += 1

    def _tell_rewritten(self) -> None:
        """Tell of the first checkpoint that differs: every later one must differ, too."""
        records = self._head.seq + 1
        # Where records are missing in between, the tree never grows to these.
        passed = [it for it in self._checkpoints[self._next :] if it.size <= records]
        differing = [*self._rewritten, *passed]
        if not differing:
            return
        first, others = differing[0], len(differing) - 1
        more = f", and so do {others} after it" if others else ""
        detail = f"root differs{more}: the log was rewritten"
        self._always(Finding(kind=FindingKind.INVALID, size=first.size, detail=detail))

    def _tell_missing(self) -> None:
        """Tell what somebody knows to be in the log, and is not."""
        records = self._head.seq + 1
        newest = self._checkpoints[-1].size if self._checkpoints else 0
        if newest > records:
            detail = f"only {records} records: the log was cut short"
            self._always(Finding(kind=FindingKind.MISSING, size=newest, detail=detail))
        if self._expected is not None and self._expected > max(records, newest):
            detail = f"{self._expected} records expected, {records} found: the log was cut short"
            self._always(Finding(kind=FindingKind.MISSING, seq=records, detail=detail))

    def _tell_unsigned(self) -> None:
        """Tell of records without a signature, though somebody knows a key that signs them.

        Signing takes minutes. Who forges the end of a log and takes out the checkpoints
        that cover it leaves one that is whole, but was not signed for long.
        """
        if not self._is_signed or not self._is_long_uncovered():
            return
        if not self._checkpoints:
            detail = "no checkpoint was found: every one is gone, or none was ever signed"
            self._always(Finding(kind=FindingKind.MISSING, detail=detail))
        elif self._checkpoints[-1].size == self._covered and not self._is_signing_behind:
            detail = "no checkpoint covers this record and later ones: they are gone, or never were"
            self._always(Finding(kind=FindingKind.MISSING, seq=self._covered, detail=detail))

    def _is_long_uncovered(self) -> bool:
        first, last = self._uncovered_at, self._last_at
        return first is not None and last is not None and last - first >= UNDER_WAY

    def _tell_open(self) -> int:
        """Tell of intents without an outcome; return how many may still get one."""
        under_way = 0
        for intent in self._intents:
            made_at = _instant(intent.time)
            if made_at and self._last_at and self._last_at - made_at < UNDER_WAY:
                under_way += 1
                continue
            why = "intent has no outcome"
            if intent.is_unknown:
                why = "no answer came, and what came of it was never written"
            finding = Finding(
                kind=FindingKind.OPEN, seq=intent.seq, detail=f"{why} ({intent.action})"
            )
            is_told = self._since is None or (made_at is not None and made_at >= self._since)
            self._findings.add(finding, is_told=is_told)
        return under_way

    def _time(self, line: Line) -> None:
        at = self._at = _instant(line.fields.get("time"))
        if at is None:
            self._invalid(line.link.seq, "the record has no time")
            return
        self._last_at = at
        self._uncovered_at = self._uncovered_at or at
        self._is_told = self._is_told or (self._since is not None and at >= self._since)
        self._findings.take(self._undated, is_told=self._is_told)
        self._undated = _Findings()

    def _invalid(self, seq: int, detail: str) -> None:
        self._tell(Finding(kind=FindingKind.INVALID, seq=seq, detail=detail))

    def _tell(self, finding: Finding) -> None:
        """Tell of a fault at the line that was read; without a time it waits for the next one."""
        found = self._findings if self._is_told or self._at else self._undated
        found.add(finding, is_told=self._is_told or not self._at)

    def _always(self, finding: Finding) -> None:
        """Tell of what is wrong with the log as a whole, at whatever time it was looked from."""
        self._findings.add(finding, is_told=True)


def _decoded(raw: bytes) -> tuple[str, str]:
    """Return a line's text without its line feed, and what is wrong with its bytes."""
    fault = "" if raw.endswith(b"\n") else "the line is not ended by a line feed"
    content = raw.removesuffix(b"\n")
    if not content:
        return "", "the line is empty"
    try:
        return content.decode(), fault
    except UnicodeDecodeError:
        return content.decode(errors="replace"), "the line is not UTF-8"


def _instant(time: object) -> Instant | None:
    try:
        return instant(datetime.fromisoformat(str(time)))
    except ValueError:
        return None
