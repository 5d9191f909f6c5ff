"""Which lines of the audit log people are told of, and in which words.

One change is one notice: a rotation's end tells of its last deletion, and a hold
that comes again for the same reason on the same day is no news.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from rotator.core.events import AuditAction
from rotator.core.ids import Instant
from rotator.core.notice_lines import About
from rotator.core.notices import Severity, shortened
from rotator.core.reasons import Reason, explain
from rotator.core.transitions import RELEASED, REVERSED

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rotator.core.notice_lines import AuditLine
    from rotator.core.notices import Notice

_INFO, _WARN, _ERROR = Severity.INFO, Severity.WARN, Severity.ERROR
_PENDING = "pending"
_SUCCESS = "success"
_OWNER = "the owner of the key's consumers"
_PLATFORM = "the operators of rotator"
_HAND = "operator."
_SHOWN_OF_A_DIGEST = 12
_UNTOLD_HANDS = frozenset({AuditAction.OPERATOR_TEST_PROVIDER})
_LOUD_HANDS: Mapping[AuditAction, tuple[str, Severity]] = {
    AuditAction.OPERATOR_CONFIRM_ACCOUNT: ("account.confirmed", _INFO),
    AuditAction.OPERATOR_WITHDRAW_ACCOUNT: ("account.withdrawn", _WARN),
    AuditAction.OPERATOR_PAUSE: ("pause.set", _WARN),
    AuditAction.OPERATOR_UNPAUSE: ("pause.lifted", _INFO),
    AuditAction.OPERATOR_BREAK_GLASS: ("operator.broke_glass", _ERROR),
}
"""Deeds of people that have a word of their own; every other one is `operator.acted`."""


RUNBOOKS: Mapping[str, str] = {
    "audit.gapped": "RotatorAuditChainBroken",
    "credential.held": "RotatorHeldTooLong",
    "destination.drifted": "RotatorDestinationDrift",
    "key.still_used": "RotatorGraceOverrun",
    "key.suspected": "RotatorSuspectKeys",
    "rotation.failed": "RotatorRotationFailing",
    "rotation.halted": "RotatorRotationHalted",
}
"""The runbook of each kind of notice that wants a person, in docs/runbooks."""

_CONSUMERS, _LIVES = "RotatorConsumersBroken", "RotatorOldKeyLives"
HOLD_RUNBOOKS: Mapping[Reason, str] = {
    Reason.CURRENT_KEY_GONE: _CONSUMERS,
    Reason.CURRENT_KEY_DISABLED: _CONSUMERS,
    Reason.NEW_KEY_GONE: _CONSUMERS,
    Reason.OLD_KEY_LIVES: _LIVES,
    Reason.EXPIRES_TOO_SOON: "RotatorKeysLiveTooShort",
    Reason.STILL_USED: "RotatorGraceOverrun",
    Reason.QUIET_UNPROVEN: "RotatorGraceOverrun",
    Reason.USE_UNKNOWN: "RotatorGraceOverrun",
    Reason.USE_UNREADABLE: "RotatorGraceOverrun",
    Reason.DRIFT: "RotatorDestinationDrift",
    Reason.ROLLED_BACK_BY_HAND: "RotatorDestinationDrift",
    Reason.FOLLOWER_DRIFT: "RotatorDestinationDrift",
    Reason.GRANTS_TAKEN: "CipherStashGrantsDiffer",
    Reason.GRANTS_UNREADABLE: "CipherStashGrantsDiffer",
    Reason.CONSUMERS_BEHIND: "RotatorConsumersBehind",
    Reason.CONSUMERS_UNREADABLE: "RotatorConsumersBehind",
    Reason.CLOCK_SKEW: "RotatorClockSkew",
    Reason.AUDIT_BLOCKED: "RotatorAuditBlocked",
}
"""The runbook of a hold whose reason has one of its own."""


def notice_of(line: AuditLine, about: About) -> Notice | None:
    """Make the notice of one line; None where nobody needs to be told."""
    told = _told(line, about)
    if told is None:
        return None
    return replace(told, runbook=told.runbook or RUNBOOKS.get(told.kind, ""))


def _told(line: AuditLine, about: About) -> Notice | None:
    if line.action is None or line.outcome == _PENDING:
        return None
    if line.action.value.startswith(_HAND):
        return _by_hand(line.action, line, about)
    rule = _RULES.get(line.action) if line.outcome == _SUCCESS else None
    return rule(line, about) if rule is not None else None


def change_of(line: AuditLine) -> str:
    """Name the change that a line tells of: lines of one change make one notice."""
    reason, _, _ = line.reason.partition(":")
    day = line.at.date().isoformat()
    if line.action is AuditAction.ROTATION_HOLD:
        return f"hold\n{line.credential}\n{line.rotation}\n{reason}\n{day}"
    if line.action is AuditAction.HOLD_LIFT:
        return f"lift\n{line.credential}\n{reason}\n{day}"
    order = line.evidence.get("order")
    if isinstance(order, str):
        return f"order\n{order}\n{line.outcome}"
    return f"record\n{line.id}"


def policy_of(line: AuditLine) -> str:
    """Return the SHA-256 of the policy that a line says was put in force; empty for others."""
    if line.action is not AuditAction.POLICY_LOAD:
        return ""
    return line.policy or line.reason.rpartition(" ")[2]


def policy_changed(line: AuditLine, before: str) -> Notice | None:
    """Say that another policy is in force than before; None if it is the same."""
    now = policy_of(line)
    if not now or now == before:
        return None
    summary = f"another policy is in force: {_digest(now)} instead of {_digest(before)}"
    told = line.notice("policy.changed", _INFO, summary, About())
    return replace(told, command="rotator plan")


def _published(line: AuditLine, about: About) -> Notice:
    summary = f"consumers of {line.whose} read the new key {shortened(line.new_key)}"
    return replace(
        line.notice("key.published", _INFO, summary, about),
        what_next="the old key works on, and is ended once nobody uses it",
        next_at=Instant(line.at + about.grace),
        who_acts=f"{_OWNER}, if they keep a copy of the old key",
    )


def _disabled(line: AuditLine, about: About) -> Notice:
    told = line.notice("key.disabled", _INFO, f"{_key(line)} was disabled", about)
    if not line.rotation:
        what_next = "it may be our own orphan; it is deleted later unless somebody enables it"
        return replace(told, severity=_WARN, what_next=what_next, command=line.show_principal)
    return replace(told, what_next="it is deleted", next_at=Instant(line.at + about.quarantine))


def _enabled(line: AuditLine, about: About) -> Notice:
    told = line.notice("key.enabled", _WARN, f"{_key(line)} was enabled again", about)
    return replace(told, what_next="it works until its rotation goes on or is resumed")


def _deleted(line: AuditLine, about: About) -> Notice | None:
    if line.rotation and line.key != line.new_key:
        return None  # the end of its rotation tells of it
    return line.notice("key.deleted", _INFO, f"{_key(line)}, which nobody reads, is gone", about)


def _adopted(line: AuditLine, about: About) -> Notice:
    summary = f"{_key(line)} is managed from now on"
    return replace(line.notice("key.adopted", _INFO, summary, about), command=line.show_principal)


def _suspected(line: AuditLine, about: About) -> Notice:
    summary = f"{_key(line)} was made while rotator made one, and may be its own"
    return replace(
        line.notice("key.suspected", _WARN, summary, about),
        what_next="it is watched; it is disabled only if nobody ever used it",
        who_acts=f"{_OWNER}, if they made it: use it once",
        command=line.show_principal,
    )


def _held(line: AuditLine, about: About) -> Notice:
    word, _, _ = line.reason.partition(":")
    reason = Reason(word) if word in frozenset(Reason) else None
    why = explain(reason) if reason else word
    kind = "key.still_used" if reason is Reason.STILL_USED else "credential.held"
    runbook = HOLD_RUNBOOKS.get(reason, "") if reason else ""
    severity = _ERROR if runbook in {_CONSUMERS, _LIVES} else _WARN
    return replace(
        line.notice(kind, severity, f"{line.whose} is on hold: {why}", about),
        runbook=runbook,
        what_next="it is looked at again and goes on by itself once the reason is gone",
        who_acts=_OWNER if reason is Reason.STILL_USED else _PLATFORM,
        command=line.show_principal,
    )


def _lifted(line: AuditLine, about: About) -> Notice | None:
    word, _, _ = line.reason.partition(":")
    if word == Reason.PAUSED:
        return None  # whoever lifted the pause is told of
    summary = f"{line.whose} is not on hold any more: {word.replace('_', ' ')}"
    return replace(
        line.notice("hold.lifted", _INFO, summary, about),
        what_next="it goes on by itself; a hold for the same reason is not told again today",
        command=line.show_principal,
    )


def _halted(line: AuditLine, about: About) -> Notice:
    word, _, _ = line.reason.partition(":")
    why = explain(Reason(word)) if word in frozenset(Reason) else line.reason
    summary = f"the rotation of {line.whose} stands still until somebody decides: {why}"
    return replace(
        line.notice("rotation.halted", _ERROR, summary, about),
        what_next="nothing, until it is resumed or aborted",
        who_acts=_PLATFORM,
    )


def _finished(line: AuditLine, about: About) -> Notice:
    match line.reason:
        case "completed":
            summary = f"the key of {line.whose} was rotated; {shortened(line.key)} is gone"
            return line.notice("rotation.completed", _INFO, summary, about)
        case word if word == REVERSED:
            summary = f"the rotation of {line.whose} was rolled back by an operator's order"
            return line.notice("rotation.reversed", _WARN, summary, about)
        case word if word == RELEASED:
            summary = f"the rotation of {line.whose} is over; its old key was left to a person"
            told = line.notice("rotation.released", _WARN, summary, about)
            return replace(told, who_acts=_OWNER, command=line.show_principal)
        case _:
            return _failed(line, about)


def _failed(line: AuditLine, about: About) -> Notice:
    known = line.reason in frozenset(Reason)
    why = explain(Reason(line.reason)) if known else line.reason
    summary = f"the rotation of {line.whose} failed and was rolled back: {why}"
    return replace(
        line.notice("rotation.failed", _WARN, summary, about),
        what_next="consumers read the key that they read before; it is tried again",
        who_acts=_PLATFORM,
    )


def _drifted(line: AuditLine, about: About) -> Notice:
    summary = f"somebody else wrote {line.destination}, from which {line.whose} is read"
    told = line.notice("destination.drifted", _WARN, summary, about)
    return replace(told, who_acts=_OWNER, command=line.show_principal)


def _rebuilt(line: AuditLine, about: About) -> Notice:
    summary = "the journal was lost and was rebuilt from what the providers show"
    return replace(line.notice("journal.rebuilt", _WARN, summary, about), who_acts=_PLATFORM)


def _gapped(line: AuditLine, about: About) -> Notice:
    summary = "the audit log has a gap"
    told = line.notice("audit.gapped", _ERROR, summary, about)
    return replace(told, who_acts=_PLATFORM, command="rotator audit verify")


_RULES: Mapping[AuditAction, Callable[[AuditLine, About], Notice | None]] = {
    AuditAction.KEY_PROMOTE: _published,
    AuditAction.KEY_DISABLE: _disabled,
    AuditAction.KEY_ENABLE: _enabled,
    AuditAction.KEY_DELETE: _deleted,
    AuditAction.KEY_ADOPT: _adopted,
    AuditAction.KEY_SUSPECT: _suspected,
    AuditAction.ROTATION_HOLD: _held,
    AuditAction.HOLD_LIFT: _lifted,
    AuditAction.ROTATION_HALT: _halted,
    AuditAction.ROTATION_FINISH: _finished,
    AuditAction.DESTINATION_DRIFT: _drifted,
    AuditAction.JOURNAL_REBUILD: _rebuilt,
    AuditAction.AUDIT_GAP: _gapped,
}


def _by_hand(action: AuditAction, line: AuditLine, about: About) -> Notice | None:
    """Tell of what a person ordered or did; who and why are in it."""
    if action in _UNTOLD_HANDS:
        return None
    who, words = line.actor.removeprefix("operator:"), action.value.removeprefix(_HAND)
    what = f"{words.replace('_', ' ')}{_scope(line)}"
    if line.outcome != _SUCCESS:
        summary = f"an order of {who} was not carried out: {what}"
        return line.notice("operator.refused", _WARN, summary, about)
    kind, severity = _LOUD_HANDS.get(action, ("operator.acted", _INFO))
    return line.notice(kind, severity, f"{who} ordered: {what}", about)


def _scope(line: AuditLine) -> str:
    scope = line.whose if line.principal else line.account or line.evidence.get("scope")
    return f" ({scope})" if scope else ""


def _key(line: AuditLine) -> str:
    return f"key {shortened(line.key)} of {line.whose}"


def _digest(sha256: str) -> str:
    return sha256[:_SHOWN_OF_A_DIGEST]
