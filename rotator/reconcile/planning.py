"""What would happen, key by key: the machine is asked, nothing is claimed or written."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rotator.core.drift import Note
from rotator.core.idle import Adopt, Rest, Start, due_at, next_for_idle
from rotator.core.ids import LeaseToken
from rotator.core.reasons import Reason, explain
from rotator.core.registration import registered
from rotator.core.rotation import Action, Claim, Trigger
from rotator.core.steps import Do, known
from rotator.core.terms import Mode
from rotator.errors import RotatorError
from rotator.reconcile import orphans
from rotator.reconcile.session import Session

if TYPE_CHECKING:
    from datetime import timedelta

    from rotator.core.facts import KeyInfo
    from rotator.core.ids import AccountId, Instant, KeyId
    from rotator.core.rotation import Credential, KeyRecord, Rotation
    from rotator.reconcile.parts import Parts

_MOST_STEPS = 20
_WHY = {
    Trigger.AGE: "older than the policy asks for",
    Trigger.DRIFT: "consumers read a key that its provider refuses",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanRow:
    """One key, and what would become of it.

    Attributes:
        key_id: None when the principal has no key, or none could be listed.
        when: When something would happen; None when nothing would.
        what: A few words: ``rotate``, ``wait``, ``report``, ``hold``, ``leave alone``.
        reason: A sentence that says why, or what a person has to do first.
        is_held: Whether it waits for a person.
    """

    account: AccountId
    principal: str
    rule: str
    key_id: KeyId | None
    created_at: Instant | None
    age: timedelta | None
    when: Instant | None
    what: str
    reason: str
    is_held: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the journal holds of one credential."""

    credential: Credential | None = None
    rotation: Rotation | None = None
    keys: tuple[KeyRecord, ...] = ()


def plan(parts: Parts, candidate: Credential, known_rows: Known) -> tuple[PlanRow, ...]:
    """Say for each key of a principal what would happen if we were to act now.

    Args:
        parts: The outside; only read calls are made.
        candidate: The credential as policy sees it.
        known_rows: What the journal holds of it, if anything.
    """
    stored = known_rows.credential
    credential = registered(stored, candidate) if stored else candidate
    claim = Claim(
        token=LeaseToken(""),
        lease_until=parts.clock.now(),
        credential=credential,
        rotation=known_rows.rotation,
        keys=known_rows.keys,
    )
    session = Session(parts, claim)
    session.terms = replace(session.terms, mode=Mode.ENFORCE)
    try:
        return _rows(session)
    except RotatorError as error:
        return (_row(session, None, "hold", error.diagnostics(), is_held=True),)


def _rows(session: Session) -> tuple[PlanRow, ...]:
    rotation = session.claim.rotation
    if rotation is not None:
        hold = session.credential.hold
        text = explain(hold.reason) if hold else "the rotation is under way"
        keys = session.list_keys().keys
        old = next((key for key in keys if key.key_id == rotation.old_key_id), None)
        what = f"rotation {rotation.phase.value}"
        when = session.credential.next_at
        return (_row(session, old, what, text, when=when, is_held=hold is not None),)
    return _idle_rows(session)


def _idle_rows(session: Session) -> tuple[PlanRow, ...]:
    verdict = _ask(session)
    listing = known(session.observation.keys)
    if listing is None or not listing.keys:
        return (_verdict_row(session, None, verdict),)
    current = session.credential.current_key_id
    is_single = current is None
    return tuple(
        _verdict_row(session, key, verdict)
        if is_single or key.key_id == current
        else _row(session, key, "leave alone", "not a key that rotator manages")
        for key in listing.keys
    )


def _ask(session: Session) -> Start | Rest:
    for _ in range(_MOST_STEPS):
        step = next_for_idle(
            session.credential,
            session.observation,
            session.terms,
            session.now(),
            memory=orphans.memory(session),
        )
        match step:
            case Do(what=what) if what is not None:
                session.observe(what)
            case Adopt(key_id=key, version=version):
                adopted = replace(session.credential, current_key_id=key, current_version=version)
                session.claim = replace(session.claim, credential=adopted)
            case Note(version=version):
                noted = replace(session.credential, current_version=version)
                session.claim = replace(session.claim, credential=noted)
            case Start() | Rest():
                return step
            case _:
                break
    msg = "the plan does not come to an end"
    raise RotatorError(msg, subject=session.credential.principal.name)


def _verdict_row(session: Session, key: KeyInfo | None, verdict: Start | Rest) -> PlanRow:
    if isinstance(verdict, Start):
        is_ordered = session.credential.requested is not None
        why = "an operator ordered it" if is_ordered else _WHY[verdict.trigger]
        return _row(session, key, "rotate", why, when=session.now())
    wait = verdict.wait
    if wait.reason is Reason.NOT_DUE and key is not None:
        due = due_at(session.credential, key, session.terms)
        return _row(session, key, "wait", explain(wait.reason), when=due)
    if session.credential.action is Action.REPORT:
        note = session.credential.note or explain(wait.reason)
        return _row(session, key, "report", note)
    reason = explain(wait.reason)
    text = f"{reason} ({wait.detail})" if wait.detail else reason
    return _row(session, key, "hold", text, is_held=True)


def _row(
    session: Session,
    key: KeyInfo | None,
    what: str,
    reason: str,
    *,
    when: Instant | None = None,
    is_held: bool = False,
) -> PlanRow:
    credential = session.credential
    return PlanRow(
        account=credential.principal.account,
        principal=credential.principal.name,
        rule=credential.rule,
        key_id=key.key_id if key else None,
        created_at=key.created_at if key else None,
        age=session.now() - key.created_at if key else None,
        when=when,
        what=what,
        reason=reason,
        is_held=is_held,
    )
