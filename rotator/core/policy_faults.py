"""What makes a policy unusable: contradictions that would surface as outages later.

Every fault is found in one pass. Paths are in the words of the policy file, so
that whoever read the file can point at the line.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from rotator.core.consumers_policy import consumer_problems, merged_consumers
from rotator.core.durations import format_duration
from rotator.core.forms import usual_fields
from rotator.core.globs import is_literal
from rotator.core.policy import DEFAULT_RULE, merged
from rotator.core.policy_objects import clashes, fields_of, known_providers, places_of, providers_of
from rotator.core.rotation import Action
from rotator.core.terms import IfDrifted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rotator.core.consumers_policy import ConsumersTemplate
    from rotator.core.policy import Account, DestinationTemplate, Match, Policy
    from rotator.core.policy_objects import Clash
    from rotator.core.terms import Grace, Schedule

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyFault:
    """One contradiction.

    Attributes:
        path: Where, such as ``("rules", 2, "grace", "max")``.
        problem: What is wrong.
        remedy: What to write instead.
    """

    path: Path
    problem: str
    remedy: str


def policy_faults(policy: Policy) -> tuple[PolicyFault, ...]:
    """Name every contradiction of a policy; none means that it may be used."""
    return (
        *_periods(policy),
        *_names(policy),
        *_reach(policy),
        *_providers(policy),
        *_destinations(policy),
        *_repairs(policy),
        *_consumers(policy),
    )


def _periods(policy: Policy) -> Iterator[PolicyFault]:
    base = merged(policy.defaults)
    yield from _merged_faults(("defaults",), *base)
    for index, rule in enumerate(policy.rules):
        own = merged(policy.defaults, rule.overrides)
        # What a rule merely inherits is told once, where it is written.
        if own != base:
            yield from _merged_faults(("rules", index), *own)


def _merged_faults(at: Path, schedule: Schedule, grace: Grace) -> Iterator[PolicyFault]:
    not_positive = tuple(_not_positive(at, schedule, grace))
    if not_positive:
        yield from not_positive
        return
    yield from _age_faults(at, schedule, grace)
    yield from _grace_faults(at, schedule, grace)


def _not_positive(at: Path, schedule: Schedule, grace: Grace) -> Iterator[PolicyFault]:
    fields = {
        ("rotate", "maxAge"): schedule.max_age,
        ("rotate", "rotateAfter"): schedule.rotate_after,
        ("grace", "min"): grace.min_period,
        ("grace", "unusedFor"): grace.unused_for,
        ("grace", "max"): grace.max_period,
        ("grace", "quarantine"): grace.quarantine_period,
    }
    for field, value in fields.items():
        if value <= timedelta():
            yield PolicyFault(
                path=(*at, *field),
                problem=f"{format_duration(value)} is not more than no time at all",
                remedy="write a duration greater than zero",
            )


def _age_faults(at: Path, schedule: Schedule, grace: Grace) -> Iterator[PolicyFault]:
    """Hold I9: even the unluckiest key is gone before it is too old."""
    taken = schedule.rotate_after + grace.max_period
    if taken >= schedule.max_age:
        yield PolicyFault(
            path=(*at, "rotate"),
            problem=(
                f"rotateAfter {format_duration(schedule.rotate_after)} and grace.max "
                f"{format_duration(grace.max_period)} leave no room for jitter below maxAge "
                f"{format_duration(schedule.max_age)}"
            ),
            remedy="lower rotateAfter or grace.max, or raise maxAge",
        )
    elif schedule.jitter <= timedelta():
        yield PolicyFault(
            path=(*at, "rotate", "jitter"),
            problem="without jitter all keys of one day rotate in one moment",
            remedy="write a duration greater than zero, or leave it out",
        )
    elif taken + schedule.jitter > schedule.max_age:
        yield PolicyFault(
            path=(*at, "rotate", "jitter"),
            problem=(
                f"rotateAfter + jitter + grace.max is {format_duration(taken + schedule.jitter)}, "
                f"more than maxAge {format_duration(schedule.max_age)}"
            ),
            remedy=f"write at most {format_duration(schedule.max_age - taken)}",
        )


def _grace_faults(at: Path, schedule: Schedule, grace: Grace) -> Iterator[PolicyFault]:
    longest = format_duration(grace.max_period)
    for field, value in (("min", grace.min_period), ("unusedFor", grace.unused_for)):
        if value > grace.max_period:
            yield PolicyFault(
                path=(*at, "grace", field),
                problem=f"{format_duration(value)} is longer than grace.max {longest}",
                remedy=f"write at most {longest}, or raise grace.max",
            )
    both = grace.max_period + grace.quarantine_period
    if both >= schedule.rotate_after:
        yield PolicyFault(
            path=(*at, "grace", "quarantine"),
            problem=(
                f"grace.max + quarantine is {format_duration(both)}, and both key slots are taken "
                f"for so long: not less than rotateAfter {format_duration(schedule.rotate_after)}"
            ),
            remedy="shorten quarantine or grace.max, or rotate later",
        )


def _names(policy: Policy) -> Iterator[PolicyFault]:
    seen = {DEFAULT_RULE: "the name stands for decisions that no rule made"}
    for index, rule in enumerate(policy.rules):
        if rule.name in seen:
            yield PolicyFault(
                path=("rules", index, "name"),
                problem=f"`{rule.name}` is taken: {seen[rule.name]}",
                remedy="give every rule a name of its own",
            )
        seen.setdefault(rule.name, f"rules[{index}] has it")


def _reach(policy: Policy) -> Iterator[PolicyFault]:
    for index, rule in enumerate(policy.rules):
        earlier = (item for item in policy.rules[:index] if item.match.includes(rule.match))
        shadow = next(earlier, None)
        if shadow is not None:
            yield PolicyFault(
                path=("rules", index, "match"),
                problem=f"it can never match: rule `{shadow.name}` above takes all of it",
                remedy=f"move it above `{shadow.name}`, or remove it",
            )


def _providers(policy: Policy) -> Iterator[PolicyFault]:
    known = known_providers(policy)
    for index, rule in enumerate(policy.rules):
        for glob in rule.match.provider:
            # Without the other file nobody knows which specs there are.
            if policy.accounts and not any(fnmatchcase(name, glob) for name in known):
                yield PolicyFault(
                    path=("rules", index, "match", "provider"),
                    problem=f"`{glob}` is no provider",
                    remedy=f"known are {', '.join(known)}; a spec under `http.providers` "
                    "brings one of its own",
                )
        yield from _nobodys(policy, ("rules", index, "match"), rule.match)


def _nobodys(policy: Policy, at: Path, match: Match) -> Iterator[PolicyFault]:
    """Refuse to name a provider, and beside it what none of its principals can have."""
    named = [name for name in known_providers(policy) if match.names_provider(name)]
    if not match.provider or not named:
        return
    if not any(map(match.covers_provider, named)):
        yield PolicyFault(
            path=at,
            problem="it can never match: only users of `aws-iam` have a path and tags",
            remedy="remove `path` and `tags`, or name `aws-iam`",
        )
    elif match.account and not _may_hold(policy, match):
        yield PolicyFault(
            path=(*at, "account"),
            problem=f"it can never match: no account that it names has keys of `{named[0]}`",
            remedy="name the account or workspace that has them, not the one of their secrets",
        )


def _may_hold(policy: Policy, match: Match) -> bool:
    """Whether the accounts of a rule may have its keys; of globs and strangers nobody knows."""
    is_plain = all(map(is_literal, match.account))
    is_known = any(map(match.covers_account, policy.accounts))
    return not (is_plain and is_known) or bool(providers_of(policy, match))


def _destinations(policy: Policy) -> Iterator[PolicyFault]:
    for index, rule in enumerate(policy.rules):
        at = ("rules", index, "destination")
        for place, template in places_of(rule):
            own = ("rules", index, *place)
            yield from _template_faults(own, rule.match, template)
            yield from _field_faults(own, template, providers_of(policy, rule.match))
        if rule.followers and rule.action is not Action.ROTATE:
            yield PolicyFault(
                path=("rules", index, "followers"),
                problem="only a rule that rotates has followers",
                remedy="write `action: rotate`, or remove them",
            )
        if rule.destination is None and rule.action is Action.ROTATE:
            yield PolicyFault(
                path=at,
                problem="a rule that rotates must say where the new key is published",
                remedy="add a destination, or write `action: report`",
            )
    yield from (_clash_fault(policy, clash) for clash in clashes(policy))


def _repairs(policy: Policy) -> Iterator[PolicyFault]:
    for index, rule in enumerate(policy.rules):
        if rule.overrides.if_drifted is IfDrifted.REPAIR and rule.action is not Action.ROTATE:
            yield PolicyFault(
                path=("rules", index, "drift"),
                problem="only a rule that rotates can repair",
                remedy="write `action: rotate`, or remove it",
            )


def _consumers(policy: Policy) -> Iterator[PolicyFault]:
    inherited = policy.defaults.consumers
    layers: list[tuple[Path, ConsumersTemplate | None]] = [(("defaults",), inherited)]
    layers += [(("rules", at), rule.overrides.consumers) for at, rule in enumerate(policy.rules)]
    for at, own in layers:
        if own is None:
            continue
        for path, problem, remedy in consumer_problems(own, merged_consumers(inherited, own)):
            yield PolicyFault(path=(*at, "consumers", *path), problem=problem, remedy=remedy)
    for index, rule in enumerate(policy.rules):
        if rule.overrides.consumers is not None and rule.action is not Action.ROTATE:
            yield PolicyFault(
                path=("rules", index, "consumers"),
                problem="only a rule that rotates has consumers to wait for",
                remedy="write `action: rotate`, or remove it",
            )


def _template_faults(
    at: Path, match: Match, template: DestinationTemplate
) -> Iterator[PolicyFault]:
    if template.leftovers:
        yield PolicyFault(
            path=(*at, template.field),
            problem=f"`{template.leftovers[0]}` is not a placeholder",
            remedy="use {principal} and {account} only",
        )
    if not template.is_per_principal and not match.is_one_principal:
        yield PolicyFault(
            path=(*at, template.field),
            problem="several principals would overwrite each other in one object",
            remedy="put {principal} into the name, or match one principal by its full name",
        )


def _field_faults(
    at: Path, template: DestinationTemplate, providers: tuple[str, ...]
) -> Iterator[PolicyFault]:
    for provider in providers:
        key_id, secret = fields_of(template, provider)
        if key_id == secret:
            yield PolicyFault(
                path=(*at, "fields"),
                problem=f"the key's id and its secret would share the field `{secret}`",
                remedy="name two different fields",
            )
            return
        if not key_id and usual_fields(provider).key_id:
            yield PolicyFault(
                path=(*at, "fields", "keyId"),
                problem=f"a key of `{provider}` does not carry its id, so the id needs a field",
                remedy=f"leave it out, or write `{usual_fields(provider).key_id}`",
            )


def _clash_fault(policy: Policy, clash: Clash) -> PolicyFault:
    one, other = clash.one, clash.other
    at: Path = ("rules", other.index)
    if one.index != other.index:
        name = policy.rules[one.index].name
        own_name = "put {principal} into the name"
        if other.template.is_per_principal or one.provider != other.provider:
            own_name = "give each rule a secret of its own"
        return PolicyFault(
            path=(*at, *other.at, other.template.field),
            problem=f"rule `{name}` writes to the same object",
            remedy=f"{own_name}, or set `merge: true` in both rules and give each its own fields",
        )
    if one.at != other.at and one.population == other.population:
        return PolicyFault(
            path=(*at, *other.at, other.template.field),
            problem="the rule names this object twice",
            remedy="name every place once",
        )
    if one.provider != other.provider:
        return PolicyFault(
            path=(*at, "match"),
            problem=(
                f"keys of `{one.provider}` and `{other.provider}` would overwrite each other "
                "in one object"
            ),
            remedy="name one in `match.provider`, and write a rule for each",
        )
    return PolicyFault(
        path=(*at, *other.at, other.template.field),
        problem=(
            f"keys of {_title(one.account)} and {_title(other.account)} would overwrite each "
            "other in one object"
        ),
        remedy="put {account} into the name",
    )


def _title(account: Account) -> str:
    return f"`{account.name or account.id}`"
