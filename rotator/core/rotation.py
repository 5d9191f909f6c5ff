"""The rows of the journal as frozen values: credential, rotation, key, hold.

What is durable is a fact and is written in the past participle (`Phase`); what
is intended is a verb (`Effect`). An `Intent` is committed before its effect and
closed by the outcome; after a crash an open intent is answered by looking.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import timedelta

    from rotator.core.facts import DestinationRef, Principal
    from rotator.core.ids import CredentialId, Instant, KeyId, LeaseToken, RotationId, VersionId
    from rotator.core.orders import Order
    from rotator.core.reasons import Reason


class Phase(StrEnum):
    """How far a rotation has come, as a durable fact."""

    PLANNED = "planned"
    CREATED = "created"
    STAGED = "staged"
    VERIFIED = "verified"
    PROMOTED = "promoted"
    DISABLED = "disabled"
    COMPLETED = "completed"
    ROLLED_BACK = "rolled_back"
    HALTED = "halted"


FINAL_PHASES = frozenset({Phase.COMPLETED, Phase.ROLLED_BACK})
"""Phases that nothing leaves; every other phase counts as open."""

UNPROMOTED_PHASES = frozenset({Phase.PLANNED, Phase.CREATED, Phase.STAGED, Phase.VERIFIED})
"""Phases before the pivot; one such rotation per destination object (I6)."""


class Effect(StrEnum):
    """What the shell is asked to do."""

    OBSERVE = "observe"
    PREPARE = "prepare"
    CREATE_KEY = "create_key"
    STAGE = "stage"
    VERIFY = "verify"
    PROMOTE = "promote"
    UNSTAGE = "unstage"
    DISABLE_KEY = "disable_key"
    ENABLE_KEY = "enable_key"
    DELETE_KEY = "delete_key"
    GRANT = "grant"
    FOLLOW = "follow"
    REFRESH = "refresh"
    RESTART = "restart"


class Trigger(StrEnum):
    """Why a rotation was started.

    `EXPIRY` is before the provider ends the key by itself, `EXPIRED` after it did.
    `BREAK_GLASS` is a taint that does not wait until evidence can be written again.
    """

    AGE = "age"
    MANUAL = "manual"
    TAINT = "taint"
    DRIFT = "drift"
    EXPIRY = "expiry"
    EXPIRED = "expired"
    BREAK_GLASS = "break_glass"

    @property
    def is_taint(self) -> bool:
        """Whether a person said that the key is compromised."""
        return self in {Trigger.TAINT, Trigger.BREAK_GLASS}


class Role(StrEnum):
    """What a key is to us."""

    CURRENT = "current"
    PREVIOUS = "previous"
    PENDING = "pending"
    DISCARD = "discard"
    SUSPECT = "suspect"
    FOREIGN = "foreign"
    GONE = "gone"


class Action(StrEnum):
    """What policy lets us do with a principal's keys."""

    ROTATE = "rotate"
    REPORT = "report"


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """An effect that may have been started, committed before it was.

    Attributes:
        effect: What was going to be done.
        key_id: The key it is done to; None for effects on the destination.
        version: The version it is done to; None for effects on a key.
        made_at: Our time of the commit.
        not_after: No request for this effect is sent later than this.
        provider_time: The provider's own time when we last looked; attribution
            is by that clock, never by ours.
        known_keys: For `create_key`: the pre-image, every key id listed before.
        is_answered: For `delete_key`: whether the provider said that it was done, which
            is still to be proved.
        place: For `follow`: the name of the object that is written; empty for others.
    """

    effect: Effect
    made_at: Instant
    not_after: Instant
    key_id: KeyId | None = None
    version: VersionId | None = None
    provider_time: Instant | None = None
    known_keys: tuple[KeyId, ...] = ()
    is_answered: bool = False
    place: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """A wait with a reason that a person may read; re-examined, phase unchanged."""

    reason: Reason
    since: Instant
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotation:
    """One run that replaces a credential's current key.

    Attributes:
        phase_since: When the phase was entered.
        intent: The open intent, if one is open.
        old_key_id: The key that is replaced.
        old_version: The destination's current version when the rotation began.
        attempt: 1 or more; raised when a merge has to be made again.
        base_version: The current version that the stage was merged from, and
            that promote compares and swaps.
        landing_until: Latest time at which a request of an effect on the
            destination that we gave up waiting for may still take effect.
        abandoned: Why the rotation is being rolled back; None while it goes forward.
        granted: What we made sure that both keys are granted, in order; None where
            keys are granted nothing of their own.
        promoted_at: Since when consumers read the new key; None before promotion,
            and again while they are known to read something else.
        followed_at: Since when all its followers were found to carry the new key, too;
            None before that, again while one does not, and where there are none.
        refreshed_at: Since when every ExternalSecret that policy names was first known to have
            the new key, by its own clock; older than `moved_at` it means nothing any more.
        disabled_at: When we disabled the old key; None if somebody else did.
        enabled_at: When we enabled the old key again.
        reversed_at: When an operator's rollback made the old key current again and
            swapped the two keys' parts; None if none did, or another swapped them back.
        vouched_at: Uses of the disabled key up to here were vouched for by an operator.
        verify_failures: Verifications that ended without acceptance.
        expedited_at: When an operator's order ended the waits for this rotation.
        grace_given: The grace that the order gave; None keeps policy's.
        halted_from: The phase that `halted` was entered from.
        halt_reason: Why it halted; kept while an order leads out of the halt.
        halt_detail: What the reason is about; empty when it needs no more words.
        outcome: One word for how it ended; empty while open.
    """

    id: RotationId
    credential_id: CredentialId
    trigger: Trigger
    phase: Phase
    phase_since: Instant
    created_at: Instant
    old_key_id: KeyId
    destination: DestinationRef
    old_version: VersionId | None = None
    intent: Intent | None = None
    attempt: int = 1
    prepared_at: Instant | None = None
    base_version: VersionId | None = None
    new_key_id: KeyId | None = None
    new_version: VersionId | None = None
    verified_at: Instant | None = None
    promoted_at: Instant | None = None
    disabled_at: Instant | None = None
    enabled_at: Instant | None = None
    unstaged_at: Instant | None = None
    reversed_at: Instant | None = None
    vouched_at: Instant | None = None
    finished_at: Instant | None = None
    landing_until: Instant | None = None
    abandoned: Reason | None = None
    granted: tuple[str, ...] | None = None
    verify_failures: int = 0
    expedited_at: Instant | None = None
    grace_given: timedelta | None = None
    halted_from: Phase | None = None
    halt_reason: Reason | None = None
    halt_detail: str = ""
    outcome: str = ""
    followed_at: Instant | None = None
    refreshed_at: Instant | None = None

    @property
    def is_open(self) -> bool:
        """Whether the rotation still has something ahead of it."""
        return self.phase not in FINAL_PHASES

    @property
    def is_unpromoted(self) -> bool:
        """Whether the rotation holds its destination object (I6); a halt remembers."""
        phase = self.halted_from if self.phase is Phase.HALTED else self.phase
        return phase in UNPROMOTED_PHASES

    @property
    def moved_at(self) -> Instant | None:
        """Since when consumers read the new key wherever it is published; None while they do not.

        A follower that is not current yet keeps the grace from beginning at all.
        """
        if self.promoted_at is None or self.followed_at is None:
            return self.promoted_at
        return max(self.promoted_at, self.followed_at)

    @property
    def has_same_id(self) -> bool:
        """Whether the new key was given the id of the old one, which is gone then."""
        return self.new_key_id == self.old_key_id

    def is_old(self, key_id: KeyId | None) -> bool:
        """Whether an id names the old key, and not a new one that was given the same."""
        return key_id == self.old_key_id and not self.has_same_id


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRecord:
    """What we know about one key of a credential.

    Attributes:
        role: What the key is to us.
        rotation_id: The rotation that minted it, that suspects it, or that its mark
            names; None for others.
        seen_at: The last listing that showed it.
        longest_gap: The longest time between two uses of it that we observed.
        suspect_since: When it became a suspect; starts its own timer.
        disabled_at: When we disabled it; None if we did not.
        gone_at: When a listing first lacked it, or we deleted it.
        expires_at: When its provider ends it by itself; None for a key without an end.
        intent: An open intent on a suspect, which has no rotation to carry it.
    """

    credential_id: CredentialId
    key_id: KeyId
    role: Role
    enabled: bool
    created_at: Instant
    seen_at: Instant
    rotation_id: RotationId | None = None
    last_used_at: Instant | None = None
    last_used_service: str = ""
    last_used_region: str = ""
    use_read_at: Instant | None = None
    longest_gap: timedelta | None = None
    suspect_since: Instant | None = None
    disabled_at: Instant | None = None
    gone_at: Instant | None = None
    expires_at: Instant | None = None
    intent: Intent | None = None

    def has_expired(self, at: Instant) -> bool:
        """Whether the provider has ended the key by itself; `at` is its own time."""
        return self.expires_at is not None and at >= self.expires_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """The named thing whose key is rotated; its `next_at` is the only timer.

    Attributes:
        action: What policy lets us do.
        rule: The policy rule that decided so; ``defaults`` if none matched.
        note: Why it is only reported; empty when it is rotated.
        contact: Whom its owner's tags name to be asked about it; empty while unknown.
        destination: Where it is published; None when no rule names a destination.
        current_key_id: The key that we hold to be current; None until adopted.
        current_version: The destination's version that carries it.
        next_at: When to look at it next.
        due_at: When its next rotation is to start; None while unknown.
        requested: A rotation that an operator ordered and that has not started.
        order: What an operator ordered about the open rotation or a key, until it
            is carried out or refused.
        failures: Attempts that failed in a row; drives the back-off.
        last_error: Our code of the last failure; empty after a success.
        hold: Why it waits for something out of the ordinary; None if it does not.
        intent: An open `follow` while no rotation is open that could carry it.
    """

    id: CredentialId
    principal: Principal
    action: Action
    rule: str
    next_at: Instant
    created_at: Instant
    note: str = ""
    contact: str = ""
    destination: DestinationRef | None = None
    current_key_id: KeyId | None = None
    current_version: VersionId | None = None
    due_at: Instant | None = None
    requested: Trigger | None = None
    order: Order | None = None
    failures: int = 0
    last_error: str = ""
    hold: Hold | None = None
    inspected_at: Instant | None = None
    intent: Intent | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """The right to drive one credential until `lease_until`, and its rows.

    Built once from the acquisition and then from our own commits; it is never
    read again from the journal, for that would adopt another owner's fence.
    """

    token: LeaseToken
    lease_until: Instant
    credential: Credential
    rotation: Rotation | None = None
    keys: tuple[KeyRecord, ...] = field(default=())

    def key(self, key_id: KeyId | None) -> KeyRecord | None:
        """Return the record of one key, or None."""
        return next((item for item in self.keys if item.key_id == key_id), None)
