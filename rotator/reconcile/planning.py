"""What would happen, key by key: the machine is asked, nothing is claimed or written."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rotator.core import expiry
from rotator.core.drift import Note
from rotator.core.idle import Adopt, Rest, Start, due_at, next_for_idle
from rotator.core.ids import LeaseToken
from rotator.core.ownership import ROOT_ACCOUNT, root_note
from rotator.core.policy import DEFAULT_RULE
from rotator.core.reasons import Reason, explain
from rotator.core.registration import registered
from rotator.core.rotation import Action, Claim, Effect, Trigger
from rotator.core.steps import Do, hold, known
from rotator.core.terms import Mode
from rotator.errors import RotatorError
from rotator.reconcile import idle, orphans
from rotator.reconcile.gates import paused
from rotator.reconcile.own_key import others_first
from rotator.reconcile.session import Session

if TYPE_CHECKING:
    from datetime import timedelta

    from rotator.core.facts import KeyInfo
    from rotator.core.ids import AccountId, Instant, KeyId
    from rotator.core.rotation import Credential, KeyRecord, Rotation
    from rotator.core.steps import Wait
    from rotator.reconcile.parts import Parts

_MOST_STEPS = 20
_WHY = {
    Trigger.AGE: "older than the policy asks for",
    Trigger.DRIFT: "consumers read a key that its provider refuses",
    Trigger.EXPIRY: "its provider ends it by itself soon",
    Trigger.EXPIRED: "its provider has ended it by itself: consumers are refused",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanRow:
    """One key, and what would become of it.

    Attributes:
        provider: The name of its principal's provider; empty for an account's root.
        key_id: None when the principal has no key, or none could be listed.
        created_at: None where the provider does not tell.
        when: When something would happen; None when nothing would.
        what: A few words: ``rotate``, ``wait``, ``report``, ``hold``, ``leave alone``.
        reason: A sentence that says why, or what a person has to do first.
        is_held: Whether it waits for a person.
        contact: Whom to ask about it; empty while unknown.
        destination: Name of the object that a rotation would write; empty without one.
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
    contact: str = ""
    destination: str = ""
    provider: str = ""


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
    session = dry_session(parts, candidate, known_rows)
    session.terms = replace(session.terms, mode=Mode.ENFORCE)
    try:
        return _rows(session)
    except RotatorError as error:
        return (_row(session, None, "hold", error.diagnostics(), is_held=True),)


def dry_session(parts: Parts, candidate: Credential, known_rows: Known) -> Session:
    """Make a session that reads and asks; it holds no claim, so it can write nothing."""
    stored = known_rows.credential
    credential = registered(stored, candidate) if stored else candidate
    claim = Claim(
        token=LeaseToken(""),
        lease_until=parts.clock.now(),
        credential=credential,
        rotation=known_rows.rotation,
        keys=known_rows.keys,
    )
    return Session(parts, claim)


def _rows(session: Session) -> tuple[PlanRow, ...]:
    if session.claim.rotation is None:
        verdict = ask(session)
        if verdict is not None:
            return _idle_rows(session, verdict)
    return (_rotation_row(session, session.rotation),)


def _rotation_row(session: Session, rotation: Rotation) -> PlanRow:
    hold = session.credential.hold
    text = explain(hold.reason) if hold else "the rotation is under way"
    return _row(
        session,
        session.list_keys().find(rotation.old_key_id),
        f"rotation {rotation.phase.value}",
        _with_pause(session, text),
        when=session.credential.next_at,
        is_held=hold is not None,
    )


def _idle_rows(session: Session, verdict: Start | Rest) -> tuple[PlanRow, ...]:
    listing = known(session.observation.keys)
    if listing is None or not listing.keys:
        return (_verdict_row(session, None, verdict),)
    current = session.credential.current_key_id
    is_single = current is None
    # A key that its provider has ended may be listed no more, and its rotation is planned yet.
    unlisted = () if is_single or listing.find(current) else (_verdict_row(session, None, verdict),)
    return unlisted + tuple(
        _verdict_row(session, key, verdict)
        if is_single or key.key_id == current
        else _row(session, key, "leave alone", "not a key that rotator manages")
        for key in listing.keys
    )


def ask(session: Session) -> Start | Rest | None:
    """Say what a credential without an open rotation needs; read what that takes.

    Returns:
        None when a rotation that the journal has forgotten would be opened again; the
        session then shows it.
    """
    behind: Wait | None = None
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
            case Do(effect=Effect.FOLLOW, place=place) if place is not None:
                told = f"{place.name} is given {session.credential.current_key_id} at the next look"
                behind = hold(session.terms, session.now(), Reason.FOLLOWERS_BEHIND, told)
                session.terms = replace(session.terms, followers=())
            case Adopt(key_id=key, version=version, retires=retires):
                again = idle.remembered(session, step, retires) if retires else None
                adopted = replace(session.credential, current_key_id=key, current_version=version)
                session.claim = replace(session.claim, credential=adopted, rotation=again)
                if again is not None:
                    return None
            case Note(version=version):
                noted = replace(session.credential, current_version=version)
                session.claim = replace(session.claim, credential=noted)
            case Rest() if behind is not None:
                return replace(step, wait=behind)
            case Start() | Rest():
                return step
            case _:
                break
    msg = "the plan does not come to an end"
    raise RotatorError(msg, subject=session.credential.principal.name)


def _verdict_row(session: Session, key: KeyInfo | None, verdict: Start | Rest) -> PlanRow:
    if isinstance(verdict, Start):
        waiting = paused(session)
        if waiting is not None:
            return _row(session, key, "hold", _told(waiting), is_held=True)
        waiting = others_first(session, verdict.trigger)
        if waiting is not None:
            return _row(session, key, "wait", _told(waiting))
        is_ordered = session.credential.requested is not None
        why = "an operator ordered it" if is_ordered else _WHY[verdict.trigger]
        ends = expiry.told(key, session.now())
        why = f"{why} ({ends})" if ends else why
        return _row(session, key, "rotate", why, when=session.now())
    wait = verdict.wait
    if wait.reason is Reason.NOT_DUE and key is not None:
        due = due_at(session.credential, key, session.terms)
        return _row(session, key, "wait", _with_pause(session, _told(wait)), when=due)
    if session.credential.action is Action.REPORT:
        note = session.credential.note or explain(wait.reason)
        return _row(session, key, "report", note)
    return _row(session, key, "hold", _with_pause(session, _told(wait)), is_held=True)


def _told(wait: Wait) -> str:
    reason = explain(wait.reason)
    return f"{reason} ({wait.detail})" if wait.detail else reason


def _with_pause(session: Session, text: str) -> str:
    waiting = paused(session)
    return f"{text}; paused: {waiting.detail}" if waiting is not None else text


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
    dated = key if key is not None and key.is_dated else None
    return PlanRow(
        account=credential.principal.account,
        principal=credential.principal.name,
        rule=credential.rule,
        key_id=key.key_id if key else None,
        created_at=dated.created_at if dated else None,
        age=session.now() - dated.created_at if dated else None,
        when=when,
        what=what,
        reason=reason,
        is_held=is_held,
        contact=credential.contact,
        destination=credential.destination.name if credential.destination else "",
        provider=credential.principal.provider,
    )


def root_rows(account: AccountId, count: int) -> tuple[PlanRow, ...]:
    """Report the keys of an account's root, whose ids nobody may list; they are never touched."""
    if count == 0:
        return ()
    row = PlanRow(
        account=account,
        principal=ROOT_ACCOUNT,
        rule=DEFAULT_RULE,
        key_id=None,
        created_at=None,
        age=None,
        when=None,
        what="report",
        reason=root_note(count),
    )
    return (row,)
