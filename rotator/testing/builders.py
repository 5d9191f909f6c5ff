"""Functional builders of values for tests: every argument has a quiet default.

`at(days=3)` is an instant three days after `EPOCH`; nothing here reads a clock.
A keyword that a builder does not name replaces the field of that name.
"""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import NAMESPACE_OID, uuid5

from rotator.core.accounts import Account
from rotator.core.events import AuditAction, AuditRecord, Event, SealedRecord, Stage, Subject
from rotator.core.facts import DestinationRef, Principal
from rotator.core.ids import (
    AccountId,
    CredentialId,
    Instant,
    KeyId,
    LeaseToken,
    RotationId,
    VersionId,
    credential_id,
    instant,
)
from rotator.core.orders import Order, Pause, Verb
from rotator.core.rotation import (
    Action,
    Claim,
    Credential,
    Effect,
    Intent,
    KeyRecord,
    Phase,
    Role,
    Rotation,
    Trigger,
)

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    Row = TypeVar("Row", bound=DataclassInstance)

EPOCH: Instant = instant(datetime(2026, 1, 1, tzinfo=UTC))
"""Where the tests' time begins."""

PROVIDER = "aws-iam"
ACCOUNT = AccountId("111122223333")
REGION = "eu-central-1"
OLD_KEY = KeyId("AKIAOLD0000000000001")
NEW_KEY = KeyId("AKIANEW0000000000002")
OLD_VERSION = VersionId("00000000-0000-4000-8000-000000000001")
NEW_VERSION = VersionId("00000000-0000-4000-8000-000000000002")


def at(*, days: float = 0, hours: float = 0, minutes: float = 0, seconds: float = 0) -> Instant:
    """Name an instant by its distance from `EPOCH`; negative is before."""
    return Instant(EPOCH + timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds))


def an_id(name: object) -> str:
    """Derive the text of a UUID from a readable name."""
    return str(uuid5(NAMESPACE_OID, str(name)))


def principal(name: str = "ci-deployer", **changes: Any) -> Principal:  # noqa: ANN401 - any field
    """Build the principal of one name."""
    made = Principal(provider=PROVIDER, account=ACCOUNT, name=name, uid=f"AIDA{name}")
    return _changed(made, changes)


def destination(name: str = "ci/deployer", **changes: Any) -> DestinationRef:  # noqa: ANN401
    """Build the reference to one object in AWS Secrets Manager."""
    made = DestinationRef(kind="aws-secrets-manager", account=ACCOUNT, region=REGION, name=name)
    return _changed(made, changes)


def credential(name: str = "ci-deployer", **changes: Any) -> Credential:  # noqa: ANN401
    """Build the credential of one principal: adopted, idle, due at `EPOCH`.

    Its id follows from the principal, and its destination has the principal's name.
    """
    owner: Principal = changes.pop("principal", principal(name))
    made = Credential(
        id=credential_id(owner.provider, owner.account, owner.name),
        principal=owner,
        action=Action.ROTATE,
        rule="defaults",
        next_at=EPOCH,
        created_at=at(days=-1),
        destination=destination(owner.name),
        current_key_id=OLD_KEY,
        current_version=OLD_VERSION,
    )
    return _changed(made, changes)


def rotation(
    of: Credential | None = None,
    *,
    phase: Phase = Phase.PLANNED,
    name: str = "first",
    **changes: Any,  # noqa: ANN401 - any field
) -> Rotation:
    """Build a rotation in a phase, with every field that the phase implies.

    Args:
        of: The credential that is rotated; `credential()` if not given.
        phase: How far it has come; `halted` remembers `created`.
        name: Tells the rotations of a credential apart; its id follows from it.
        **changes: Fields to replace.
    """
    of = of or credential()
    made = Rotation(
        id=RotationId(an_id(f"{of.id}/{name}")),
        credential_id=of.id,
        trigger=Trigger.AGE,
        phase=phase,
        phase_since=EPOCH,
        created_at=EPOCH,
        old_key_id=of.current_key_id or OLD_KEY,
        old_version=of.current_version,
        destination=of.destination or destination(),
    )
    return _changed(replace(made, **_implied(phase)), changes)


def intent(effect: Effect = Effect.CREATE_KEY, **changes: Any) -> Intent:  # noqa: ANN401
    """Build an open intent that was made at `EPOCH` for half a minute."""
    made = Intent(effect=effect, made_at=EPOCH, not_after=at(seconds=30), provider_time=EPOCH)
    return _changed(made, changes)


def order(verb: Verb = Verb.RESUME, **changes: Any) -> Order:  # noqa: ANN401 - any field
    """Build an order that was given at `EPOCH`; its id follows from the verb."""
    made = Order(
        id=an_id(f"order/{verb.value}"),
        verb=verb,
        operator="alice",
        reason="because",
        given_at=EPOCH,
    )
    return _changed(made, changes)


def pause(**changes: Any) -> Pause:  # noqa: ANN401 - any field
    """Build a pause of everything since `EPOCH`."""
    return _changed(Pause(operator="alice", reason="a freeze", since=EPOCH), changes)


def key_record(
    of: Credential | None = None,
    key_id: KeyId = OLD_KEY,
    *,
    role: Role = Role.CURRENT,
    **changes: Any,  # noqa: ANN401 - any field
) -> KeyRecord:
    """Build the record of an enabled key that was made thirty days before `EPOCH`."""
    made = KeyRecord(
        credential_id=(of or credential()).id,
        key_id=key_id,
        role=role,
        enabled=True,
        created_at=at(days=-30),
        seen_at=EPOCH,
    )
    return _changed(made, changes)


def claim(of: Credential | None = None, **changes: Any) -> Claim:  # noqa: ANN401
    """Build a claim that no journal granted; for tests of pure functions."""
    made = Claim(
        token=LeaseToken(an_id("token")),
        lease_until=at(minutes=2),
        credential=of or credential(),
    )
    return _changed(made, changes)


def account(**changes: Any) -> Account:  # noqa: ANN401 - any field
    """Build the confirmation of an account."""
    made = Account(
        provider=PROVIDER, id=ACCOUNT, is_confirmed=True, operator="ann", reason="", since=EPOCH
    )
    return _changed(made, changes)


def audit_record(name: object = "record", **changes: Any) -> AuditRecord:  # noqa: ANN401
    """Build one line for the auditor; its id follows from the name."""
    of = credential()
    made = AuditRecord(
        id=an_id(f"audit/{name}"),
        at=EPOCH,
        stage=Stage.INTENT,
        action=AuditAction.KEY_CREATE,
        outcome="pending",
        subject=Subject(
            provider=of.principal.provider,
            account=of.principal.account,
            principal=of.principal.name,
            credential_id=of.id,
        ),
    )
    return _changed(made, changes)


def sealed(seq: int, line: str = "{}") -> SealedRecord:
    """Build a record's place in the chain, with a hash that is only unlike others."""
    return SealedRecord(seq=seq, line=line, hash=f"{seq:064x}")


def event(
    kind: str = "start",
    *,
    credential_id: CredentialId | None = None,
    **changes: Any,  # noqa: ANN401 - any field
) -> Event:
    """Build one step of a credential's history."""
    made = Event(at=EPOCH, credential_id=credential_id or credential().id, kind=kind)
    return _changed(made, changes)


def _implied(phase: Phase) -> dict[str, Any]:
    """Name the fields that a rotation cannot lack once it has come so far."""
    order = list(Phase)
    reached = order.index(Phase.CREATED if phase is Phase.HALTED else phase)
    if phase is Phase.ROLLED_BACK:
        return {"finished_at": EPOCH, "outcome": "rolled_back"}
    steps: tuple[tuple[Phase, dict[str, Any]], ...] = (
        (Phase.CREATED, {"prepared_at": EPOCH, "new_key_id": NEW_KEY}),
        (Phase.STAGED, {"new_version": NEW_VERSION, "base_version": OLD_VERSION}),
        (Phase.VERIFIED, {"verified_at": EPOCH}),
        (Phase.PROMOTED, {"promoted_at": EPOCH}),
        (Phase.DISABLED, {"disabled_at": EPOCH}),
        (Phase.COMPLETED, {"unstaged_at": EPOCH, "finished_at": EPOCH, "outcome": "rotated"}),
    )
    implied: dict[str, Any] = {"halted_from": Phase.CREATED} if phase is Phase.HALTED else {}
    for step, values in steps:
        if order.index(step) <= reached:
            implied.update(values)
    return implied


def _changed(made: Row, changes: dict[str, Any]) -> Row:
    """Replace fields, and name the unknown ones at once rather than deep in a test."""
    unknown = changes.keys() - {item.name for item in fields(made)}
    assert not unknown, f"no such field of {type(made).__name__}: {sorted(unknown)}"
    return replace(made, **changes)
