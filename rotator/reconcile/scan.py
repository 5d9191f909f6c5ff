"""Finding principals: every account, every page, policy's verdict on each."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rotator.core.ids import credential_id
from rotator.core.rotation import Action, Credential
from rotator.errors import FatalError, RotatorError
from rotator.ports.provider import CanTellPeople

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from rotator.core.facts import Principal
    from rotator.core.ids import AccountId, CredentialId, Instant
    from rotator.core.policy import Decision
    from rotator.ports.clock import Clock
    from rotator.ports.evidence import Telemetry
    from rotator.ports.journal import Journal
    from rotator.ports.provider import KeyProvider

A_PERSON = "a person's: the principal can sign in to the console; people rotate their own keys"
IGNORED = "policy ignores the principal by now; rotator has looked after it before"
VANISHED = "the principal is no longer in the account"


@dataclass(frozen=True, slots=True, kw_only=True)
class Territory:
    """One account that one provider looks after."""

    provider: KeyProvider
    account: AccountId


@dataclass(frozen=True, slots=True, kw_only=True)
class Scanner:
    """Registers what policy wants managed or reported.

    Attributes:
        decide: Policy's verdict on a principal; None means "ignore".
    """

    territories: Sequence[Territory]
    decide: Callable[[Principal], Decision]
    journal: Journal
    clock: Clock
    telemetry: Telemetry

    def scan(self) -> bool:
        """Look at every account; the failure of one never stops another.

        Returns:
            Whether all of them could be read.
        """
        results = [self._one(territory) for territory in self.territories]
        return all(results)

    def _one(self, territory: Territory) -> bool:
        try:
            self._register(territory)
        except FatalError:
            raise
        except RotatorError as error:
            self.telemetry.count("scans", outcome="failure")
            self.telemetry.log(
                "error",
                "scan failed",
                account=territory.account,
                code=error.code,
                error=error.diagnostics(),
            )
            return False
        self.telemetry.count("scans", outcome="success")
        return True

    def _register(self, territory: Territory) -> None:
        """Bring the rows up to date; those without a principal only when all pages were read."""
        now = self.clock.now()
        found: list[Principal] = []
        kept: set[CredentialId] = set()
        for principal in territory.provider.principals(territory.account):
            found.append(principal)
            credential = _candidate(territory.provider, principal, self.decide(principal), now)
            if credential is not None:
                kept.add(credential.id)
                self.journal.register(credential)
        for stored in self.journal.credentials():
            if stored.id not in kept and _is_of(stored.principal, found):
                self.journal.register(_left_behind(stored, found, now))


def candidates(
    territory: Territory, decide: Callable[[Principal], Decision], now: Instant
) -> Iterator[Credential]:
    """Yield a credential for every principal that policy does not ignore."""
    for principal in territory.provider.principals(territory.account):
        credential = _candidate(territory.provider, principal, decide(principal), now)
        if credential is not None:
            yield credential


def _id(principal: Principal) -> CredentialId:
    return credential_id(principal.provider, principal.account, principal.name)


def _is_of(principal: Principal, found: Iterable[Principal]) -> bool:
    """Whether a listing of principals speaks of this one's provider and account too.

    One without any principal speaks of none: it is more likely to have gone wrong.
    """
    place = principal.provider, principal.account
    return any((item.provider, item.account) == place for item in found)


def _left_behind(stored: Credential, found: Iterable[Principal], now: Instant) -> Credential:
    """Only report what policy ignores by now, and what is no longer there."""
    is_there = any(_id(principal) == stored.id for principal in found)
    note = IGNORED if is_there else VANISHED
    return replace(stored, action=Action.REPORT, note=note, destination=None, next_at=now)


def _candidate(
    provider: KeyProvider, principal: Principal, decision: Decision, now: Instant
) -> Credential | None:
    if decision.action is None:
        return None
    action, note = decision.action, decision.note
    if (
        action is Action.ROTATE
        and isinstance(provider, CanTellPeople)
        and provider.is_person(principal)
    ):
        action, note = Action.REPORT, A_PERSON
    return Credential(
        id=_id(principal),
        principal=principal,
        action=action,
        rule=decision.rule,
        note=note,
        destination=decision.destination if action is Action.ROTATE else None,
        next_at=now,
        created_at=now,
    )
