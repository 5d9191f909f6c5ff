"""What could be adopted: every principal, its keys, and the objects that carry them.

Only read calls are made and nothing is claimed. What policy maps is asked of the
same machine as a pass would ask; see `rotator.core.adoption` for the rest.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rotator.core.adoption import (
    AdoptionRow,
    Cause,
    Finding,
    Verdict,
    adoptable,
    held,
    is_unmapped,
    managed,
    placed,
    places,
    reported,
    unmapped,
)
from rotator.core.idle import Adopt, Rest
from rotator.core.ownership import ROOT_ACCOUNT, root_note
from rotator.core.policy_objects import places_of
from rotator.core.rotation import Action
from rotator.core.steps import known
from rotator.core.survey import Shape
from rotator.errors import FatalError, RotatorError
from rotator.ports.destination import CanSearch
from rotator.reconcile.adopting import next_of
from rotator.reconcile.judging import person_note
from rotator.reconcile.planning import Known, dry_session

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from rotator.core.adoption import Place, PlacedKey
    from rotator.core.facts import Principal
    from rotator.core.ids import AccountId, KeyId
    from rotator.core.policy import Decision, Policy
    from rotator.core.rotation import Credential
    from rotator.core.survey import FoundObject
    from rotator.core.tags import Tags
    from rotator.reconcile.judging import Judge, Territory
    from rotator.reconcile.parts import Parts
    from rotator.reconcile.scan import Scanner


@dataclass(frozen=True, slots=True, kw_only=True)
class AdoptionPlanner:
    """Looks through accounts.

    Attributes:
        regions: Where objects may be, beside the regions that policy names.
    """

    parts: Parts
    scanner: Scanner
    policy: Policy
    regions: tuple[str, ...] = ()

    def rows(self, account: AccountId | None) -> tuple[AdoptionRow, ...]:
        """Describe every principal of one account or of all; then objects that are nobody's."""
        chosen = [item for item in self.scanner.territories if account in {None, item.account}]
        objects: list[FoundObject] = []
        closed: list[AdoptionRow] = []
        for home, regions in self._homes(item.account for item in chosen).items():
            self._search(home, regions, objects, closed)
        found = places(objects)
        rows = [row for item in chosen for row in self._territory(item, found)]
        judged = [item for item in objects if self._is_whole(item.account, chosen)]
        return (*rows, *_strays(rows, judged), *_unreadable(objects), *closed)

    def _is_whole(self, home: AccountId, chosen: Sequence[Territory]) -> bool:
        """Whether everybody was listed whose keys may be in an account's objects."""
        listed = {item.account for item in chosen}
        guests = {item.account for item in self.scanner.territories}
        return all(self._home(account) != home or account in listed for account in guests)

    def _home(self, account: AccountId) -> AccountId:
        return self.policy.account(account).home or account

    def _homes(self, accounts: Iterable[AccountId]) -> dict[AccountId, tuple[str, ...]]:
        """Name the accounts whose destinations carry these accounts' keys, with the regions."""
        homes: dict[AccountId, tuple[str, ...]] = {}
        for account in dict.fromkeys(accounts):
            home = self._home(account)
            homes[home] = tuple(dict.fromkeys((*homes.get(home, ()), *self._places(account))))
        return homes

    def _search(
        self,
        account: AccountId,
        regions: Iterable[str],
        objects: list[FoundObject],
        closed: list[AdoptionRow],
    ) -> None:
        """Look through every place of an account; one that is closed stops no other."""
        searched = [
            item for item in self.parts.destinations.values() if isinstance(item, CanSearch)
        ]
        for destination in searched:
            for region in regions:
                try:
                    objects += destination.search(account, region)
                except FatalError:
                    raise
                except RotatorError as error:
                    closed.append(_closed(account, region, error))

    def _places(self, account: AccountId) -> tuple[str, ...]:
        """Name the regions where consumers of an account's keys may read them."""
        places = (place for rule in self.policy.rules for _, place in places_of(rule))
        named = (place.region for place in places if place.account is None)
        own = self.policy.account(account).region
        return tuple(dict.fromkeys(filter(None, (own, *named, *self.regions))))

    def _territory(
        self, territory: Territory, found: Mapping[KeyId, tuple[Place, ...]]
    ) -> Iterator[AdoptionRow]:
        account = territory.account
        try:
            judge = self.scanner.judge(territory)
            principals = sorted(territory.provider.principals(account), key=lambda item: item.name)
        except FatalError:
            raise
        except RotatorError as error:
            yield replace(_closed(account, "its principals", error), is_unlisted=True)
            return
        if judge.root_keys:
            finding = reported(Cause.ROOT, root_note(judge.root_keys))
            yield AdoptionRow(account=account, name=ROOT_ACCOUNT, finding=finding)
        for principal in principals:
            yield self._row(judge, principal, found)

    def _row(
        self, judge: Judge, principal: Principal, found: Mapping[KeyId, tuple[Place, ...]]
    ) -> AdoptionRow:
        candidate: Credential | None = None
        keys: tuple[PlacedKey, ...] = ()
        try:
            candidate = _candidate(judge, principal)
            if candidate is not None and candidate.action is Action.ROTATE:
                keys, finding = self._mapped(judge, candidate, found)
            else:
                provider = judge.territory.provider
                keys = placed(provider.list_keys(principal), found, provider.traits)
                finding = self._unmapped(judge, principal, candidate, keys)
        except FatalError:
            raise
        except RotatorError as error:
            finding = Finding(verdict=Verdict.HELD, why=error.diagnostics())
        return AdoptionRow(
            account=principal.account,
            name=principal.name,
            finding=finding,
            principal=principal,
            keys=keys,
            rule=candidate.rule if candidate else judge.decide(principal).rule,
            candidate=candidate,
        )

    def _mapped(
        self, judge: Judge, candidate: Credential, found: Mapping[KeyId, tuple[Place, ...]]
    ) -> tuple[tuple[PlacedKey, ...], Finding]:
        """Ask what a pass would do with it."""
        session = dry_session(
            self.parts, candidate, Known(credential=judge.known.get(candidate.id))
        )
        current = session.credential.current_key_id
        if current is not None:
            keys = placed(session.list_keys(), found, session.terms.traits)
            return keys, managed(current, keys, session.credential.hold)
        step = next_of(session)
        listing = known(session.observation.keys)
        keys = placed(listing, found, session.terms.traits) if listing else ()
        name = candidate.destination.name if candidate.destination else ""
        if isinstance(step, Adopt):
            is_published = step.version is not None
            return keys, adoptable(step.key_id, keys, name, is_published=is_published)
        assert isinstance(step, Rest), "a credential without a key is adopted or left"  # noqa: S101
        return keys, held(step.wait, keys, name)

    def _unmapped(
        self,
        judge: Judge,
        principal: Principal,
        candidate: Credential | None,
        keys: tuple[PlacedKey, ...],
    ) -> Finding:
        """Say why it is left alone, or what would have to be mapped."""
        if not keys:
            return reported(Cause.NO_KEY, "it has no key")
        if candidate is None:
            return Finding(verdict=Verdict.IGNORED, why="policy ignores it")
        rule = self.policy.rule_named(candidate.rule)
        is_open = is_unmapped(self.policy, candidate.rule)
        if rule is not None and rule.action is Action.REPORT and not is_open:
            return reported(Cause.RULE, candidate.note)
        account = self.policy.account(principal.account)
        return _never_rotated(judge, principal) or unmapped(
            principal, keys, owner=self.policy.owner, account=account
        )


def _candidate(judge: Judge, principal: Principal) -> Credential | None:
    """Judge a principal; an overview may be older than its first key, and the listing is not."""
    candidate = judge.candidate(principal)
    if candidate is None and judge.territory.provider.list_keys(principal).keys:
        return replace(judge, survey=None).candidate(principal)
    return candidate


def _never_rotated(judge: Judge, principal: Principal) -> Finding | None:
    """Judge a principal as if a rule said to rotate it; None when nothing speaks against that."""

    def decide(principal: Principal, tags: Tags | None = None) -> Decision:
        decision = judge.decide(principal, tags)
        return replace(decision, action=Action.ROTATE, note="", needs_tags=False)

    strict = replace(judge, decide=decide, known={}, survey=None, unread=Counter())
    judged = strict.candidate(principal)
    if judged is None or not judged.note:
        return None
    if strict.unread:
        return reported(Cause.TAGS_UNREAD, judged.note)
    is_person = judged.note == person_note(principal)
    return reported(Cause.PERSON if is_person else Cause.TOOL, judged.note)


def _strays(rows: Iterable[AdoptionRow], objects: Iterable[FoundObject]) -> Iterator[AdoptionRow]:
    """Tell of objects with keys that nobody has who was listed."""
    listed = {item.key.key_id for row in rows for item in row.keys}
    for item in objects:
        strange = sorted({key.key_id for key in item.keys} - listed)
        if strange:
            keys = ", ".join(strange)
            why = f"no principal that was listed has {keys}: deleted, or another account's"
            yield _place_row(item.account, item.name, Verdict.STRAY, why)


def _unreadable(objects: Iterable[FoundObject]) -> Iterator[AdoptionRow]:
    """Count the objects that could not be read."""
    closed = [item for item in objects if item.shape is Shape.UNREADABLE]
    counts = Counter((item.account, item.region, item.code) for item in closed)
    for (account, region, code), count in counts.items():
        why = f"{code}: keys in them are not found"
        yield _place_row(account, f"{count} objects in {region}", Verdict.UNREADABLE, why)


def _closed(account: AccountId, what: str, error: RotatorError) -> AdoptionRow:
    return _place_row(account, what, Verdict.UNREADABLE, error.diagnostics())


def _place_row(account: AccountId, name: str, verdict: Verdict, why: str) -> AdoptionRow:
    return AdoptionRow(account=account, name=name, finding=Finding(verdict=verdict, why=why))
