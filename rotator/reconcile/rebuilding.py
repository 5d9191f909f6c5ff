"""Rebuilding a lost journal: look at what is left outside, then write it down, row by row.

Nothing is sent to a vendor but readings. What is written is written under each
credential's claim, beside a running daemon too, and leads to nothing before a person
confirms the account: until then it is in plan mode.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rotator.core.events import AuditAction, Stage
from rotator.core.idle import Adopt, Rest, next_for_idle
from rotator.core.ids import Instant, LeaseToken, RotationId
from rotator.core.reasons import explain
from rotator.core.rebuild import Rebuilt, Traces, is_history_needed, rebuilt
from rotator.core.rotation import Action, Claim
from rotator.core.steps import Do, known
from rotator.errors import ConflictError, FatalError, PermanentError, RotatorError
from rotator.ports.destination import CanReadHistory
from rotator.reconcile import books
from rotator.reconcile.session import Session

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from rotator.core.idle import IdleStep
    from rotator.core.ids import AccountId, KeyId
    from rotator.core.rotation import Credential, Rotation
    from rotator.ports.journal import Journal
    from rotator.reconcile.parts import Parts
    from rotator.reconcile.scan import Scanner

REBUILD = "rebuild"
"""The kind of the history's line by which a rebuilt rotation is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RebuildRow:
    """One principal, and what could be reconstructed of it.

    Attributes:
        candidate: The credential as policy sees it.
        rebuilt: Its rows; None if nothing can be said.
        note: Why nothing can be said, or why nothing is to be done.
        is_unclear: Whether a person should look at it before the account is confirmed.
    """

    candidate: Credential
    rebuilt: Rebuilt | None = None
    note: str = ""
    is_unclear: bool = False


def plan_all(parts: Parts, scanner: Scanner, account: AccountId | None) -> tuple[RebuildRow, ...]:
    """Say what the journal would hold of an account, or of every one, in the order of names.

    Raises:
        PermanentError: The journal is not lost, or an account is confirmed.
    """
    within = [item for item in scanner.territories if account in {None, item.account}]
    found = (
        candidate
        for territory in within
        for candidate in sorted(
            scanner.judge(territory).candidates(), key=lambda item: item.principal.name
        )
    )
    return plan(parts, {territory.account for territory in within}, found)


def plan(
    parts: Parts, accounts: Collection[AccountId], candidates: Iterable[Credential]
) -> tuple[RebuildRow, ...]:
    """Say what the journal of some accounts would hold after a rebuild; change nothing.

    Args:
        parts: The outside; only read calls are made.
        accounts: The accounts.
        candidates: The credentials there, as policy sees them.

    Raises:
        PermanentError: The journal is not lost, or one of the accounts is confirmed.
    """
    _refuse(parts.journal, accounts)
    fresh = (_forgotten(item, parts.clock.now()) for item in candidates)
    return tuple(_told_apart((_row(parts, item) for item in fresh), parts))


def _forgotten(candidate: Credential, now: Instant) -> Credential:
    """Take what an empty journal has learnt since off a row: it is found out again."""
    return replace(candidate, current_key_id=None, current_version=None, next_at=now)


def write(parts: Parts, rows: Iterable[RebuildRow], *, operator: str) -> tuple[RebuildRow, ...]:
    """Write down what a plan says.

    Args:
        parts: The journal, the clock and chance.
        rows: What `plan` returned.
        operator: Who ordered it, as the auditor should read it.

    Returns:
        Those that were written.

    Raises:
        ConflictError: Somebody was just looking at a credential, or has rebuilt it since
            the plan. Those before it are written; a new plan leaves them out.
        PermanentError: Its account was confirmed since the plan.
    """
    written = [row for row in rows if row.rebuilt is not None]
    for row in written:
        _write(parts, row, operator)
    return tuple(written)


def _refuse(journal: Journal, accounts: Collection[AccountId]) -> None:
    """Raise unless the journal is lost for these accounts, and nothing acts in them."""
    _refuse_confirmed(journal, accounts)
    for credential in journal.credentials():
        if credential.principal.account in accounts:
            _refuse_known(journal, credential)


def _refuse_confirmed(journal: Journal, accounts: Collection[AccountId]) -> None:
    confirmed = [row.id for row in journal.accounts() if row.is_confirmed and row.id in accounts]
    if confirmed:
        hint = f"rotator accounts withdraw {confirmed[0]}"
        msg = "the account is confirmed, so what is rebuilt would be acted on at once"
        raise PermanentError(msg, subject=confirmed[0], code="confirmed", hint=hint)


def _refuse_known(journal: Journal, credential: Credential) -> None:
    if any(not _is_rebuilt(journal, item) for item in journal.rotations(credential.id)):
        msg = "the journal knows rotations of this principal, so it is not lost"
        hint = "name by --account an account that the journal knows nothing of"
        raise PermanentError(msg, subject=credential.principal.name, code="not_lost", hint=hint)


def _is_rebuilt(journal: Journal, rotation: Rotation) -> bool:
    return any(event.kind == REBUILD for event in journal.events(rotation.id))


def _told_apart(rows: Iterable[RebuildRow], parts: Parts) -> Iterator[RebuildRow]:
    """Give a rotation another id if a copied mark would make it a second one's."""
    taken = {item.id for item in parts.journal.rotations()}
    for row in rows:
        rotation = row.rebuilt.rotation if row.rebuilt else None
        if row.rebuilt is None or rotation is None or rotation.id not in taken:
            yield row
        else:
            other = replace(rotation, id=RotationId(parts.chance.new_id()))
            yield replace(row, rebuilt=replace(row.rebuilt, rotation=other))
        taken |= {rotation.id} if rotation else set()


def _row(parts: Parts, candidate: Credential) -> RebuildRow:
    if parts.journal.rotations(candidate.id):
        return RebuildRow(candidate=candidate, note="rebuilt before")
    try:
        return _looked_at(parts, candidate)
    except FatalError:
        raise
    except RotatorError as error:
        return RebuildRow(candidate=candidate, note=error.diagnostics(), is_unclear=True)


def _looked_at(parts: Parts, candidate: Credential) -> RebuildRow:
    session = _session(parts, candidate)
    step = _ask(session)
    if isinstance(step, Rest):
        is_reported = candidate.action is Action.REPORT
        note = _said(step, candidate)
        return RebuildRow(candidate=candidate, note=note, is_unclear=not is_reported)
    spare = RotationId(parts.chance.new_id())
    made = rebuilt(_traces(session, step), session.terms, session.now(), spare=spare)
    return RebuildRow(candidate=candidate, rebuilt=made)


def _said(rest: Rest, candidate: Credential) -> str:
    reason = explain(rest.wait.reason)
    detail = candidate.note or rest.wait.detail
    return f"{reason} ({detail})" if detail else reason


def _session(parts: Parts, candidate: Credential) -> Session:
    """Look as a pass does, without a claim: it is never committed."""
    claim = Claim(
        token=LeaseToken(""),
        lease_until=parts.clock.now(),
        credential=candidate,
        keys=parts.journal.keys(candidate.id),
    )
    return Session(parts, claim)


def _ask(session: Session) -> Adopt | Rest:
    """Find out which key consumers read by the rule by which a key is adopted."""
    step = _next(session)
    while isinstance(step, Do):
        assert step.what is not None, "an idle credential is only looked at"  # noqa: S101
        session.observe(step.what)
        step = _next(session)
    assert isinstance(step, Adopt | Rest), "nothing is started without a key"  # noqa: S101
    return step


def _next(session: Session) -> IdleStep:
    return next_for_idle(session.credential, session.observation, session.terms, session.now())


def _traces(session: Session, adopt: Adopt) -> Traces:
    listing, records = known(session.observation.keys), session.keys()
    listed = listing.ids if listing else ()
    found = Traces(
        credential=replace(
            session.credential, current_key_id=adopt.key_id, current_version=adopt.version
        ),
        records=tuple(record for record in records if record.key_id in listed),
        undated=frozenset(
            key.key_id for key in (listing.keys if listing else ()) if not key.is_dated
        ),
        state=known(session.observation.destination),
    )
    if not is_history_needed(found, session.terms):
        return found
    try:
        return replace(found, replaced=_replaced(session))
    except PermanentError as error:
        return replace(found, unread=error.code)


def _replaced(session: Session) -> KeyId | None:
    ref = session.credential.destination
    assert ref is not None, "only an object that was read has a history"  # noqa: S101
    adapter = session.destination(ref)
    if not isinstance(adapter, CanReadHistory):
        raise PermanentError("the destination tells no history", code="no_capability")
    return adapter.previous_key_id(ref)


def _write(parts: Parts, row: RebuildRow, operator: str) -> None:
    session = Session(parts, _claimed(parts, row.candidate))
    try:
        _refuse_changed(session)
        _commit(session, row, operator)
    finally:
        parts.journal.release(session.claim)


def _refuse_changed(session: Session) -> None:
    """Look again under the claim: a person may have thought about the plan for long."""
    credential, journal = session.credential, session.parts.journal
    _refuse_confirmed(journal, [credential.principal.account])
    if journal.rotations(credential.id):
        name, hint = credential.principal.name, "rebuild again: it is left out then"
        raise ConflictError("it was rebuilt since it was looked at", subject=name, hint=hint)


def _commit(session: Session, row: RebuildRow, operator: str) -> None:
    made = row.rebuilt
    assert made is not None, "only what was rebuilt is written"  # noqa: S101
    session.learn(finding.record for finding in made.findings)
    credential = replace(
        session.credential,
        current_key_id=made.credential.current_key_id,
        current_version=made.credential.current_version,
    )
    entry = books.audit(
        credential,
        made.rotation,
        AuditAction.JOURNAL_REBUILD,
        record_id=session.parts.chance.new_id(),
        at=session.now(),
        stage=Stage.EVENT,
        outcome="success",
        actor=f"operator:{operator}",
        key=credential.current_key_id,
        version=credential.current_version,
        reason="the journal was lost",
        evidence=_evidence(made),
    )
    event = session.event(REBUILD, rotation=made.rotation, key_id=credential.current_key_id)
    session.commit(credential=credential, rotation=made.rotation, audit=(entry,), events=(event,))


def _evidence(made: Rebuilt) -> dict[str, str]:
    if made.rotation is None:
        return {}
    previous = made.rotation.old_key_id
    proof = next(item.proof for item in made.findings if item.record.key_id == previous)
    return {"previous_key": previous, "proof": proof}


def _claimed(parts: Parts, candidate: Credential) -> Claim:
    """Claim a credential that may be new, or may have been looked at a moment ago."""
    now = parts.clock.now()
    parts.journal.register(candidate)
    parts.journal.hasten(candidate.id, now=now)
    claim = parts.journal.acquire(
        candidate.id, now=now, lease_until=Instant(now + parts.lease_period)
    )
    if claim is None:
        name = candidate.principal.name
        hint = "rebuild again: what is written already is left out"
        raise ConflictError("somebody is looking at it just now", subject=name, hint=hint)
    return claim
