"""What an organisation wants done with whose keys: ordered rules, first match wins.

Unmapped means report: a principal that no rule selects is shown and never
touched. Values merge field by field: built-in < defaults < rule. Whether a policy
may be used at all is said by `rotator.core.policy_faults`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeVar

from rotator.core.consumers import Consumers, Rung
from rotator.core.consumers_policy import ConsumersTemplate, merged_consumers
from rotator.core.facts import DestinationRef
from rotator.core.forms import AWS_IAM, TAGGED, usual_fields
from rotator.core.globs import any_glob, implies, includes, is_literal
from rotator.core.place_names import fitting, misnamed
from rotator.core.rotation import Action
from rotator.core.terms import Grace, IfDrifted, IfStillUsed, Mode, Schedule

if TYPE_CHECKING:
    from datetime import timedelta

    from rotator.core.facts import Principal
    from rotator.core.ids import AccountId
    from rotator.core.tags import TagGlobs, Tags

T = TypeVar("T")

DEFAULT_RULE = "defaults"
"""The name under which a decision that no rule made is recorded."""

NO_PATH = "/"
"""The path of principals that have none."""

_PLACEHOLDER = re.compile(r"\{(principal|account)\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """An account as policy knows it.

    Attributes:
        name: What people call it; rules may match it like the id.
        region: Where its destinations live when a rule names no region.
        home: The account that its destinations live in; None where that is itself.
        providers: Names of the providers whose principals it holds.
    """

    id: AccountId
    name: str = ""
    region: str = ""
    home: AccountId | None = None
    providers: tuple[str, ...] = (AWS_IAM,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """Whom a rule selects: globs; AND across fields, OR inside, empty matches all.

    Attributes:
        provider: Globs for the provider's name.
        account: Globs for the account's id or name.
        principal: Globs for the principal's name.
        path: Globs for the principal's path.
        tags: Tags that the principal must carry, each of them.
    """

    provider: tuple[str, ...] = ()
    account: tuple[str, ...] = ()
    principal: tuple[str, ...] = ()
    path: tuple[str, ...] = ()
    tags: tuple[TagGlobs, ...] = ()

    def covers(self, principal: Principal, account: Account) -> bool:
        """Whether the principal, which belongs to that account, is selected, tags aside."""
        return (
            self.covers_provider(principal.provider)
            and self.covers_account(account)
            and any_glob(self.principal, principal.name)
            and any_glob(self.path, principal.path)
        )

    def covers_provider(self, provider: str) -> bool:
        """Whether principals of that provider can be selected; most have no path and no tags."""
        asks_for_more = bool(self.tags) or not any_glob(self.path, NO_PATH)
        return self.names_provider(provider) and (provider in TAGGED or not asks_for_more)

    def names_provider(self, provider: str) -> bool:
        """Whether that provider is selected, by its name alone."""
        return any_glob(self.provider, provider)

    def covers_account(self, account: Account) -> bool:
        """Whether principals of that account can be selected."""
        by_name = bool(account.name) and any_glob(self.account, account.name)
        return by_name or any_glob(self.account, account.id)

    def covers_tags(self, tags: Tags) -> bool:
        """Whether a principal with these tags can be selected."""
        return all(item.covers(tags) for item in self.tags)

    def includes(self, other: Match) -> bool:
        """Whether everything that `other` selects is surely selected by this, too."""
        return (
            includes(self.provider, other.provider)
            and includes(self.account, other.account)
            and includes(self.principal, other.principal)
            and includes(self.path, other.path)
            and all(any(implies(its, mine) for its in other.tags) for mine in self.tags)
        )

    @property
    def is_one_principal(self) -> bool:
        """Whether at most one principal of an account is selected."""
        return len(self.principal) == 1 and is_literal(self.principal[0])


@dataclass(frozen=True, slots=True, kw_only=True)
class DestinationTemplate:
    """Where a rule publishes; most objects live in the home of the principal's account.

    Attributes:
        kind: The destination's type, such as ``aws-secrets-manager``.
        name: The object's name; may hold ``{principal}`` and ``{account}``.
        field: Where the policy file says the name.
        account: Where all objects of the kind live; None takes the home.
        region: Empty takes the account's region, where `account` is None.
        key_id_field: JSON field for the key's id; None takes the provider's usual one.
        secret_field: JSON field for the secret; None takes the provider's usual one.
        merge: Keep the other JSON fields of the current version.
        create: Make the object when it is missing.
    """

    kind: str
    name: str
    field: str = "secret"
    account: AccountId | None = None
    region: str = ""
    key_id_field: str | None = None
    secret_field: str | None = None
    merge: bool = False
    create: bool = False

    def fill(self, principal: Principal, account: Account) -> DestinationRef:
        """Name the object of one principal."""
        values = {"principal": principal.name, "account": str(principal.account)}
        usual = usual_fields(principal.provider)
        return DestinationRef(
            kind=self.kind,
            account=self.account or account.home or principal.account,
            region=self.region if self.account else self.region or account.region,
            name=_PLACEHOLDER.sub(lambda found: values[found[1]], self.name),
            key_id_field=usual.key_id if self.key_id_field is None else self.key_id_field,
            secret_field=self.secret_field or usual.secret,
            merge=self.merge,
            create=self.create,
        )

    @property
    def is_per_principal(self) -> bool:
        """Whether every principal gets an object of its own."""
        return "{principal}" in self.name

    @property
    def leftovers(self) -> tuple[str, ...]:
        """Placeholders that do not exist, and braces that are none."""
        return tuple(re.findall(r"\{[^{}]*\}|[{}]", _PLACEHOLDER.sub("", self.name)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Overrides:
    """What a layer says of schedule, grace, drift and consumers; None leaves a field alone."""

    max_age: timedelta | None = None
    rotate_after: timedelta | None = None
    jitter: timedelta | None = None
    min_period: timedelta | None = None
    unused_for: timedelta | None = None
    max_period: timedelta | None = None
    quarantine_period: timedelta | None = None
    if_still_used: IfStillUsed | None = None
    accept_blind: bool | None = None
    if_drifted: IfDrifted | None = None
    consumers: ConsumersTemplate | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What to do with whom.

    Attributes:
        name: Unique in its policy; recorded with every decision.
        action: None means "ignore".
        destination: Where `rotate` publishes.
        followers: Where the key is kept like there, too.
    """

    name: str
    action: Action | None
    match: Match = field(default_factory=Match)
    destination: DestinationTemplate | None = None
    overrides: Overrides = field(default_factory=Overrides)
    followers: tuple[DestinationTemplate, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Everything that decides about principals, in force as a whole.

    Attributes:
        owner: This installation's name.
        rules: Tried in order.
        accounts: Names and regions of the accounts; one that is missing here has neither.
    """

    owner: str
    mode: Mode = Mode.PLAN
    defaults: Overrides = field(default_factory=Overrides)
    rules: tuple[Rule, ...] = ()
    accounts: tuple[Account, ...] = ()

    def account(self, account: AccountId) -> Account:
        """Return what is known of an account."""
        known = (item for item in self.accounts if item.id == account)
        return next(known, Account(id=account))

    def rule_named(self, name: str) -> Rule | None:
        """Return the rule of that name, if there is one."""
        return next((rule for rule in self.rules if rule.name == name), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """Policy's verdict on one principal.

    Attributes:
        rule: The rule that decided, or `DEFAULT_RULE`.
        action: None means "ignore".
        note: Why it is not rotated; empty when it is.
        destination: Where it is published; None when the rule names nothing.
        needs_tags: Whether it is none yet: a rule asks for the principal's tags, and
            until they are known the principal is only reported.
        followers: Where it is kept like there, too.
        consumers: Who reads it, and what they must have shown.
    """

    rule: str
    action: Action | None
    schedule: Schedule
    grace: Grace
    if_drifted: IfDrifted = IfDrifted.REPORT
    note: str = ""
    destination: DestinationRef | None = None
    needs_tags: bool = False
    followers: tuple[DestinationRef, ...] = ()
    consumers: Consumers = field(default_factory=Consumers)


def decide(policy: Policy, principal: Principal, tags: Tags | None = None) -> Decision:
    """Give the verdict of the first rule that matches; none means report.

    Args:
        policy: What is in force.
        principal: Whose keys it is about.
        tags: The principal's tags; None while they are unknown. A rule that asks for
            them is then never passed over in favour of a later one.
    """
    account = policy.account(principal.account)
    for rule in policy.rules:
        if not rule.match.covers(principal, account):
            continue
        if rule.match.tags and tags is None:
            note = f"rule `{rule.name}` asks for its tags, and they are not known"
            return replace(_reported(policy, note), needs_tags=True)
        if rule.match.covers_tags(tags or {}):
            return _by_rule(policy, rule, principal)
    return _reported(policy, "no rule selects it, and what no rule selects is only reported")


def recalled(policy: Policy, principal: Principal, rule: str) -> Decision:
    """Give the verdict that a principal was registered under, by its rule's name.

    No tags are read for it. A name that the policy no longer has is decided anew; where
    that would need tags, the most careful of everything that any rule says holds until
    the next scan has read them.
    """
    named = policy.rule_named(rule)
    if named is not None:
        return _by_rule(policy, named, principal)
    decision = _reported(policy, "") if rule == DEFAULT_RULE else decide(policy, principal)
    if not decision.needs_tags:
        return decision
    return replace(_most_careful(policy, decision), followers=_of_any_rule(policy, principal))


def _of_any_rule(policy: Policy, principal: Principal) -> tuple[DestinationRef, ...]:
    """Name every follower that the principal may have; none is made before its rule is known."""
    account = policy.account(principal.account)
    rules = (rule for rule in policy.rules if rule.match.covers(principal, account))
    found = ((item, item.fill(principal, account)) for rule in rules for item in rule.followers)
    fit = (ref for item, ref in found if not misnamed(item.name, ref))
    return tuple({ref.id: replace(ref, create=False, merge=False) for ref in fit}.values())


def _most_careful(policy: Policy, decision: Decision) -> Decision:
    """Wait as long as the most patient rule would, and do nothing that one might not want."""
    layers = [merged(policy.defaults, rule.overrides) for rule in policy.rules]
    graces = [grace for _, grace in layers]
    grace = Grace(
        min_period=max(item.min_period for item in graces),
        unused_for=max(item.unused_for for item in graces),
        max_period=max(item.max_period for item in graces),
        quarantine_period=max(item.quarantine_period for item in graces),
        if_still_used=IfStillUsed.HOLD,
        accept_blind=False,
    )
    schedule = max((item for item, _ in layers), key=lambda item: item.rotate_after)
    names_any = any(rule.overrides.consumers for rule in policy.rules)
    # Whose consumers they are nobody knows until then; that somebody moved can be seen.
    careful = (
        Consumers(evidence=Rung.USED) if names_any or policy.defaults.consumers else Consumers()
    )
    return replace(
        decision, schedule=schedule, grace=grace, if_drifted=IfDrifted.REPORT, consumers=careful
    )


def _reported(policy: Policy, note: str) -> Decision:
    schedule, grace = merged(policy.defaults)
    return Decision(
        rule=DEFAULT_RULE,
        action=Action.REPORT,
        schedule=schedule,
        grace=grace,
        if_drifted=if_drifted(policy.defaults),
        note=note,
    )


def _by_rule(policy: Policy, rule: Rule, principal: Principal) -> Decision:
    account = policy.account(principal.account)
    schedule, grace = merged(policy.defaults, rule.overrides)
    decision = Decision(
        rule=rule.name,
        action=rule.action,
        schedule=schedule,
        grace=grace,
        if_drifted=if_drifted(policy.defaults, rule.overrides),
        note="" if rule.action is Action.ROTATE else f"rule `{rule.name}` does not rotate it",
        destination=rule.destination.fill(principal, account) if rule.destination else None,
        followers=tuple(item.fill(principal, account) for item in rule.followers),
        consumers=merged_consumers(policy.defaults.consumers, rule.overrides.consumers).fill(
            principal
        ),
    )
    return fitting(rule, decision) if rule.action is Action.ROTATE else decision


def merged(*layers: Overrides) -> tuple[Schedule, Grace]:
    """Merge layers over what is built in, the last one winning field by field.

    A `rotate_after` that no layer sets is three quarters of the longest age, and
    a `jitter` that none sets a tenth of it or whatever I9 leaves, if that is less.
    """
    grace = Grace(
        min_period=_last([item.min_period for item in layers], Grace().min_period),
        unused_for=_last([item.unused_for for item in layers], Grace().unused_for),
        max_period=_last([item.max_period for item in layers], Grace().max_period),
        quarantine_period=_last(
            [item.quarantine_period for item in layers], Grace().quarantine_period
        ),
        if_still_used=_last([item.if_still_used for item in layers], Grace().if_still_used),
        accept_blind=_last([item.accept_blind for item in layers], Grace().accept_blind),
    )
    max_age = _last([item.max_age for item in layers], Schedule().max_age)
    rotate_after = _last([item.rotate_after for item in layers], max_age * 3 / 4)
    room = max_age - rotate_after - grace.max_period
    jitter = _last([item.jitter for item in layers], min(rotate_after / 10, room))
    return Schedule(max_age=max_age, rotate_after=rotate_after, jitter=jitter), grace


def if_drifted(*layers: Overrides) -> IfDrifted:
    """Merge what drift leads to, the last layer that says so winning; built in: report."""
    return _last([item.if_drifted for item in layers], IfDrifted.REPORT)


def _last(values: list[T | None], built_in: T) -> T:
    return next((value for value in reversed(values) if value is not None), built_in)
