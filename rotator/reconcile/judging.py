"""Policy's verdict on one account's principals, with the facts that it asks for.

What could not be read never makes a key one's own to rotate: a principal that is new
is reported with the reason, and one that is looked after already keeps its row as it
is (I8). An overview of the account saves calls; it is never the truth about a key.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

from rotator.core.forms import CLIENT_KEY
from rotator.core.ids import credential_id
from rotator.core.rotation import Action, Credential
from rotator.errors import FatalError, RotatorError
from rotator.ports.provider import CanReadTags, CanTellPeople

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rotator.core.facts import Principal
    from rotator.core.ids import AccountId, CredentialId, Instant
    from rotator.core.ownership import Ownership
    from rotator.core.policy import Decision
    from rotator.core.survey import Survey, Surveyed
    from rotator.core.tags import Tags
    from rotator.ports.provider import KeyProvider

A_PERSON = "a person's: the principal can sign in to the console; people rotate their own keys"
A_DEVICE = (
    "a person's: it belongs to a developer's device, where the vendor's own tools replace it; "
    "`rotator cipherstash client delete` ends it without touching others"
)
SURVEY_AGE = timedelta(hours=4, minutes=10)
"""How old an overview may be that principals are left out by."""


def person_note(principal: Principal) -> str:
    """Say why the keys of a person are only reported."""
    return A_DEVICE if principal.provider == CLIENT_KEY else A_PERSON


class Decide(Protocol):
    """Policy's verdict on a principal; an action of None means "ignore"."""

    def __call__(self, principal: Principal, tags: Tags | None = None) -> Decision:
        """Decide; without tags the answer may be that they are needed."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Territory:
    """One account that one provider looks after.

    Attributes:
        name: The provider's, as credentials have it.
    """

    name: str
    provider: KeyProvider
    account: AccountId


@dataclass(slots=True, kw_only=True)
class Judge:
    """Judges the principals of one account, during one scan.

    Attributes:
        ownership: What tells beside policy whose business a key is.
        known: The journal's rows.
        now: When the scan began.
        survey: A fresh overview of the account; None if there is none.
        root_keys: How many keys the account's root has, as far as an overview tells.
        left_out: How many principals had no key slot and were not looked at further.
        unread: Our codes of why tags could not be read, and how often.
    """

    territory: Territory
    decide: Decide
    ownership: Ownership
    known: Mapping[CredentialId, Credential]
    now: Instant
    survey: Survey | None = None
    root_keys: int = 0
    left_out: int = 0
    unread: Counter[str] = field(default_factory=Counter)

    def candidates(self) -> Iterator[Credential]:
        """Yield a credential for every principal that is managed or reported."""
        for principal in self.territory.provider.principals(self.territory.account):
            candidate = self.candidate(principal)
            if candidate is not None:
                yield candidate

    def candidate(self, principal: Principal) -> Credential | None:
        """Return a principal's credential as it is to be; None leaves the principal alone.

        It is the journal's own row where what has to be known could not be read.
        """
        stored = self.known.get(_id(principal))
        if stored is None and self._has_no_key(principal):
            self.left_out += 1
            return None
        try:
            return self._judged(principal)
        except _UnreadError as error:
            self.unread[error.code] += 1
            return stored or self._unreadable(principal, error)

    def _judged(self, principal: Principal) -> Credential | None:
        tags: Tags | None = None
        decision = self.decide(principal)
        if decision.needs_tags:
            tags = self._tags(principal)
            decision = self.decide(principal, tags)
        if decision.action is None:
            return None
        note, is_rotated = decision.note, decision.action is Action.ROTATE
        if is_rotated:
            note = person_note(principal) if self._is_person(principal) else ""
            note = note or self.ownership.listed(principal)
        if is_rotated and not note:
            if tags is None and self.ownership.asks_for_tags:
                tags = self._tags(principal)
            note = self.ownership.tagged(tags or {})
        is_rotated = is_rotated and not note
        return Credential(
            id=_id(principal),
            principal=principal,
            action=Action.ROTATE if is_rotated else Action.REPORT,
            rule=decision.rule,
            note=note,
            destination=decision.destination if is_rotated else None,
            contact=self.ownership.contact(tags or {}),
            next_at=self.now,
            created_at=self.now,
        )

    def _unreadable(self, principal: Principal, error: _UnreadError) -> Credential:
        return Credential(
            id=_id(principal),
            principal=principal,
            action=Action.REPORT,
            rule=self.decide(principal).rule,
            note=f"its tags could not be read ({error.code}), and they may say that it is not ours",
            next_at=self.now,
            created_at=self.now,
        )

    def _surveyed(self, principal: Principal) -> Surveyed | None:
        return self.survey.principals.get(principal.name) if self.survey else None

    def _has_no_key(self, principal: Principal) -> bool:
        """Whether the overview shows the principal, and shows it without a key."""
        found = self._surveyed(principal)
        return found is not None and found.keys == 0

    def _is_person(self, principal: Principal) -> bool:
        """Believe the overview that there is a password, never that there is none."""
        found, provider = self._surveyed(principal), self.territory.provider
        if found is not None and found.has_password:
            return True
        return isinstance(provider, CanTellPeople) and provider.is_person(principal)

    def _tags(self, principal: Principal) -> Tags:
        """Read a principal's tags; where no principal carries any, there are none."""
        provider = self.territory.provider
        if not isinstance(provider, CanReadTags):
            return {}
        try:
            return provider.tags(principal)
        except FatalError:
            raise
        except RotatorError as error:
            raise _UnreadError(error.code) from error


class _UnreadError(Exception):
    """A principal's tags could not be read; never leaves this module."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def _id(principal: Principal) -> CredentialId:
    return credential_id(principal.provider, principal.account, principal.name)
