"""An examination as people and machines read it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rotator.cli.printing import span
from rotator.core.advice import last_use
from rotator.core.facts import Known
from rotator.core.forms import AWS_IAM
from rotator.core.steps import failure, known

if TYPE_CHECKING:
    from rotator.core.doctor import Examination, KeyFinding


def heading(examination: Examination) -> str:
    """Name the principal, the rule that decided about it, and its key slots."""
    principal = examination.principal
    kind = "" if principal.provider == AWS_IAM else f" ({principal.provider})"
    return (
        f"{principal.name}{kind} in account {principal.account}, rule {examination.rule}: "
        f"{_slots(examination)}"
    )


def _slots(examination: Examination) -> str:
    taken, limit = len(examination.keys), examination.max_keys
    if not examination.is_listed:
        return "its keys could not be listed"
    if limit is None:
        return f"{taken} key{'' if taken == 1 else 's'}"
    return f"{taken} of {limit} key slots taken"


def title(examination: Examination, finding: KeyFinding) -> str:
    """Say of a key in a line what is known for certain: id, part, state, age, last use."""
    key = finding.key
    state = "enabled" if key.enabled else "disabled"
    if key.has_expired(examination.examined_at):
        state = "expired"
    age = span(examination.examined_at - key.created_at)
    known_for = f"{age} old" if key.is_dated else f"known for {age}"
    return f"{key.key_id}  {finding.part.value}, {state}, {known_for}, {_use(finding)}"


def _use(finding: KeyFinding) -> str:
    if isinstance(finding.use, Known):
        return last_use(finding.use.value)
    code = failure(finding.use)
    return "last use not told" if code == "no_capability" else f"last use unreadable ({code})"


def paragraph(finding: KeyFinding) -> list[tuple[str, str]]:
    """Return what there is to say about a key, as names and sentences."""
    return [
        ("is", finding.meaning),
        *(("" if number else "because", line) for number, line in enumerate(finding.evidence)),
        ("will", finding.prospect.text),
        ("safe now", finding.advice.text),
        ("command", finding.advice.command),
    ]


def record(examination: Examination) -> dict[str, object]:
    """Return an examination for machines."""
    principal, rotation = examination.principal, examination.rotation
    return {
        "name": principal.name,
        "provider": principal.provider,
        "account": principal.account,
        "policy": examination.rule,
        "keySlots": examination.max_keys,
        "isListed": examination.is_listed,
        "verdict": examination.verdict,
        "needsPerson": examination.needs_person,
        "safeToDelete": list(examination.safe_to_delete),
        "rotationId": rotation.id if rotation else None,
        "phase": rotation.phase.value if rotation else None,
        "keys": [_key_record(examination, finding) for finding in examination.keys],
    }


def _key_record(examination: Examination, finding: KeyFinding) -> dict[str, object]:
    key, use = finding.key, known(finding.use)
    return {
        "keyId": key.key_id,
        "isEnabled": key.enabled,
        "createdAt": key.created_at if key.is_dated else None,
        "expiresAt": key.expires_at,
        "ageSeconds": examination.examined_at - key.created_at if key.is_dated else None,
        "lastUsedAt": use.at if use else None,
        "lastUsedService": use.service or None if use else None,
        "lastUsedRegion": use.region or None if use else None,
        "lastUseUnreadable": failure(finding.use) or None,
        "part": finding.part.value,
        "meaning": finding.meaning,
        "evidence": list(finding.evidence),
        "will": finding.prospect.text,
        "willAt": finding.prospect.at,
        "safeNow": finding.advice.text,
        "command": finding.advice.command or None,
        "mayDelete": finding.advice.may_delete,
    }
