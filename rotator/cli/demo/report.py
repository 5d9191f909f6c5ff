"""The closing summary: what became of everyone, against what was to be expected."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rotator.cli.demo.estate import ACCOUNT, CAST, OTHER_FIELDS, secret_name
from rotator.core.chain import verify_chain
from rotator.core.reasons import explain
from rotator.core.rotation import Action, Phase

if TYPE_CHECKING:
    from rotator.cli.demo.estate import Character
    from rotator.cli.demo.stage import Play
    from rotator.core.rotation import Credential
    from rotator.simulators.aws.shapes import State


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One user on the last day.

    Attributes:
        faults: Where it differs from what was to be expected; empty is good.
    """

    name: str
    ends: str
    rotations: int
    calls: int
    refusals: int
    reason: str
    faults: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """The whole demonstration on the last day."""

    lines: tuple[Line, ...]
    audit_records: int
    audit_findings: tuple[str, ...]

    @property
    def is_as_expected(self) -> bool:
        """Whether nothing differs and the audit log verifies."""
        return not self.audit_findings and not any(line.faults for line in self.lines)


def summarize(play: Play) -> Summary:
    """Compare the last day with what was to be expected."""
    truth = play.truth()
    credentials = {item.principal.name: item for item in play.app.journal.credentials()}
    content = (play.folder / "audit.jsonl").read_text(encoding="utf-8").splitlines()
    verdict = verify_chain(content)
    findings = tuple(f"{item.kind.value} seq={item.seq}" for item in verdict.findings)
    return Summary(
        lines=tuple(_line(play, item, credentials.get(item.name), truth) for item in CAST),
        audit_records=len(content),
        audit_findings=findings,
    )


def _line(play: Play, character: Character, credential: Credential | None, truth: State) -> Line:
    consumer = play.consumers.of(character.name)
    calls, refusals = (consumer.calls, consumer.refusals) if consumer else (0, 0)
    rotations = _completed(play, credential)
    line = Line(
        name=character.name,
        ends=_ends(credential, rotations),
        rotations=rotations,
        calls=calls,
        refusals=refusals,
        reason=_reason(credential),
    )
    faults = (*_differences(character, credential, line), *_broken(play, character, truth))
    return replace(line, faults=faults)


def _completed(play: Play, credential: Credential | None) -> int:
    if credential is None:
        return 0
    rotations = play.app.journal.rotations(credential.id)
    return sum(item.phase is Phase.COMPLETED for item in rotations)


def _ends(credential: Credential | None, rotations: int) -> str:
    if credential is None:
        return "unseen"
    if credential.action is Action.REPORT:
        return "reported"
    if credential.hold is not None:
        return "held"
    return "rotated" if rotations else "waiting"


def _reason(credential: Credential | None) -> str:
    if credential is None:
        return ""
    if credential.hold is None:
        return credential.note
    detail = f" ({credential.hold.detail})" if credential.hold.detail else ""
    return explain(credential.hold.reason) + detail


def _differences(character: Character, credential: Credential | None, line: Line) -> list[str]:
    faults = []
    if line.ends != character.ends:
        faults.append(f"ends {line.ends}, expected {character.ends}")
    if line.rotations != character.rotations:
        faults.append(f"{line.rotations} rotations, expected {character.rotations}")
    if line.refusals:
        faults.append(f"{line.refusals} calls refused: an outage")
    hold = credential.hold.reason if credential and credential.hold else None
    if hold is not character.hold:
        faults.append(f"held for {hold}, expected {character.hold}")
    return faults


def _broken(play: Play, character: Character, truth: State) -> list[str]:
    """Check the truth at the provider: strangers' keys live, and one current key is published."""
    account = truth.accounts[ACCOUNT]
    keys = account.users[character.name].keys
    enabled = {key.access_key_id for key in keys if key.status == "Active"}
    first = {key.access_key_id for key in play.first.users[character.name]}
    if not character.rotations:
        return [] if first <= enabled else ["a key that is not ours to touch was touched"]
    return _published(character, truth, enabled, len(keys))


def _published(character: Character, truth: State, enabled: set[str], listed: int) -> list[str]:
    secrets = truth.accounts[ACCOUNT].secrets
    secret = next(item for item in secrets if item.name == secret_name(character))
    current = secret.labelled("AWSCURRENT")
    fields = json.loads(current.value or "{}") if current else {}
    faults = []
    if enabled != {fields.get("AccessKeyId")} or listed != 1:
        faults.append("the published key is not the one and only key")
    if character.has_other_fields and not OTHER_FIELDS.items() <= fields.items():
        faults.append("other fields of the secret were lost")
    return faults
