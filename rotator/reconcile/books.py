"""What is written down about a step: history for people, records for the auditor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rotator import __version__
from rotator.core.durations import format_duration
from rotator.core.events import AuditAction, AuditRecord, Event, Stage, Subject
from rotator.core.rotation import Effect

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import timedelta

    from rotator.core.events import ProviderCall, Scalar
    from rotator.core.ids import Instant, KeyId
    from rotator.core.rotation import Credential, Rotation

ACTIONS: Mapping[Effect, AuditAction] = {
    Effect.PREPARE: AuditAction.DESTINATION_PREPARE,
    Effect.CREATE_KEY: AuditAction.KEY_CREATE,
    Effect.STAGE: AuditAction.KEY_STAGE,
    Effect.VERIFY: AuditAction.KEY_VERIFY,
    Effect.PROMOTE: AuditAction.KEY_PROMOTE,
    Effect.UNSTAGE: AuditAction.KEY_UNSTAGE,
    Effect.DISABLE_KEY: AuditAction.KEY_DISABLE,
    Effect.ENABLE_KEY: AuditAction.KEY_ENABLE,
    Effect.DELETE_KEY: AuditAction.KEY_DELETE,
    Effect.GRANT: AuditAction.KEY_GRANT,
    Effect.FOLLOW: AuditAction.KEY_FOLLOW,
    Effect.REFRESH: AuditAction.CONSUMER_REFRESH,
    Effect.RESTART: AuditAction.CONSUMER_RESTART,
}
"""The audit's word for each effect that changes something."""


def audit(  # noqa: PLR0913 - the record has these parts, and each is named
    credential: Credential,
    rotation: Rotation | None,
    action: AuditAction,
    *,
    record_id: str,
    at: Instant,
    stage: Stage,
    outcome: str,
    actor: str = "daemon",
    key: KeyId | None = None,
    version: str | None = None,
    error: str | None = None,
    reason: str | None = None,
    evidence: Mapping[str, Scalar] | None = None,
    calls: tuple[ProviderCall, ...] = (),
    policy: str | None = None,
    max_age: timedelta | None = None,
    destination: str | None = None,
) -> AuditRecord:
    """Make the auditor's record of one step of a credential, at its pivot if no other is named."""
    principal = credential.principal
    pivot = rotation.destination if rotation else credential.destination
    return AuditRecord(
        id=record_id,
        at=at,
        stage=stage,
        action=action,
        outcome=outcome,
        actor=actor,
        subject=Subject(
            provider=principal.provider,
            account=principal.account,
            principal=principal.name,
            credential_id=credential.id,
            key_id=key or (rotation.old_key_id if rotation else credential.current_key_id),
        ),
        rotation_id=rotation.id if rotation else None,
        trigger=rotation.trigger.value if rotation else None,
        new_key_id=rotation.new_key_id if rotation else None,
        destination=destination or (pivot.name if pivot else None),
        version_id=version,
        rule=credential.rule,
        error=error,
        reason=reason,
        evidence=dict(evidence or {}),
        calls=calls,
        policy=policy,
        max_age=format_duration(max_age) if max_age else None,
    )


def of_daemon(action: AuditAction, reason: str, *, record_id: str, at: Instant) -> AuditRecord:
    """Make the auditor's record of something that the daemon itself did, with its release."""
    return AuditRecord(
        id=record_id,
        at=at,
        stage=Stage.EVENT,
        action=action,
        outcome="success",
        reason=reason,
        evidence={"version": __version__},
    )


def event(
    credential: Credential,
    rotation: Rotation | None,
    kind: str,
    at: Instant,
    *,
    effect: Effect | None = None,
    **detail: Scalar,
) -> Event:
    """Make one line of a credential's history."""
    return Event(
        at=at,
        credential_id=credential.id,
        kind=kind,
        rotation_id=rotation.id if rotation else None,
        phase=rotation.phase.value if rotation else None,
        effect=effect.value if effect else None,
        detail=detail,
    )
