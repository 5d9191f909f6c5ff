"""What a person can safely do to each key of a principal now.

A key may be deleted by hand only where something proves that nobody uses it. Where
nothing does, the advice says what would. Age is no proof: the oldest key of a
principal is often the one in use.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from shlex import quote
from typing import TYPE_CHECKING, assert_never

from rotator.core import orphans
from rotator.core.diagnosis import Part
from rotator.core.durations import format_duration
from rotator.core.facts import Known
from rotator.core.ids import Instant
from rotator.core.prospects import can_end, is_going_on
from rotator.core.reasons import Reason
from rotator.core.steps import Wait, failure, known
from rotator.core.ways import ID_SHOWN, utc

if TYPE_CHECKING:
    from rotator.core.diagnosis import Chart
    from rotator.core.facts import KeyInfo, LastUsed
    from rotator.core.rotation import Rotation


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """What is safe to do to one key.

    Attributes:
        command: What to type, where a command of ours helps; else empty.
        may_delete: Whether it is proved that deleting it by hand takes nothing from anybody.
    """

    text: str
    command: str = ""
    may_delete: bool = False


def advise(chart: Chart, key: KeyInfo, part: Part) -> Advice:
    """Say what a person can safely do to a listed key."""
    match part:
        case Part.CURRENT | Part.PUBLISHED:
            is_read = chart.published == Known(key.key_id)
            return Advice(text=f"leave it: consumers {'read' if is_read else 'may read'} it")
        case Part.PREVIOUS:
            return _previous(chart, key)
        case Part.PENDING:
            return Advice(text="leave it: rotator publishes it, or deletes it if it cannot")
        case Part.DISCARD:
            return Advice(text="leave it: rotator deletes it by itself")
        case Part.SUSPECT | Part.ORPHAN:
            return _stray(chart, key)
        case Part.ELSEWHERE:
            return Advice(text=f"leave it, and ask the people of {_owner(chart)}")
        case Part.MARKED | Part.RELEASED | Part.FOREIGN:
            return _other(chart, key)
        case _ as never:  # pragma: no cover - mypy proves that nothing gets here
            assert_never(never)


def _owner(chart: Chart) -> str:
    state = known(chart.destination)
    return f"the installation {state.owner}" if state and state.owner else "that installation"


def last_use(use: LastUsed) -> str:
    """Write a last use for a sentence: when, by which service, in which region."""
    if use.at is None:
        return "never used"
    by = f" by {use.service}" if use.service else ""
    where = f" in {use.region}" if use.region else ""
    return f"last used {utc(use.at)}{by}{where}"


def _previous(chart: Chart, key: KeyInfo) -> Advice:
    rotation, use = chart.opened, known(chart.use(key.key_id))
    if not is_going_on(chart):
        text = "leave it, and see to what its rotation waits for"
        return Advice(text=text, command=f"rotator rotations show {rotation.id[:ID_SHOWN]}")
    if not key.enabled:
        return _switched_off(chart, rotation, key)
    since = rotation.moved_at or rotation.phase_since
    if isinstance(chart.step, Wait) and use is not None and use.at and use.at >= since:
        text = f"leave it, and move whoever still uses it: {last_use(use)}"
        return Advice(text=text)
    rollback = f"rotator rotations rollback {rotation.id[:ID_SHOWN]} --reason WHY"
    ends = (
        "rotator ends it by itself" if can_end(chart) else "rotator ends it when the rule says so"
    )
    text = f"leave it: {ends}. If consumers cannot use the new key, go back to it"
    return Advice(text=text, command=rollback)


def _switched_off(chart: Chart, rotation: Rotation, key: KeyInfo) -> Advice:
    enable = f"rotator keys enable {quote(key.key_id)} --reason WHY"
    if not _is_unused_in_quarantine(chart, rotation, key):
        text = "leave it: rotator deletes it by itself. If somebody still needs it, enable it"
        return Advice(text=text, command=enable)
    text = (
        f"leave it: rotator deletes it by itself. {_sooner(chart)}, it can safely be "
        f"deleted by hand: it is disabled, was not used since, and consumers read "
        f"{rotation.new_key_id}; after that nobody can go back to it. If somebody still needs it, "
        "enable it"
    )
    return Advice(text=text, command=enable, may_delete=True)


def _sooner(chart: Chart) -> str:
    is_limited = chart.terms.traits.max_keys is not None
    return "If the slot is needed before" if is_limited else "If it is to go sooner"


def _is_unused_in_quarantine(chart: Chart, rotation: Rotation, key: KeyInfo) -> bool:
    """Whether the machine is content, and the new key works, and the old one was left alone."""
    step, use = chart.step, known(chart.use(key.key_id))
    if not (isinstance(step, Wait) and step.reason is Reason.QUARANTINE) or use is None:
        return False
    new = next((item for item in chart.keys if item.key_id == rotation.new_key_id), None)
    since = (rotation.disabled_at or rotation.phase_since) + chart.terms.traits.use_quantum
    return new is not None and new.enabled and (use.at is None or use.at <= since)


def _stray(chart: Chart, key: KeyInfo) -> Advice:
    """Advise about a key that is, or may be, our own orphan."""
    record = chart.record(key.key_id)
    is_ours_off = record is not None and record.disabled_at is not None
    enable = f"rotator keys enable {quote(key.key_id)} --reason WHY" if is_ours_off else ""
    needed = ". If somebody needs it, enable it" if is_ours_off else ""
    if _is_proved_ours(chart, key) and _was_never_used(chart, key):
        text = (
            f"leave it: rotator deletes it by itself. {_sooner(chart)}, it can safely "
            "be deleted by hand: it is proved that rotator made it, consumers read another key, "
            "and it was never used"
        )
        return Advice(text=f"{text}{needed}", command=enable, may_delete=True)
    traits = chart.terms.traits
    if not (traits.can_disable and traits.can_report_use):
        text = (
            "decide: here rotator can never find out whether it is in use, or cannot switch it off "
            f"to try, so it stays. If nobody of yours made it at {utc(key.created_at)}, it is ours "
            "and nobody has its secret: then delete it by hand"
        )
        return Advice(text=text)
    text = (
        "leave it: nothing proves beyond doubt yet that it is not somebody's. The provider's log "
        f"of who made it at {utc(key.created_at)} would"
    )
    return Advice(text=f"{text}{needed}", command=enable)


def _is_proved_ours(chart: Chart, key: KeyInfo) -> bool:
    """Whether the provider's log, or a version that only we can have named, shows our mint.

    A mark is not enough here: another installation's looks the same.
    """
    watched, record = chart.suspects.get(key.key_id), chart.record(key.key_id)
    if watched is not None and watched.is_proved:
        return True
    state = known(chart.destination)
    if record is None or state is None:
        return False
    versions = orphans.stored(record, state)
    return bool(versions) and state.previous not in versions


def _was_never_used(chart: Chart, key: KeyInfo) -> bool:
    """Whether the provider says "never", for longer than it takes it to tell of a use."""
    use = known(chart.use(key.key_id))
    is_told = chart.now >= key.created_at + chart.terms.traits.use_quantum
    is_unread = chart.do_consumers_read_another(key.key_id)
    return use is not None and use.at is None and is_told and is_unread


def _other(chart: Chart, key: KeyInfo) -> Advice:
    """Advise about a key that rotator never touches."""
    if key.expires_at is not None and key.expires_at <= chart.now:
        text = (
            "leave it, or try it: it has expired, by its provider's word. If it is refused, nobody "
            "can use it, and it can be deleted by hand when its place is needed"
        )
        return Advice(text=text)
    use = known(chart.use(key.key_id))
    if use is None:
        code = failure(chart.use(key.key_id))
        return Advice(text=f"leave it: {_unread(code)}, so nothing proves that it is unused")
    quiet = _quiet_period(chart, key)
    rested_at = Instant((use.at or key.created_at) + quiet)
    if not key.enabled:
        return _other_disabled(chart, key, use, rested_at)
    if chart.now < rested_at:
        is_new = f"it was made at {utc(key.created_at)}, and {last_use(use)} so far"
        why = f"it may be in use, {last_use(use)}" if use.at else is_new
        return Advice(text=f"leave it: {why}. Find out whose it is")
    text = f"leave it: it was {last_use(use)}, which does not prove that nobody needs it"
    if not chart.terms.traits.can_disable:
        return Advice(text=f"{text}. Find out whose it is: nobody can switch it off to try")
    return Advice(
        text=f"{text}. Disabling it by hand would, and can be undone: if nobody misses it for "
        f"{format_duration(quiet)}, it can be deleted"
    )


def _other_disabled(chart: Chart, key: KeyInfo, use: LastUsed, rested_at: Instant) -> Advice:
    if not chart.do_consumers_read_another(key.key_id):
        return Advice(text=f"leave it: it is disabled, but {_perhaps_published(chart)}")
    if chart.now < rested_at:
        text = (
            f"leave it: it is disabled, but {last_use(use)}. If nobody misses it until "
            f"{utc(rested_at)}, it can be deleted"
        )
        return Advice(text=text)
    text = (
        f"it can safely be deleted by hand: it is disabled, consumers read another key, and it was "
        f"{last_use(use)}. Ask whoever disabled it first, for nobody can undo it"
    )
    return Advice(text=text, may_delete=True)


def _perhaps_published(chart: Chart) -> str:
    """Say why nobody knows whether consumers are given a key."""
    if not chart.place:
        return "no rule says where its consumers read it, so it may be given to them"
    if isinstance(chart.published, Known):
        return f"no key id is where the rule looks for one in {chart.place}, so it may be in there"
    return f"whether {chart.place} gives it to consumers could not be read"


def _unread(code: str) -> str:
    if code == "no_capability":
        return "the provider tells no last use"
    return f"its last use could not be read ({code or 'unread'})"


def _quiet_period(chart: Chart, key: KeyInfo) -> timedelta:
    """How long nobody must have missed a key: policy's longest grace, or the key's own habit."""
    record = chart.record(key.key_id)
    habit = record.longest_gap if record else None
    return max(chart.terms.grace.max_period, habit or timedelta(0))
