"""What becomes of a policy file that was changed while we run: taken up, or told and not used."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from rotator.core.events import AuditAction
from rotator.core.policy_changes import policy_changes
from rotator.errors import OutcomeUnknownError, UnavailableError
from rotator.reconcile import books
from rotator.settings.in_force import Replaced

if TYPE_CHECKING:
    from rotator.reconcile.parts import Parts
    from rotator.settings.in_force import Refused
    from rotator.settings.settings import Settings

_METRIC = "policy_reloads"


def take_up_policy(settings: Settings, parts: Parts) -> bool:
    """Look at the policy file; True if another policy is in force now.

    A faulty one, and one that cannot be read, is told once, and the last good one holds.
    A pass that is under way ends by the policy that it began with.
    """
    found = settings.in_force.look()
    if found is None:
        return False
    if isinstance(found, Replaced):
        _loaded(found, parts)
        return True
    _refused(found, settings, parts)
    return False


def _loaded(found: Replaced, parts: Parts) -> None:
    digest, before = found.now.digest, found.before.digest
    changes = policy_changes(found.before.policy, found.now.policy)
    parts.telemetry.count(_METRIC, outcome="loaded")
    parts.telemetry.log("info", "policy loaded", sha256=digest, instead_of=before, **changes)
    record_id, now = parts.chance.new_id(), parts.clock.now()
    made = books.of_daemon(AuditAction.POLICY_LOAD, f"sha256 {digest}", record_id=record_id, at=now)
    evidence = {**made.evidence, "previous_sha256": before, **changes}
    record = replace(made, policy=digest, evidence=evidence)
    try:
        parts.journal.append((record,))
    except (UnavailableError, OutcomeUnknownError):
        # It is in force all the same; its record is written when the journal is back.
        parts.late.keep((record,), parts.telemetry, parts.chance)


def _refused(found: Refused, settings: Settings, parts: Parts) -> None:
    parts.telemetry.count(_METRIC, outcome="refused" if found.digest else "unreadable")
    for fault in found.faults:
        parts.telemetry.log("error", "policy fault", fault=str(fault))
    parts.telemetry.log(
        "error",
        "policy refused",
        file=str(settings.policy_file),
        faults=len(found.faults),
        sha256=found.digest or None,
        in_force=settings.policy_digest,
    )
