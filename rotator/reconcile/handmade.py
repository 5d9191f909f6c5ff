"""Keys that operators made with our own commands: never taken for a mint whose answer is lost.

Where keys cannot carry a mark, a key that is made beside a lost mint looks like it. The
audit log tells which one a person made; it is read only where there is something to suspect.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from rotator.core.chain import seal
from rotator.core.events import AuditAction
from rotator.core.ids import Instant

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rotator.core.steps import Record
    from rotator.ports.journal import AuditQueue
    from rotator.reconcile.session import Session

_PAGE = 500
_MOST_WAITING = 10_000
"""Far more than ever waits for the sealer, which stops all starts when it lags."""


def spared(session: Session, step: Record) -> Record:
    """Take out of a lost mint's suspects what an operator made by hand, and say which."""
    intent = session.rotation.intent
    if not step.suspects or intent is None:
        return step
    limits, traits = session.terms.limits, session.terms.traits
    since = Instant(intent.made_at - limits.clock_skew - traits.list_lag)
    account = session.credential.principal.account
    made = set(_made(session.parts.journal, account, since)) & set(step.suspects)
    if not made:
        return step
    suspects = tuple(key for key in step.suspects if key not in made)
    told = {**step.evidence, "made_by_hand": ", ".join(sorted(made))}
    return replace(step, suspects=suspects, evidence=told)


def _made(journal: AuditQueue, account: str, since: Instant) -> Iterator[str]:
    """Yield the ids of the keys that were made by hand since then."""
    for record in _newest_first(journal):
        if datetime.fromisoformat(record["time"]) < since:
            return
        evidence = record["evidence"] or {}
        is_making = record["action"] == AuditAction.OPERATOR_CREATE_KEY.value
        if is_making and evidence.get("account") == account and "key_id" in evidence:
            yield evidence["key_id"]


def _newest_first(journal: AuditQueue) -> Iterator[dict[str, Any]]:
    for waiting in reversed(journal.unsealed(limit=_MOST_WAITING)):
        yield json.loads(seal(waiting, seq=0, prev="", log="").line)
    head = journal.head()
    end = head.seq + 1 if head else 0
    while end > 0:
        start = max(end - _PAGE, 0)
        for sealed in reversed(journal.sealed_after(start - 1, limit=end - start)):
            yield json.loads(sealed.line)
        end = start
