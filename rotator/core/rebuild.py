"""What a lost journal held of one credential, reconstructed from what is left outside.

What consumers read is the current key. A key beside it is called previous only if
something proves it: its own mark, together with a version in our object that only
the rotation in that mark could have named; or the version before the current one,
where the current one is such a version of ours. Every other key stays a stranger's.

Where the provider does not tell when keys were made, nothing shows which of two came
first: then only a key that we surely minted is let go, for a person may have published
the other one and gone back.

A proved key is let go as after a promotion: past a whole new grace, the guard and a
quarantine, whatever had become of it when the journal was lost. So a key that was
stored and never published ends by the same way as one that was replaced.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rotator.core.ids import version_token
from rotator.core.orphans import MOST_ATTEMPTS, marked, stored
from rotator.core.rotation import Phase, Role, Rotation, Trigger

if TYPE_CHECKING:
    from rotator.core.facts import DestinationState
    from rotator.core.ids import Instant, KeyId, RotationId, VersionId
    from rotator.core.rotation import Credential, KeyRecord
    from rotator.core.terms import Terms


@dataclass(frozen=True, slots=True, kw_only=True)
class Traces:
    """What is left outside of one credential.

    Attributes:
        credential: It, with the key that consumers read as its current one.
        records: Every key that the provider lists, by a listing of now.
        state: Its destination object; None if that could not be read.
        replaced: The key inside the version before the current one; None if that
            is not known or there is none.
        unread: Why that version could not be read, in our word; empty if it could be,
            or was not asked for.
        undated: Keys of which the provider does not tell when they were made.
    """

    credential: Credential
    records: tuple[KeyRecord, ...]
    state: DestinationState | None = None
    replaced: KeyId | None = None
    unread: str = ""
    undated: frozenset[KeyId] = frozenset()

    @property
    def current(self) -> KeyRecord | None:
        """The record of the key that consumers read."""
        return self.find(self.credential.current_key_id)

    def is_ordered(self, record: KeyRecord) -> bool:
        """Whether it is known which is older: a key, or the one that consumers read."""
        return not {record.key_id, self.credential.current_key_id} & self.undated

    def find(self, key: KeyId | None) -> KeyRecord | None:
        """Return the record of one key, or None when it is not listed."""
        return next((item for item in self.records if item.key_id == key), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one key is taken for.

    Attributes:
        record: The key; its role is what it is taken for.
        proof: What that rests on, or what is missing.
        then: What will become of it once its account is confirmed.
    """

    record: KeyRecord
    proof: str
    then: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rebuilt:
    """The rows of one credential.

    Attributes:
        findings: One for each listed key; their records are rows, too.
        rotation: The rotation that lets the proved key go; None where there is none.
    """

    credential: Credential
    findings: tuple[Finding, ...]
    rotation: Rotation | None = None


def is_ours(traces: Traces, terms: Terms) -> bool:
    """Whether the object is tagged ours: without that no version in it proves anything."""
    return traces.state is not None and traces.state.owner == terms.owner


def is_history_needed(traces: Traces, terms: Terms) -> bool:
    """Whether the version before decides anything, so that it is worth a reading."""
    state = traces.state
    if state is None or state.previous is None or not is_ours(traces, terms):
        return False
    others = [item for item in traces.records if item != traces.current]
    return _publisher(traces) is not None and any(not stored(item, state) for item in others)


def rebuilt(traces: Traces, terms: Terms, now: Instant, *, spare: RotationId) -> Rebuilt:
    """Reconstruct the rows of one credential.

    Args:
        traces: What is left outside.
        terms: Policy, traits and limits that apply.
        now: The present.
        spare: The id of a rotation whose own id cannot be told.
    """
    proofs = {item.key_id: _proof(traces, item, terms) for item in traces.records}
    chosen = _chosen(traces, [item for item in traces.records if proofs[item.key_id].is_given])
    findings = tuple(
        _finding(traces, item, proofs[item.key_id], chosen, terms) for item in traces.records
    )
    rotation = _reopened(traces, chosen, now, spare) if chosen else None
    return Rebuilt(credential=traces.credential, findings=findings, rotation=rotation)


@dataclass(frozen=True, slots=True)
class _Proof:
    """Whether a key is proved to be ours to let go, and by what, or what is missing."""

    is_given: bool
    text: str


def _publisher(traces: Traces) -> RotationId | None:
    """Name the rotation of ours that published the current key; None if none is proved to."""
    current, state = traces.current, traces.state
    if current is None or state is None or not stored(current, state):
        return None
    return current.rotation_id


def _proof(traces: Traces, record: KeyRecord, terms: Terms) -> _Proof:
    current, state = traces.current, traces.state
    if current is None or state is None or record == current:
        return _Proof(is_given=False, text="")
    if not is_ours(traces, terms):
        return _Proof(is_given=False, text="the secret is not tagged ours, so it proves nothing")
    tokens = stored(record, state)
    if _version_before(traces, record) and record.created_at > current.created_at:
        # A person undid what we had published.
        text = f"was published after {current.key_id}, and then somebody went back"
        return _Proof(is_given=False, text=text)
    if tokens:
        return _stored(traces, record, current, tokens[-1])
    if traces.replaced == record.key_id and _publisher(traces) and traces.is_ordered(record):
        return _Proof(is_given=True, text=f"replaced by ours: in version {state.previous}")
    return _Proof(is_given=False, text=_missing(traces, record))


def _stored(traces: Traces, record: KeyRecord, current: KeyRecord, token: VersionId) -> _Proof:
    """A key that we minted and stored is let go, unless a person put another in its place."""
    if record.created_at <= current.created_at and _publisher(traces) is None:
        text = f"ours, but {current.key_id}, which took its place, is not"
        return _Proof(is_given=False, text=text)
    return _Proof(is_given=True, text=f"minted by ours: its mark names version {token}")


def _missing(traces: Traces, record: KeyRecord) -> str:
    if traces.unread:
        return f"not proved: the version before cannot be read ({traces.unread})"
    if traces.replaced == record.key_id and not traces.is_ordered(record):
        return "not proved: in the version before, but nobody tells which key is the older one"
    if record.rotation_id:
        return f"marked by rotation {record.rotation_id}, but in no version of the secret"
    return "no mark, and in no version of the secret that is known"


def _chosen(traces: Traces, proved: list[KeyRecord]) -> KeyRecord | None:
    """Of several choose the one that was replaced last: one is let go at a time."""
    replaced = [item for item in proved if _version_before(traces, item)]
    ordered = sorted(replaced or proved, key=lambda item: (item.created_at, item.key_id))
    return ordered[-1] if ordered else None


def _version_before(traces: Traces, record: KeyRecord) -> VersionId | None:
    """Name the version before the current one, if it carries this key."""
    state = traces.state
    if state is None or state.previous is None:
        return None
    is_inside = traces.replaced == record.key_id or state.previous in stored(record, state)
    return state.previous if is_inside else None


def _finding(
    traces: Traces,
    record: KeyRecord,
    proof: _Proof,
    chosen: KeyRecord | None,
    terms: Terms,
) -> Finding:
    if record == traces.current:
        kept = replace(record, role=Role.CURRENT, suspect_since=None, intent=None)
        age = ", counted from now: nobody tells its age" if record.key_id in traces.undated else ""
        return Finding(record=kept, proof=_published(traces), then=f"rotated when it is due{age}")
    if record == chosen:
        let_go = replace(record, role=Role.PREVIOUS, suspect_since=None, intent=None)
        return Finding(record=let_go, proof=proof.text, then=_let_go(record, terms))
    one_at_a_time = "; but only one key is let go at a time" if proof.is_given else ""
    is_marked = record.role is Role.SUSPECT or bool(marked((record,)))
    left = _LEFT if terms.traits.max_keys is None else f"{_LEFT}, though it takes a slot"
    return Finding(
        record=record,
        proof=proof.text + one_at_a_time,
        then=_WATCHED if is_marked and is_ours(traces, terms) else left,
    )


_LEFT = "left alone"
_WATCHED = "left alone if it was ever used, or else watched as a suspect"


def _let_go(record: KeyRecord, terms: Terms) -> str:
    if not terms.traits.can_disable:
        return "a new grace, deleted past the guard"
    if record.enabled:
        return "a new grace, off past the guard, quarantine, deleted"
    return "a new grace, a new quarantine, deleted past the guard"


def _published(traces: Traces) -> str:
    version = traces.credential.current_version
    if version is None:
        return "the only key that is enabled; nothing is published yet"
    return f"consumers read it, in version {version}"


def _reopened(traces: Traces, previous: KeyRecord, now: Instant, spare: RotationId) -> Rotation:
    """Open the rotation again that lets a key go; its grace begins when that may end.

    Where that key was replaced, it is the rotation that replaced it, by its own id.
    """
    credential, before = traces.credential, _version_before(traces, previous)
    assert credential.current_key_id is not None, "a key is proved beside a current one"  # noqa: S101
    assert credential.destination is not None, "a key is proved by a destination"  # noqa: S101
    publisher = _publisher(traces) if before else None
    return Rotation(
        id=publisher or spare,
        credential_id=credential.id,
        trigger=Trigger.AGE,
        phase=Phase.PROMOTED,
        phase_since=now,
        created_at=now,
        old_key_id=previous.key_id,
        old_version=before,
        destination=credential.destination,
        prepared_at=now,
        attempt=_attempt(publisher, credential) if publisher else 1,
        base_version=before or _token(traces, previous),
        new_key_id=credential.current_key_id,
        new_version=credential.current_version,
        verified_at=now,
    )


def _attempt(publisher: RotationId, credential: Credential) -> int:
    """Tell at which attempt the current version was stored: by that it is known as ours."""
    key, version = credential.current_key_id, credential.current_version
    assert key is not None, "only a key that was published has a publisher"  # noqa: S101
    attempts = range(1, MOST_ATTEMPTS + 1)
    return next((it for it in attempts if version_token(publisher, key, it) == version), 1)


def _token(traces: Traces, record: KeyRecord) -> VersionId | None:
    """Name the version under which a key was stored, a pending one first."""
    state = traces.state
    tokens = stored(record, state) if state else ()
    pending = [token for token in tokens if state and token in state.pending]
    return next(iter((*pending, *reversed(tokens))), None)
