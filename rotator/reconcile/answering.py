"""The outcome of what was done to a suspect, written once a look has answered its open intent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rotator.core.events import Stage
from rotator.core.rotation import Effect
from rotator.reconcile.books import ACTIONS
from rotator.reconcile.outcomes import FOUND_DONE

if TYPE_CHECKING:
    from rotator.core.events import AuditRecord
    from rotator.core.facts import KeyInfo, KeyListing
    from rotator.core.rotation import KeyRecord
    from rotator.reconcile.session import Session


def answered(session: Session, record: KeyRecord, listing: KeyListing) -> tuple[AuditRecord, ...]:
    """Make the record that closes the suspect's open intent; none if none is open."""
    intent = record.intent
    if intent is None:
        return ()
    is_done = _is_done(intent.effect, listing.find(record.key_id))
    told = session.audit(
        ACTIONS[intent.effect],
        Stage.OUTCOME,
        "success" if is_done else "failure",
        key=record.key_id,
        reason=FOUND_DONE if is_done else None,
        error=None if is_done else "not_done",
    )
    return (told,)


def _is_done(effect: Effect, key: KeyInfo | None) -> bool:
    """Whether a key looks as the effect leaves it; of one that is gone nothing is left to do."""
    if key is None:
        return True
    return effect is not Effect.DELETE_KEY and key.enabled is (effect is Effect.ENABLE_KEY)
