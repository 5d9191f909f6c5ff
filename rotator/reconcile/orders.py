"""Orders of operators: first in the audit queue under their name, then in the journal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rotator.core.events import AuditAction, AuditRecord, Stage, Subject

if TYPE_CHECKING:
    from rotator.core.rotation import Credential, Trigger
    from rotator.ports.clock import Chance, Clock
    from rotator.ports.journal import Journal


def order(
    journal: Journal,
    clock: Clock,
    chance: Chance,
    credential: Credential,
    trigger: Trigger,
    *,
    operator: str,
    reason: str = "",
) -> bool:
    """Order a rotation; False when the journal does not know the credential.

    Args:
        journal: Where the order and its record are written.
        clock: Tells when.
        chance: Names the record.
        credential: Whose key is to be replaced.
        trigger: Why.
        operator: Who orders it, as the auditor should read it.
        reason: Why, in the operator's words; may be empty.
    """
    now, principal = clock.now(), credential.principal
    record = AuditRecord(
        id=chance.new_id(),
        at=now,
        stage=Stage.EVENT,
        action=AuditAction.OPERATOR_ROTATE,
        outcome="success",
        actor=f"operator:{operator}",
        subject=Subject(
            provider=principal.provider,
            account=principal.account,
            principal=principal.name,
            credential_id=credential.id,
            key_id=credential.current_key_id,
        ),
        trigger=trigger.value,
        rule=credential.rule,
        reason=f"ordered: {reason}" if reason else "ordered at the command line",
    )
    journal.append((record,))
    return journal.request(credential.id, trigger, now=now)
