"""Adopting by an operator's word: the journal learns which key consumers read.

It is what a pass does with a credential that policy maps, done at once and in the
operator's name. Nothing is sent that changes anything at a vendor: the object gets
its owner tag from `prepare`, at the first rotation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rotator.core.idle import Adopt, Rest, next_for_idle
from rotator.core.ids import Instant
from rotator.core.reasons import explain
from rotator.core.rotation import Action
from rotator.core.steps import Do
from rotator.errors import RejectedError, UnavailableError
from rotator.reconcile import idle
from rotator.reconcile.session import Session

if TYPE_CHECKING:
    from rotator.core.idle import IdleStep
    from rotator.core.ids import KeyId
    from rotator.core.rotation import Claim, Credential
    from rotator.reconcile.parts import Parts


def next_of(session: Session) -> IdleStep:
    """Ask what an idle credential needs, and read whatever the answer takes."""
    step = _ask(session)
    while isinstance(step, Do) and step.what is not None:
        session.observe(step.what)
        step = _ask(session)
    return step


def adopt(parts: Parts, candidate: Credential, *, operator: str) -> KeyId | None:
    """Take the published key of a principal under management.

    Args:
        parts: The outside; the journal is written, vendors are only read.
        candidate: The credential as policy sees it.
        operator: Who orders it, as the auditor should read it.

    Returns:
        The key; None when one is managed already.

    Raises:
        RejectedError: It cannot be adopted now; the message says why.
        UnavailableError: Somebody else looks at the credential at this moment.
    """
    name = candidate.principal.name
    if candidate.action is not Action.ROTATE:
        raise RejectedError(f"policy only reports it: {candidate.note}", subject=name)
    parts.journal.register(candidate)
    parts.journal.hasten(candidate.id, now=parts.clock.now())
    claim = _claim(parts, candidate)
    session = Session(parts, claim)
    try:
        return _adopt(session, operator)
    finally:
        parts.journal.release(session.claim)


def _claim(parts: Parts, candidate: Credential) -> Claim:
    now = parts.clock.now()
    until = Instant(now + parts.lease_period)
    claim = parts.journal.acquire(candidate.id, now=now, lease_until=until)
    if claim is None:
        msg = "the daemon looks at it at this moment"
        hint = "run the command again in some minutes"
        raise UnavailableError(msg, subject=candidate.principal.name, hint=hint)
    return claim


def _adopt(session: Session, operator: str) -> KeyId | None:
    if session.credential.current_key_id is not None:
        return None
    step = next_of(session)
    if isinstance(step, Adopt):
        idle.adopt(session, step, actor=f"operator:{operator}")
        return step.key_id
    assert isinstance(step, Rest), "a credential without a key is adopted or left"  # noqa: S101
    detail = f" ({step.wait.detail})" if step.wait.detail else ""
    msg = f"{explain(step.wait.reason)}{detail}"
    raise RejectedError(msg, subject=session.credential.principal.name, code=step.wait.reason)


def _ask(session: Session) -> IdleStep:
    return next_for_idle(session.credential, session.observation, session.terms, session.now())
