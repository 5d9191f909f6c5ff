"""Reading the consumers that policy names; see `reconcile.moving` for what is done to them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from rotator.core.consumers import is_hasty
from rotator.core.rotation import Effect
from rotator.errors import PermanentError, TransientError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rotator.core.consumers import ConsumersReading, ConsumerState
    from rotator.core.ids import Instant
    from rotator.ports.consumers import Consumers
    from rotator.reconcile.session import Session

CONSUMER = "consumer"
"""Under which word an event names a consumer that was moved."""


def read(session: Session) -> ConsumersReading:
    """Read all of them; whom we failed to move in this very pass is marked.

    Raises:
        PermanentError: They cannot be read; in haste also where that may pass.
        TransientError: They cannot be read now.
    """
    refs = session.terms.consumers.refs
    try:
        reading = cluster(session).read(refs, session.rotation.destination.name)
    except TransientError as error:
        if is_hasty(session.rotation):
            raise PermanentError(str(error), subject=error.subject, code=error.code) from error
        raise
    restarts = _restarts(session) if any(ref.restart for ref in refs) else {}
    states = tuple(_marked(session, state, restarts) for state in reading.states)
    return replace(reading, states=states)


def _restarts(session: Session) -> dict[str, tuple[Instant, ...]]:
    """Say by our own history when we restarted whom in this rotation.

    The cluster alone cannot tell: whoever takes a restart back takes its mark, too.
    """
    found: dict[str, tuple[Instant, ...]] = {}
    for event in session.parts.journal.events(session.rotation.id):
        if event.kind == "outcome" and event.effect == Effect.RESTART.value:
            name = str(event.detail.get(CONSUMER, ""))
            found[name] = (*found.get(name, ()), event.at)
    return found


def _marked(
    session: Session, state: ConsumerState, restarts: Mapping[str, tuple[Instant, ...]]
) -> ConsumerState:
    failed = session.unmoved.get(state.ref)
    return replace(
        state, obstacle=failed or state.obstacle, restarts=restarts.get(str(state.ref), ())
    )


def cluster(session: Session) -> Consumers:
    """Return where consumers are read and moved.

    Raises:
        PermanentError: None is configured.
    """
    if session.parts.consumers is None:
        msg = "policy names consumers, and no cluster is configured"
        raise PermanentError(msg, code="not_configured", hint="add a `kubernetes` section")
    return session.parts.consumers
