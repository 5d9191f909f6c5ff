"""What history and audit keep: events of the machine, records for the auditor.

Ids, codes and numbers only. A record is made in the transaction of the intent or
outcome that it tells of; the sealer numbers and chains it later.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rotator.core.ids import AccountId, CredentialId, Instant, KeyId, RotationId

SCHEMA = "rotator.audit/v1"
"""The audit record's schema; a change of meaning is a new number."""

FINGERPRINT = "secret_fingerprint"
"""The name of the evidence by which a secret that we made is recognised."""

Scalar = str | int | bool | None
"""What an audit field may hold: no floats, whose text is not canonical."""


class Stage(StrEnum):
    """Where a record stands to the call that it tells of."""

    INTENT = "intent"
    OUTCOME = "outcome"
    EVENT = "event"


class AuditAction(StrEnum):
    """The closed list of actions; a word never changes its meaning."""

    KEY_CREATE = "key.create"
    KEY_STAGE = "key.stage"
    KEY_VERIFY = "key.verify"
    KEY_PROMOTE = "key.promote"
    KEY_UNSTAGE = "key.unstage"
    KEY_DISABLE = "key.disable"
    KEY_ENABLE = "key.enable"
    KEY_DELETE = "key.delete"
    KEY_ADOPT = "key.adopt"
    KEY_SUSPECT = "key.suspect"
    DESTINATION_PREPARE = "destination.prepare"
    ROTATION_START = "rotation.start"
    ROTATION_HOLD = "rotation.hold"
    ROTATION_HALT = "rotation.halt"
    ROTATION_ABANDON = "rotation.abandon"
    ROTATION_FINISH = "rotation.finish"
    OPERATOR_ROTATE = "operator.rotate"
    DAEMON_START = "daemon.start"
    DAEMON_STOP = "daemon.stop"
    POLICY_LOAD = "policy.load"
    OPERATOR_RESUME = "operator.resume"
    OPERATOR_ABORT = "operator.abort"
    OPERATOR_ROLLBACK = "operator.rollback"
    OPERATOR_ENABLE = "operator.enable"
    OPERATOR_PAUSE = "operator.pause"
    OPERATOR_UNPAUSE = "operator.unpause"
    DESTINATION_DRIFT = "destination.drift"
    OPERATOR_CONFIRM_ACCOUNT = "operator.confirm_account"
    OPERATOR_WITHDRAW_ACCOUNT = "operator.withdraw_account"
    JOURNAL_REBUILD = "journal.rebuild"
    OPERATOR_CREATE_KEY = "operator.create_key"
    OPERATOR_REVOKE_KEY = "operator.revoke_key"
    OPERATOR_CREATE_KEYSET = "operator.create_keyset"
    OPERATOR_GRANT_KEYSET = "operator.grant_keyset"
    OPERATOR_REVOKE_KEYSET = "operator.revoke_keyset"
    OPERATOR_ENABLE_KEYSET = "operator.enable_keyset"
    OPERATOR_DISABLE_KEYSET = "operator.disable_keyset"
    OPERATOR_CREATE_CLIENT = "operator.create_client"
    OPERATOR_DELETE_CLIENT = "operator.delete_client"
    KEY_GRANT = "key.grant"
    OPERATOR_TEST_PROVIDER = "operator.test_provider"
    OPERATOR_BREAK_GLASS = "operator.break_glass"
    INVENTORY_SNAPSHOT = "inventory.snapshot"
    NOTIFICATION_FAIL = "notification.fail"
    AUDIT_GAP = "audit.gap"
    REQUEST_SEND = "request.send"
    HOLD_LIFT = "hold.lift"
    KEY_FOLLOW = "key.follow"
    CONSUMER_REFRESH = "consumer.refresh"
    CONSUMER_RESTART = "consumer.restart"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """Which key of which principal a record is about."""

    provider: str
    account: AccountId
    principal: str
    credential_id: CredentialId
    key_id: KeyId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderCall:
    """One request to a provider or a destination, as its own log would name it.

    Attributes:
        service: Such as ``iam``; of an HTTP API the provider's name.
        operation: Such as ``CreateAccessKey``, or the operation of a spec.
        code: The vendor's error code, or our word for a failure; empty on success.
        request_id: The vendor's id of the request; empty where it gives none.
    """

    service: str
    operation: str
    code: str = ""
    request_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRecord:
    """One line for the auditor, before it has its number.

    Attributes:
        id: Random UUID text.
        at: When it happened, by our clock.
        outcome: ``pending`` for an intent, ``success``, ``failure``, ``unknown``.
        actor: Who acted: ``daemon`` or ``operator:<name>``.
        reason: One sentence or code that says why.
        evidence: What the decision rested on, such as a last use.
        calls: The requests that were sent since the record before it, in order.
        policy: SHA-256 of the policy in force; the journal stamps it, like `source`.
        max_age: How old policy lets the key get, as ``90d``.
        source: Who wrote it: the host and the release.
    """

    id: str
    at: Instant
    stage: Stage
    action: AuditAction
    outcome: str
    actor: str = "daemon"
    subject: Subject | None = None
    rotation_id: RotationId | None = None
    trigger: str | None = None
    new_key_id: KeyId | None = None
    destination: str | None = None
    version_id: str | None = None
    rule: str | None = None
    error: str | None = None
    reason: str | None = None
    evidence: Mapping[str, Scalar] = field(default_factory=dict)
    calls: tuple[ProviderCall, ...] = ()
    policy: str | None = None
    max_age: str | None = None
    source: Mapping[str, Scalar] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedRecord:
    """A record with its place in the chain: the line is what was hashed, byte for byte."""

    seq: int
    line: str
    hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One step of a credential's history, for consoles and people.

    Attributes:
        kind: A constant such as ``intent``, ``outcome``, ``hold``, ``start``.
        phase: The rotation's phase after it; None when none is open.
        effect: The effect it tells of; None for others.
    """

    at: Instant
    credential_id: CredentialId
    kind: str
    rotation_id: RotationId | None = None
    phase: str | None = None
    effect: str | None = None
    detail: Mapping[str, Scalar] = field(default_factory=dict)
