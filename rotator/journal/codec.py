"""Rows to values and values to rows; every field of the core's values has one home."""

from __future__ import annotations

import json
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from rotator.core.accounts import Account
from rotator.core.events import (
    AuditAction,
    AuditRecord,
    Event,
    ProviderCall,
    SealedRecord,
    Stage,
    Subject,
)
from rotator.core.facts import DestinationRef, Principal
from rotator.core.orders import Pause
from rotator.core.reasons import Reason
from rotator.core.rotation import Credential, Effect, Hold, KeyRecord, Rotation, Trigger
from rotator.journal import tables
from rotator.journal.columns import from_micros, to_micros

if TYPE_CHECKING:
    from sqlalchemy import RowMapping, Select

Row = dict[str, Any]

_OBJECT = tables.destination_object.c
_OBJECT_COLUMNS = (
    _OBJECT.kind.label("object_kind"),
    _OBJECT.account.label("object_account"),
    _OBJECT.region.label("object_region"),
    _OBJECT.name.label("object_name"),
)

_CREDENTIAL_PLAIN = (
    "id", "action", "rule", "note", "contact", "current_key_id", "current_version", "next_at",
    "due_at", "requested", "failures", "last_error", "inspected_at", "created_at", "intent",
)  # fmt: skip
_PLACEMENT_VERSIONS = ("old_version", "base_version", "new_version")
_ROTATION_PLAIN = tuple(
    item.name for item in fields(Rotation) if item.name not in {*_PLACEMENT_VERSIONS, "destination"}
)
_SECOND_WORDS = frozenset(
    {Reason.PAUSED, Reason.ABORTED, Reason.ENABLED_BY_OPERATOR, Trigger.DRIFT}
)
"""Words that readers of the first generation do not know."""

_THIRD_WORDS = frozenset(
    {
        Reason.GRANTS_UNREADABLE,
        Reason.GRANTS_TAKEN,
        Reason.OWN_KEY_LAST,
        Reason.OLD_KEY_LIVES,
    }
)
"""Words that readers of the second generation do not know."""

_FOURTH_WORDS = frozenset(
    {Reason.EXPIRES_TOO_SOON, Reason.POWERS_UNKNOWN, Trigger.EXPIRY, Trigger.EXPIRED}
)
"""Words that readers of the third generation do not know."""

_FIFTH_WORDS = frozenset({Trigger.BREAK_GLASS})
"""Words that readers of the fourth generation do not know."""

_SIXTH_WORDS = frozenset(
    {
        Reason.FOLLOWERS_BEHIND,
        Reason.FOLLOWER_DRIFT,
        Reason.CONSUMERS_BEHIND,
        Reason.CONSUMERS_UNREADABLE,
    }
)
"""Words that readers of the fifth generation do not know."""

_SIXTH_EFFECTS = frozenset({Effect.FOLLOW, Effect.REFRESH, Effect.RESTART})
"""Effects that readers of the fifth generation do not know."""

_OLDEST_PROVIDER = "aws-iam"
"""The only provider that readers of the first two generations can look after."""

_OLD_PROVIDERS = frozenset({_OLDEST_PROVIDER, "cipherstash-access-key", "cipherstash-client-key"})
"""Those that readers of the third generation can look after; they know of no key that expires."""

_SECOND_FIELDS = ("enabled_at", "reversed_at", "vouched_at", "halt_reason")
"""What readers of the first generation would not heed."""

_KEY_PLAIN = tuple(item.name for item in fields(KeyRecord))
_ACCOUNT_PLAIN = tuple(item.name for item in fields(Account))
_EVENT_PLAIN = tuple(item.name for item in fields(Event))
_AUDIT_PLAIN = tuple(
    item.name
    for item in fields(AuditRecord)
    if item.name not in {"at", "stage", "action", "subject", "evidence", "calls", "source"}
)


def select_credentials() -> Select[Any]:
    """Select what `decode_credential` needs, without rows that are too new for us."""
    joined = tables.credential.outerjoin(tables.destination_object)
    query = select(tables.credential, *_OBJECT_COLUMNS).select_from(joined)
    return query.where(tables.credential.c.min_reader <= tables.READER)


def select_rotations() -> Select[Any]:
    """Select what `decode_rotation` needs, without rows that are too new for us."""
    columns = [column for column in tables.placement.c if column.name != "rotation_id"]
    joined = (
        tables.rotation.join(tables.placement)
        .join(tables.destination_object)
        .join(tables.credential, tables.credential.c.id == tables.rotation.c.credential_id)
    )
    query = select(tables.rotation, *columns, *_OBJECT_COLUMNS).select_from(joined)
    return query.where(
        tables.placement.c.ordinal == 0, tables.credential.c.min_reader <= tables.READER
    )


def select_keys() -> Select[Any]:
    """Select what `decode_key` needs, without rows that are too new for us."""
    query = select(tables.key).join_from(tables.key, tables.credential)
    return query.where(tables.credential.c.min_reader <= tables.READER)


def encode_destination(ref: DestinationRef) -> Row:
    """Encode the object that a reference points to."""
    return {
        "id": ref.id,
        "kind": ref.kind,
        "account": ref.account,
        "region": ref.region,
        "name": ref.name,
    }


def encode_credential(value: Credential) -> Row:
    """Encode a credential without its lease."""
    hold = value.hold
    return {
        **{name: getattr(value, name) for name in _CREDENTIAL_PLAIN},
        "provider": value.principal.provider,
        "account": value.principal.account,
        "principal": value.principal.name,
        "principal_uid": value.principal.uid,
        "principal_path": value.principal.path,
        **_encode_ref(value.destination),
        "hold_reason": hold.reason if hold else None,
        "hold_since": hold.since if hold else None,
        "hold_detail": hold.detail if hold else None,
        "operator_order": value.order,
        "min_reader": generation(value),
    }


def generation(value: Credential | Rotation) -> int:
    """Say which generation of readers a row needs; older releases leave it alone."""
    if isinstance(value, Credential):
        reason = value.hold.reason if value.hold else None
        words, has_new = {reason, value.requested}, value.order is not None
        is_third = value.principal.provider != _OLDEST_PROVIDER
        is_fourth = value.principal.provider not in _OLD_PROVIDERS
    else:
        words = {value.abandoned, value.trigger}
        has_new = any(getattr(value, name) is not None for name in _SECOND_FIELDS)
        is_third, is_fourth = value.granted is not None or _is_granting(value), False
    if words & _SIXTH_WORDS or _is_spread(value):
        return 6
    if words & _FIFTH_WORDS:
        return 5
    if is_fourth or words & _FOURTH_WORDS:
        return 4
    if is_third or words & _THIRD_WORDS:
        return 3
    return 2 if has_new or words & _SECOND_WORDS else 1


def _is_spread(value: Credential | Rotation) -> bool:
    """Whether a key goes, or went, further than its first destination."""
    is_under_way = value.intent is not None and value.intent.effect in _SIXTH_EFFECTS
    if is_under_way or isinstance(value, Credential):
        return is_under_way
    return value.followed_at is not None or value.refreshed_at is not None


def _is_granting(value: Rotation) -> bool:
    return value.intent is not None and value.intent.effect is Effect.GRANT


def decode_credential(row: RowMapping) -> Credential:
    """Decode a row of `select_credentials`."""
    hold = None
    if row["hold_reason"] is not None:
        hold = Hold(reason=row["hold_reason"], since=row["hold_since"], detail=row["hold_detail"])
    return Credential(
        **{name: row[name] for name in _CREDENTIAL_PLAIN},
        principal=Principal(
            provider=row["provider"],
            account=row["account"],
            name=row["principal"],
            uid=row["principal_uid"],
            path=row["principal_path"],
        ),
        destination=None if row["destination_id"] is None else _decode_ref(row),
        order=row["operator_order"],
        hold=hold,
    )


def encode_rotation(value: Rotation) -> Row:
    """Encode a rotation without its placements."""
    plain = {name: getattr(value, name) for name in _ROTATION_PLAIN}
    return {**plain, "min_reader": generation(value)}


def encode_placement(value: Rotation) -> Row:
    """Encode the pivot: where a rotation publishes first."""
    return {
        "rotation_id": value.id,
        "ordinal": 0,
        **_encode_ref(value.destination),
        **{name: getattr(value, name) for name in _PLACEMENT_VERSIONS},
        "is_holder": value.is_unpromoted,
    }


def decode_rotation(row: RowMapping) -> Rotation:
    """Decode a row of `select_rotations`."""
    return Rotation(
        **{name: row[name] for name in (*_ROTATION_PLAIN, *_PLACEMENT_VERSIONS)},
        destination=_decode_ref(row),
    )


def encode_key(value: KeyRecord) -> Row:
    """Encode what we know of one key."""
    return {name: getattr(value, name) for name in _KEY_PLAIN}


def decode_key(row: RowMapping) -> KeyRecord:
    """Decode a row of `select_keys`."""
    return KeyRecord(**{name: row[name] for name in _KEY_PLAIN})


def encode_pause(value: Pause) -> Row:
    """Encode a pause under its scope."""
    return {
        "scope": value.scope,
        "account": value.account,
        "credential_id": value.credential,
        "operator": value.operator,
        "reason": value.reason,
        "since": value.since,
    }


def decode_pause(row: RowMapping) -> Pause:
    """Decode a pause."""
    return Pause(
        account=row["account"],
        credential=row["credential_id"],
        operator=row["operator"],
        reason=row["reason"],
        since=row["since"],
    )


def encode_account(value: Account) -> Row:
    """Encode what a person said about an account."""
    return {name: getattr(value, name) for name in _ACCOUNT_PLAIN}


def decode_account(row: RowMapping) -> Account:
    """Decode what a person said about an account."""
    return Account(**{name: row[name] for name in _ACCOUNT_PLAIN})


def encode_event(value: Event) -> Row:
    """Encode one step of history."""
    return {name: getattr(value, name) for name in _EVENT_PLAIN}


def decode_event(row: RowMapping) -> Event:
    """Decode one step of history."""
    return Event(**{name: row[name] for name in _EVENT_PLAIN})


def encode_audit(value: AuditRecord) -> Row:
    """Encode a record that waits for its number."""
    subject = value.subject
    body = {
        **{name: getattr(value, name) for name in _AUDIT_PLAIN},
        "at": to_micros(value.at),
        "stage": value.stage,
        "action": value.action,
        "subject": None
        if subject is None
        else {item.name: getattr(subject, item.name) for item in fields(subject)},
        "evidence": dict(value.evidence),
        "calls": [asdict(call) for call in value.calls],
        "source": dict(value.source),
        # Readers of the release before look for it; they know of no calls.
        "provider_call": {},
    }
    return {"id": value.id, "body": json.dumps(body, sort_keys=True)}


def decode_audit(body: str) -> AuditRecord:
    """Decode a record that waits for its number."""
    document = json.loads(body)
    subject = document["subject"]
    return AuditRecord(
        # A record of the release before lacks what is new.
        **{name: document.get(name) for name in _AUDIT_PLAIN},
        at=from_micros(document["at"]),
        stage=Stage(document["stage"]),
        action=AuditAction(document["action"]),
        subject=None if subject is None else Subject(**subject),
        evidence=document["evidence"],
        calls=tuple(ProviderCall(**call) for call in document.get("calls", ())),
        source=document.get("source", {}),
    )


def decode_sealed(row: RowMapping) -> SealedRecord:
    """Decode a record's place in the chain."""
    return SealedRecord(seq=row["seq"], line=row["line"], hash=row["hash"])


def _encode_ref(ref: DestinationRef | None) -> Row:
    return {
        "destination_id": ref.id if ref else None,
        "key_id_field": ref.key_id_field if ref else None,
        "secret_field": ref.secret_field if ref else None,
        "merge_fields": ref.merge if ref else None,
        "create_missing": ref.create if ref else None,
    }


def _decode_ref(row: RowMapping) -> DestinationRef:
    return DestinationRef(
        kind=row["object_kind"],
        account=row["object_account"],
        region=row["object_region"],
        name=row["object_name"],
        key_id_field=row["key_id_field"],
        secret_field=row["secret_field"],
        merge=row["merge_fields"],
        create=row["create_missing"],
    )
