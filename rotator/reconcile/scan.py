"""Finding principals: every account, every page, policy's verdict on each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rotator.core.ids import credential_id
from rotator.core.rotation import Action, Credential
from rotator.errors import FatalError, RotatorError
from rotator.ports.provider import CanTellPeople

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from rotator.core.facts import Principal
    from rotator.core.ids import AccountId, Instant
    from rotator.core.policy import Decision
    from rotator.ports.clock import Clock
    from rotator.ports.evidence import Telemetry
    from rotator.ports.journal import Journal
    from rotator.ports.provider import KeyProvider

A_PERSON = "a person's: the principal can sign in to the console; people rotate their own keys"


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
            for credential in candidates(territory, self.decide, self.clock.now()):
                self.journal.register(credential)
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


def candidates(
    territory: Territory, decide: Callable[[Principal], Decision], now: Instant
) -> Iterator[Credential]:
    """Yield a credential for every principal that policy does not ignore."""
    for principal in territory.provider.principals(territory.account):
        decision = decide(principal)
        if decision.action is not None:
            yield _credential(territory.provider, principal, decision, now)


def _credential(
    provider: KeyProvider, principal: Principal, decision: Decision, now: Instant
) -> Credential:
    action, note = decision.action or Action.REPORT, decision.note
    if (
        action is Action.ROTATE
        and isinstance(provider, CanTellPeople)
        and provider.is_person(principal)
    ):
        action, note = Action.REPORT, A_PERSON
    return Credential(
        id=credential_id(principal.provider, principal.account, principal.name),
        principal=principal,
        action=action,
        rule=decision.rule,
        note=note,
        destination=decision.destination if action is Action.ROTATE else None,
        next_at=now,
        created_at=now,
    )
