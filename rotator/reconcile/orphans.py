"""Finding what an earlier life of this installation left behind; see `rotator.core.orphans`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rotator.core import orphans
from rotator.core.drift import Memory
from rotator.core.events import AuditAction, Stage
from rotator.core.rotation import Role
from rotator.core.steps import known
from rotator.errors import RotatorError
from rotator.ports.provider import CanDisable, CanReportUse

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rotator.core.ids import KeyId
    from rotator.core.rotation import KeyRecord
    from rotator.reconcile.session import Session


def memory(session: Session) -> Memory:
    """Gather what the journal remembers of the credential's keys."""
    records = session.keys()
    return Memory(records=records, lost=_lost(session, records))


def watch(session: Session) -> None:
    """Put each orphan of ours, once it is proved, on a suspect's timer."""
    provider, listing = session.provider, known(session.observation.keys)
    is_watchable = isinstance(provider, CanReportUse) and isinstance(provider, CanDisable)
    if listing is None or not is_watchable or session.credential.current_key_id is None:
        return
    records = session.keys()
    left = _lost(session, records) | _survivors(session, records)
    for record in records:
        if record.key_id in left and listing.find(record.key_id):
            _judge(session, record)


def _lost(session: Session, records: Iterable[KeyRecord]) -> frozenset[KeyId]:
    """Ask for the history only where a mark needs it."""
    marked = orphans.marked(records)
    if not marked:
        return frozenset()
    return orphans.lost(marked, session.parts.journal.rotations(session.credential.id))


def _survivors(session: Session, records: Iterable[KeyRecord]) -> frozenset[KeyId]:
    marked = orphans.marked(records)
    if not marked:
        return frozenset()
    return orphans.survivors(marked, session.parts.journal.rotations(session.credential.id))


def _judge(session: Session, record: KeyRecord) -> None:
    state, owner = known(session.observation.destination), session.terms.owner
    proof = orphans.proof(record, state, session.credential, owner=owner)
    if not proof:
        return
    try:
        use = session.read_use(record.key_id)
    except RotatorError as error:
        telemetry = session.parts.telemetry
        telemetry.log("warning", "orphan not judged", key_id=record.key_id, code=error.code)
        return
    read = session.key(record.key_id) or record
    _save(session, orphans.judged(read, use, session.now()), proof)


def _save(session: Session, record: KeyRecord, proof: str) -> None:
    is_orphan = record.role is Role.SUSPECT
    finding = "orphan" if is_orphan else "stranger"
    reason = "minted by a rotation that the journal has lost, or that was rolled back"
    session.learn((record,))
    entry = session.audit(
        AuditAction.KEY_SUSPECT,
        Stage.EVENT,
        "success",
        key=record.key_id,
        reason=reason if is_orphan else f"{reason}, and used: it is left alone",
        evidence={"proof": proof, "mark": record.rotation_id},
    )
    event = session.event("suspect", key_id=record.key_id, finding=finding, mark=record.rotation_id)
    session.commit(audit=(entry,), events=(event,))
