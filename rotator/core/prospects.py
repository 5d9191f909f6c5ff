"""What will happen to each key of a principal, when, and why: the machine's answer in words.

Nothing is decided here. The chart holds what the machine says to the rotation, to the
credential and to each suspect; periods come from the functions that the machine uses.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from rotator.core.diagnosis import OTHERS, Part
from rotator.core.durations import format_duration
from rotator.core.idle import Rest, Start, due_at
from rotator.core.ids import Instant
from rotator.core.reasons import Reason, explain
from rotator.core.retire import grace_ends_at, quarantine_ends_at
from rotator.core.rotation import Action, Effect, Phase
from rotator.core.steps import Do, Done, Fact, Halt, Record, Wait
from rotator.core.suspects import Act, Finding, Judge, next_act
from rotator.core.transitions import meaning
from rotator.core.ways import utc

if TYPE_CHECKING:
    from rotator.core.diagnosis import Chart, Watched
    from rotator.core.facts import KeyInfo
    from rotator.core.rotation import KeyRecord, Rotation

_BEGUN = {
    Fact.INTENT_VOID: "what was begun is found not to have happened, and is looked at anew",
    Fact.RESTAMPED: "times that a wrong clock wrote begin now",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Prospect:
    """What becomes of a key if nobody does anything.

    Attributes:
        at: When, at the earliest; None where nothing or nobody can say.
        is_leaving: Whether it frees its slot in the end, by `at` if nothing stands against it.
    """

    text: str
    at: Instant | None = None
    is_leaving: bool = False


def prospect(chart: Chart, key: KeyInfo, part: Part) -> Prospect:
    """Say what becomes of a listed key by itself."""
    if part in OTHERS:
        return Prospect(text="nothing: rotator never touches it")
    if part is Part.SUSPECT:
        return _suspect(chart, key)
    if part is Part.ORPHAN:
        return _orphan(chart)
    rotation = chart.rotation
    if rotation is None:
        return _idle(chart)
    if part is Part.PREVIOUS:
        return _previous(chart, rotation, key)
    if part is Part.CURRENT:
        return _current(chart, rotation, key)
    is_leaving = part is Part.DISCARD and is_going_on(chart)
    return Prospect(text=outlook(chart), at=_look(chart), is_leaving=is_leaving)


def outlook(chart: Chart) -> str:
    """Say in a sentence what the machine says to the rotation, or to the credential."""
    match chart.step:
        case Start():
            return f"a rotation starts {next_look(chart)}"
        case Rest(wait=wait) | (Wait() as wait):
            return waiting(wait)
        case Halt(reason=reason, detail=detail):
            return f"halted until a person decides: {_why(reason, detail)}"
        case Do(effect=effect):
            return _moves(chart, effect)
        case Record(fact=fact, reason=reason):
            why = f" ({explain(reason)})" if reason else ""
            return f"{_moves(chart, fact)}{why}"
        case Done():
            return "the rotation is over"
        case _:
            return f"an operator's order is carried out or refused {next_look(chart)}"


def waiting(wait: Wait) -> str:
    """Say why and until when something waits."""
    return f"{_why(wait.reason, wait.detail)}; looked at again at {utc(wait.until)}"


def next_look(chart: Chart) -> str:
    """Say when rotator looks at the principal next, and what the last look met."""
    credential = chart.credential
    at = f", {utc(credential.next_at)}" if credential.next_at > chart.now else ""
    met = f" (the last one failed: {credential.last_error})" if credential.failures else ""
    return f"at the next look{at}{met}"


def _look(chart: Chart) -> Instant:
    return max(chart.credential.next_at, chart.now)


def _why(reason: Reason, detail: str) -> str:
    return f"{explain(reason)} ({detail})" if detail else explain(reason)


def _moves(chart: Chart, by: Effect | Fact) -> str:
    """Say what the machine's table says of a step out of the rotation's phase."""
    rotation = chart.rotation
    phase = rotation.phase if rotation else Phase.PLANNED
    if by is Fact.INTENT_DONE and rotation is not None and rotation.intent is not None:
        by = rotation.intent.effect
    known = _BEGUN.get(by) if isinstance(by, Fact) else None
    return f"{next_look(chart)}: {known or meaning(phase, by) or by.value}"


def _idle(chart: Chart) -> Prospect:
    """Say what comes of the key that consumers read, without a rotation."""
    match chart.step:
        case Start(trigger=trigger):
            text = f"a rotation replaces it {next_look(chart)} ({trigger.value})"
            return Prospect(text=text, at=_look(chart))
        case Rest(wait=Wait(reason=Reason.NOT_DUE), due_at=due) if due is not None:
            text = f"its rotation starts at {utc(due)}; until then it stays as it is"
            return Prospect(text=f"{text}{_held_back(chart)}", at=due)
        case Rest(wait=Wait(reason=Reason.PLAN_MODE), due_at=due) if due is not None:
            return Prospect(text=f"plan mode: its rotation would start at {utc(due)}")
        case Rest(wait=Wait(reason=Reason.SLOTS_FULL)):
            return Prospect(text="it stays as it is until a key slot is free, and is replaced then")
        case _:
            pass
    if chart.credential.action is Action.REPORT:
        return Prospect(text="nothing: rotator only reports it")
    return Prospect(text=f"it stays as it is: {outlook(chart)}")


def _current(chart: Chart, rotation: Rotation, key: KeyInfo) -> Prospect:
    if not rotation.is_unpromoted:
        due = due_at(chart.credential, key, chart.terms)
        text = f"it stays; its own rotation starts at {utc(due)}, once this one is over"
        return Prospect(text=text, at=due)
    is_over = key.expires_at is not None and key.expires_at <= chart.now
    state = "it is refused already" if is_over else "it keeps working while it is replaced"
    after = f"{state}; {outlook(chart)}"
    return Prospect(text=f"{after}. Once consumers read the new key: {_retiring(chart, rotation)}")


def _retiring(chart: Chart, rotation: Rotation) -> str:
    grace = chart.terms.grace
    if rotation.expedited_at is not None:
        given = format_duration(rotation.grace_given) if rotation.grace_given else ""
        return f"it ends {f'{given} later' if given else 'at once'}, as somebody ordered"
    return f"it works for {format_duration(grace.min_period)} at least, {ending(chart, 'is then')}"


def ending(chart: Chart, begin: str) -> str:
    """Say how an old key ends after its grace, and what has to be proved before."""
    grace, traits = chart.terms.grace, chart.terms.traits
    quarantine = f", and deleted {format_duration(grace.quarantine_period)} later"
    verb, later = ("disabled", quarantine) if traits.can_disable else ("deleted", "")
    if traits.can_report_use:
        return f"{begin} {verb} as soon as it is proved unused{later}"
    if grace.accept_blind:
        return f"{begin} {verb} without a proof, for the rule says `acceptBlind: true`{later}"
    return (
        f"{begin} {verb} once the rule says `acceptBlind: true`, for the provider tells no last "
        f"use{later}"
    )


def can_end(chart: Chart) -> bool:
    """Whether an old key can end without a person."""
    return chart.terms.traits.can_report_use or chart.terms.grace.accept_blind


def _previous(chart: Chart, rotation: Rotation, key: KeyInfo) -> Prospect:
    step, terms = chart.step, chart.terms
    match step:
        case Wait(reason=Reason.GRACE) if key.expires_at and key.expires_at <= chart.now:
            ends = grace_ends_at(rotation, terms)
            text = f"it is deleted at {utc(ends)}, if it is refused when it is tried"
            return Prospect(text=f"{text}{_held_back(chart)}", at=ends, is_leaving=True)
        case Wait(reason=Reason.GRACE):
            ends = grace_ends_at(rotation, terms)
            text = f"it works until {utc(ends)} at least; {ending(chart, 'then it is')}"
            rest = terms.grace.quarantine_period if terms.traits.can_disable else timedelta(0)
            text, is_leaving = f"{text}{_held_back(chart)}", can_end(chart)
            at = Instant(ends + rest) if is_leaving else None
            return Prospect(text=text, at=at, is_leaving=is_leaving)
        case Wait(reason=Reason.QUARANTINE):
            ends = quarantine_ends_at(rotation, terms)
            text = f"it is deleted at {utc(ends)}, unless it is used or enabled before"
            return Prospect(text=f"{text}{_held_back(chart)}", at=ends, is_leaving=True)
        case Do(effect=Effect.DISABLE_KEY):
            is_urgent = rotation.expedited_at is not None
            rest = timedelta(0) if is_urgent else terms.grace.quarantine_period
            after = "right after" if is_urgent else f"{format_duration(rest)} later"
            text = f"it is disabled {next_look(chart)}, and deleted {after}"
            at = Instant(_look(chart) + rest)
            return Prospect(text=text, at=at, is_leaving=True)
        case _:
            return Prospect(text=outlook(chart), is_leaving=is_going_on(chart))


def is_going_on(chart: Chart) -> bool:
    """Whether the open rotation goes on without a person."""
    routine = {Reason.QUIET, Reason.SETTLING, Reason.BACKOFF, Reason.GRACE, Reason.QUARANTINE}
    step = chart.step
    return isinstance(step, Do | Record) or (isinstance(step, Wait) and step.reason in routine)


def _held_back(chart: Chart) -> str:
    gate = chart.gate
    return f"; not while this stands: {_why(gate.reason, gate.detail)}" if gate else ""


def _suspect(chart: Chart, key: KeyInfo) -> Prospect:
    watched, record = chart.suspects.get(key.key_id), chart.record(key.key_id)
    if watched is None or record is None:
        text = "it is only watched once the rotation is over, and deleted only if it is never used"
        return Prospect(text=text)
    match watched.step:
        case Judge(finding=Finding.STRANGER):
            text = f"{next_look(chart)} it counts as somebody's, and is never touched again"
            return Prospect(text=text)
        case Judge():
            return Prospect(text=f"{next_look(chart)} it is found out what became of it")
        case Wait(reason=reason) as wait if reason is not Reason.QUARANTINE:
            return Prospect(text=waiting(wait))
        case _:
            return _watched(chart, record, watched)


def _watched(chart: Chart, record: KeyRecord, watched: Watched) -> Prospect:
    """Say when a suspect that nobody uses is disabled and deleted."""
    effect, at = next_act(record, chart.terms, is_proved=watched.is_proved)
    at = _look(chart) if isinstance(watched.step, Act) else at
    unless = f", unless it is used or switched before{_held_back(chart)}"
    if effect is Effect.DELETE_KEY:
        text = f"it is deleted at {utc(at)}{unless}"
        return Prospect(text=text, at=at, is_leaving=True)
    gone = Instant(at + chart.terms.limits.suspect_quarantine)
    text = f"it is disabled at {utc(at)} and deleted at {utc(gone)}{unless}"
    return Prospect(text=text, at=gone, is_leaving=True)


def _orphan(chart: Chart) -> Prospect:
    limits, begins = chart.terms.limits, _look(chart)
    watch, quarantine = limits.suspect_observation, limits.suspect_quarantine
    after = "" if chart.rotation is None else ", once the rotation is over"
    text = (
        f"it is watched from the next look on{after}; if it is never used it is disabled "
        f"{format_duration(watch)} later, and deleted {format_duration(quarantine)} after that"
    )
    return Prospect(text=text, at=Instant(begins + watch + quarantine), is_leaving=True)
