"""What a credential without an open rotation needs: to be adopted, rotated, or left.

A key becomes managed when its destination carries it: one that nobody was told
to read is never replaced behind its users' back. A destination that has left the
journal's current key is `core.drift`'s finding, and repaired only where policy says so.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rotator.core.before import jitter_fraction, starts_at
from rotator.core.drift import Drift, Memory, Note, look
from rotator.core.expiry import out_of_use_by, told
from rotator.core.facts import What
from rotator.core.followers import mirrored
from rotator.core.ids import Instant
from rotator.core.machine import describe_keys, is_full
from rotator.core.reasons import Reason
from rotator.core.recovery import listing_problem
from rotator.core.rotation import Action, Trigger
from rotator.core.steps import Do, Wait, failure, hold, known, need
from rotator.core.terms import IfDrifted, Mode
from rotator.core.unfit import unfit

if TYPE_CHECKING:
    from rotator.core.facts import DestinationState, KeyInfo, KeyListing, Observation
    from rotator.core.ids import KeyId, VersionId
    from rotator.core.rotation import Credential
    from rotator.core.terms import Terms


@dataclass(frozen=True, slots=True, kw_only=True)
class Adopt:
    """Take a key under management: this key is the credential's current one.

    Attributes:
        version: The destination's version that carries it; None where the
            destination has never carried a key.
        reason: Why, if it takes the place of another key; empty if there was none.
        retires: The key whose place it takes, if a rotation of ours did that and the
            journal has forgotten it: it is retired as that rotation would have.
    """

    key_id: KeyId
    version: VersionId | None
    reason: str = ""
    retires: KeyId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """Open a rotation.

    Attributes:
        due_at: When policy asked for it.
        version: The destination's version that it replaces, where that is not the
            one that the journal knows.
    """

    trigger: Trigger
    due_at: Instant
    version: VersionId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rest:
    """Nothing to do; `due_at` is when the next rotation is to start, if that is known."""

    wait: Wait
    due_at: Instant | None


_ENDED = frozenset({Reason.CURRENT_KEY_GONE, Reason.CURRENT_KEY_DISABLED})

IdleStep = Do | Adopt | Note | Start | Rest

_NOTHING = Memory()


def next_for_idle(
    credential: Credential,
    observation: Observation,
    terms: Terms,
    now: Instant,
    *,
    memory: Memory = _NOTHING,
) -> IdleStep:
    """Decide what a credential without an open rotation needs now.

    Args:
        credential: The credential.
        observation: What this pass has read; unread readings are asked for.
        terms: Policy, traits and limits.
        now: The present.
        memory: What the journal remembers of the principal's keys.
    """
    blocked = listing_problem(observation, terms, now)
    if isinstance(blocked, Do):
        return blocked
    if isinstance(blocked, Wait):
        if credential.action is Action.REPORT and blocked.reason is Reason.CURRENT_KEY_GONE:
            # The principal is gone, and nobody expects anything of us.
            return _rest(terms, now, Reason.REPORT_ONLY, credential.note)
        return Rest(wait=blocked, due_at=credential.due_at)
    listing = known(observation.keys)
    assert listing is not None, "listing_problem lets only a listing pass"  # noqa: S101
    if credential.action is Action.REPORT:
        return _rest(terms, now, Reason.REPORT_ONLY, credential.note)
    if credential.current_key_id is None:
        return _adoption(credential, listing, observation, terms, now)
    found = look(credential, memory, listing, observation, terms)
    if isinstance(found, Drift):
        return _drifted(found, credential, listing, observation, terms, now)
    if found is not None:
        return found
    current = listing.find(credential.current_key_id)
    if current is None or current.has_expired(listing.provider_time):
        # `look` lets pass only what is listed, or what its provider has ended by itself.
        return _blind(credential, observation, terms, now) or _start(
            credential.requested or Trigger.EXPIRED, now, listing, terms, now
        )
    return _age(credential, current, listing, observation, terms, now)


def _drifted(
    found: Drift,
    credential: Credential,
    listing: KeyListing,
    observation: Observation,
    terms: Terms,
    now: Instant,
) -> IdleStep:
    """Follow what is proved to be our own doing; the rest only by a rule or an order."""
    # In plan mode nothing could be retired, and who was replaced would be forgotten.
    is_proved = found.is_proved and terms.mode is Mode.ENFORCE
    is_permitted = terms.if_drifted is IfDrifted.REPAIR and terms.mode is Mode.ENFORCE
    if found.adopt is not None and (is_proved or is_permitted):
        reason = "our mark" if is_proved else "drift: repair"
        before = listing.find(credential.current_key_id) if is_proved else None
        retires = before.key_id if before else None
        return Adopt(key_id=found.adopt, version=found.version, reason=reason, retires=retires)
    taint = _taint(credential)
    if taint is not None and found.reason in _ENDED:
        # Somebody has ended the compromised key already; its consumers wait for a new one.
        return _blind(credential, observation, terms, now) or _start(
            taint, now, listing, terms, now
        )
    held = Rest(wait=hold(terms, now, found.reason, found.detail), due_at=credential.due_at)
    if not (found.is_dead and is_permitted):
        return held
    if is_full(listing, terms):
        detail = f"{found.detail}; no free key slot to repair it: {describe_keys(listing)}"
        return replace(held, wait=replace(held.wait, detail=detail))
    return _blind(credential, observation, terms, now) or Start(
        trigger=taint or Trigger.DRIFT, due_at=now, version=found.version
    )


def _taint(credential: Credential) -> Trigger | None:
    """Return the order of a person who called the key compromised; None without one."""
    asked = credential.requested
    return asked if asked is not None and asked.is_taint else None


def due_at(credential: Credential, key: KeyInfo, terms: Terms) -> Instant:
    """Say when a key's rotation is to start: by its age, or before its provider ends it."""
    return _starts_at(credential, key, terms, until=out_of_use_by(key, terms))


def _starts_at(
    credential: Credential, key: KeyInfo, terms: Terms, *, until: Instant | None
) -> Instant:
    fraction = jitter_fraction(credential.id, key.key_id)
    return starts_at(key.created_at, terms.schedule, terms.grace, fraction=fraction, until=until)


def _age(
    credential: Credential,
    current: KeyInfo,
    listing: KeyListing,
    observation: Observation,
    terms: Terms,
    now: Instant,
) -> IdleStep:
    due = due_at(credential, current, terms)
    is_early = due < _starts_at(credential, current, terms, until=None)
    is_ordered = credential.requested is not None
    # A rotation that is due may have to wait for long, and would bring followers along only then.
    step = None if is_ordered else mirrored(credential, observation, terms, now)
    if isinstance(step, Do):
        return step
    if not is_ordered and now < due:
        look = Instant(min(due, now + terms.limits.inspect_interval))
        why = f"and is replaced before then: {told(current, now)}" if is_early else ""
        wait = step or Wait(until=look, reason=Reason.NOT_DUE, detail=why)
        return Rest(wait=replace(wait, until=min(wait.until, look)), due_at=due)
    trigger = Trigger.EXPIRY if is_early else Trigger.AGE
    return _blind(credential, observation, terms, now) or _start(
        credential.requested or trigger, due, listing, terms, now
    )


def _blind(
    credential: Credential, observation: Observation, terms: Terms, now: Instant
) -> Rest | None:
    """Where nothing can be read, an object without a version that we know must be new or ours."""
    if terms.can_read_back or credential.current_version is not None:
        return None
    state = known(observation.destination)
    if state is not None and state.exists and state.owner != terms.owner:
        return _held(terms, now, Reason.UNPUBLISHED, "the destination cannot be read back")
    return None


def _start(
    trigger: Trigger, due: Instant, listing: KeyListing, terms: Terms, now: Instant
) -> IdleStep:
    if terms.mode is Mode.PLAN:
        return _rest(terms, now, Reason.PLAN_MODE, "", due)
    if is_full(listing, terms):
        return _held(terms, now, Reason.SLOTS_FULL, describe_keys(listing), due)
    return Start(trigger=trigger, due_at=due)


def _adoption(
    credential: Credential,
    listing: KeyListing,
    observation: Observation,
    terms: Terms,
    now: Instant,
) -> IdleStep:
    asked = need(observation.destination, What.DESTINATION)
    if asked:
        return asked
    state = known(observation.destination)
    if state is None or credential.destination is None:
        return _held(terms, now, Reason.ACCESS_DENIED, failure(observation.destination))
    reason = unfit(state, owner=terms.owner, create=credential.destination.create)
    if reason:
        return _held(terms, now, reason, credential.destination.name)
    enabled = [key for key in listing.keys if key.enabled]
    if not enabled:
        return _held(terms, now, Reason.NO_KEY)
    if not state.exists:
        return _only(enabled, listing, terms, now)
    return _published(state, enabled, credential, listing, observation, terms, now)


def _published(  # noqa: PLR0917 - one decision over everything that was read
    state: DestinationState,
    enabled: list[KeyInfo],
    credential: Credential,
    listing: KeyListing,
    observation: Observation,
    terms: Terms,
    now: Instant,
) -> IdleStep:
    asked = need(observation.published, What.PUBLISHED)
    if asked:
        return asked
    code = failure(observation.published)
    if code:
        return _held(terms, now, Reason.UNPUBLISHED, f"the secret cannot be read: {code}")
    published = known(observation.published)
    carried = [key for key in enabled if key.key_id == published]
    if carried:
        return Adopt(key_id=carried[0].key_id, version=state.current)
    is_ours_and_empty = state.owner == terms.owner and published is None
    if is_ours_and_empty and credential.destination and credential.destination.create:
        return _only(enabled, listing, terms, now)
    return _held(terms, now, Reason.UNPUBLISHED, describe_keys(listing))


def _only(enabled: list[KeyInfo], listing: KeyListing, terms: Terms, now: Instant) -> IdleStep:
    """An empty destination says nothing: only a single enabled key is beyond doubt.

    One that carries our mark is not: we minted it, and nobody was ever told to read it.
    """
    if len(enabled) > 1 or enabled[0].rotation is not None:
        return _held(terms, now, Reason.UNPUBLISHED, describe_keys(listing))
    return Adopt(key_id=enabled[0].key_id, version=None)


def _held(
    terms: Terms, now: Instant, reason: Reason, detail: str = "", due: Instant | None = None
) -> Rest:
    return Rest(wait=hold(terms, now, reason, detail), due_at=due)


def _rest(
    terms: Terms, now: Instant, reason: Reason, detail: str, due: Instant | None = None
) -> Rest:
    until = Instant(now + terms.limits.inspect_interval)
    return Rest(wait=Wait(until=until, reason=reason, detail=detail), due_at=due)
