"""The one table of the machine: from a phase, by an effect or a fact, to a phase.

`docs/architecture.md` shows the same table, and a test compares the two.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rotator.core.ids import version_token
from rotator.core.reasons import Reason
from rotator.core.rotation import FINAL_PHASES, Action, Effect, Intent, Phase, Rotation
from rotator.core.stamps import no_earlier
from rotator.core.steps import Fact
from rotator.errors import InvariantError

if TYPE_CHECKING:
    from rotator.core.ids import Instant, KeyId, VersionId
    from rotator.core.rotation import Credential
    from rotator.core.steps import Do


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """One row: in `source`, after `by`, comes `target`."""

    source: Phase
    by: Effect | Fact
    target: Phase
    meaning: str


def _row(source: Phase, by: Effect | Fact, target: Phase, meaning: str) -> Transition:
    return Transition(source=source, by=by, target=target, meaning=meaning)


RELEASED = "released"
"""The outcome of a rotation that left its old key to a person."""

REVERSED = "reversed"
"""The outcome of a rotation that retired its own new key, for an operator rolled it back."""

_P, _E, _F = Phase, Effect, Fact

TRANSITIONS: tuple[Transition, ...] = (
    _row(_P.PLANNED, _E.PREPARE, _P.PLANNED, "the destination is ours and ready"),
    _row(_P.PLANNED, _E.CREATE_KEY, _P.CREATED, "a key was minted"),
    _row(_P.PLANNED, _F.MINT_LOST, _P.ROLLED_BACK, "the mint's answer was lost; suspects noted"),
    _row(_P.PLANNED, _F.ABANDONED, _P.ROLLED_BACK, "given up before anything was made"),
    _row(_P.CREATED, _E.STAGE, _P.STAGED, "the secret is stored as pending"),
    _row(_P.CREATED, _F.FOUND_STAGED, _P.STAGED, "after a crash the secret was found stored"),
    _row(_P.CREATED, _F.REBASED, _P.CREATED, "merge again from the version that is current now"),
    _row(_P.CREATED, _F.FOUND_CURRENT, _P.PROMOTED, "the version was made current by somebody"),
    _row(_P.CREATED, _F.ABANDONED, _P.CREATED, "the secret is lost; discard the key"),
    _row(_P.CREATED, _E.UNSTAGE, _P.CREATED, "while abandoned: a pending version is unlabelled"),
    _row(_P.CREATED, _E.DELETE_KEY, _P.ROLLED_BACK, "while abandoned: our own key is deleted"),
    _row(_P.STAGED, _E.GRANT, _P.STAGED, "the new key is granted what the old one is"),
    _row(_P.STAGED, _E.VERIFY, _P.VERIFIED, "the provider accepts the new key"),
    _row(_P.STAGED, _F.ABANDONED, _P.STAGED, "the key is not accepted; discard it"),
    _row(_P.STAGED, _F.FOUND_CURRENT, _P.PROMOTED, "the version was made current by somebody"),
    _row(_P.STAGED, _E.UNSTAGE, _P.STAGED, "while abandoned: the pending version is unlabelled"),
    _row(_P.STAGED, _E.DELETE_KEY, _P.ROLLED_BACK, "while abandoned: our own key is deleted"),
    _row(_P.VERIFIED, _E.GRANT, _P.VERIFIED, "what was granted meanwhile, the new key gets, too"),
    _row(_P.VERIFIED, _E.PROMOTE, _P.PROMOTED, "the pivot: consumers read the new key"),
    _row(_P.VERIFIED, _F.FOUND_CURRENT, _P.PROMOTED, "the version is current already"),
    _row(_P.VERIFIED, _F.ABANDONED, _P.VERIFIED, "drift or loss; discard the key"),
    _row(_P.VERIFIED, _E.UNSTAGE, _P.VERIFIED, "while abandoned: the pending version unlabelled"),
    _row(_P.VERIFIED, _E.DELETE_KEY, _P.ROLLED_BACK, "while abandoned: our own key is deleted"),
    _row(_P.PROMOTED, _F.FOUND_WITHDRAWN, _P.PROMOTED, "consumers no longer read the new key"),
    _row(_P.PROMOTED, _F.FOUND_CURRENT, _P.PROMOTED, "they read it again: the grace starts anew"),
    _row(_P.PROMOTED, _E.GRANT, _P.PROMOTED, "what one key was granted meanwhile, both get"),
    _row(_P.PROMOTED, _E.FOLLOW, _P.PROMOTED, "a follower is given the key, too"),
    _row(_P.PROMOTED, _F.FOLLOWED, _P.PROMOTED, "every follower carries it: the grace begins"),
    _row(_P.PROMOTED, _F.FELL_BACK, _P.PROMOTED, "a follower does not: the grace will start anew"),
    _row(_P.PROMOTED, _E.ENABLE_KEY, _P.PROMOTED, "ordered: the old key works again"),
    _row(_P.PROMOTED, _E.PROMOTE, _P.PROMOTED, "ordered: rolled back; the keys swap their parts"),
    _row(_P.PROMOTED, _F.FOUND_REVERSED, _P.PROMOTED, "ordered: a rollback by hand is accepted"),
    _row(_P.PROMOTED, _E.REFRESH, _P.PROMOTED, "an ExternalSecret is told to fetch the new key"),
    _row(_P.PROMOTED, _F.REFRESHED, _P.PROMOTED, "every ExternalSecret has the new key"),
    _row(_P.PROMOTED, _E.RESTART, _P.PROMOTED, "a workload is restarted, to read the new key"),
    _row(_P.PROMOTED, _F.RELEASED, _P.COMPLETED, "ordered: the old key is left to a person"),
    _row(_P.PROMOTED, _E.DISABLE_KEY, _P.DISABLED, "past its guard the old key is switched off"),
    _row(_P.PROMOTED, _F.FOUND_DISABLED, _P.DISABLED, "somebody disabled the old key"),
    _row(_P.PROMOTED, _F.FOUND_GONE, _P.COMPLETED, "somebody deleted the old key"),
    _row(_P.PROMOTED, _E.UNSTAGE, _P.PROMOTED, "cannot disable: the previous label is removed"),
    _row(_P.PROMOTED, _E.DELETE_KEY, _P.COMPLETED, "cannot disable: deleted past its guard"),
    _row(_P.DISABLED, _E.GRANT, _P.DISABLED, "what the old key got at last, the new one gets, too"),
    _row(_P.DISABLED, _E.FOLLOW, _P.DISABLED, "a follower that fell back is given the key again"),
    _row(_P.DISABLED, _E.ENABLE_KEY, _P.PROMOTED, "the destination went back: the old key works"),
    _row(_P.DISABLED, _F.FOUND_ENABLED, _P.PROMOTED, "ordered: the grace starts anew"),
    _row(_P.DISABLED, _E.REFRESH, _P.DISABLED, "an ExternalSecret is told to fetch the new key"),
    _row(_P.DISABLED, _F.REFRESHED, _P.DISABLED, "every ExternalSecret has the new key"),
    _row(_P.DISABLED, _E.RESTART, _P.DISABLED, "a workload is restarted, to read the new key"),
    _row(_P.DISABLED, _F.RELEASED, _P.COMPLETED, "ordered: the old key is left to a person"),
    _row(_P.DISABLED, _E.UNSTAGE, _P.DISABLED, "the previous label is removed"),
    _row(_P.DISABLED, _E.DELETE_KEY, _P.COMPLETED, "past quarantine the old key is deleted"),
    _row(_P.DISABLED, _F.FOUND_GONE, _P.COMPLETED, "somebody deleted the old key"),
)

_STAMPED = {
    Effect.PREPARE: "prepared_at",
    Effect.DISABLE_KEY: "disabled_at",
    Effect.UNSTAGE: "unstaged_at",
}
"""Where the time of an effect is kept whose only trace it is."""

_TABLE = {(row.source, row.by): row.target for row in TRANSITIONS}


def target(source: Phase, by: Effect | Fact) -> Phase:
    """Look the next phase up.

    Raises:
        InvariantError: The table has no such row.
    """
    try:
        return _TABLE[source, by]
    except KeyError:
        msg = f"nothing leads from {source.value} by {by.value}"
        raise InvariantError(msg) from None


def meaning(source: Phase, by: Effect | Fact) -> str:
    """Say what an effect or a fact means in a phase; empty where the table has no such row."""
    rows = (row.meaning for row in TRANSITIONS if (row.source, row.by) == (source, by))
    return next(rows, "")


def tokens(rotation: Rotation) -> tuple[VersionId, ...]:
    """Every version id under which this rotation may have stored its key."""
    if rotation.new_key_id is None:
        return ()
    return tuple(
        version_token(rotation.id, rotation.new_key_id, attempt)
        for attempt in range(1, rotation.attempt + 1)
    )


def with_intent(rotation: Rotation, intent: Intent, *, base: VersionId | None) -> Rotation:
    """Open an intent; a mint also fixes the version that its stage merges from."""
    if rotation.intent is not None:
        msg = f"intent {rotation.intent.effect.value} is still open"
        raise InvariantError(msg, subject=rotation.id)
    is_mint = intent.effect is Effect.CREATE_KEY
    return replace(rotation, intent=intent, base_version=base if is_mint else rotation.base_version)


def answered(rotation: Rotation) -> Rotation:
    """Note that the open intent's effect was carried out, by the provider's word."""
    intent = rotation.intent
    return replace(rotation, intent=intent and replace(intent, is_answered=True))


def without_intent(rotation: Rotation, *, landing_until: Instant | None = None) -> Rotation:
    """Close the intent as not done.

    Args:
        rotation: The rotation.
        landing_until: When the request that we stop waiting for can land no
            more; None when it surely did not take effect.
    """
    latest = max(filter(None, (rotation.landing_until, landing_until)), default=None)
    return replace(rotation, intent=None, landing_until=latest)


def achieved(rotation: Rotation, step: Do, now: Instant, *, key: KeyId | None = None) -> Rotation:
    """Record that an effect happened: close its intent and move along the table.

    Args:
        rotation: The rotation, whose intent is closed.
        step: The effect as the machine asked for it.
        now: The present; grace and quarantine start here, so they are never short.
        key: For `create_key`: the key that was minted.
    """
    now = no_earlier(rotation, now)
    moved = _moved(replace(rotation, intent=None), step.effect, now)
    match step.effect:
        case Effect.CREATE_KEY:
            return replace(moved, new_key_id=key)
        case Effect.STAGE:
            return replace(moved, new_version=step.version)
        case Effect.VERIFY:
            return replace(moved, verified_at=now, verify_failures=0)
        case Effect.PROMOTE if rotation.phase is Phase.PROMOTED:
            return swapped(moved, step.version, now)
        case Effect.PROMOTE:
            return replace(moved, promoted_at=now)
        case Effect.ENABLE_KEY:
            # Consumers went back, so the grace starts anew when they return.
            return replace(
                moved, disabled_at=None, promoted_at=None, followed_at=None, enabled_at=now
            )
        case Effect.GRANT:
            return replace(moved, granted=tuple(sorted({*(rotation.granted or ()), *step.grants})))
        case effect if effect in _STAMPED:
            return replace(moved, **{_STAMPED[effect]: now})  # type: ignore[arg-type]
        case _:
            return moved


def found(
    rotation: Rotation,
    fact: Fact,
    now: Instant,
    *,
    version: VersionId | None = None,
    reason: Reason | None = None,
    moment: Instant | None = None,
) -> Rotation:
    """Record what an observation proved, and move along the table."""
    now = no_earlier(rotation, now)
    moved = _moved(replace(rotation, intent=None), fact, now)
    match fact:
        case Fact.ABANDONED | Fact.MINT_LOST:
            outcome = reason.value if reason and moved.phase is Phase.ROLLED_BACK else ""
            return replace(moved, abandoned=reason, outcome=outcome)
        case Fact.REBASED:
            return replace(moved, base_version=version, attempt=rotation.attempt + 1)
        case Fact.FOUND_STAGED:
            return replace(moved, new_version=version)
        case Fact.FOUND_CURRENT:
            return replace(moved, new_version=version, promoted_at=now, abandoned=None)
        case Fact.FOUND_WITHDRAWN:
            return replace(moved, promoted_at=None)
        case Fact.FOUND_ENABLED:
            return replace(moved, promoted_at=now, disabled_at=None)
        case Fact.FOUND_REVERSED:
            return swapped(moved, version, now)
        case Fact.RELEASED:
            return replace(moved, outcome=RELEASED)
        case _:
            return _spread(moved, fact, now, moment)


def _spread(moved: Rotation, fact: Fact, now: Instant, moment: Instant | None) -> Rotation:
    """Record how far the new key has come beyond the pivot."""
    match fact:
        case Fact.FOLLOWED:
            return replace(moved, followed_at=now)
        case Fact.FELL_BACK:
            return replace(moved, followed_at=None)
        case Fact.REFRESHED:
            return replace(moved, refreshed_at=moment)
        case _:
            return moved


def swapped(rotation: Rotation, version: VersionId | None, now: Instant) -> Rotation:
    """Make the old key the new one: consumers read `version` again, which carries it.

    From here the rotation retires what it had made as it would have retired the
    old key: past the whole guard, with a grace that starts now and no haste.
    """
    return replace(
        rotation,
        old_key_id=rotation.new_key_id or rotation.old_key_id,
        new_key_id=rotation.old_key_id,
        base_version=rotation.new_version,
        new_version=version,
        phase_since=now,
        promoted_at=now,
        followed_at=None,
        verified_at=now,
        disabled_at=None,
        enabled_at=None,
        unstaged_at=None,
        vouched_at=None,
        expedited_at=None,
        grace_given=None,
        halt_reason=None,
        halt_detail="",
        reversed_at=None if rotation.reversed_at else now,
    )


def expected(rotation: Rotation, step: Do) -> VersionId | None:
    """Name the version that a promote replaces, which must be current until then."""
    is_back = rotation.phase is Phase.PROMOTED and step.version == rotation.base_version
    return rotation.new_version if is_back else rotation.base_version


def unbased(rotation: Rotation) -> Rotation:
    """Note that the version to merge from has moved: it must be read again."""
    return replace(rotation, intent=None, base_version=None)


def is_unwanted(rotation: Rotation, credential: Credential) -> bool:
    """Whether nothing was made yet and policy only reports the principal by now."""
    is_untouched = rotation.phase is Phase.PLANNED and rotation.intent is None
    return is_untouched and credential.action is Action.REPORT


def replanned(rotation: Rotation, credential: Credential) -> Rotation:
    """Follow policy to another destination while nothing was made yet.

    Returns:
        The same rotation unless it is planned, without an intent, and policy
        names another destination by now.
    """
    wanted = credential.destination
    is_fixed = rotation.phase is not Phase.PLANNED or rotation.intent is not None
    if is_fixed or wanted is None or wanted == rotation.destination:
        return rotation
    # The known version stays: it is in no other object, so what is current there
    # passes only if it carries the key that we know.
    return replace(rotation, destination=wanted)


def halted(rotation: Rotation, now: Instant, reason: Reason, detail: str = "") -> Rotation:
    """Stop for a person; the phase that it came from is remembered, and an open intent stays."""
    return replace(
        rotation,
        phase=Phase.HALTED,
        phase_since=now,
        halted_from=rotation.phase,
        halt_reason=reason,
        halt_detail=detail,
    )


def lifted(rotation: Rotation, now: Instant) -> Rotation:
    """Go back to the phase that the halt came from; why it halted is still remembered."""
    if rotation.halted_from is None:
        return rotation
    return replace(rotation, phase=rotation.halted_from, phase_since=now, halted_from=None)


def unhalted(rotation: Rotation, now: Instant) -> Rotation:
    """Leave a halt behind, with its reason."""
    return replace(lifted(rotation, now), halt_reason=None, halt_detail="")


def resumed(rotation: Rotation, now: Instant) -> Rotation:
    """Leave a halt by going on: what led to it is vouched for, and does not halt again."""
    going = unhalted(rotation, now)
    # Whoever had the old key switched on again still needed it: an order's haste is over.
    patient = replace(going, expedited_at=None, grace_given=None)
    match rotation.halt_reason:
        case Reason.REENABLED if going.phase is Phase.DISABLED:
            return found(patient, Fact.FOUND_ENABLED, now)
        case Reason.REENABLED | Reason.ENABLED_BY_OPERATOR:
            return replace(patient, promoted_at=now, phase_since=now)
        case Reason.USED_WHILE_DISABLED:
            return replace(going, vouched_at=now)
        case _:
            return going


def _moved(rotation: Rotation, by: Effect | Fact, now: Instant) -> Rotation:
    phase = target(rotation.phase, by)
    since = rotation.phase_since if phase is rotation.phase else now
    ended = now if phase in FINAL_PHASES else None
    outcome = ""
    if phase is Phase.COMPLETED:
        outcome = REVERSED if rotation.reversed_at else "completed"
    if phase is Phase.ROLLED_BACK and rotation.abandoned is not None:
        outcome = rotation.abandoned.value
    return replace(rotation, phase=phase, phase_since=since, finished_at=ended, outcome=outcome)
