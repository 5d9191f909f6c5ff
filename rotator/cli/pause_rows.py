"""Pauses in words: what a scope means, what it covers, what lifting it lets go on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from rotator.cli.finding import account_id, find_credential
from rotator.cli.printing import when
from rotator.core.ids import AccountId
from rotator.core.remedies import credential_options, effect_of_pause
from rotator.core.ways import ID_SHOWN
from rotator.errors import NotFoundError

if TYPE_CHECKING:
    from rotator.core.orders import Pause
    from rotator.core.rotation import Credential
    from rotator.ports.journal import Journal
    from rotator.settings.settings import Settings

_GOES_ON = (
    "what it held back goes on at the next look: keys that are due are rotated, and old keys are "
    "disabled and deleted past their guards"
)
_NAMED = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What somebody wants to pause or resume; with neither part, everything."""

    account: AccountId | None = None
    credential: Credential | None = None

    @property
    def words(self) -> str:
        """Name it for people."""
        if self.credential is not None:
            principal = self.credential.principal
            return f"{principal.name} in account {principal.account}"
        return f"account {self.account}" if self.account is not None else "everything"

    @property
    def options(self) -> str:
        """Name it as the commands' options do."""
        if self.credential is not None:
            return credential_options(self.credential)
        return f"--account {self.account}" if self.account is not None else "--everything"

    def is_of(self, pause: Pause) -> bool:
        """Whether a pause has exactly this scope."""
        credential = self.credential.id if self.credential is not None else None
        return (pause.account, pause.credential) == (self.account, credential)


def find_scope(
    journal: Journal,
    settings: Settings,
    *,
    principal: str | None,
    account: str | None,
    provider: str | None = None,
    everything: bool,
) -> Scope:
    """Find what the options name.

    Raises:
        NotFoundError: There is no such principal or account.
        click.UsageError: They name nothing, or too much.
    """
    if everything == bool(principal or account):
        raise click.UsageError("name one scope: --principal NAME, --account ID or --everything")
    if provider and not principal:
        raise click.UsageError("--provider tells principals of one name apart; add --principal")
    account = account_id(settings, account) if account else None
    if principal:
        return Scope(credential=find_credential(journal, principal, account, provider))
    if not account:
        return Scope()
    known: set[str] = {item.id for item in settings.policy.accounts}
    known |= {row.principal.account for row in journal.credentials()}
    if account not in known:
        hint = f"known are {', '.join(sorted(known))}"
        raise NotFoundError("no such account is configured", subject=account, hint=hint)
    return Scope(account=AccountId(account))


def find_pause(journal: Journal, scope: Scope) -> Pause:
    """Find the pause of exactly one scope.

    Raises:
        NotFoundError: There is none.
    """
    found = next((item for item in journal.pauses() if scope.is_of(item)), None)
    if found is None:
        raise NotFoundError(
            "nobody has paused exactly this", subject=scope.words, hint="see `rotator pauses`"
        )
    return found


def announced(journal: Journal, scope: Scope) -> list[tuple[str, str]]:
    """Say what a pause of a scope will do."""
    older = next((item for item in journal.pauses() if scope.is_of(item)), None)
    return [
        ("covers", covered(journal, scope)),
        ("then", effect_of_pause()),
        ("consumers", "notice nothing; their keys get older while it lasts"),
        ("replaces", f"the pause of {_whose(older)}" if older else ""),
    ]


def lifted(journal: Journal, scope: Scope, paused: Pause) -> list[tuple[str, str]]:
    """Say what lifting the pause of a scope will do."""
    mine = {row.id for row in _inside(journal, scope)}
    others = [
        item
        for item in journal.pauses()
        if item != paused and mine & {row.id for row in _inside(journal, scope_of(journal, item))}
    ]
    still = ", ".join(scope_of(journal, item).words for item in others)
    return [
        ("lifts", f"the pause of {_whose(paused)}"),
        ("covers", covered(journal, scope)),
        ("then", _GOES_ON),
        ("still paused", f"by another pause: {still}" if still else ""),
    ]


def scope_of(journal: Journal, pause: Pause) -> Scope:
    """Say what a pause's scope is, with the credential that it names."""
    rows = {row.id: row for row in journal.credentials()}
    credential = rows.get(pause.credential) if pause.credential is not None else None
    return Scope(account=pause.account, credential=credential)


def covered(journal: Journal, scope: Scope) -> str:
    """Say what a scope covers: how many credentials, which rotations under way."""
    rows = _inside(journal, scope)
    names = {row.id: row.principal.name for row in rows}
    under_way = [
        f"{row.id[:ID_SHOWN]} of {names[row.credential_id]}, {row.phase.value}"
        for row in journal.rotations()
        if row.is_open and row.credential_id in names
    ]
    count = f"{len(rows)} credential{'' if len(rows) == 1 else 's'}"
    if not under_way:
        return f"{count}, no rotation under way"
    more = f"; and {len(under_way) - _NAMED} more" if len(under_way) > _NAMED else ""
    return f"{count}, under way: {'; '.join(under_way[:_NAMED])}{more}"


def pause_lines(journal: Journal) -> list[str]:
    """Say each pause in force in a line, with how to lift it."""
    found = [(scope_of(journal, item), item) for item in journal.pauses()]
    return [
        f"{scope.words} by {_whose(item)} (rotator resume {scope.options})" for scope, item in found
    ]


def pause_record(journal: Journal, pause: Pause) -> dict[str, object]:
    """Return a pause for machines."""
    scope = scope_of(journal, pause)
    credential = scope.credential
    return {
        "scope": pause.scope,
        "account": credential.principal.account if credential else pause.account,
        "principal": credential.principal.name if credential else None,
        "operator": pause.operator,
        "reason": pause.reason,
        "since": pause.since,
        "resume": f"rotator resume {scope.options}",
    }


def _inside(journal: Journal, scope: Scope) -> list[Credential]:
    if scope.credential is not None:
        return [scope.credential]
    return [
        row
        for row in journal.credentials()
        if scope.account is None or scope.account == row.principal.account
    ]


def _whose(pause: Pause) -> str:
    return f"{pause.operator} since {when(pause.since)}: {pause.reason}"
