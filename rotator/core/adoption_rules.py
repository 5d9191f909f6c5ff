"""The rules that would map what was found: as few as say the same, and none that says more.

A rule selects by a path or a glob only if that selects nobody else for whom it would
matter; otherwise it names each principal. It names its provider where there are several:
principals of two of them often have one name, and their keys stand in one object.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from rotator.core.adoption import NEVER_ROTATED, is_unmapped
from rotator.core.forms import AWS_IAM
from rotator.core.globs import is_literal
from rotator.core.policy import (
    DEFAULT_RULE,
    Account,
    DestinationTemplate,
    Match,
    Rule,
)
from rotator.core.rotation import Action

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from rotator.core.adoption import AdoptionRow
    from rotator.core.facts import Principal
    from rotator.core.ids import AccountId
    from rotator.core.policy import Policy

_Draft = tuple[Match, str, DestinationTemplate]
"""Whom a rule selects, of which provider, and where it publishes."""

_FIRST_PART = re.compile(r"[A-Za-z0-9]{2,}[-_./+=@]")
_NO_NAME = re.compile(r"[^a-z0-9._-]+")
_NAME_LETTERS = 50


def rules_to_paste(rows: Sequence[AdoptionRow], policy: Policy) -> tuple[Rule, ...]:
    """Draft a rule for each common shape of what is unmapped; they overlap with none another.

    They are meant to stand before a rule about everybody, and after all others.
    """
    places: dict[_Draft, list[AccountId]] = defaultdict(list)
    for account, provider, destination, members in _groups(rows):
        others = [row for row in rows if _is_of(row, account, provider) and row not in members]
        rivals = [row.principal for row in others if row.principal and _matters(row, policy)]
        chosen = [row.principal for row in members if row.principal]
        wide = () if _has_neighbours(rows, account, destination, policy) else _wide(chosen)
        for match in _matches(chosen, rivals, destination, wide):
            places[match, provider, destination].append(account)
    names = {DEFAULT_RULE, *(rule.name for rule in policy.rules)}
    return tuple(
        Rule(
            name=_unused(_name(match, _named(provider, policy)), names),
            action=Action.ROTATE,
            match=replace(
                match,
                provider=tuple(filter(None, [_named(provider, policy)])),
                account=_accounts(found, provider, policy),
            ),
            destination=destination,
        )
        for (match, provider, destination), found in places.items()
    )


def before(policy: Policy) -> str:
    """Name the first rule about everybody, above which the drafts belong; empty if none is."""
    return next((rule.name for rule in policy.rules if is_unmapped(policy, rule.name)), "")


def _groups(
    rows: Sequence[AdoptionRow],
) -> Iterator[tuple[AccountId, str, DestinationTemplate, list[AdoptionRow]]]:
    """Put together the rows of an account and a provider that one destination serves.

    One that keeps other fields serves those without any, too; and where keys of another
    provider may come to stand in the same objects, each keeps the other's.
    """
    found: dict[tuple[AccountId, str, DestinationTemplate], list[AdoptionRow]] = defaultdict(list)
    writers: dict[tuple[str, str, str], set[str]] = defaultdict(set)
    for row in rows:
        if row.finding.destination is not None:
            plain = replace(row.finding.destination, merge=False)
            found[row.account, row.provider, plain].append(row)
            writers[_object(plain)].add(row.provider)
    for (account, provider, destination), members in found.items():
        keeps = any(row.finding.destination and row.finding.destination.merge for row in members)
        merge = keeps or len(writers[_object(destination)]) > 1
        yield account, provider, replace(destination, merge=merge), members


def _object(destination: DestinationTemplate) -> tuple[str, str, str]:
    return destination.kind, destination.region, destination.name


def _is_of(row: AdoptionRow, account: AccountId, provider: str) -> bool:
    return (row.account, row.provider) == (account, provider)


def _named(provider: str, policy: Policy) -> str:
    """Return the provider's name where there are others to tell it from; else nothing."""
    known = {name for account in policy.accounts for name in account.providers}
    return provider if len(known) > 1 else ""


def _matters(row: AdoptionRow, policy: Policy) -> bool:
    """Whether a rule that selects it too would make a difference."""
    return is_unmapped(policy, row.rule) and row.finding.cause not in NEVER_ROTATED


def _has_neighbours(
    rows: Sequence[AdoptionRow],
    account: AccountId,
    destination: DestinationTemplate,
    policy: Policy,
) -> bool:
    """Whether keys of another account are published in objects of the same names.

    Two workspaces may have one home. Globs that could select one name in both would
    write one object for two keys.
    """
    known = policy.account(account)
    return any(
        row.account != account
        and (policy.account(row.account).home or row.account) == (known.home or account)
        and row.finding.destination is not None
        and _object(row.finding.destination) == _object(destination)
        for row in rows
    )


def _matches(
    chosen: Sequence[Principal],
    rivals: Sequence[Principal],
    destination: DestinationTemplate,
    wide: Iterable[Match],
) -> Iterator[Match]:
    """Select some principals and none of the others; one by one where they share an object."""
    names = tuple(sorted(principal.name for principal in chosen))
    if not destination.is_per_principal:
        yield from (Match(principal=(name,)) for name in names)
        return
    found = next((item for item in wide if not _selects(item, rivals)), None)
    yield found or Match(principal=names)


def _wide(chosen: Sequence[Principal]) -> Iterator[Match]:
    """Offer what selects all of several principals by one word."""
    paths = {principal.path for principal in chosen}
    # IAM takes a star in a path, and a glob made of one would select other paths.
    if len(chosen) > 1 and len(paths) == 1 and paths != {"/"} and all(map(is_literal, paths)):
        yield Match(path=tuple(paths))
    start = _first_part([principal.name for principal in chosen])
    if len(chosen) > 1 and start:
        yield Match(principal=(f"{start}*",))


def _selects(match: Match, rivals: Sequence[Principal]) -> bool:
    return any(match.covers(item, Account(id=item.account)) for item in rivals)


def _accounts(found: Sequence[AccountId], provider: str, policy: Policy) -> tuple[str, ...]:
    """Name the accounts, unless the rule holds in every one of its provider."""
    everywhere = {account.id for account in policy.accounts if provider in account.providers}
    return () if everywhere <= set(found) else tuple(found)


def _name(match: Match, provider: str) -> str:
    """Make a rule's name of what it selects by; of AWS it is understood without a word."""
    told = match.path[0] if match.path else match.principal[0]
    if len(match.principal) > 1:
        told = _first_part(match.principal) or "adopted"
    plain = _NO_NAME.sub("-", told.lower()).strip("-._")[:_NAME_LETTERS] or "adopted"
    kind = "" if provider == AWS_IAM else provider.removeprefix("cipherstash-")
    return f"{plain}-{kind}" if kind else plain


def _first_part(names: Sequence[str]) -> str:
    """Return the word with a separator that all names begin with; empty if there is none."""
    starts = {found[0] if (found := _FIRST_PART.match(name)) else "" for name in names}
    return starts.pop() if len(starts) == 1 else ""


def _unused(name: str, taken: set[str]) -> str:
    """Number a name until nobody has it, and take it."""
    number, free = 1, name
    while free in taken:
        number += 1
        free = f"{name}-{number}"
    taken.add(free)
    return free
