"""Before a key is made: may everything be done that its rotation will need?

What nobody knows is tried, as far as trying changes nothing: a mint whose key can
never be retired, or never be merged into its secret, had better not begin.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rotator.core.facts import What
from rotator.core.permissions import FEATURES, stoppers
from rotator.core.reasons import Reason, is_hold
from rotator.core.rotation import Trigger
from rotator.core.steps import Wait, failure, hold
from rotator.errors import AccessDeniedError, PermanentError
from rotator.ports.destination import CanReadBack
from rotator.ports.provider import CanReportUse

if TYPE_CHECKING:
    from collections.abc import Collection

    from rotator.core.ids import AccountId
    from rotator.reconcile.session import Session

_DENIED = AccessDeniedError.default_code
_EVERY_FEATURE = tuple(feature.name for feature in FEATURES)
_URGENT = frozenset({Trigger.TAINT, Trigger.BREAK_GLASS, Trigger.DRIFT, Trigger.EXPIRED})
"""A compromised key, or one that consumers are given and that is refused."""


def not_permitted(session: Session, trigger: Trigger) -> Wait | None:
    """Say which action is known to be denied that a whole rotation needs; None if none is."""
    account, denied = _denied(session, stoppers(is_urgent=trigger in _URGENT))
    if not denied:
        return None
    verb = "is" if len(denied) == 1 else "are"
    detail = (
        f"{', '.join(denied)} {verb} not allowed in {account}: rotations are off there; "
        "see rotator doctor"
    )
    return hold(session.terms, session.now(), Reason.ACCESS_DENIED, detail)


def _home(session: Session) -> AccountId:
    """Name the account that the credential is published in; its own where that is unknown."""
    rotation, credential = session.claim.rotation, session.credential
    ref = rotation.destination if rotation else credential.destination
    return ref.account if ref else credential.principal.account


def _denied(session: Session, features: Collection[str]) -> tuple[AccountId, tuple[str, ...]]:
    """Name what is known to be denied in the credential's own account, or else in its home."""
    own, home = session.credential.principal.account, _home(session)
    denied = session.parts.permits.denied(own, features)
    if denied or home == own:
        return own, denied
    return home, session.parts.permits.denied(home, features, is_home=True)


def unready(session: Session) -> Wait | None:
    """Say what would stop the open rotation once its key was made; None if nothing is known to.

    The listing and the destination were read in this very pass. Beside them the guard
    will ask for the old key's last use, and a merge for the secret's other fields.

    Raises:
        TransientError: A reading could not be made now.
    """
    trigger = session.rotation.trigger
    return not_permitted(session, trigger) or _blind(session, trigger) or _unmerged(session)


def _blind(session: Session, trigger: Trigger) -> Wait | None:
    """An urgent rotation is wanted at once; all others must see the old key fall quiet."""
    if trigger in _URGENT or not isinstance(session.provider, CanReportUse):
        return None
    try:
        session.read_use(session.rotation.old_key_id)
    except AccessDeniedError as error:
        return hold(session.terms, session.now(), Reason.ACCESS_DENIED, f"{_DENIED}: {error}")
    except PermanentError:
        # Such as a key that is gone: the machine has decided to go on without it.
        return None
    return None


def _unmerged(session: Session) -> Wait | None:
    ref = session.rotation.destination
    if not ref.merge or not isinstance(session.destination(ref), CanReadBack):
        return None
    session.observe(What.PUBLISHED)
    code = failure(session.observation.published)
    if not code:
        return None
    detail = f"{ref.name} cannot be merged: {code}"
    return hold(session.terms, session.now(), Reason.ACCESS_DENIED, detail)


def explained(session: Session, rest: Wait) -> Wait:
    """Name the actions that are known to be denied, where a hold says no more than "denied"."""
    if not is_hold(rest.reason) or not rest.detail.endswith(_DENIED):
        return rest
    account, denied = _denied(session, _EVERY_FEATURE)
    if not denied:
        return rest
    detail = f"{rest.detail} (not allowed in {account}: {', '.join(denied)})"
    return Wait(until=rest.until, reason=rest.reason, detail=detail)
