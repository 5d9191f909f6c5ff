"""Instructions of operators: first in the audit queue under their name, then in the journal.

Written beside a running daemon. The pass that holds the credential's claim carries
an order out, so nothing here touches a key.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rotator.core.durations import format_duration
from rotator.core.events import AuditAction, AuditRecord, Stage, Subject
from rotator.core.orders import Order, Pause, Verb

if TYPE_CHECKING:
    from rotator.core.ids import AccountId, CredentialId, KeyId
    from rotator.core.rotation import Credential, Rotation
    from rotator.ports.clock import Chance, Clock
    from rotator.ports.journal import Journal
    from rotator.reconcile.parts import Parts

_ACTIONS = {
    Verb.RESUME: AuditAction.OPERATOR_RESUME,
    Verb.ABORT: AuditAction.OPERATOR_ABORT,
    Verb.ROLLBACK: AuditAction.OPERATOR_ROLLBACK,
    Verb.ENABLE: AuditAction.OPERATOR_ENABLE,
}


def instruct(
    parts: Parts,
    credential: Credential,
    verb: Verb,
    *,
    operator: str,
    reason: str,
    rotation: Rotation | None = None,
    key_id: KeyId | None = None,
) -> Order:
    """Give an order about a rotation, or about one key.

    Args:
        parts: Where the order and its record are written.
        credential: Whose rotation or key it is.
        verb: What to do.
        operator: Who orders it, as the auditor should read it.
        reason: Why, in the operator's words.
        rotation: The rotation that it is about; None for a suspect's key.
        key_id: The key that it is about; only for `Verb.ENABLE`.
    """
    given = Order(
        id=parts.chance.new_id(),
        verb=verb,
        operator=operator,
        reason=reason,
        given_at=parts.clock.now(),
        rotation_id=rotation.id if rotation else None,
        key_id=key_id,
    )
    principal = credential.principal
    record = AuditRecord(
        id=parts.chance.new_id(),
        at=given.given_at,
        stage=Stage.EVENT,
        action=_ACTIONS[verb],
        outcome="success",
        actor=f"operator:{operator}",
        subject=Subject(
            provider=principal.provider,
            account=principal.account,
            principal=principal.name,
            credential_id=credential.id,
            key_id=key_id or (rotation.old_key_id if rotation else credential.current_key_id),
        ),
        rotation_id=given.rotation_id,
        new_key_id=rotation.new_key_id if rotation else None,
        rule=credential.rule,
        reason=f"ordered: {reason}",
        evidence={"order": given.id},
        max_age=format_duration(parts.terms_for(credential).schedule.max_age),
    )
    parts.journal.append((record,))
    parts.journal.instruct(credential.id, given)
    return given


def pause(
    journal: Journal,
    clock: Clock,
    chance: Chance,
    *,
    operator: str,
    reason: str,
    account: AccountId | None = None,
    credential: CredentialId | None = None,
) -> Pause:
    """Pause a credential, an account, or with neither of them everything."""
    made = Pause(
        operator=operator,
        reason=reason,
        since=clock.now(),
        account=account,
        credential=credential,
    )
    action = AuditAction.OPERATOR_PAUSE
    journal.append((_record(clock, chance, action, made, operator=operator, reason=reason),))
    journal.pause(made)
    return made


def unpause(
    journal: Journal, clock: Clock, chance: Chance, paused: Pause, *, operator: str, reason: str
) -> Pause | None:
    """Lift a pause; None when somebody else has lifted it meanwhile."""
    action = AuditAction.OPERATOR_UNPAUSE
    journal.append((_record(clock, chance, action, paused, operator=operator, reason=reason),))
    return journal.unpause(paused.scope)


def _record(
    clock: Clock,
    chance: Chance,
    action: AuditAction,
    pause: Pause,
    *,
    operator: str,
    reason: str,
) -> AuditRecord:
    return AuditRecord(
        id=chance.new_id(),
        at=clock.now(),
        stage=Stage.EVENT,
        action=action,
        outcome="success",
        actor=f"operator:{operator}",
        reason=reason or None,
        evidence={"scope": pause.scope},
    )
