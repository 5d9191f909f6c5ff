"""What an operator does at a provider by hand: written down before it is sent, and after.

The machine is not in it. What is written first says what is about to be done and in
whose name; where that cannot be written, nothing is sent.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from rotator.core.events import AuditRecord, Stage
from rotator.errors import OutcomeUnknownError, RotatorError, UnavailableError
from rotator.reconcile.parts import NoCalls

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rotator.core.events import AuditAction, Scalar
    from rotator.core.ids import AccountId
    from rotator.ports.clock import Chance, Clock
    from rotator.ports.evidence import CallTrail
    from rotator.ports.journal import Journal

_UNTOLD = NoCalls()


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """One thing that an operator is about to do.

    Attributes:
        action: What it is.
        account: Where: the workspace's id.
        operator: Who, as the auditor should read it.
        reason: Why, in the operator's words; may be empty.
        evidence: What it is done to: names and ids, never a secret.
    """

    action: AuditAction
    account: AccountId
    operator: str
    reason: str = ""
    evidence: Mapping[str, Scalar] = field(default_factory=dict)


@contextmanager
def recorded(
    journal: Journal, clock: Clock, chance: Chance, deed: Deed, *, calls: CallTrail = _UNTOLD
) -> Iterator[dict[str, Scalar]]:
    """Write the intent, let the block do it, and write what came of it.

    Args:
        journal: Where both records are written.
        clock: Tells when.
        chance: Names the records, and the deed that both tell of.
        deed: What is about to be done.
        calls: Which requests were sent, for the record that comes after them.

    Yields:
        What the second record tells beside the first; the block adds ids of what
        it made.

    Raises:
        UnavailableError: The intent could not be written, and the block was not begun;
            or what was done could not be written down after, which the error says.
    """
    evidence = {"account": deed.account, "deed": chance.new_id(), **deed.evidence}
    intent = _record(clock, chance, deed, evidence, stage=Stage.INTENT, outcome="pending")
    intent = replace(intent, calls=calls.taken())
    journal.append((intent,))
    # Whoever interrupts the block has not seen an answer either.
    outcome, code = "unknown", None
    try:
        yield evidence
        outcome = "success"
    except RotatorError as error:
        code = error.code
        outcome = "unknown" if isinstance(error, OutcomeUnknownError) else "failure"
        raise
    finally:
        told = _record(
            clock, chance, deed, evidence, stage=Stage.OUTCOME, outcome=outcome, error=code
        )
        told = replace(told, calls=calls.taken())
        try:
            journal.append((told,))
        except RotatorError as error:
            # Where something went wrong before, that is the news.
            if outcome == "success":
                raise _unwritten(error) from error


def _unwritten(error: RotatorError) -> UnavailableError:
    why = f"it was done, but that could not be written to the journal: {error}"
    hint = "do not repeat it; the audit log tells of the intent, without an outcome"
    return UnavailableError(why, code=error.code, hint=hint)


def _record(
    clock: Clock,
    chance: Chance,
    deed: Deed,
    evidence: Mapping[str, Scalar],
    *,
    stage: Stage,
    outcome: str,
    error: str | None = None,
) -> AuditRecord:
    return AuditRecord(
        id=chance.new_id(),
        at=clock.now(),
        stage=stage,
        action=deed.action,
        outcome=outcome,
        actor=f"operator:{deed.operator}",
        error=error,
        reason=deed.reason or None,
        evidence=dict(evidence),
    )
