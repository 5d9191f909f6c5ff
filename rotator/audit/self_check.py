"""The daemon verifies its own log: what an auditor would find tomorrow is told today."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rotator.audit.reading import lines, notes, notes_of
from rotator.audit.verification import verify
from rotator.core.log_findings import FindingKind
from rotator.errors import UnavailableError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import timedelta
    from pathlib import Path

    from rotator.audit.running import Jobs
    from rotator.audit.signing import Verifier
    from rotator.core.ids import Instant
    from rotator.core.standing import AuditStanding
    from rotator.ports.clock import Clock
    from rotator.ports.evidence import Telemetry

_JOB = "verification"
_MOST_TOLD = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnLog:
    """The log that is verified.

    Attributes:
        file: Its file; checkpoints are beside it.
        witness: A second file of checkpoints.
        verifiers: The keys that may have signed them.
    """

    file: Path
    witness: Path | None
    verifiers: Sequence[Verifier]


class SelfCheck:
    """Verifies the log's file now and then; a `Companion` of the sealer."""

    def __init__(
        self, log: OwnLog, *, interval: timedelta, clock: Clock, telemetry: Telemetry
    ) -> None:
        """Take the log, and how often it is verified."""
        self._log = log
        self._interval = interval
        self._clock = clock
        self._telemetry = telemetry
        self._begun_at: Instant | None = None
        self._was_signed = False
        self._verdict: tuple[bool, Instant] | None = None

    def jobs(self, durable: int) -> Jobs:
        """Name the verification when it is due."""
        now = self._clock.now()
        if durable < 0:
            return {}
        if self._begun_at is not None and now - self._begun_at < self._interval:
            return {}
        self._begun_at = now
        return {_JOB: self._verify}

    def last_jobs(self, durable: int) -> Jobs:
        """Name nothing: what is not verified now is at the next start."""
        del durable
        return {}

    def judge(self, busy: frozenset[str]) -> None:
        """Let a long log take its time."""

    def noted(self, standing: AuditStanding) -> AuditStanding:
        """Add what came of the last verification."""
        if self._verdict is None:
            return standing
        is_valid, at = self._verdict
        return replace(
            standing, is_valid=is_valid and standing.is_valid is not False, verified_at=at
        )

    def _verify(self) -> None:
        try:
            self._verdict = self._is_valid(), self._clock.now()
        except UnavailableError as error:
            self._telemetry.log("error", "audit log not verified", code=error.code)

    def _is_valid(self) -> bool:
        log = self._log
        found = list(notes(log.file))
        if log.witness is not None and log.witness.exists():
            found += notes_of(log.witness)
        # A log that is to be signed from now on is not damaged until it was.
        self._was_signed = self._was_signed or bool(found)
        # A line without its end is being written just now.
        whole = (line for line in lines(log.file) if line.endswith(b"\n"))
        report = verify(
            whole,
            found,
            verifiers=log.verifiers if self._was_signed else (),
            is_signing_behind=True,
        )
        # An intent whose outcome nobody wrote is a matter for people, not for the chain.
        damage = [it for it in report.findings if it.kind is not FindingKind.OPEN]
        for finding in damage[:_MOST_TOLD]:
            self._telemetry.log("error", "audit log is damaged", finding=str(finding))
        return not damage
