"""Proving a new key, and the end of an old one: tried as itself, from outside.

A new key is tried until it is accepted in a row. An old one is tried once when it was
deleted, and its secret, read back for that, never leaves `is_refused` (invariant I5).
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from rotator.core.ids import Instant
from rotator.errors import NotFoundError, PermanentError, RejectedError, TransientError
from rotator.ports.destination import CanReadVersions
from rotator.ports.provider import Verdict

if TYPE_CHECKING:
    from rotator.core.secret import KeyMaterial
    from rotator.reconcile.session import Session

_FIRST_PAUSE = 1.0
_LONGEST_PAUSE = 5.0


def prove(session: Session, material: KeyMaterial) -> None:
    """Try the key until it was accepted often enough, or the time is up.

    "Not known yet" is propagation and starts the count again. The lease is
    renewed on the way, for propagation may take longer than one lease.

    Raises:
        RejectedError: It was never accepted in time, or is another principal's.
        TransientError: The tries themselves could not be made until the end.
    """
    limits = session.terms.limits
    deadline = session.now() + limits.verify_timeout
    in_a_row, pause, slept = 0, _FIRST_PAUSE, timedelta(0)
    while True:
        in_a_row = in_a_row + 1 if _accepted(session, material, Instant(deadline)) else 0
        if in_a_row >= limits.verify_successes:
            return
        # What was slept counts too: a clock that was set back would never reach the deadline.
        if session.now() >= deadline or slept >= limits.verify_timeout:
            msg = "the provider does not accept the new key in time"
            raise RejectedError(msg, subject=material.key_id, code="verify_timeout")
        session.parts.clock.sleep(pause)
        slept += timedelta(seconds=pause)
        pause = _FIRST_PAUSE if in_a_row else min(pause * 2, _LONGEST_PAUSE)
        session.renew()


def _accepted(session: Session, material: KeyMaterial, deadline: Instant) -> bool:
    try:
        verdict = session.provider.verify(session.credential.principal, material)
    except TransientError:
        if session.now() >= deadline:
            raise
        return False
    if verdict is Verdict.WRONG_PRINCIPAL:
        msg = "the new key belongs to another principal"
        raise RejectedError(msg, subject=material.key_id, code="wrong_principal")
    return verdict is Verdict.ACCEPTED


def is_refused(session: Session) -> bool:
    """Try the rotation's old key once, which is deleted: from the version that carried it.

    Raises:
        PermanentError: It cannot be read back, or what is there is not that key.
        TransientError: It could not be read, or not be tried, now.
    """
    verdict = session.provider.verify(session.credential.principal, _carried(session))
    return verdict is Verdict.NOT_YET


def _carried(session: Session) -> KeyMaterial:
    """Read the old key from the version that consumers read before; it may have no label left."""
    rotation = session.rotation
    ref, version = rotation.destination, rotation.base_version
    adapter = session.destination(ref)
    if not isinstance(adapter, CanReadVersions):
        msg = "the destination's old versions cannot be read"
        raise PermanentError(msg, subject=ref.name, code="no_capability")
    if version is None:
        msg = "nobody knows which version carried the old key"
        raise NotFoundError(msg, subject=ref.name, code="no_version")
    material = adapter.read_version(ref, version)
    if material.key_id != rotation.old_key_id:
        msg = f"version {version} carries another key"
        raise RejectedError(msg, subject=ref.name, code="other_key")
    return material
