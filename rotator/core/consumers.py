"""Who reads a destination in a cluster, and how far the new key has come to them.

Policy names the consumers of a rule; the cluster says how they are. From both a
`Rung` of the ladder of evidence is computed, and never from time alone: what was not
seen to have moved has not moved.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from enum import IntEnum, StrEnum
from typing import TYPE_CHECKING

from rotator.core.ids import Instant
from rotator.core.steps import known

if TYPE_CHECKING:
    from rotator.core.facts import Observation
    from rotator.core.ids import VersionId
    from rotator.core.rotation import Rotation
    from rotator.core.terms import Terms

CLOCKS_APART = timedelta(seconds=30)
"""How far the clocks of a cluster and ours may differ; what was earlier than this after the
key became current proves nothing."""

_SHOWN = 5
"""Consumers that one line names; more would bury the first."""


class Rung(IntEnum):
    """How sure it is that consumers have moved, the weakest first."""

    TIME = 0
    REFRESHED = 1
    RESTARTED = 2
    MOUNTED = 3
    USED = 4
    QUIET = 5
    UNSEEN = 6

    @property
    def word(self) -> str:
        """The rung as policy and audit write it."""
        return self.name.lower()


class ConsumerKind(StrEnum):
    """What a rule can name; the words are the cluster's own."""

    EXTERNAL_SECRET = "ExternalSecret"  # noqa: S105 - a kind of object
    DEPLOYMENT = "Deployment"
    STATEFUL_SET = "StatefulSet"
    DAEMON_SET = "DaemonSet"
    MOUNT = "SecretProviderClass"


WORKLOADS = frozenset({ConsumerKind.DEPLOYMENT, ConsumerKind.STATEFUL_SET, ConsumerKind.DAEMON_SET})
"""Kinds whose pods read the secret and can be restarted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsumerRef:
    """One object of the cluster that policy names as a consumer.

    Attributes:
        restart: Of a workload: whether we restart it, or somebody else does.
        mounts: Of a mount: the object that its pods must have; empty for the name of
            the destination.
    """

    kind: ConsumerKind
    namespace: str
    name: str
    restart: bool = False
    mounts: str = ""

    def __str__(self) -> str:
        """Name it as people do, such as ``Deployment payments/api``."""
        return f"{self.kind.value} {self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Restarting:
    """How gently workloads are restarted.

    Attributes:
        batch: Workloads of one rule that roll at once; 1 or more.
        gather: How long to wait after the key arrived, so that keys which follow
            shortly share the restart.
        timeout: How long one rollout or one refresh may take before it is told.
    """

    batch: int = 1
    gather: timedelta = timedelta(minutes=5)
    timeout: timedelta = timedelta(minutes=15)


@dataclass(frozen=True, slots=True, kw_only=True)
class Consumers:
    """What a rule says about the consumers of one credential.

    Attributes:
        refs: All of them, in the order in which they are restarted.
        evidence: The rung that must be reached before the old key is disabled or
            deleted; None for the highest one that the named consumers can show.
    """

    refs: tuple[ConsumerRef, ...] = ()
    evidence: Rung | None = None
    restarting: Restarting = field(default_factory=Restarting)

    @property
    def best(self) -> Rung:
        """The rung that is reached once every named consumer has moved."""
        return _lowest(self.refs, dict.fromkeys(self.refs, True))


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsumerState:
    """One consumer as the cluster tells it now; times are the cluster's.

    Attributes:
        exists: Whether there is such an object.
        edition: The object's version; a restart is sent for this one only.
        is_well: An ExternalSecret is ready; a workload is rolled out and available.
        obstacle: Why it can never be refreshed, or must not be restarted; empty if it may.
        asked_at: When it was last asked to refresh or restart, by us or in the same way.
        refreshed_at: When an ExternalSecret last took the value over.
        started_at: When the oldest of its pods started; None without pods.
        versions: Versions that the pods of a mount have; empty text for a pod without it.
        restarts: When we restarted it in this rotation, as our own journal has it.
    """

    ref: ConsumerRef
    exists: bool = True
    edition: str = ""
    is_well: bool = True
    obstacle: str = ""
    asked_at: Instant | None = None
    refreshed_at: Instant | None = None
    started_at: Instant | None = None
    versions: frozenset[str] = frozenset()
    restarts: tuple[Instant, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsumersReading:
    """All named consumers, read in one go, with the cluster's own time of the reading."""

    states: tuple[ConsumerState, ...]
    told_at: Instant

    def is_timely(self, now: Instant) -> bool:
        """Whether the cluster's clock agrees with ours, so that its times can be compared."""
        return abs(self.told_at - now) <= CLOCKS_APART


def is_hasty(rotation: Rotation) -> bool:
    """Whether consumers had better move at once: the old key is about to go, or is gone."""
    return rotation.expedited_at is not None or rotation.has_same_id


def counts_from(rotation: Rotation) -> Instant | None:
    """Say from when on a refresh counts; None while the key is not current.

    Clusters tell whole seconds. In haste it counts from the very one in which the key moved.
    """
    since = rotation.moved_at
    if since is None:
        return None
    second = since.replace(microsecond=0)
    return Instant(second if is_hasty(rotation) else second + CLOCKS_APART)


def started_from(rotation: Rotation, consumers: Consumers) -> Instant | None:
    """Say from when on a pod that started has read the new key; None while that is unknown.

    Where external-secrets brings the key, this is when it was first known to have done so:
    each later refresh moves the status on, and would have every pod restarted again.
    """
    counts = counts_from(rotation)
    if not any(ref.kind is ConsumerKind.EXTERNAL_SECRET for ref in consumers.refs):
        return counts
    refreshed = rotation.refreshed_at
    return refreshed if counts and refreshed and refreshed >= counts else None


def has_moved(
    state: ConsumerState, rotation: Rotation, observation: Observation, terms: Terms
) -> bool:
    """Whether one consumer is known to have the new key."""
    if not state.exists:
        return False
    if state.ref.kind is ConsumerKind.MOUNT:
        return state.versions <= _right_versions(rotation, observation)
    if state.ref.kind is ConsumerKind.EXTERNAL_SECRET:
        counts = counts_from(rotation)
        return bool(
            state.is_well and counts and state.refreshed_at and state.refreshed_at >= counts
        )
    since = started_from(rotation, terms.consumers)
    # Whole seconds: a pod of that very second may have started before the key came.
    is_young = since is not None and (state.started_at is None or state.started_at > since)
    return state.is_well and is_young


def _right_versions(rotation: Rotation, observation: Observation) -> frozenset[str]:
    """Name the versions that carry the new key; the current one was proved to before we ask."""
    state = known(observation.destination)
    found: tuple[VersionId | None, ...] = (rotation.new_version, state.current if state else None)
    return frozenset(version for version in found if version)


def reached(rotation: Rotation, observation: Observation, terms: Terms, now: Instant) -> Rung:
    """Say which rung all named consumers have reached, by the cluster's own word."""
    reading = known(observation.consumers)
    if reading is None or not reading.is_timely(now):
        return Rung.TIME
    moved = {state.ref: has_moved(state, rotation, observation, terms) for state in reading.states}
    return _lowest(terms.consumers.refs, moved)


def _lowest(refs: tuple[ConsumerRef, ...], moved: dict[ConsumerRef, bool]) -> Rung:
    """Take the worst of all; an ExternalSecret counts by itself only if no workload is named."""
    feeds = [ref for ref in refs if ref.kind is ConsumerKind.EXTERNAL_SECRET]
    pods = [ref for ref in refs if ref.kind in WORKLOADS]
    mounts = [ref for ref in refs if ref.kind is ConsumerKind.MOUNT]
    base = Rung.REFRESHED if feeds and all(moved.get(ref) for ref in feeds) else Rung.TIME
    rungs = [Rung.RESTARTED if moved.get(ref) else base for ref in pods]
    rungs += [Rung.MOUNTED if moved.get(ref) else base for ref in mounts]
    if feeds and not pods:
        rungs.append(base)
    return min(rungs, default=Rung.TIME)


def is_proof(rotation: Rotation, observation: Observation, terms: Terms, now: Instant) -> bool:
    """Whether the consumers prove what nobody else can: that the old key is needed no more.

    A refresh alone is none: the value lies in the cluster, and no pod need have read it.
    """
    if not terms.consumers.refs:
        return False
    return reached(rotation, observation, terms, now) >= Rung.RESTARTED


def named(refs: list[str]) -> str:
    """Name the first few of several consumers."""
    more = len(refs) - _SHOWN
    return "; ".join(refs[:_SHOWN]) + (f"; and {more} more" if more > 0 else "")
