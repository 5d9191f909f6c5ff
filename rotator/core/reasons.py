"""Why something waits, stops or is due: a closed list, each with words for a person."""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """Every reason that rotator gives; the value is what journals and metrics hold."""

    NOT_DUE = "not_due"
    SETTLING = "settling"
    GRACE = "grace"
    QUIET = "quiet"
    QUARANTINE = "quarantine"
    BACKOFF = "backoff"
    BUDGET = "budget"
    REPORT_ONLY = "report_only"
    PLAN_MODE = "plan_mode"
    CLOCK_SKEW = "clock_skew"
    AUDIT_BLOCKED = "audit_blocked"
    DESTINATION_MISSING = "destination_missing"
    DESTINATION_FOREIGN = "destination_foreign"
    DESTINATION_DELETED = "destination_deleted"
    DESTINATION_BUSY = "destination_busy"
    NATIVE_ROTATION = "native_rotation"
    DRIFT = "drift"
    ROLLED_BACK_BY_HAND = "rolled_back_by_hand"
    NO_KEY = "no_key"
    UNPUBLISHED = "unpublished"
    SLOTS_FULL = "slots_full"
    PRINCIPAL_REPLACED = "principal_replaced"
    CURRENT_KEY_GONE = "current_key_gone"
    CURRENT_KEY_DISABLED = "current_key_disabled"
    NEW_KEY_GONE = "new_key_gone"
    STILL_USED = "still_used"
    USE_UNREADABLE = "use_unreadable"
    USE_UNKNOWN = "use_unknown"
    QUIET_UNPROVEN = "quiet_unproven"
    REENABLED = "reenabled"
    USED_WHILE_DISABLED = "used_while_disabled"
    SECRET_LOST = "secret_lost"  # noqa: S105 - a reason, not a secret
    VERIFY_FAILED = "verify_failed"
    OUTCOME_LOST = "outcome_lost"
    ACCESS_DENIED = "access_denied"
    INVARIANT = "invariant"
    PAUSED = "paused"
    ENABLED_BY_OPERATOR = "enabled_by_operator"
    ABORTED = "aborted"
    GRANTS_UNREADABLE = "grants_unreadable"
    GRANTS_TAKEN = "grants_taken"
    OWN_KEY_LAST = "own_key_last"
    OLD_KEY_LIVES = "old_key_lives"
    EXPIRES_TOO_SOON = "expires_too_soon"
    POWERS_UNKNOWN = "powers_unknown"
    FOLLOWERS_BEHIND = "followers_behind"
    FOLLOWER_DRIFT = "follower_drift"
    CONSUMERS_BEHIND = "consumers_behind"
    CONSUMERS_UNREADABLE = "consumers_unreadable"


ROUTINE = frozenset(
    {
        Reason.NOT_DUE,
        Reason.SETTLING,
        Reason.GRACE,
        Reason.QUIET,
        Reason.QUARANTINE,
        Reason.BACKOFF,
        Reason.BUDGET,
        Reason.REPORT_ONLY,
        Reason.PLAN_MODE,
        Reason.OWN_KEY_LAST,
    }
)
"""Waits that belong to a healthy rotation; every other reason is a hold."""

HALTING = frozenset({Reason.PRINCIPAL_REPLACED, Reason.REENABLED, Reason.USED_WHILE_DISABLED})
"""What the world does not lift by itself: an open rotation that meets one of these halts."""

_TEXTS: dict[Reason, str] = {
    Reason.NOT_DUE: "the key is younger than policy asks for",
    Reason.SETTLING: "waiting until nothing that was sent before can land any more",
    Reason.GRACE: "both keys stay active until the grace period is over",
    Reason.QUIET: "the old key was used recently; waiting for it to fall quiet",
    Reason.QUARANTINE: "the old key is disabled and can be enabled again until it is deleted",
    Reason.BACKOFF: "the last attempt failed and is tried again",
    Reason.BUDGET: "the account's write budget is spent for the moment",
    Reason.REPORT_ONLY: "policy reports this principal and does not rotate it",
    Reason.PLAN_MODE: (
        "plan mode changes nothing; set `mode: enforce` and confirm the account to act"
    ),
    Reason.CLOCK_SKEW: "our clock and the provider's differ too much; repair the host's time",
    Reason.AUDIT_BLOCKED: "no audit sink accepts records; nothing is started until one does",
    Reason.PAUSED: "somebody paused it: nothing is started, disabled or deleted till it is resumed",
    Reason.DESTINATION_MISSING: (
        "the destination does not exist; create it, or set `create: true` in the rule"
    ),
    Reason.DESTINATION_FOREIGN: (
        "the destination belongs to another owner; tag it rotator:owner with this installation"
    ),
    Reason.DESTINATION_DELETED: "the destination is scheduled for deletion; restore it first",
    Reason.DESTINATION_BUSY: "another rotation is writing to the same destination object",
    Reason.NATIVE_ROTATION: "the destination has a rotation of its own; switch one of the two off",
    Reason.DRIFT: "the destination's current version is not ours; see who wrote it",
    Reason.ROLLED_BACK_BY_HAND: (
        "somebody made the old version current again; the old key is kept working"
    ),
    Reason.NO_KEY: "the principal has no enabled key to replace",
    Reason.UNPUBLISHED: (
        "no key of this principal is in the destination; publish the one in use first"
    ),
    Reason.SLOTS_FULL: (
        "every key slot is taken; `rotator doctor principal` says which can be freed"
    ),
    Reason.PRINCIPAL_REPLACED: (
        "the principal was deleted and made again under the same name; nothing is touched"
    ),
    Reason.CURRENT_KEY_GONE: "the published key no longer exists at the provider: consumers fail",
    Reason.CURRENT_KEY_DISABLED: "the published key was disabled by somebody: consumers fail",
    Reason.NEW_KEY_GONE: (
        "the new key no longer exists, is disabled or has expired; the old one is kept"
    ),
    Reason.STILL_USED: "the old key is still used after the longest grace; move its user",
    Reason.USE_UNREADABLE: "the old key's last use cannot be read; grant the permission",
    Reason.USE_UNKNOWN: "the provider does not tell last uses; a consumer proof is needed",
    Reason.QUIET_UNPROVEN: (
        "the old key was already quiet before the change, so its silence proves nothing; "
        "use the new key once"
    ),
    Reason.REENABLED: "somebody enabled the old key again; it is left alone",
    Reason.USED_WHILE_DISABLED: "a use of the disabled key was reported; it is not deleted",
    Reason.ENABLED_BY_OPERATOR: "an operator enabled the old key again; it stays so until resumed",
    Reason.SECRET_LOST: "the new key's secret was lost before it was stored; the key is discarded",
    Reason.VERIFY_FAILED: "the provider does not accept the new key; it is discarded",
    Reason.OUTCOME_LOST: "the answer of a mint was lost, and no key of ours came of it",
    Reason.ABORTED: "an operator gave the rotation up; the new key is discarded",
    Reason.ACCESS_DENIED: "our identity may not do this; repair its permissions",
    Reason.GRANTS_UNREADABLE: (
        "what the keys are granted cannot all be read, so nothing is promoted or retired"
    ),
    Reason.GRANTS_TAKEN: (
        "somebody took from the new key what the old one still has; "
        "take it from both, or grant it again"
    ),
    Reason.OWN_KEY_LAST: "our own key is replaced when nothing else is under way in its account",
    Reason.OLD_KEY_LIVES: (
        "the old key was deleted, and the provider still lists it or lets it in; "
        "ask the provider why"
    ),
    Reason.EXPIRES_TOO_SOON: (
        "the provider ends the new key before another could replace it in peace; it is discarded; "
        "have the provider give keys a longer life"
    ),
    Reason.POWERS_UNKNOWN: (
        "nobody tells what the key to be replaced may do, so no successor is made; "
        "write it into the provider's spec"
    ),
    Reason.FOLLOWERS_BEHIND: (
        "not every follower carries the key that consumers are to read, so no grace begins; "
        "repair the follower, or take it out of the rule"
    ),
    Reason.FOLLOWER_DRIFT: (
        "a follower carries something that is not this credential's; nothing is overwritten: "
        "see who wrote it, or take the follower out of the rule"
    ),
    Reason.CONSUMERS_BEHIND: (
        "not every consumer that policy names has moved to the new key; the old one is kept"
    ),
    Reason.CONSUMERS_UNREADABLE: (
        "whether the consumers have moved cannot be read, so the old key is kept; "
        "grant the permission, or repair the clocks"
    ),
    Reason.INVARIANT: "a contradiction that only a person can resolve",
}


def explain(reason: Reason) -> str:
    """Say a reason in one sentence that names what to do, where there is something."""
    return _TEXTS[reason]


def is_hold(reason: Reason) -> bool:
    """Whether waiting for this reason is out of the ordinary and worth showing."""
    return reason not in ROUTINE
