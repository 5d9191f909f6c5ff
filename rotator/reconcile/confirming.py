"""A person's word about an account, in the journal and in the audit log at once.

Written beside a running daemon, which asks for the word at every look.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rotator.core.accounts import Account, unconfirmed
from rotator.core.events import AuditAction, AuditRecord, Stage

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rotator.core.accounts import Place
    from rotator.ports.clock import Chance, Clock
    from rotator.ports.evidence import Telemetry
    from rotator.ports.journal import Accounts, Journal


def confirm(
    journal: Journal, clock: Clock, chance: Chance, place: Place, *, operator: str, reason: str
) -> Account:
    """Let changes be made in an account; they begin at the next look."""
    said = _said(clock, place, operator, reason, is_confirmed=True)
    journal.save_account(said, _record(chance, AuditAction.OPERATOR_CONFIRM_ACCOUNT, said))
    return said


def withdraw(
    journal: Journal, clock: Clock, chance: Chance, place: Place, *, operator: str, reason: str
) -> Account:
    """Put an account back into plan mode; what has begun is brought to safety."""
    said = _said(clock, place, operator, reason, is_confirmed=False)
    journal.save_account(said, _record(chance, AuditAction.OPERATOR_WITHDRAW_ACCOUNT, said))
    return said


def tell_unconfirmed(journal: Accounts, telemetry: Telemetry, places: Iterable[Place]) -> None:
    """Say in the log which accounts stay in plan mode, though enforce mode is configured."""
    for place in unconfirmed(places, journal.accounts()):
        remedy = f"rotator accounts confirm {place.account}"
        telemetry.log("warning", "account not confirmed", account=place.account, hint=remedy)


def _said(clock: Clock, place: Place, operator: str, reason: str, *, is_confirmed: bool) -> Account:
    return Account(
        provider=place.provider,
        id=place.account,
        is_confirmed=is_confirmed,
        operator=operator,
        reason=reason,
        since=clock.now(),
    )


def _record(chance: Chance, action: AuditAction, said: Account) -> AuditRecord:
    return AuditRecord(
        id=chance.new_id(),
        at=said.since,
        stage=Stage.EVENT,
        action=action,
        outcome="success",
        actor=f"operator:{said.operator}",
        reason=said.reason or None,
        evidence={"provider": said.provider, "account": said.id},
    )
