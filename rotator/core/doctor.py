"""The slot doctor: every key of one principal explained, and what is safe to do.

A principal at its key limit is never "fixed" by deleting the oldest key. The doctor
says what each key is, what shows that, what becomes of it by itself and what a person
can safely do; `core.diagnosis`, `core.evidence`, `core.prospects` and
`core.advice` hold the parts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rotator.core.advice import Advice, advise
from rotator.core.diagnosis import Chart, Part, meaning, part_of
from rotator.core.evidence import evidence
from rotator.core.facts import Known
from rotator.core.idle import Rest, Start
from rotator.core.machine import is_full
from rotator.core.prospects import Prospect, outlook, prospect
from rotator.core.reasons import Reason, explain, is_hold
from rotator.core.remedies import remedy
from rotator.core.rotation import Action
from rotator.core.steps import Do, Halt, Wait, failure, known
from rotator.core.ways import ID_SHOWN, utc

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rotator.core.facts import KeyInfo, LastUsed, Principal, Reading
    from rotator.core.ids import Instant, KeyId
    from rotator.core.rotation import Rotation


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyFinding:
    """What there is to say about one key.

    Attributes:
        part: What it is to us, in one word.
        meaning: The same in a sentence.
        evidence: What shows that; may be empty for somebody else's.
        use: Its last use as it was read.
        prospect: What becomes of it by itself.
        advice: What a person can safely do.
    """

    key: KeyInfo
    part: Part
    meaning: str
    evidence: tuple[str, ...]
    use: Reading[LastUsed]
    prospect: Prospect
    advice: Advice


@dataclass(frozen=True, slots=True, kw_only=True)
class Examination:
    """What there is to say about one principal and its keys.

    Attributes:
        rule: The policy rule that decided about it.
        max_keys: Keys that it may have; None without a limit.
        verdict: In a few sentences: what stands, and what to do, if anything.
        needs_person: Whether something waits for a person.
        is_listed: Whether its keys could be listed at all.
        keys: In the order of the provider's listing.
        rotation: The open rotation.
    """

    principal: Principal
    rule: str
    examined_at: Instant
    max_keys: int | None
    verdict: str
    needs_person: bool
    is_listed: bool = True
    keys: tuple[KeyFinding, ...] = ()
    rotation: Rotation | None = None

    @property
    def safe_to_delete(self) -> tuple[KeyId, ...]:
        """Keys that a person can safely delete by hand now."""
        return tuple(item.key.key_id for item in self.keys if item.advice.may_delete)


def examine(chart: Chart) -> Examination:
    """Explain every key of the principal of a chart."""
    findings = tuple(_finding(chart, key) for key in chart.keys)
    return Examination(
        principal=chart.credential.principal,
        rule=chart.credential.rule,
        examined_at=chart.now,
        max_keys=chart.terms.traits.max_keys,
        verdict=". ".join(_sentences(chart, findings)) + ".",
        needs_person=_held(chart) is not None,
        is_listed=isinstance(chart.listing, Known),
        keys=findings,
        rotation=chart.rotation,
    )


def _finding(chart: Chart, key: KeyInfo) -> KeyFinding:
    part = part_of(chart, key)
    return KeyFinding(
        key=key,
        part=part,
        meaning=meaning(chart, key, part),
        evidence=evidence(chart, key),
        use=chart.use(key.key_id),
        prospect=prospect(chart, key, part),
        advice=advise(chart, key, part),
    )


def _held(chart: Chart) -> tuple[Reason, str] | None:
    """Return why it waits for a person, if it does.

    Readings cannot foresee that a call will be refused: while the last one was, what the
    journal says of it stands.
    """
    step = chart.step.wait if isinstance(chart.step, Rest) else chart.step
    hold = chart.credential.hold
    if isinstance(step, Do | Start) and hold is not None and chart.credential.failures:
        return hold.reason, hold.detail
    if isinstance(step, Halt) or (isinstance(step, Wait) and is_hold(step.reason)):
        return step.reason, step.detail
    return None


def _sentences(chart: Chart, findings: Sequence[KeyFinding]) -> Iterator[str]:
    held = _held(chart)
    if not isinstance(chart.listing, Known):
        code = failure(chart.listing) or "unread"
        yield f"Its keys cannot be listed ({code}), so nothing is known about them now"
    if held is not None:
        yield from _waits(chart, *held)
    elif isinstance(chart.listing, Known):
        yield _goes_on(chart, findings)
    yield from _slots(chart, findings)
    yield from _nature(chart)
    gate, is_idle = chart.gate, chart.rotation is None
    is_told = gate is not None and gate.reason in {held and held[0], _rests_for(chart)}
    if gate is not None and not is_told and not (is_idle and _is_reported(chart)):
        yield f"Held back: {explain(gate.reason)} ({gate.detail})"
    yield from _orders(chart)


def _rests_for(chart: Chart) -> Reason | None:
    """Return why a credential without a rotation rests, which is said by itself."""
    return chart.step.wait.reason if isinstance(chart.step, Rest) else None


def _waits(chart: Chart, reason: Reason, detail: str) -> Iterator[str]:
    if reason is Reason.SLOTS_FULL:
        return
    why = f" ({detail})" if detail else ""
    yield f"It waits for a person: {explain(reason)}{why}"
    yield _sentence(remedy(reason, chart.credential, chart.rotation))
    if chart.rotation is not None:
        yield f"`rotator rotations show {chart.rotation.id[:ID_SHOWN]}` names each way out"


def _goes_on(chart: Chart, findings: Sequence[KeyFinding]) -> str:
    credential, rotation = chart.credential, chart.rotation
    if chart.is_ignored:
        return f"Nothing to do: the rule {credential.rule} ignores it, so rotator never touches it"
    if rotation is not None:
        free = _free_at(findings)
        what = (
            "its old key is gone" if chart.terms.traits.max_keys is None else "a key slot is free"
        )
        until = f"; {what} at {utc(free)} at the earliest" if free else ""
        short = rotation.id[:ID_SHOWN]
        return f"Nothing to do: rotation {short} is under way, {rotation.phase.value}{until}"
    if _is_reported(chart):
        note = credential.note or explain(Reason.REPORT_ONLY)
        return f"Nothing happens by itself, for rotator only reports it: {note}"
    new = "" if chart.is_registered else "; the next scan takes it into the journal"
    due = chart.step.due_at if isinstance(chart.step, Rest) else None
    if due is not None and due > chart.now:
        begin = "Nothing waits yet" if _is_short(chart) else "Nothing to do"
        return f"{begin}: its next rotation starts at {utc(due)}{new}"
    return f"Nothing to do: {outlook(chart)}{new}"


def _is_reported(chart: Chart) -> bool:
    return chart.credential.action is Action.REPORT


def _free_at(findings: Sequence[KeyFinding]) -> Instant | None:
    ends = [item.prospect.at for item in findings if item.prospect.is_leaving]
    return min((at for at in ends if at is not None), default=None)


def _slots(chart: Chart, findings: Sequence[KeyFinding]) -> Iterator[str]:
    """Say why no slot is free for a rotation, and the safest way to free one."""
    if not _is_short(chart):
        return
    held = _held(chart)
    is_due = held is not None and held[0] is Reason.SLOTS_FULL
    if is_due:
        yield "It waits for a person: the rotation that is due can make no key"
    after = "" if is_due else ", so that rotation could make no key"
    yield f"All {len(findings)} key slots are taken{after}"
    yield from _freeing(findings)


def _is_short(chart: Chart) -> bool:
    """Whether a rotation would find no free slot, and none of the slots is a rotation's."""
    listing = known(chart.listing)
    is_idle = chart.rotation is None and not _is_reported(chart)
    return is_idle and listing is not None and is_full(listing, chart.terms)


def _freeing(findings: Sequence[KeyFinding]) -> Iterator[str]:
    """Name what is proved unused, or what goes by itself; age is no proof."""
    safe = [item.key.key_id for item in findings if item.advice.may_delete]
    leaving = [item for item in findings if item.prospect.is_leaving]
    if safe:
        yield f"{' or '.join(safe)} can safely be deleted by hand, as it says below"
    for item in leaving:
        at = f" at {utc(item.prospect.at)}, if nobody uses it" if item.prospect.at else ""
        yield f"{item.key.key_id} goes by itself{at}"
    if not safe and not leaving:
        yield "Nothing proves that one of them is unused; each key below says what would prove it"


def _nature(chart: Chart) -> Iterator[str]:
    """Say in which ways its keys are unlike others, where that matters to whoever reads this."""
    traits, name = chart.terms.traits, chart.credential.principal.name
    if traits.marks_keys:
        limit = "" if traits.max_keys else ", of which there may be any number,"
        yield (
            f"Its keys{limit} are those named {name}, with or without the ending by which rotator "
            "names their rotation"
        )
    if not traits.can_report_use and not _is_reported(chart) and not chart.terms.grace.accept_blind:
        rule = chart.credential.rule
        yield (
            "The provider tells no last use, so no old key goes by itself: set `acceptBlind: true` "
            f"in the rule {rule}, if its consumers are known to read their secret again in time"
        )


def _orders(chart: Chart) -> Iterator[str]:
    order = chart.credential.order
    if order is not None:
        given = f"given by {order.operator} at {utc(order.given_at)} ({order.reason})"
        yield f"An order stands and is answered at the next look: {order.verb.value}, {given}"


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
