"""What became of the key that is in two places, and of the pods that read one of them."""

from __future__ import annotations

import json
from base64 import b64decode
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from rotator.audit.reading import FileLog
from rotator.cli.demo.cast import SHOP
from rotator.cli.demo.cluster.estate import (
    ID_FIELD,
    KEY_FIELD,
    MANIFESTS,
    NAMESPACE,
    OTHERS,
    OTHERS_OWNER,
    PODS,
    SECRET,
)
from rotator.cli.demo.evidence.typed import Terminal
from rotator.cli.demo.files import AUDIT_LOG, CONFIGURATION_FILE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from rotator.cli.demo.stage import Play
    from rotator.core.rotation import Rotation
    from rotator.simulators.kubernetes.shapes import State

_PROOF: Final = ": consumers_reached="
_TOLD: Final = {
    "key.promote": "promoted in Secrets Manager",
    "rotation.hold": "the API server is away: one place is behind, so no grace begins",
    "key.follow": f"the Secret {NAMESPACE}/{SECRET} follows: the grace begins",
    "consumer.restart": f"Deployment {NAMESPACE}/{SHOP.name} restarted, pod by pod",
    "key.disable": f"the old key is disabled{_PROOF}{{reached}}",
    "key.delete": "the old key is deleted",
}
"""Records of the audit log that tell the story, and what is said of each."""

_OURS: Final = "rotator-"
"""How the name of rotator's field manager for one credential begins."""

_WARNED: Final = "Deployment shop/newsletter"
"""Who reads the Secret in the manifests, and is named by no rule."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """One thing that happened, at a time as the audit log has it."""

    at: str
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that would keep a reader from the new key."""

    subject: str
    code: str
    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterStory:
    """What the act showed.

    Attributes:
        moments: What happened to the key, oldest first.
        owners: By field of the Secret: who owns it.
        lint: What `rotator consumers lint` found in the manifests.
        calls: How often pods called AWS.
        refusals: Calls that were refused.
        faults: What is not as it should be; empty is good.
    """

    moments: tuple[Moment, ...]
    owners: Mapping[str, str]
    lint: tuple[Finding, ...]
    calls: int
    refusals: int
    faults: tuple[str, ...] = ()


def look(play: Play) -> ClusterStory:
    """Read the last day."""
    state = play.vendors.kubernetes.state()
    rotation = next(item for item in play.fleet if item.character is SHOP).rotation
    assert rotation is not None, "the last day is looked at after its rotation"  # noqa: S101
    story = ClusterStory(
        moments=tuple(_moments(_records(play, rotation))),
        owners=_owners(state),
        lint=_linted(Terminal(app=play.app, config=play.folder / CONFIGURATION_FILE), play.folder),
        calls=play.pods.calls,
        refusals=play.pods.refusals,
    )
    return replace(story, faults=tuple(faults(story, state, rotation)))


def _records(play: Play, rotation: Rotation) -> list[dict[str, Any]]:
    lines = FileLog(play.folder / AUDIT_LOG).lines()
    found = (json.loads(line) for line in lines if rotation.id.encode() in line)
    return [item for item in found if (item["rotation"] or {}).get("id") == rotation.id]


def _moments(records: Sequence[Mapping[str, Any]]) -> Iterator[Moment]:
    for record in records:
        if record["outcome"] == "success" and record["action"] in _TOLD:
            reached = record["evidence"].get("consumers_reached", "")
            what = _TOLD[record["action"]].format(reached=reached)
            yield Moment(at=f"{record['time'][:16].replace('T', ' ')}Z", what=what)


def _linted(terminal: Terminal, folder: Path) -> tuple[Finding, ...]:
    told = terminal.type("consumers", "lint", str(folder / MANIFESTS), "--json").text
    return tuple(
        Finding(subject=item["subject"], code=item["code"], problem=item["problem"])
        for item in json.loads(told)
    )


def _owners(state: State) -> dict[str, str]:
    """Read who owns which field of the Secret, as the API server tells it."""
    metadata = _secret(state)["metadata"]
    return {
        field.removeprefix("f:"): entry["manager"]
        for entry in metadata.get("managedFields", ())
        for field in sorted(entry["fieldsV1"].get("f:data", ()))
        if field != "."
    }


def _secret(state: State) -> dict[str, Any]:
    return state.find("Secret", NAMESPACE, SECRET) or {"metadata": {}}


def faults(story: ClusterStory, state: State, rotation: Rotation) -> Iterator[str]:
    """Name what is not as it should be."""
    encoded = _secret(state).get("data", {})
    fields = {name: b64decode(text).decode() for name, text in encoded.items()}
    if fields.get(ID_FIELD) != rotation.new_key_id:
        yield f"{SECRET} does not carry the new key"
    if not OTHERS.items() <= fields.items():
        yield f"other fields of {SECRET} were lost"
    if any(story.owners.get(field) != OTHERS_OWNER for field in OTHERS):
        yield f"other fields of {SECRET} have another owner"
    ours = [story.owners.get(field, "") for field in (ID_FIELD, KEY_FIELD)]
    if not all(owner.startswith(_OURS) for owner in ours):
        yield f"our fields of {SECRET} are not ours"
    started = [item.get(ID_FIELD) for item in state.environments.values()]
    if started != [rotation.new_key_id] * PODS:
        yield "pods run that were not started with the new key"
    if not any(moment.what.endswith(f"{_PROOF}restarted") for moment in story.moments):
        yield "the old key was ended before its readers were seen to move"
    if all(finding.subject != _WARNED for finding in story.lint):
        yield "a reader that no rule names was not found"
