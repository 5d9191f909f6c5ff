"""One pass over one credential: level-triggered, idempotent, fenced.

An engine may call `reconcile` at any time, twice, late or from two replicas: the
claim decides who acts, the journal says where things stand, and whatever a pass
could not finish is written down as the time of the next one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rotator.core import inventory
from rotator.core.backoff import permanent_delay, transient_delay
from rotator.core.ids import Instant
from rotator.core.reasons import Reason, is_hold
from rotator.core.rotation import Phase
from rotator.core.steps import Done, Fact, Halt, Record, Wait
from rotator.core.transitions import is_unwanted, replanned
from rotator.errors import (
    ConflictError,
    DestinationBusyError,
    FatalError,
    InvariantError,
    OutcomeUnknownError,
    PermanentError,
    QuotaExceededError,
    RotatorError,
    TransientError,
)
from rotator.reconcile import following, holding, idle, obeying, outcomes, suspects, untold
from rotator.reconcile.readiness import explained
from rotator.reconcile.rotating import drive, halt
from rotator.reconcile.session import Session

if TYPE_CHECKING:
    from rotator.core.ids import CredentialId
    from rotator.core.rotation import Credential
    from rotator.reconcile.parts import Parts

_MOST_CONTRADICTIONS = 3
"""Passes in a row that contradict themselves before an open rotation is halted."""


@dataclass(frozen=True, slots=True)
class Reconciler:
    """Looks at one credential at a time."""

    parts: Parts

    def reconcile(self, credential: CredentialId) -> None:
        """Take one credential as far as it goes now; failures are written down, not raised.

        Raises:
            FatalError: The process must stop. A contradiction about one credential
                is no reason: it becomes that credential's hold.
        """
        try:
            self._pass(credential)
        except ConflictError as error:
            # Somebody else owns it now: whatever we knew is stale.
            self._log("info", "claim lost", credential, error)
        except InvariantError as error:
            # Not even the hold could be written; the lease ends by itself.
            self._log("error", "pass broke the table", credential, error)
        except FatalError:
            raise
        except RotatorError as error:
            self._log("warning", "pass not recorded", credential, error)

    def _pass(self, credential: CredentialId) -> None:
        clock = self.parts.clock
        self.parts.late.write(self.parts.journal, self.parts.telemetry, self.parts.chance)
        self.parts.calls.taken()  # What this thread read before is not of this pass.
        lease_until = Instant(clock.now() + self.parts.lease_period)
        claim = self.parts.journal.acquire(credential, now=clock.now(), lease_until=lease_until)
        if claim is None:
            return
        session = Session(self.parts, claim)
        try:
            self._walk(session)
        finally:
            untold.write_rest(session)

    def _walk(self, session: Session) -> None:
        is_cut_short = True
        try:
            rest, is_cut_short = self._look(session), False
        except (TransientError, PermanentError, OutcomeUnknownError) as error:
            rest = self._failed(session, "warning", error)
        except InvariantError as error:
            rest = self._failed(session, "error", error)
        holding.write(session, _named(session, rest), is_cut_short=is_cut_short)
        self.parts.journal.release(session.claim)

    def _look(self, session: Session) -> Wait:
        watched = self._watch(session)
        rest = self._work(session)
        if watched is None:
            return rest
        if watched.reason is Reason.USE_UNKNOWN and not is_hold(rest.reason):
            # Nobody would ever hear of a key that waits for a person and holds nothing up.
            rest = replace(rest, reason=watched.reason, detail=watched.detail)
        return replace(rest, until=min(rest.until, watched.until))

    def _watch(self, session: Session) -> Wait | None:
        """Walk through the suspects; their trouble never keeps a rotation from its guard (I1)."""
        try:
            return suspects.walk(session)
        except (TransientError, PermanentError) as error:
            self._log("warning", "suspect not handled", session.credential.id, error)
            soon = Instant(session.now() + session.terms.limits.check_interval)
            return Wait(until=soon, reason=Reason.BACKOFF)

    def _work(self, session: Session) -> Wait:
        """Drive what is open; what ends may make room for what is due."""
        obeying.refuse_stray(session)
        following.answer(session)
        if session.claim.rotation is not None:
            step = _drive(session)
            if isinstance(step, Wait):
                return step
            obeying.refuse_stray(session)
        resting = idle.settle(session)
        if resting is not None:
            if resting.due_at != session.credential.due_at:
                session.commit(credential=replace(session.credential, due_at=resting.due_at))
            return resting.wait
        step = _drive(session)
        return step if isinstance(step, Wait) else _again(session)

    def _failed(self, session: Session, level: str, error: RotatorError) -> Wait:
        """Turn a failure into the time of the next try and, if it needs a person, a hold."""
        self._log(level, "pass failed", session.credential.id, error)
        failures = _count(session.credential, error)
        session.commit(
            credential=replace(session.credential, failures=failures, last_error=error.code)
        )
        if isinstance(error, InvariantError) and failures >= _MOST_CONTRADICTIONS:
            _halt_open(session, error)
        return after_failure(error, failures, session)

    def _log(self, level: str, event: str, credential: CredentialId, error: RotatorError) -> None:
        self.parts.telemetry.log(
            level, event, credential=credential, code=error.code, error=error.diagnostics()
        )


def _count(credential: Credential, error: RotatorError) -> int:
    """Count failures in a row; contradictions only after one another."""
    if isinstance(error, InvariantError) and credential.last_error != error.code:
        return 1
    return credential.failures + 1


def _halt_open(session: Session, error: InvariantError) -> None:
    """Stop the open rotation for a person, unless a person's order is being carried out."""
    rotation = session.claim.rotation
    if rotation is None or rotation.phase is Phase.HALTED or session.credential.order is not None:
        return
    halt(session, Halt(reason=Reason.INVARIANT, detail=error.diagnostics()))


def _named(session: Session, rest: Wait) -> Wait:
    """Say of each key in a full set of slots what it is to us, and what is denied by name."""
    if rest.reason is not Reason.SLOTS_FULL:
        return explained(session, rest)
    traits, limits = session.terms.traits, session.terms.limits
    can_end = traits.can_disable and traits.can_report_use
    return replace(rest, detail=inventory.describe(session.keys(), limits, can_end=can_end))


def _drive(session: Session) -> Wait | Done:
    session.forget()
    _follow_policy(session)
    if session.claim.rotation is None:
        return Done()
    step = drive(session)
    if isinstance(step, Halt):
        if session.rotation.phase is not Phase.HALTED:
            halt(session, step)
        until = Instant(session.now() + session.terms.limits.inspect_interval)
        return Wait(until=until, reason=step.reason, detail=step.detail)
    session.forget()
    return step


def _follow_policy(session: Session) -> None:
    """Nothing was made yet, so policy may still change its mind about where or whether."""
    rotation = session.rotation
    if is_unwanted(rotation, session.credential):
        outcomes.note(session, Record(fact=Fact.ABANDONED, reason=Reason.REPORT_ONLY))
        return
    moved = replanned(rotation, session.credential)
    if moved != rotation:
        session.commit(rotation=moved)


def _again(session: Session) -> Wait:
    """A rotation ended within the pass that began it: back off before the next."""
    delay = transient_delay(session.credential.failures + 1, jitter=session.parts.chance.fraction())
    until = Instant(session.now() + delay)
    return idle.backing_off(session) or Wait(until=until, reason=Reason.BACKOFF)


def after_failure(error: RotatorError, failures: int, session: Session) -> Wait:
    """Turn a failure of a pass into a wait: a hold where only a person can help."""
    now, jitter = session.now(), session.parts.chance.fraction()
    if isinstance(error, QuotaExceededError):
        until = Instant(now + session.terms.limits.check_interval)
        return Wait(until=until, reason=Reason.SLOTS_FULL, detail=str(error))
    if isinstance(error, InvariantError):
        until = Instant(now + permanent_delay(failures, jitter=jitter))
        return Wait(until=until, reason=Reason.INVARIANT, detail=error.diagnostics())
    if isinstance(error, PermanentError):
        until = Instant(now + permanent_delay(failures, jitter=jitter))
        is_told = error.code == Reason.POWERS_UNKNOWN
        reason = Reason.POWERS_UNKNOWN if is_told else Reason.ACCESS_DENIED
        return Wait(until=until, reason=reason, detail=f"{error.code}: {error}")
    delay = transient_delay(failures, jitter=jitter)
    asked = error.retry_after if isinstance(error, TransientError) else None
    reason = Reason.DESTINATION_BUSY if isinstance(error, DestinationBusyError) else Reason.BACKOFF
    return Wait(until=Instant(now + max(delay, asked or delay)), reason=reason, detail=error.code)
