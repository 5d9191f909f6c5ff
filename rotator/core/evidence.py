"""What shows what a key is to us: the destination, its mark, the journal, what it opens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rotator.core import orphans
from rotator.core.durations import format_duration
from rotator.core.facts import Known
from rotator.core.rotation import Role
from rotator.core.steps import failure, known
from rotator.core.transitions import tokens
from rotator.core.ways import utc

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rotator.core.diagnosis import Chart
    from rotator.core.facts import DestinationState, KeyInfo
    from rotator.core.ids import VersionId

_SHOWN_GRANTS = 5
"""A client may be granted thousands of keysets."""


def evidence(chart: Chart, key: KeyInfo) -> tuple[str, ...]:
    """Name what shows what a key is: the destination, its mark, the journal, its uses."""
    return (
        *_places(chart, key),
        *_mark(chart, key),
        *_journal(chart, key),
        *_powers(chart, key),
        *_end(chart, key),
    )


def _places(chart: Chart, key: KeyInfo) -> Iterator[str]:
    state = known(chart.destination)
    code = failure(chart.destination) or failure(chart.published)
    if code and chart.place:
        yield f"whether {chart.place} carries it could not be read: {code}"
    if state is None:
        return
    if chart.published == Known(key.key_id):
        yield f"the current version of {chart.place} carries it: {state.current}"
    elif isinstance(chart.published, Known) and state.current is not None:
        other = chart.published.value
        carries = f"carries {other}" if other else "has no key id where the rule looks for one"
        yield f"the current version of {chart.place} {carries}"
    for version in sorted(_versions(chart, key, state) - {state.current}):
        yield f"stored in {chart.place} as version {version}, {_label(state, version)}"


def _label(state: DestinationState, version: VersionId) -> str:
    if version in state.pending:
        return "pending"
    return "previous" if version == state.previous else "without a label"


def _versions(chart: Chart, key: KeyInfo, state: DestinationState) -> set[VersionId]:
    """Name the object's versions that surely carry a key."""
    record = chart.record(key.key_id)
    found: set[VersionId | None] = set(orphans.stored(record, state) if record else ())
    for rotation in (*chart.rotations, *filter(None, [chart.rotation])):
        if rotation.new_key_id == key.key_id:
            found |= {*tokens(rotation), rotation.new_version}
        elif rotation.old_key_id == key.key_id:
            found.add(rotation.old_version)
    if chart.credential.current_key_id == key.key_id:
        found.add(chart.credential.current_version)
    return {version for version in found if version is not None and version in state.versions}


def _mark(chart: Chart, key: KeyInfo) -> Iterator[str]:
    if key.rotation is None:
        return
    rotation = next((item for item in chart.rotations if item.id == key.rotation), None)
    known_as = rotation.phase.value if rotation else "which the journal does not know"
    if chart.terms.traits.marks_keys:
        yield f"its name ends with rotation {key.rotation}, {known_as}"
    else:
        yield f"marked at the provider by rotation {key.rotation}, {known_as}"


def _powers(chart: Chart, key: KeyInfo) -> Iterator[str]:
    """Say what a key opens, where keys differ in that, and whether rotator enters with it."""
    if key.key_id == chart.own:
        yield "rotator itself is admitted by it, so it is replaced when nothing else is under way"
    if chart.terms.traits.has_grants and not key.enabled:
        yield "what it is bound to is not granted to it, and that is what disabled means here"
    code, grants, rotation = failure(chart.grants), known(chart.grants), chart.rotation
    if rotation is None or key.key_id not in {rotation.old_key_id, rotation.new_key_id}:
        return
    if code:
        yield f"what it is granted could not be read: {code}"
    elif grants is not None:
        yield _granted(grants.old if key.key_id == rotation.old_key_id else grants.new)


def _end(chart: Chart, key: KeyInfo) -> Iterator[str]:
    """Say when its provider ends a key by itself, and that this is why it is replaced early."""
    if key.expires_at is None or key.expires_at <= chart.now:
        return
    yield f"its provider ends it by itself at {utc(key.expires_at)}"


def _granted(grants: frozenset[str]) -> str:
    shown = sorted(grants)[:_SHOWN_GRANTS]
    more = f" and {len(grants) - len(shown)} more" if len(grants) > len(shown) else ""
    return f"granted {', '.join(shown)}{more}" if grants else "granted nothing"


def _journal(chart: Chart, key: KeyInfo) -> Iterator[str]:
    record = chart.record(key.key_id)
    if record is None:
        return
    if record.role is Role.SUSPECT:
        yield f"watched since {utc(record.suspect_since)}, for rotation {record.rotation_id}"
    elif record.role is not Role.FOREIGN:
        yield f"the journal has it as {record.role.value}"
    elif record.suspect_since is not None:
        yield f"the journal has it as somebody else's since {utc(record.suspect_since)}"
    if record.longest_gap is not None:
        pause = format_duration(record.longest_gap)
        yield f"the longest pause between two of its uses that we saw was {pause}"
