"""Bringing consumers onto the new key: refresh, then restart in batches, then see.

Everything is decided anew from what the cluster says, so a repeated question is
harmless. What must not be restarted is told, never forced: this is where a tool
that means well would cause the outage it is there to prevent.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from rotator.core.consumers import (
    WORKLOADS,
    ConsumerKind,
    Rung,
    counts_from,
    has_moved,
    is_hasty,
    named,
    reached,
    started_from,
)
from rotator.core.durations import format_duration
from rotator.core.facts import What
from rotator.core.guard import is_used
from rotator.core.ids import Instant
from rotator.core.reasons import Reason
from rotator.core.rotation import Effect
from rotator.core.steps import Do, Fact, Record, Wait, failure, hold, known, need, told
from rotator.core.terms import Mode

if TYPE_CHECKING:
    from rotator.core.consumers import ConsumersReading, ConsumerState
    from rotator.core.facts import Observation
    from rotator.core.rotation import Rotation
    from rotator.core.steps import Step
    from rotator.core.terms import Terms

_SOON = timedelta(minutes=1)
"""How often something that is under way is looked at."""

_AGAIN = timedelta(minutes=5)
"""How often consumers are looked at that a person has to look after."""

_MOST_RESTARTS = 3
"""How often one rotation restarts a workload, whatever becomes of it and of the key."""

_ORDER_PATIENCE = timedelta(seconds=30)
"""How long haste lets ExternalSecrets fetch: a pod that starts earlier reads the old key."""


@dataclass(frozen=True, slots=True)
class _Scene:
    """One question with everything that it is answered from."""

    rotation: Rotation
    observation: Observation
    terms: Terms
    now: Instant
    reading: ConsumersReading

    def behind(self, *kinds: ConsumerKind) -> list[ConsumerState]:
        """Return those that have not moved, in policy's order."""
        return [
            state
            for state in self.reading.states
            if state.ref.kind in kinds
            and not has_moved(state, self.rotation, self.observation, self.terms)
        ]

    @property
    def counts_from(self) -> Instant:
        """From when on a refresh counts."""
        return counts_from(self.rotation) or self.now

    @property
    def started_from(self) -> Instant:
        """From when on a pod counts that starts; an order is out of patience with refreshes."""
        return started_from(self.rotation, self.terms.consumers) or self.counts_from

    def is_over(self, since: Instant) -> bool:
        """Whether what began then has had its time."""
        return self.now >= since + self.terms.consumers.restarting.timeout


def moving(rotation: Rotation, observation: Observation, terms: Terms, now: Instant) -> Step | None:
    """Do the next thing for the consumers that policy names.

    Returns:
        None when all of them have the new key, and where nothing may be done.
    """
    counts = counts_from(rotation)
    if not terms.consumers.refs or counts is None or terms.mode is Mode.PLAN:
        return None
    if now < counts:
        return Wait(until=counts, reason=Reason.GRACE)
    asked = need(observation.consumers, What.CONSUMERS)
    if asked:
        return asked
    reading = known(observation.consumers)
    if reading is None:
        return _unread(terms, now, told(observation.consumers))
    if not reading.is_timely(now):
        apart = f"the cluster's clock differs from ours by {format_duration(reading.told_at - now)}"
        return _unread(terms, now, apart)
    scene = _Scene(rotation, observation, terms, now, reading)
    return _refreshing(scene) or _restarting(scene) or _mounting(scene)


def hastened(
    rotation: Rotation, observation: Observation, terms: Terms, now: Instant
) -> Step | None:
    """Refresh and restart where the old key goes at once, or is gone; wait for none of it."""
    step = moving(rotation, observation, terms, now)
    if isinstance(step, Do | Record):
        return step
    began = rotation.moved_at or now
    is_fetching = isinstance(step, Wait) and step.reason is Reason.GRACE
    is_early = now < began + _ORDER_PATIENCE and _is_fetching(rotation, observation, terms)
    return step if is_fetching and is_early else None


def _is_fetching(rotation: Rotation, observation: Observation, terms: Terms) -> bool:
    reading = known(observation.consumers)
    return reading is not None and any(
        state.ref.kind is ConsumerKind.EXTERNAL_SECRET
        and not has_moved(state, rotation, observation, terms)
        for state in reading.states
    )


def awaited(
    rotation: Rotation, observation: Observation, terms: Terms, now: Instant
) -> Step | None:
    """Say what the guard misses; None when the rung that policy asks for is reached."""
    wanted = terms.consumers
    if terms.mode is Mode.PLAN or (not wanted.refs and wanted.evidence is None):
        return None
    step = moving(rotation, observation, terms, now)
    if isinstance(step, Do | Record):
        return step
    asked = wanted.best if wanted.evidence is None else wanted.evidence
    if reached(rotation, observation, terms, now) < min(asked, wanted.best):
        return _behind(step, terms, now)
    return _used(rotation, observation, terms, now) if asked >= Rung.USED else None


def _behind(step: Step | None, terms: Terms, now: Instant) -> Wait:
    """Turn what is merely waited for into a hold: the grace is over by now."""
    if not isinstance(step, Wait):
        return hold(terms, now, Reason.CONSUMERS_BEHIND, "no consumer is known to have moved")
    if step.reason is Reason.GRACE:
        return Wait(until=step.until, reason=Reason.CONSUMERS_BEHIND, detail=step.detail)
    return step


def _used(rotation: Rotation, observation: Observation, terms: Terms, now: Instant) -> Step | None:
    """Where policy asks for it, somebody must have used the new key; our own proof is none."""
    if not terms.traits.can_report_use:
        return hold(terms, now, Reason.USE_UNKNOWN, str(rotation.new_key_id))
    asked = need(observation.new_use, What.NEW_USE)
    if asked:
        return asked
    use = known(observation.new_use)
    if use is None:
        return hold(terms, now, Reason.USE_UNREADABLE, failure(observation.new_use))
    if is_used(use, rotation, terms):
        return None
    return hold(terms, now, Reason.CONSUMERS_BEHIND, f"nobody has used {rotation.new_key_id}")


# ------------------------------------------------------------------------ refresh


def _refreshing(scene: _Scene) -> Step | None:
    behind = scene.behind(ConsumerKind.EXTERNAL_SECRET)
    if not behind:
        return _first_seen(scene)
    for state in behind:
        if state.exists and not state.obstacle and not _is_asked(scene, state):
            return _do(Effect.REFRESH, state)
    lost = [state for state in behind if _is_lost(scene, state)]
    if is_hasty(scene.rotation) and (_is_out_of_patience(scene) or lost == behind):
        return None
    return _told(scene, lost) or _under_way(scene, behind)


def _is_asked(scene: _Scene, state: ConsumerState) -> bool:
    """Whether it was asked for this key, and not so long ago that it is asked again."""
    if state.asked_at is None:
        return False
    timeout = scene.terms.consumers.restarting.timeout
    return state.asked_at >= max(scene.counts_from, Instant(scene.now - timeout))


def _is_lost(scene: _Scene, state: ConsumerState) -> bool:
    return not state.exists or bool(state.obstacle) or scene.is_over(scene.counts_from)


def _is_out_of_patience(scene: _Scene) -> bool:
    began = scene.rotation.moved_at
    return began is not None and scene.now >= began + _ORDER_PATIENCE


def _first_seen(scene: _Scene) -> Record | None:
    """Write down when all had the new key first; later refreshes say nothing of it."""
    times = [state.refreshed_at for state in scene.reading.states if state.refreshed_at]
    if not times or started_from(scene.rotation, scene.terms.consumers) is not None:
        return None
    return Record(fact=Fact.REFRESHED, moment=min(max(times), scene.now))


# ------------------------------------------------------------------------ restart


def _restarting(scene: _Scene) -> Step | None:
    behind = scene.behind(*WORKLOADS)
    rolling = [state for state in scene.reading.states if _is_rolling(scene, state)]
    stuck = [state for state in rolling if state.asked_at and scene.is_over(state.asked_at)]
    ready = [state for state in behind if _may_restart(scene, state)]
    if ready and not stuck and _has_room(scene, rolling):
        return _gathering(scene) or _do(Effect.RESTART, ready[0])
    lost = [state for state in behind if state in stuck or _is_stranded(scene, state)]
    return _told(scene, lost) or _under_way(scene, behind)


def _is_rolling(scene: _Scene, state: ConsumerState) -> bool:
    """Whether its pods are being replaced as it was told, for this key or for another one."""
    if state.ref.kind not in WORKLOADS or state.asked_at is None:
        return False
    if _is_unasked(scene, state):
        return not state.is_well and not scene.is_over(state.asked_at)
    return not has_moved(state, scene.rotation, scene.observation, scene.terms)


def _is_unasked(scene: _Scene, state: ConsumerState) -> bool:
    return state.asked_at is None or state.asked_at < scene.started_from


def _may_restart(scene: _Scene, state: ConsumerState) -> bool:
    """Only what is whole, lets itself be rolled, and was not restarted for this key yet."""
    may = state.exists and state.ref.restart and state.is_well and not state.obstacle
    return may and _is_unasked(scene, state) and not _is_spent(scene, state)


def _is_spent(scene: _Scene, state: ConsumerState) -> bool:
    """Whether we restarted it for this key already, or often enough.

    If it does not show, somebody took it back: to do it again would roll it for ever.
    """
    is_done = any(at >= scene.started_from for at in state.restarts)
    return is_done or len(state.restarts) >= _MOST_RESTARTS


def _has_room(scene: _Scene, rolling: list[ConsumerState]) -> bool:
    if is_hasty(scene.rotation):
        return True
    return len(rolling) < scene.terms.consumers.restarting.batch


def _gathering(scene: _Scene) -> Wait | None:
    """Let keys that follow shortly share the restart; haste waits for none."""
    until = Instant(scene.started_from + scene.terms.consumers.restarting.gather)
    if scene.now >= until or is_hasty(scene.rotation):
        return None
    return Wait(until=until, reason=Reason.GRACE)


def _is_undone(scene: _Scene, state: ConsumerState) -> bool:
    return state.ref.restart and _is_unasked(scene, state) and _is_spent(scene, state)


def _is_stranded(scene: _Scene, state: ConsumerState) -> bool:
    """Whether nobody can be seen to move it: at once where we must not, later where others do."""
    if not state.exists or (state.ref.restart and state.obstacle):
        return True
    if _is_undone(scene, state):
        return True
    gather = scene.terms.consumers.restarting.gather
    is_ill = not state.is_well and _is_unasked(scene, state)
    is_late = scene.is_over(Instant(scene.started_from + gather))
    return is_late and (is_ill or not state.ref.restart)


# -------------------------------------------------------------------------- mount


def _mounting(scene: _Scene) -> Step | None:
    behind = scene.behind(ConsumerKind.MOUNT)
    is_late = scene.is_over(scene.started_from)
    lost = [state for state in behind if is_late or not state.exists]
    return _told(scene, lost) or _under_way(scene, behind)


# --------------------------------------------------------------------- in general


def _do(effect: Effect, state: ConsumerState) -> Do:
    return Do(effect=effect, consumer=state, evidence={"consumer": str(state.ref)})


def _told(scene: _Scene, lost: list[ConsumerState]) -> Wait | None:
    """Hold, and name each that a person has to look after."""
    if not lost:
        return None
    words = named([f"{state.ref} {_why(scene, state)}" for state in lost])
    return _soon(hold(scene.terms, scene.now, Reason.CONSUMERS_BEHIND, words), scene.now)


def _unread(terms: Terms, now: Instant, why: str) -> Wait:
    return _soon(hold(terms, now, Reason.CONSUMERS_UNREADABLE, why), now)


def _soon(wait: Wait, now: Instant) -> Wait:
    """Look again before long: readings of a cluster are cheap, and people are at work on it."""
    return replace(wait, until=min(wait.until, Instant(now + _AGAIN)))


def _under_way(scene: _Scene, behind: list[ConsumerState]) -> Wait | None:
    """Wait for what is on its way; as a part of the grace nobody need hear of it."""
    if not behind:
        return None
    until = Instant(scene.now + min(_SOON, scene.terms.limits.check_interval))
    words = named([f"{state.ref} has not moved yet" for state in behind])
    return Wait(until=until, reason=Reason.GRACE, detail=words)


def _why(scene: _Scene, state: ConsumerState) -> str:
    if not state.exists:
        return "does not exist"
    if state.obstacle:
        return state.obstacle
    if state.ref.kind is ConsumerKind.EXTERNAL_SECRET:
        return "was asked to refresh and has not"
    if state.ref.kind is ConsumerKind.MOUNT:
        return "still mounts another version in some pods"
    if not state.ref.restart:
        return "runs pods that started before the new key came, and `restart` is not true"
    if _is_undone(scene, state):
        times = len(state.restarts)
        return f"was restarted ({times}) and did not stay so; see what else writes to it"
    if _is_unasked(scene, state):
        return "is not healthy, so it is not restarted"
    return "was restarted, and its rollout is not complete"
