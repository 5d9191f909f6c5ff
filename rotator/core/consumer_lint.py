"""What would keep consumers from taking a new key over, found before anything is rotated.

Objects of a cluster in, findings out; where the objects come from is nobody's business
here. What policy manages is known by the names of its destinations and consumers, in
which a placeholder may stand for anything.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import timedelta
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from rotator.core.cluster_objects import feed_obstacle, pin_obstacle, restart_obstacle
from rotator.core.consumer_lint_pods import is_reloaded, readings
from rotator.core.consumers import WORKLOADS, ConsumerKind
from rotator.core.consumers_policy import merged_consumers
from rotator.core.durations import format_duration
from rotator.core.place_names import FILE, KUBERNETES_SECRET
from rotator.core.policy import merged
from rotator.core.policy_objects import places_of
from rotator.core.rotation import Action

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from rotator.core.consumer_lint_pods import Reading
    from rotator.core.consumers import ConsumerRef
    from rotator.core.policy import Policy

_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|us|ns|h|m|s)")
_SECONDS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}
_PLACEHOLDER = re.compile(r"\{[a-z]+\}")
_USUAL = timedelta(hours=1)
_IN_CLUSTER = frozenset({KUBERNETES_SECRET, FILE})
_MALFORMED = (AttributeError, TypeError, ValueError, KeyError)
"""What comes of a text where a mapping should be: a manifest may hold anything."""

_KINDS = {kind.value: kind for kind in ConsumerKind}


@dataclass(frozen=True, slots=True)
class Found:
    """One object and where it stands.

    Attributes:
        place: Such as ``deploy/api.yaml:12``, or ``cluster``.
        body: As the API has it.
        namespace: Its own, or the one that it would be made in.
    """

    place: str
    body: Mapping[str, Any]
    namespace: str

    @property
    def kind(self) -> str:
        """Its kind."""
        return str(self.body.get("kind") or "")

    @property
    def name(self) -> str:
        """Its name."""
        metadata = self.body.get("metadata")
        return str(metadata.get("name") or "") if isinstance(metadata, dict) else ""

    @property
    def spec(self) -> Mapping[str, Any]:
        """What is wanted of it."""
        spec = self.body.get("spec")
        return spec if isinstance(spec, dict) else {}

    def __str__(self) -> str:
        """Name it as people do."""
        return f"{self.kind} {self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Managed:
    """What a policy manages; ``*`` in a name stands for anything.

    Attributes:
        remotes: Names of objects outside of the cluster that are destinations.
        secrets: Namespace and name of Secrets that are destinations.
        named: The consumers that rules name.
        shortest_grace: The shortest `grace.min` of all rules that rotate.
    """

    remotes: tuple[str, ...] = ()
    secrets: tuple[tuple[str, str], ...] = ()
    named: tuple[ConsumerRef, ...] = ()
    shortest_grace: timedelta = timedelta(days=1)

    def naming(self, found: Found) -> ConsumerRef | None:
        """Return the consumer by which a rule names an object; None if no rule does."""
        same = (ref for ref in self.named if ref.kind.value == found.kind)
        return next((ref for ref in same if _is(ref, found.namespace, found.name)), None)

    def has_remote(self, name: str) -> bool:
        """Whether an object outside is a destination, by its name or its ARN."""
        ending = name.rpartition(":secret:")[2]
        return any(fnmatchcase(ending, glob) for glob in self.remotes)


@dataclass(frozen=True, slots=True, kw_only=True)
class LintFinding:
    """One thing that keeps consumers from taking a new key over.

    Attributes:
        code: A word that never changes.
        place: Where the object stands.
        subject: Which object.
        problem: What is wrong.
        remedy: What to do.
    """

    code: str
    place: str
    subject: str
    problem: str
    remedy: str


def lint(objects: Sequence[Found], managed: Managed, *, is_whole: bool) -> tuple[LintFinding, ...]:
    """Name everything that would keep consumers from taking a new key over.

    Args:
        objects: What there is.
        managed: What policy manages.
        is_whole: Whether `objects` is all that there is in its namespaces, so that what
            is missing from it does not exist.
    """
    read = _read_secrets(objects, managed)
    found = [item for one in objects for item in _judged(one, managed, read)]
    if is_whole:
        found += _missing(objects, managed)
    return tuple(found)


def _judged(
    found: Found, managed: Managed, read: set[tuple[str, str, bool]]
) -> tuple[LintFinding, ...]:
    try:
        return tuple(_about(found, managed, read))
    except _MALFORMED:
        remedy = "see what `kubectl apply --dry-run=server` says of it"
        problem = "is not formed as the API has it"
        return (_finding("malformed", found, problem, remedy),)


def _about(
    found: Found, managed: Managed, read: set[tuple[str, str, bool]]
) -> Iterator[LintFinding]:
    if found.kind == ConsumerKind.EXTERNAL_SECRET.value:
        if _is_feed_managed(found, managed):
            yield from _feed(found, managed)
    elif found.kind in {kind.value for kind in WORKLOADS}:
        yield from _workload(found, managed, read)
        yield from _driver(found)


# ------------------------------------------------------------------ ExternalSecrets


def _is_feed_managed(found: Found, managed: Managed) -> bool:
    return managed.naming(found) is not None or any(map(managed.has_remote, _remotes(found)))


def _remotes(found: Found) -> Iterator[str]:
    for field, source in (("data", "remoteRef"), ("dataFrom", "extract")):
        for item in found.spec.get(field) or ():
            at = item.get(source) if isinstance(item, dict) else None
            yield str(at.get("key") or "") if isinstance(at, dict) else ""


def _feed(found: Found, managed: Managed) -> Iterator[LintFinding]:
    obstacle = feed_obstacle(found.body)
    if obstacle:
        remedy = "write `refreshPolicy: Periodic` with an interval, and a target that may change"
        yield _finding("never-refreshed", found, obstacle, remedy)
        return
    managed_keys = filter(managed.has_remote, _remotes(found))
    pinned = next(filter(None, (pin_obstacle(found.body, key) for key in managed_keys)), "")
    if pinned:
        yield _finding("pinned", found, pinned, "leave the version out, so that it fetches the new")
        return
    if managed.naming(found) is not None:
        return
    yield _finding(
        "unnamed",
        found,
        "takes a managed key over, and no rule names it",
        "name it under `consumers.externalSecrets`, so that it is refreshed and waited for",
    )
    every, grace = _interval(found.spec.get("refreshInterval")), managed.shortest_grace
    if every >= grace:
        yield _finding(
            "slow-refresh",
            found,
            f"refreshes every {format_duration(every)}, not sooner than `grace.min` "
            f"{format_duration(grace)} ends",
            "shorten `refreshInterval`, or name it in the rule, so that it is refreshed at once",
        )


def _interval(text: object) -> timedelta:
    """Read a duration as Go writes it; one left out is an hour."""
    if text is None:
        return _USUAL
    parts = _PART.findall(str(text))
    return timedelta(seconds=sum(float(number) * _SECONDS[unit] for number, unit in parts))


# ------------------------------------------------------------------------ workloads


def _read_secrets(objects: Sequence[Found], managed: Managed) -> set[tuple[str, str, bool]]:
    """Name Secrets and classes of the cluster that carry a managed key: namespace, name, class?"""
    carried = set()
    for found in objects:
        if found.kind == ConsumerKind.EXTERNAL_SECRET.value and _is_feed_managed(found, managed):
            target = found.spec.get("target")
            name = target.get("name") if isinstance(target, dict) else None
            carried.add((found.namespace, str(name or found.name), False))
        if found.kind == ConsumerKind.MOUNT.value and managed.naming(found) is not None:
            carried.add((found.namespace, found.name, True))
    return carried


def _workload(
    found: Found, managed: Managed, carried: set[tuple[str, str, bool]]
) -> Iterator[LintFinding]:
    named = managed.naming(found)
    read = [item for item in readings(found.body) if _is_carried(found, item, managed, carried)]
    for item in read:
        if item.is_live or (named is not None and named.restart):
            continue
        if not item.is_class and is_reloaded(found.body, item.name):
            continue
        yield _finding(
            "no-restart",
            found,
            f"reads {item.name} by {item.how}, and nobody restarts it",
            "name it under `consumers.workloads` with `restart: true`, or let Reloader restart it",
        )
    if named is None and read:
        yield _finding(
            "unnamed",
            found,
            f"reads {read[0].name}, and no rule names it",
            "name it under `consumers.workloads`, so that the old key waits for it",
        )
    if named is not None and named.restart:
        yield from _interruption(found)


def _is_carried(
    found: Found, item: Reading, managed: Managed, carried: set[tuple[str, str, bool]]
) -> bool:
    if (found.namespace, item.name, item.is_class) in carried:
        return True
    return not item.is_class and any(
        fnmatchcase(found.namespace, space) and fnmatchcase(item.name, name)
        for space, name in managed.secrets
    )


def _interruption(found: Found) -> Iterator[LintFinding]:
    kind = _KINDS[found.kind]
    obstacle = restart_obstacle(kind, found.spec)
    if obstacle:
        yield _finding(
            "cannot-restart",
            found,
            obstacle,
            "let it roll, or write `restart: false` and see to the restart in another way",
        )
    elif _is_alone(kind, found.spec):
        yield _finding(
            "restart-interrupts",
            found,
            "runs one pod, and a restart ends it before another one is there",
            "run two, or let a Deployment surge",
        )


def _is_alone(kind: ConsumerKind, spec: Mapping[str, Any]) -> bool:
    if kind is ConsumerKind.DAEMON_SET or spec.get("replicas", 1) != 1:
        return False
    rolling = (spec.get("strategy") or {}).get("rollingUpdate") or {}
    surge = rolling.get("maxSurge", "25%")
    return kind is ConsumerKind.STATEFUL_SET or str(surge) in {"0", "0%"}


def _driver(found: Found) -> Iterator[LintFinding]:
    """Look whether the CSI driver, if it is this one, ever looks for new versions."""
    containers = ((found.spec.get("template") or {}).get("spec") or {}).get("containers") or ()
    for container in containers:
        words = [*(container.get("command") or ()), *(container.get("args") or ())]
        if container.get("name") == "secrets-store" and not any(map(_is_rotating, words)):
            yield _finding(
                "csi-without-rotation",
                found,
                "the CSI driver never looks for new versions",
                "start it with `--enable-secret-rotation=true`",
            )


def _is_rotating(word: object) -> bool:
    return str(word) in {"--enable-secret-rotation", "--enable-secret-rotation=true"}


# -------------------------------------------------------------------------- missing


def _missing(objects: Sequence[Found], managed: Managed) -> Iterator[LintFinding]:
    spaces = {found.namespace for found in objects}
    there = {(found.kind, found.namespace, found.name) for found in objects}
    for ref in managed.named:
        is_literal = "*" not in f"{ref.namespace}{ref.name}"
        is_there = (ref.kind.value, ref.namespace, ref.name) in there
        if is_literal and ref.namespace in spaces and not is_there:
            yield LintFinding(
                code="missing",
                place="policy",
                subject=str(ref),
                problem="a rule names it, and it does not exist",
                remedy="correct the name, or take it out of the rule",
            )


def _is(ref: ConsumerRef, namespace: str, name: str) -> bool:
    return fnmatchcase(namespace, ref.namespace) and fnmatchcase(name, ref.name)


def _finding(code: str, found: Found, problem: str, remedy: str) -> LintFinding:
    return LintFinding(
        code=code, place=found.place, subject=str(found), problem=problem, remedy=remedy
    )


def managed_by(policy: Policy) -> Managed:
    """Say what a policy manages, in the words that objects of a cluster are compared with."""
    rotating = [rule for rule in policy.rules if rule.action is Action.ROTATE]
    places = [place for rule in rotating for _, place in places_of(rule)]
    layers = [
        merged_consumers(policy.defaults.consumers, rule.overrides.consumers) for rule in rotating
    ]
    graces = [merged(policy.defaults, rule.overrides)[1].min_period for rule in rotating]
    return Managed(
        remotes=tuple(_glob(place.name) for place in places if place.kind not in _IN_CLUSTER),
        secrets=tuple(
            (_glob(place.region), _glob(place.name))
            for place in places
            if place.kind == KUBERNETES_SECRET
        ),
        named=tuple(
            replace(ref, namespace=_glob(ref.namespace), name=_glob(ref.name))
            for layer in layers
            for ref in layer.refs
        ),
        shortest_grace=min(graces, default=Managed().shortest_grace),
    )


def _glob(name: str) -> str:
    return _PLACEHOLDER.sub("*", name)
