"""Refreshing and restarting consumers, one at a time.

What fails here is told as that consumer's obstacle, and stops nothing else in the
pass: neither the other consumers, nor an order that is in haste.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rotator.core.rotation import Effect
from rotator.errors import (
    ConflictError,
    FatalError,
    InvariantError,
    OutcomeUnknownError,
    RotatorError,
)
from rotator.reconcile import effects, outcomes
from rotator.reconcile.consumers import CONSUMER, cluster

if TYPE_CHECKING:
    from rotator.core.consumers import ConsumerState
    from rotator.core.ids import Instant
    from rotator.core.steps import Do
    from rotator.reconcile.session import Session

ACTS = frozenset({Effect.REFRESH, Effect.RESTART})
"""The effects that are carried out here."""


def act(session: Session, step: Do) -> None:
    """Refresh or restart one consumer: the intent first, then the request, then the outcome."""
    state = _present(step.consumer)
    if state.ref in session.moved:
        # Asked a moment ago, and it does not show: somebody takes back what we write.
        session.unmoved[state.ref] = "does not keep what it is told; see what else writes to it"
        session.forget()
        return
    session.moved.add(state.ref)
    not_after = effects.intend(session, step)
    try:
        with session.timed(step.effect):
            _send(session, step, state, not_after)
    except OutcomeUnknownError as error:
        outcomes.unknown(session, step, error)
        _note(session, step, state, error)
    except FatalError:
        raise
    except RotatorError as error:
        if session.claim.lease_until <= session.now():
            msg = "the lease was lost while a consumer was moved"
            raise ConflictError(msg, subject=state.ref.name) from error
        outcomes.refused(session, step, error)
        _note(session, step, state, error)
    else:
        outcomes.succeeded(session, step, proof={CONSUMER: str(state.ref)})


def _send(session: Session, step: Do, state: ConsumerState, not_after: Instant) -> None:
    consumers, now = cluster(session), session.now()
    if step.effect is Effect.REFRESH:
        consumers.refresh(state, at=now, not_after=not_after)
    else:
        consumers.restart(state, at=now, not_after=not_after)


def _note(session: Session, step: Do, state: ConsumerState, error: RotatorError) -> None:
    verb = "refreshed" if step.effect is Effect.REFRESH else "restarted"
    session.unmoved[state.ref] = f"could not be {verb}: {error.code}: {error}"


def _present(state: ConsumerState | None) -> ConsumerState:
    if state is None:
        msg = "a consumer is to be moved that nobody read"
        raise InvariantError(msg)
    return state
