"""What comes next for a suspect that an operator ordered to be enabled.

The operator vouches that it is somebody's. It is switched on if it was us who
switched it off, and counts as a stranger's from then on. As with every order,
nothing that we sent before may land after it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rotator.core.reasons import Reason
from rotator.core.recovery import lands_until, plus, settled
from rotator.core.rotation import Effect
from rotator.core.steps import Refuse, Wait
from rotator.core.suspects import Act, Finding, Judge

if TYPE_CHECKING:
    from rotator.core.facts import KeyListing
    from rotator.core.ids import Instant
    from rotator.core.rotation import KeyRecord
    from rotator.core.terms import Terms


def next_for_vouched(
    record: KeyRecord, listing: KeyListing, terms: Terms, now: Instant
) -> Judge | Act | Wait | Refuse:
    """Decide what comes next for a suspect that is to be enabled.

    Args:
        record: The suspect, with its open intent if one is open.
        listing: A listing of this pass.
        terms: Traits and limits.
        now: The present.
    """
    key = listing.find(record.key_id)
    if key is None:
        return Judge(finding=Finding.GONE)
    unlanded = _unlanded(record, terms, now)
    if unlanded:
        return unlanded
    if key.enabled:
        return Judge(finding=Finding.STRANGER)
    if record.disabled_at is None and record.intent is None:
        return Refuse(why=f"{record.key_id} was disabled by somebody else; enable it there")
    return Act(effect=Effect.ENABLE_KEY, proof="an operator vouches for it")


def _unlanded(record: KeyRecord, terms: Terms, now: Instant) -> Wait | None:
    """Wait until nothing that we sent can land any more, and a listing shows what did.

    Enabling is what is wanted, so of that only a stale listing is waited out.
    """
    intent, sent_until = record.intent, None
    if intent is not None and intent.effect is Effect.ENABLE_KEY:
        return settled(intent.made_at, terms, now)
    if intent is not None:
        sent_until = lands_until(intent, terms)
    elif record.disabled_at is not None:
        # Whatever disabled it was sent within a lease of its intent.
        period = terms.limits.lease_period + terms.traits.signature_window
        sent_until = plus(record.disabled_at, period)
    if sent_until is None or now >= plus(sent_until, terms.traits.list_lag):
        return None
    until = plus(sent_until, terms.traits.list_lag)
    return Wait(until=until, reason=Reason.SETTLING, detail=record.key_id)
