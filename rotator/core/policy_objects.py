"""Which objects a policy's rules write: what each may touch of them, and where two clash.

Rules know principals by globs only. Where globs cannot tell whether two rules meet in
one object, they are taken to meet: a clash that is found in a file costs a minute, and
one that is found in an object costs a key.
"""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import combinations
from typing import TYPE_CHECKING

from rotator.core.forms import AWS_IAM, BUILT_IN, usual_fields
from rotator.core.globs import is_literal
from rotator.core.ids import AccountId
from rotator.core.policy import Account

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rotator.core.policy import DestinationTemplate, Match, Policy, Rule

Path = tuple[str | int, ...]

_ANY = AccountId("")
"""Stands for every account while none is known."""

_PRINCIPAL = "{principal}"
_GLOB_SIGNS = "*?["


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What one rule writes for the principals of one provider in one account.

    Attributes:
        index: Which rule it is.
        at: Which of the rule's places it is, in the words of the file.
        name: The object's name; holds ``{principal}`` where each gets an object of its own.
        fields: The JSON fields that are written.
    """

    index: int
    at: Path
    match: Match
    template: DestinationTemplate
    account: Account
    provider: str
    name: str
    fields: frozenset[str]

    @property
    def place(self) -> tuple[str, AccountId, str]:
        """The object, but for its region."""
        home = self.template.account or self.account.home or self.account.id
        return self.template.kind, home, self.name

    @property
    def region(self) -> str:
        """The object's region; empty where nobody knows which one the account's is."""
        home = "" if self.template.account else self.account.region
        return self.template.region or home

    @property
    def population(self) -> tuple[AccountId, str]:
        """Within this a principal's name is unique."""
        return self.account.id, self.provider


@dataclass(frozen=True, slots=True, kw_only=True)
class Clash:
    """Two parts that may write the same fields of one object, or the whole of it."""

    one: Part
    other: Part


def known_providers(policy: Policy) -> tuple[str, ...]:
    """Name every provider there is: the built-in ones, then those that accounts have."""
    of_accounts = (name for account in policy.accounts for name in account.providers)
    return tuple(dict.fromkeys((*BUILT_IN, *of_accounts)))


def providers_of(policy: Policy, match: Match) -> tuple[str, ...]:
    """Name the providers whose principals a rule may select, each once."""
    found = (provider for account, provider in _populations(policy, match))
    return tuple(dict.fromkeys(found))


def clashes(policy: Policy) -> Iterator[Clash]:
    """Yield what clashes, once for each pair of rules and once for a rule with itself."""
    places: dict[tuple[str, AccountId, str], list[Part]] = {}
    for index, rule in enumerate(policy.rules):
        for part in _parts(policy, index, rule):
            places.setdefault(part.place, []).append(part)
    seen: set[tuple[int, int]] = set()
    for parts in places.values():
        for one, other in combinations(parts, 2):
            pair = (one.index, other.index)
            if pair not in seen and _clash(one, other):
                seen.add(pair)
                yield Clash(one=one, other=other)


def _populations(policy: Policy, match: Match) -> Iterator[tuple[Account, str]]:
    if not policy.accounts:
        # Without the other file nobody knows who is there; rules of AWS name no provider.
        named = tuple(item for item in BUILT_IN if match.covers_provider(item))
        for provider in named if match.provider else (AWS_IAM,):
            yield Account(id=_ANY), provider
    for account in policy.accounts:
        for provider in account.providers:
            if match.covers_account(account) and match.covers_provider(provider):
                yield account, provider


def _parts(policy: Policy, index: int, rule: Rule) -> Iterator[Part]:
    match = rule.match
    for account, provider in _populations(policy, match):
        for at, template in places_of(rule):
            name = template.name.replace("{account}", account.id)
            if match.is_one_principal:
                name = name.replace(_PRINCIPAL, match.principal[0])
            yield Part(
                index=index,
                at=at,
                match=match,
                template=template,
                account=account,
                provider=provider,
                name=name,
                fields=frozenset(fields_of(template, provider)) - {""},
            )


def places_of(rule: Rule) -> Iterator[tuple[Path, DestinationTemplate]]:
    """Yield where a rule publishes, with the place in the file: the pivot, then its followers."""
    if rule.destination is not None:
        yield ("destination",), rule.destination
    for number, follower in enumerate(rule.followers):
        yield ("followers", number), follower


def fields_of(template: DestinationTemplate, provider: str) -> tuple[str, str]:
    """Name the JSON fields for a provider's keys: of the id, and of the secret."""
    usual = usual_fields(provider)
    key_id = usual.key_id if template.key_id_field is None else template.key_id_field
    return key_id, template.secret_field or usual.secret


def _clash(one: Part, other: Part) -> bool:
    """Whether two parts of one place may be in each other's way."""
    if one.index == other.index and one.population == other.population:
        # An account that is listed twice is a fault of its own.
        return one.at != other.at and one.region == other.region
    if not _may_share_region(one.template, other.template) or _are_apart(one, other):
        return False
    return not (one.template.merge and other.template.merge) or bool(one.fields & other.fields)


def _are_apart(one: Part, other: Part) -> bool:
    """Whether each object of theirs surely has one writer at a time."""
    if one.population == other.population:
        # Of the rules that select a principal only the first one decides about it.
        is_one = one.match.is_one_principal and one.match.principal == other.match.principal
        return _PRINCIPAL in one.name or is_one or one.index == other.index
    return _PRINCIPAL in one.name and not _may_meet(one.match.principal, other.match.principal)


def _may_meet(these: tuple[str, ...], those: tuple[str, ...]) -> bool:
    """Whether a text may exist that both take; no globs at all take any."""
    return not these or not those or any(_overlap(one, other) for one in these for other in those)


def _overlap(one: str, other: str) -> bool:
    if is_literal(one):
        return fnmatchcase(one, other)
    if is_literal(other):
        return fnmatchcase(other, one)
    first, second = _beginning(one), _beginning(other)
    return first.startswith(second) or second.startswith(first)


def _beginning(glob: str) -> str:
    """Return what every text that a glob takes begins with."""
    return glob[: min(glob.find(sign) for sign in _GLOB_SIGNS if sign in glob)]


def _may_share_region(one: DestinationTemplate, other: DestinationTemplate) -> bool:
    return one.region == other.region or not one.region or not other.region
