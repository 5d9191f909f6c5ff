"""Carrying out one effect: the intent first, then the call, then the outcome.

An answer that is missing leaves the intent open, and the machine looks. An error
that proves that nothing was done closes the intent and is raised to the pass.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from rotator.core import expiry, inventory
from rotator.core.events import FINGERPRINT, Stage
from rotator.core.ids import Instant, version_token
from rotator.core.rotation import Effect, Intent
from rotator.core.steps import known
from rotator.core.transitions import answered, expected, unbased, with_intent
from rotator.errors import (
    ConflictError,
    InvariantError,
    OutcomeUnknownError,
    RotatorError,
    TransientError,
    UnavailableError,
)
from rotator.ports.provider import CanDisable, CanMark
from rotator.reconcile import untold
from rotator.reconcile.books import ACTIONS
from rotator.reconcile.outcomes import refused, succeeded, unknown

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import timedelta

    from rotator.core.ids import KeyId, VersionId
    from rotator.core.secret import KeyMaterial, MintedKey
    from rotator.core.steps import Do
    from rotator.reconcile.session import Session

_TAKEN = "the provider took the request; the end of the key is proved next"

_ASKED_AGAIN = frozenset({Effect.PREPARE, Effect.ENABLE_KEY, Effect.GRANT})
"""Effects that recovery repeats without waiting; without a pause it would do so at once."""


def intend(session: Session, step: Do) -> Instant:
    """Make the intent durable and return the time after which nothing may be sent."""
    now = session.now()
    not_after = Instant(now + _patience(session, step.effect))
    listing = known(session.observation.keys)
    state = known(session.observation.destination)
    intent = Intent(
        effect=step.effect,
        key_id=step.key_id,
        version=step.version,
        made_at=now,
        not_after=not_after,
        provider_time=session.provider_now(),
        known_keys=listing.ids if listing and step.effect is Effect.CREATE_KEY else (),
        place=step.place.name if step.place else "",
    )
    record = session.audit(
        ACTIONS[step.effect],
        Stage.INTENT,
        "pending",
        key=step.key_id,
        version=step.version,
        evidence=step.evidence,
        destination=intent.place or None,
    )
    session.commit(
        rotation=with_intent(session.rotation, intent, base=state.current if state else None),
        audit=(record,),
        events=(session.event("intent", effect=step.effect),),
    )
    return not_after


def _patience(session: Session, effect: Effect) -> timedelta:
    limits = session.terms.limits
    return limits.mint_budget if effect is Effect.CREATE_KEY else limits.lease_period


def mint(session: Session, step: Do) -> KeyMaterial | None:
    """Mint one key, and make its id durable before anything else happens to it.

    Returns:
        The key, or None when the answer is missing and the intent stays open.
    """
    not_after = intend(session, step)
    principal, provider = session.credential.principal, session.provider
    try:
        with session.timed(step.effect):
            key = provider.create_key(
                principal,
                session.rotation.id,
                replaces=session.rotation.old_key_id,
                not_after=not_after,
            )
    except OutcomeUnknownError as error:
        unknown(session, step, error)
        return None
    except RotatorError as error:
        refused(session, step, error)
        raise
    _keep(session, step, key, not_after)
    if isinstance(provider, CanMark):
        _mark(session, provider, key.material.key_id)
    return key.material


def _keep(session: Session, step: Do, key: MintedKey, not_after: Instant) -> None:
    """Commit the key's id; if that fails, bring the key itself to safety."""
    credential, rotation, key_id = session.credential, session.rotation, key.material.key_id
    record = inventory.minted(credential.id, key_id, rotation.id, key.created_at, session.now())
    if key_id != rotation.old_key_id:
        # Of an id that is given again the journal keeps what it knows of the key that
        # consumers read; that one may be needed once more.
        session.learn((record,))
    try:
        succeeded(session, _fingerprinted(session, step, key.material), key=key_id)
    except ConflictError:
        # Another replica owns the credential and waits for our requests to have
        # landed; a key whose secret only we hold is of no use to it.
        with _told_late(session, Effect.DELETE_KEY, key_id):
            session.provider.delete_key(credential.principal, key_id, not_after=not_after)
        raise
    except (OutcomeUnknownError, UnavailableError):
        # The journal cannot write, or cannot say whether it did. Stored under its
        # token, the key can be adopted.
        token = version_token(rotation.id, key_id, rotation.attempt)
        ref, base = rotation.destination, rotation.base_version
        with _told_late(session, Effect.STAGE, key_id):
            session.destination(ref).stage(ref, token, key.material, base=base, not_after=not_after)
        raise


@contextmanager
def _told_late(session: Session, effect: Effect, key: KeyId) -> Iterator[None]:
    """Keep the record of what is done for a new key that the journal could not take in."""
    outcome = "unknown"
    try:
        yield
        outcome = "success"
    finally:
        why = "brought to safety: the journal did not take the key in"
        record = session.audit(ACTIONS[effect], Stage.OUTCOME, outcome, key=key, reason=why)
        session.parts.late.keep((record,), session.parts.telemetry, session.parts.chance)


def _fingerprinted(session: Session, step: Do, material: KeyMaterial) -> Do:
    """Let the outcome tell by what the new secret is recognised, should it ever leak."""
    found = session.parts.fingerprints.of(material.secret)
    return replace(step, evidence={**step.evidence, FINGERPRINT: found}) if found else step


def _mark(session: Session, provider: CanMark, key: KeyId) -> None:
    """Tell the provider whose key it is; a failure costs attribution, not the key."""
    principal = session.credential.principal
    try:
        provider.mark_key(principal, key, session.rotation.id)
    except RotatorError as error:
        session.parts.telemetry.count(
            "effect_failures", provider=principal.provider, effect="mark_key", code=error.code
        )
        session.parts.telemetry.log("warning", "key not marked", key_id=key, code=error.code)


def stage(session: Session, step: Do, material: KeyMaterial) -> None:
    """Store the key as a pending version; a base that moved is read again."""
    not_after = intend(session, step)
    ref, base = session.rotation.destination, session.rotation.base_version
    try:
        with session.timed(step.effect):
            session.destination(ref).stage(
                ref, _version(step), material, base=base, not_after=not_after
            )
    except OutcomeUnknownError as error:
        unknown(session, step, error)
    except ConflictError as error:
        refused(session, step, error, rotation=unbased(session.rotation))
    except RotatorError as error:
        refused(session, step, error)
        raise
    else:
        succeeded(session, step)


def act(session: Session, step: Do) -> None:
    """Carry out an effect that needs no secret."""
    not_after = intend(session, step)
    try:
        with session.timed(step.effect):
            _call(session, step, not_after)
    except OutcomeUnknownError as error:
        unknown(session, step, error)
        if step.effect in _ASKED_AGAIN:
            raise
    except ConflictError as error:
        refused(session, step, error)
        # What we read may be stale; asking again at once would only meet the same answer.
        msg = f"{step.effect.value} was not done: {error}"
        raise TransientError(msg, subject=session.rotation.id, code=error.code) from error
    except RotatorError as error:
        refused(session, step, error)
        raise
    else:
        _happened(session, step)


def _happened(session: Session, step: Do) -> None:
    """Commit the outcome; the end of an old key is still to be proved, by the open intent."""
    is_end = step.effect is Effect.DELETE_KEY and session.rotation.is_old(step.key_id)
    if not is_end:
        succeeded(session, step)
        _tell_early_end(session, step)
        return
    told = session.event("answered", effect=step.effect)
    session.commit(
        rotation=answered(session.rotation),
        audit=untold.sent(session, _TAKEN, outcome="success", key=step.key_id),
        events=(told,),
    )
    session.forget()


def _tell_early_end(session: Session, step: Do) -> None:
    """Say loudly that a new key will not live as long as policy counts on."""
    if expiry.ENDS_EARLY in step.evidence:
        key, told = session.rotation.new_key_id, dict(step.evidence)
        session.parts.telemetry.log("warning", "the new key ends early", key_id=key, **told)


def _call(session: Session, step: Do, not_after: Instant) -> None:
    principal, ref = session.credential.principal, session.rotation.destination
    destination = session.destination(ref)
    match step.effect:
        case Effect.PREPARE:
            destination.prepare(ref, not_after=not_after)
        case Effect.PROMOTE:
            replaced = expected(session.rotation, step)
            destination.promote(ref, _version(step), expected=replaced, not_after=not_after)
        case Effect.UNSTAGE:
            destination.unstage(ref, _version(step), not_after=not_after)
        case Effect.DELETE_KEY:
            session.provider.delete_key(principal, _key(step), not_after=not_after)
        case Effect.DISABLE_KEY:
            switch(session).disable_key(principal, _key(step), not_after=not_after)
        case Effect.ENABLE_KEY:
            switch(session).enable_key(principal, _key(step), not_after=not_after)
        case Effect.GRANT:
            session.granting().grant(principal, _key(step), step.grants, not_after=not_after)
        case _:
            msg = f"{step.effect.value} is not carried out here"
            raise InvariantError(msg)


def switch(session: Session) -> CanDisable:
    """Return the provider as one that can switch keys.

    Raises:
        InvariantError: It cannot; the machine should not have asked.
    """
    if not isinstance(session.provider, CanDisable):
        msg = "the provider cannot switch keys"
        raise InvariantError(msg)
    return session.provider


def _version(step: Do) -> VersionId:
    if step.version is None:
        msg = f"{step.effect.value} without a version"
        raise InvariantError(msg)
    return step.version


def _key(step: Do) -> KeyId:
    if step.key_id is None:
        msg = f"{step.effect.value} without a key"
        raise InvariantError(msg)
    return step.key_id
