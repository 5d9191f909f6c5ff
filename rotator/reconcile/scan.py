"""Finding principals: every account, every page, policy's verdict on each."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from rotator.core.ownership import Ownership
from rotator.core.rotation import Action
from rotator.errors import FatalError, RotatorError
from rotator.ports.provider import CanSurvey
from rotator.reconcile.judging import SURVEY_AGE, Judge, Territory

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from rotator.core.facts import Principal
    from rotator.core.ids import AccountId, CredentialId, Instant
    from rotator.core.rotation import Credential
    from rotator.core.survey import Survey
    from rotator.ports.clock import Clock
    from rotator.ports.evidence import Telemetry
    from rotator.ports.journal import Journal
    from rotator.reconcile.judging import Decide

IGNORED = "policy ignores the principal by now; rotator has looked after it before"
VANISHED = "the principal is no longer in the account"


def _ignore_root_keys(account: AccountId, count: int) -> None:
    del account, count


def _ignore_outcome(territory: Territory, code: str) -> None:
    del territory, code


@dataclass(frozen=True, slots=True, kw_only=True)
class Scanner:
    """Registers what policy wants managed or reported.

    Attributes:
        decide: Policy's verdict on a principal.
        ownership: What tells beside policy whose business a key is.
        on_root_keys: Is told how many keys an account's root has, where that can be read.
        on_scanned: Is told how each scan ended: our code of its failure, empty if it
            did not fail.
    """

    territories: Sequence[Territory]
    decide: Decide
    journal: Journal
    clock: Clock
    telemetry: Telemetry
    ownership: Ownership = field(default_factory=Ownership)
    on_root_keys: Callable[[AccountId, int], None] = _ignore_root_keys
    on_scanned: Callable[[Territory, str], None] = _ignore_outcome

    def scan(self) -> bool:
        """Look at every account; the failure of one never stops another.

        Returns:
            Whether all of them could be read.
        """
        results = [self._one(territory) for territory in self.territories]
        return all(results)

    def judge(self, territory: Territory) -> Judge:
        """Read an account's overview, and be ready to judge its principals."""
        now, survey = self.clock.now(), self._survey(territory)
        if survey is not None:
            self.on_root_keys(territory.account, survey.root_keys)
        return Judge(
            territory=territory,
            decide=self.decide,
            ownership=self.ownership,
            known={stored.id: stored for stored in self.journal.credentials()},
            now=now,
            survey=survey if survey and self._is_fresh(survey, territory.account, now) else None,
            root_keys=survey.root_keys if survey else 0,
        )

    def _one(self, territory: Territory) -> bool:
        began_at = self.clock.now()
        try:
            self._register(territory)
        except FatalError:
            raise
        except RotatorError as error:
            self.on_scanned(territory, error.code)
            self._measure(territory, began_at, "failure")
            self.telemetry.log(
                "error",
                "scan failed",
                account=territory.account,
                code=error.code,
                error=error.diagnostics(),
            )
            return False
        self.on_scanned(territory, "")
        self._measure(territory, began_at, "success")
        return True

    def _measure(self, territory: Territory, began_at: Instant, outcome: str) -> None:
        """Count a scan, and say how long it took."""
        name = territory.name
        seconds = max((self.clock.now() - began_at).total_seconds(), 0)
        self.telemetry.observe("scan_duration", seconds, provider=name)
        self.telemetry.count("scans", provider=name, account=territory.account, outcome=outcome)

    def _register(self, territory: Territory) -> None:
        """Bring the rows up to date; those without a principal only when all pages were read."""
        judge = self.judge(territory)
        found: list[Principal] = []
        kept: set[CredentialId] = set()
        for principal in territory.provider.principals(territory.account):
            found.append(principal)
            candidate = judge.candidate(principal)
            if candidate is None:
                continue
            kept.add(candidate.id)
            if candidate is not judge.known.get(candidate.id):
                self.journal.register(candidate)
        # Not the journal's rows of now: an operator may have adopted somebody meanwhile.
        for stored in judge.known.values():
            if stored.id not in kept and _is_of(stored.principal, found):
                self.journal.register(_left_behind(stored, found, judge.now))
        self._tell(judge)

    def _survey(self, territory: Territory) -> Survey | None:
        """Read an account's overview; without a fresh one every principal is looked at."""
        provider, account = territory.provider, territory.account
        if not isinstance(provider, CanSurvey):
            return None
        try:
            return provider.survey(account)
        except FatalError:
            raise
        except RotatorError as error:
            self.telemetry.log("warning", "overview not read", account=account, code=error.code)
            return None

    def _is_fresh(self, survey: Survey, account: AccountId, now: Instant) -> bool:
        if abs(now - survey.taken_at) <= SURVEY_AGE:
            return True
        taken_at = survey.taken_at.isoformat()
        self.telemetry.log("warning", "overview too old", account=account, taken_at=taken_at)
        return False

    def _tell(self, judge: Judge) -> None:
        account = judge.territory.account
        if judge.root_keys:
            self.telemetry.log("warning", "root keys found", account=account, count=judge.root_keys)
        if judge.left_out:
            self.telemetry.log(
                "info", "principals without a key left out", account=account, count=judge.left_out
            )
        for code, count in judge.unread.items():
            self.telemetry.log("warning", "tags not read", account=account, code=code, count=count)


def _is_of(principal: Principal, found: Iterable[Principal]) -> bool:
    """Whether a listing of principals speaks of this one's provider and account too.

    One without any principal speaks of none: it is more likely to have gone wrong.
    """
    place = principal.provider, principal.account
    return any((item.provider, item.account) == place for item in found)


def _left_behind(stored: Credential, found: Iterable[Principal], now: Instant) -> Credential:
    """Only report what policy ignores by now, and what is no longer there."""
    is_there = any(principal.name == stored.principal.name for principal in found)
    note = IGNORED if is_there else VANISHED
    return replace(stored, action=Action.REPORT, note=note, destination=None, next_at=now)
