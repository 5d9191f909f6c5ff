"""Looking at one principal for the slot doctor: everything is read, nothing is written.

The machine and the shell are asked what they would do next, through the functions that
a pass uses, so that the doctor cannot say anything else than the daemon will do.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from rotator.core import rollbacks
from rotator.core.diagnosis import Chart, Watched
from rotator.core.facts import Known, Minter, Unread, Unreadable, What
from rotator.core.idle import Rest, Start
from rotator.core.reasons import Reason
from rotator.core.rotation import Effect, Role
from rotator.core.steps import Do, Fact, Record, Wait, hold, known
from rotator.core.transitions import is_unwanted, replanned
from rotator.errors import (
    InvariantError,
    OutcomeUnknownError,
    PermanentError,
    TransientError,
)
from rotator.ports.provider import CanTellOwn
from rotator.reconcile import idle, obeying, planning, suspects
from rotator.reconcile.gates import held_back
from rotator.reconcile.own_key import others_first
from rotator.reconcile.reconciler import after_failure
from rotator.reconcile.rotating import is_gated

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rotator.core.facts import KeyInfo, LastUsed, Reading
    from rotator.core.ids import KeyId
    from rotator.core.steps import OrderStep
    from rotator.reconcile.session import Session


def chart(session: Session, *, is_ignored: bool, is_registered: bool) -> Chart:
    """Take one look at a principal.

    Args:
        session: Without a claim, as `planning.dry_session` makes it.
        is_ignored: Whether policy ignores the principal.
        is_registered: Whether the journal knows the principal.
    """
    step = _step(session)
    _fill(session)
    credential = session.credential
    return Chart(
        credential=credential,
        terms=session.terms,
        now=session.now(),
        step=step,
        listing=session.observation.keys,
        rotation=session.claim.rotation,
        rotations=session.parts.journal.rotations(credential.id),
        destination=session.observation.destination,
        published=session.observation.published,
        uses={key.key_id: _use(session, key.key_id) for key in _listed(session)},
        suspects=dict(_suspects(session)),
        records=session.keys(),
        grants=session.observation.grants,
        own=_own(session),
        gate=held_back(session),
        is_ignored=is_ignored,
        is_registered=is_registered,
    )


def _step(session: Session) -> Start | Rest | OrderStep:
    """Ask what the next pass would do; where it would fail, say how it would wait."""
    try:
        verdict = planning.ask(session) if session.claim.rotation is None else None
        return _rotating(session) if verdict is None else _may_start(session, verdict)
    except (TransientError, PermanentError, OutcomeUnknownError, InvariantError) as error:
        return after_failure(error, session.credential.failures + 1, session)


def _may_start(session: Session, verdict: Start | Rest) -> Start | Rest:
    if isinstance(verdict, Rest):
        return verdict
    rotations = session.parts.journal.rotations(session.credential.id)
    failed = rollbacks.in_a_row(rotations)
    waiting = (
        held_back(session, verdict.trigger)
        or _denied(session)
        or others_first(session, verdict.trigger)
        or idle.back_off(session, failed)
    )
    return Rest(wait=waiting, due_at=verdict.due_at) if waiting else verdict


def _rotating(session: Session) -> OrderStep:
    if is_unwanted(session.rotation, session.credential):
        return Record(fact=Fact.ABANDONED, reason=Reason.REPORT_ONLY)
    moved = replanned(session.rotation, session.credential)
    session.claim = replace(session.claim, rotation=moved)
    step = obeying.ask(session, in_hand=False)
    while isinstance(step, Do) and step.effect is Effect.OBSERVE and step.what is not None:
        session.observe(step.what)
        step = obeying.ask(session, in_hand=False)
    is_held = isinstance(step, Do) and is_gated(session.rotation, step)
    if not is_held:
        return step
    return held_back(session, session.rotation.trigger) or _denied(session) or step


def _denied(session: Session) -> Wait | None:
    """Say again what the daemon found denied before it began: only its process remembers that."""
    credential = session.credential
    found = credential.hold
    if found is None or found.reason not in {Reason.ACCESS_DENIED, Reason.POWERS_UNKNOWN}:
        return None
    if found.reason is Reason.ACCESS_DENIED and credential.failures:
        return None
    return hold(session.terms, session.now(), found.reason, found.detail)


def _fill(session: Session) -> None:
    """Read what the machine did not ask for, and a person wants to know."""
    _read(session, What.KEYS)
    rotation = session.claim.rotation
    if rotation is None and session.credential.destination is None:
        return
    _read(session, What.DESTINATION)
    state = known(session.observation.destination)
    if state is not None and state.exists:
        _read(session, What.PUBLISHED)
    if session.terms.traits.has_grants and rotation is not None and rotation.new_key_id:
        _read(session, What.GRANTS)


def _read(session: Session, what: What) -> None:
    """Take a reading that nobody took yet; any failure is a reading here, for nobody acts on it."""
    if not isinstance(getattr(session.observation, what.value), Unread):
        return
    try:
        session.observe(what)
    except (TransientError, PermanentError) as error:
        reading = Unreadable(error.code)
        session.observation = session.observation.with_reading(what, reading)


def _use(session: Session, key: KeyId) -> Reading[LastUsed]:
    try:
        return Known(session.read_use(key))
    except (TransientError, PermanentError) as error:
        return Unreadable(error.code)


def _own(session: Session) -> KeyId | None:
    """Name the key by which we are admitted; one that cannot be read admits nobody now."""
    provider = session.provider
    if not isinstance(provider, CanTellOwn):
        return None
    try:
        return provider.own_key(session.credential.principal.account)
    except (TransientError, PermanentError):
        return None


def _listed(session: Session) -> tuple[KeyInfo, ...]:
    listing = known(session.observation.keys)
    return listing.keys if listing else ()


def _suspects(session: Session) -> Iterator[tuple[KeyId, Watched]]:
    """Ask the machine about each suspect that is listed."""
    listing = known(session.observation.keys)
    records = [record for record in session.keys() if record.role is Role.SUSPECT]  # noqa: SIM118
    for record in records:
        if listing is None or listing.find(record.key_id) is None:
            continue
        told = suspects.Told()
        try:
            step = suspects.ask(session, record, listing, told)
        except (TransientError, PermanentError) as error:
            step = after_failure(error, session.credential.failures + 1, session)
        yield record.key_id, Watched(step=step, is_proved=told.minter is Minter.OURS)
