"""The builders of `rotator.testing`, where the shipped contract suites need them too."""

from __future__ import annotations

from rotator.testing.builders import (
    ACCOUNT,
    EPOCH,
    NEW_KEY,
    NEW_VERSION,
    OLD_KEY,
    OLD_VERSION,
    PROVIDER,
    REGION,
    an_id,
    at,
    audit_record,
    claim,
    credential,
    destination,
    event,
    intent,
    key_record,
    principal,
    rotation,
    sealed,
)

__all__ = [
    "ACCOUNT",
    "EPOCH",
    "NEW_KEY",
    "NEW_VERSION",
    "OLD_KEY",
    "OLD_VERSION",
    "PROVIDER",
    "REGION",
    "an_id",
    "at",
    "audit_record",
    "claim",
    "credential",
    "destination",
    "event",
    "intent",
    "key_record",
    "principal",
    "rotation",
    "sealed",
]
