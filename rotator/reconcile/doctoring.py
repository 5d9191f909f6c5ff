"""The slot doctor's way to its patient: whose keys are asked about, and how policy sees them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import TYPE_CHECKING, Final

from rotator.core import doctor
from rotator.core.ids import credential_id
from rotator.core.reasons import Reason
from rotator.core.rotation import Action, Credential
from rotator.errors import (
    NotFoundError,
    PermanentError,
    RejectedError,
    TransientError,
)
from rotator.reconcile import planning
from rotator.reconcile.charting import chart
from rotator.reconcile.judging import Judge

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rotator.core.doctor import Examination
    from rotator.core.facts import Principal
    from rotator.core.ids import AccountId, Instant
    from rotator.errors import RotatorError
    from rotator.reconcile.judging import Territory
    from rotator.reconcile.parts import Parts
    from rotator.reconcile.scan import Scanner

AMBIGUOUS: Final = "several_accounts"
"""The code of the refusal of a name that exists in several accounts."""


@dataclass(frozen=True, slots=True)
class _Recalled:
    """The audit's gate as the daemon met it; only a process that seals knows how its sinks are."""

    is_closed: bool

    def is_blocked(self, now: Instant) -> bool:
        """Whether the daemon's last look found it closed."""
        del now
        return self.is_closed


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """A principal of the wanted name, and the journal's row of it."""

    territory: Territory
    principal: Principal
    stored: Credential | None


def examine(
    parts: Parts,
    scanner: Scanner,
    name: str,
    account: AccountId | None = None,
    provider: str | None = None,
) -> Examination:
    """Explain every key of one principal, from live readings and the journal.

    Args:
        parts: The outside; only read calls are made.
        scanner: Knows the accounts, and policy's verdict.
        name: The principal's name.
        account: Its account; None searches all of them.
        provider: Its provider; None searches at all of them.

    Raises:
        NotFoundError: There is no such principal, or no such account.
        RejectedError: The name exists in several accounts, or at several providers,
            with the code `AMBIGUOUS`.
        RotatorError: An account that may hold it could not be searched.
    """
    found = _find(parts, scanner, name, account, provider)
    candidate = _candidate(scanner, found)
    rows = planning.Known()
    if found.stored is not None:
        rotations = parts.journal.rotations(found.stored.id)
        rows = planning.Known(
            credential=found.stored,
            rotation=next((item for item in rotations if item.is_open), None),
            keys=parts.journal.keys(found.stored.id),
        )
    credential = candidate or _ignored(scanner, found.principal)
    hold = found.stored.hold if found.stored else None
    gate = _Recalled(hold is not None and hold.reason is Reason.AUDIT_BLOCKED)
    session = planning.dry_session(replace(parts, gate=gate), credential, rows)
    is_registered = found.stored is not None
    return doctor.examine(chart(session, is_ignored=candidate is None, is_registered=is_registered))


def _find(
    parts: Parts, scanner: Scanner, name: str, account: AccountId | None, provider: str | None
) -> _Found:
    territories = [item for item in scanner.territories if account in {None, item.account}]
    if not territories:
        hint = f"known are {', '.join(sorted(item.account for item in scanner.territories))}"
        raise NotFoundError("no such account is configured", subject=str(account), hint=hint)
    names: set[str] = set()
    found: list[_Found] = []
    failed: list[RotatorError] = []
    for territory in territories:
        kept = _kept(parts, territory)
        try:
            present = {item.name: item for item in territory.provider.principals(territory.account)}
        except (TransientError, PermanentError) as error:
            failed.append(error)
            present = {}
        names |= {*present, *kept}
        stored = kept.get(name)
        principal = present.get(name) or (stored.principal if stored else None)
        if principal is not None and provider in {None, principal.provider}:
            found.append(_Found(territory=territory, principal=principal, stored=stored))
    return _only(name, names, found, failed)


def _kept(parts: Parts, territory: Territory) -> dict[str, Credential]:
    """Return the journal's credentials of one territory, by the names of their principals."""
    return {
        row.principal.name: row
        for row in parts.journal.credentials()
        if row.principal.account == territory.account
        and parts.providers.get(row.principal.provider) is territory.provider
    }


def _only(
    name: str, names: set[str], found: Sequence[_Found], failed: Sequence[RotatorError]
) -> _Found:
    if len(found) > 1:
        raise RejectedError(_places([it.principal for it in found]), subject=name, code=AMBIGUOUS)
    if found:
        return found[0]
    if failed:
        raise failed[0]
    close = get_close_matches(name, names, n=3)
    hint = f"did you mean {' or '.join(close)}?" if close else "see `rotator plan` for the names"
    raise NotFoundError("no such principal in the accounts", subject=name, hint=hint)


def _places(found: Sequence[Principal]) -> str:
    if len({it.account for it in found}) > 1:
        return f"exists in several accounts: {', '.join(it.account for it in found)}"
    return f"exists at several providers: {', '.join(it.provider for it in found)}"


def _candidate(scanner: Scanner, found: _Found) -> Credential | None:
    """Return the credential as policy wants it; None if policy ignores the principal."""
    judge = Judge(
        territory=found.territory,
        decide=scanner.decide,
        ownership=scanner.ownership,
        known={found.stored.id: found.stored} if found.stored else {},
        now=scanner.clock.now(),
    )
    try:
        return judge.candidate(found.principal)
    except (TransientError, PermanentError):
        # As in a scan that fails: the journal's row stays as it is.
        if found.stored is None:
            raise
        return found.stored


def _ignored(scanner: Scanner, principal: Principal) -> Credential:
    now = scanner.clock.now()
    return Credential(
        id=credential_id(principal.provider, principal.account, principal.name),
        principal=principal,
        action=Action.REPORT,
        rule=scanner.decide(principal).rule,
        note="policy ignores the principal",
        next_at=now,
        created_at=now,
    )
