"""Orders of operators: first in the audit queue under their name, then in the journal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rotator.core.durations import format_duration
from rotator.core.events import AuditAction, AuditRecord, Stage, Subject
from rotator.core.rotation import Trigger
from rotator.reconcile.late import tell

if TYPE_CHECKING:
    from rotator.core.rotation import Credential
    from rotator.reconcile.parts import Parts


def order(
    parts: Parts, credential: Credential, trigger: Trigger, *, operator: str, reason: str = ""
) -> bool:
    """Order a rotation; False when the journal does not know the credential.

    Args:
        parts: Where the order and its record are written.
        credential: Whose key is to be replaced.
        trigger: Why.
        operator: Who orders it, as the auditor should read it.
        reason: Why, in the operator's words; may be empty.
    """
    now, principal = parts.clock.now(), credential.principal
    is_emergency = trigger is Trigger.BREAK_GLASS
    record = AuditRecord(
        id=parts.chance.new_id(),
        at=now,
        stage=Stage.EVENT,
        action=AuditAction.OPERATOR_BREAK_GLASS if is_emergency else AuditAction.OPERATOR_ROTATE,
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
        max_age=format_duration(parts.terms_for(credential).schedule.max_age),
    )
    parts.journal.append((record,))
    if is_emergency:
        tell(record, parts.telemetry, "glass broken")
    return parts.journal.request(credential.id, trigger, now=now)
