"""Which resources an account's permissions are about: policy's globs as AWS's patterns.

IAM's ``*`` runs over slashes and there is no ``[...]``, so a pattern may be a
little wider than the glob it stands for; never narrower.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from rotator.clients.aws_labels import named, stage_of
from rotator.core.forms import AWS_IAM
from rotator.core.globs import is_literal
from rotator.core.permissions import publications, rotating_rules, selecting_rules
from rotator.core.rotation import Action

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Mapping

    from rotator.core.ids import AccountId
    from rotator.core.permissions import Actions, Publication
    from rotator.core.policy import DestinationTemplate, Match, Policy
    from rotator.core.tags import TagGlobs

CHECK_PERMISSIONS: Final = ("iam:SimulatePrincipalPolicy",)
"""What the check of our own permissions asks for."""

_PARTITIONS: Final = (("cn-", "aws-cn"), ("us-gov-", "aws-us-gov"))
_ONE_OF = re.compile(r"\[[^\]]+\]")
_PLACEHOLDER = re.compile(r"\{(principal|account)\}")
_STARS = re.compile(r"\*{2,}")
_SUFFIX = "-??????"

_WITHOUT_RESOURCE: Final = frozenset(
    {
        "cloudtrail:LookupEvents",
        "iam:GenerateCredentialReport",
        "iam:GetAccountSummary",
        "iam:GetCredentialReport",
        "iam:ListUsers",
        "secretsmanager:BatchGetSecretValue",
        "secretsmanager:ListSecrets",
    }
)
"""Actions that AWS grants on everything or not at all."""

_WRITES_USERS: Final = frozenset({"rotate", "mark"})


class Target(StrEnum):
    """What kind of resource an action is granted on."""

    EVERYTHING = "everything"
    SEEN_USERS = "seen users"
    MANAGED_USERS = "managed users"
    SECRETS = "secrets"
    NEW_SECRETS = "new secrets"
    ANY_SECRET = "any secret"  # noqa: S105 - a kind of resource
    OWN_KEYS = "own keys"
    OURSELVES = "ourselves"


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """Actions of one feature that share their resources.

    Attributes:
        stage: The only label under which a secret may be read, or `BY_ID`; empty for
            all else.
    """

    feature: str
    target: Target
    actions: Actions
    stage: str = ""

    @property
    def names(self) -> Actions:
        """The actions as they are reported: a reading of a secret with its label."""
        return tuple(named(action, self.stage) for action in self.actions)


def grants(table: Mapping[str, Actions], features: Iterable[str]) -> tuple[Grant, ...]:
    """Group the actions of features by what they are granted on.

    Args:
        table: Each feature's actions, as the adapters list them.
        features: The features that are switched on, in order.
    """
    return tuple(grant for name in features for grant in _of(name, table.get(name, ())))


def _of(feature: str, actions: Actions) -> Iterator[Grant]:
    keys = dict.fromkeys(
        (_target(feature, action), stage_of(feature, action)) for action in actions
    )
    for target, stage in keys:
        wanted = tuple(
            action
            for action in actions
            if (_target(feature, action), stage_of(feature, action)) == (target, stage)
        )
        yield Grant(feature=feature, target=target, actions=wanted, stage=stage)


def _target(feature: str, action: str) -> Target:
    if action in _WITHOUT_RESOURCE:
        return Target.EVERYTHING
    if action in CHECK_PERMISSIONS:
        return Target.OURSELVES
    if action.startswith("iam:"):
        return Target.MANAGED_USERS if feature in _WRITES_USERS else Target.SEEN_USERS
    special = {"create": Target.NEW_SECRETS, "search": Target.ANY_SECRET, "enter": Target.OWN_KEYS}
    return special.get(feature, Target.SECRETS)


def partition_of(region: str) -> str:
    """Name the partition of a region, as it stands in ARNs."""
    return next((name for prefix, name in _PARTITIONS if region.startswith(prefix)), "aws")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tagged:
    """Users of whom rules ask for the same tags.

    Attributes:
        users: ARN patterns.
        condition: What a statement asks of their tags.
    """

    users: tuple[str, ...]
    condition: dict[str, dict[str, list[str]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Land:
    """One account as its permissions see it; every ARN pattern in a stable order.

    Attributes:
        regions: Where its secrets are looked for.
        seen: Users that are listed and observed.
        managed: Users whose keys are rotated, whatever their tags.
        tagged: Users whose keys are rotated while they carry some tags.
        spared: Users whom a rule exempts before any rule rotates.
        secrets: Secrets that rules publish in.
        new_secrets: The same, of rules that make them.
        own_keys: Secrets that hold the keys which rotator enters workspaces with.
        ourselves: The role or user that acts there; empty if nobody said.
    """

    account: AccountId
    partition: str
    regions: tuple[str, ...]
    seen: tuple[str, ...]
    managed: tuple[str, ...]
    tagged: tuple[Tagged, ...]
    spared: tuple[str, ...]
    secrets: tuple[str, ...]
    new_secrets: tuple[str, ...]
    own_keys: tuple[str, ...] = ()
    ourselves: str = ""

    def resources(self, target: Target) -> tuple[str, ...]:
        """Return the ARN patterns of a target."""
        match target:
            case Target.EVERYTHING:
                return ("*",)
            case Target.SEEN_USERS:
                return self.seen
            case Target.MANAGED_USERS:
                return self.managed
            case Target.SECRETS:
                return self.secrets
            case Target.NEW_SECRETS:
                return self.new_secrets
            case Target.ANY_SECRET:
                return tuple(
                    f"arn:{self.partition}:secretsmanager:{region}:{self.account}:secret:*"
                    for region in self.regions
                )
            case Target.OWN_KEYS:
                return self.own_keys
            case Target.OURSELVES:
                return (self.ourselves,) if self.ourselves else ()


def land(
    policy: Policy,
    account: AccountId,
    *,
    region: str,
    path_prefixes: tuple[str, ...] = ("/",),
    other_regions: Iterable[str] = (),
    own_keys: Iterable[tuple[str, str]] = (),
    ourselves: str = "",
) -> Land:
    """Work out what an account's permissions are about.

    Args:
        policy: Whose keys are rotated, and where they are published.
        account: The account.
        region: Where its secrets are if no rule says otherwise.
        path_prefixes: Only users under these are seen.
        other_regions: Where secrets are looked for, too.
        own_keys: Region and name of each secret that holds a key of our own.
        ourselves: See `Land`.
    """
    partition, rules = partition_of(region), rotating_rules(policy, account)
    users = f"arn:{partition}:iam::{account}:user"
    published = [
        (item, template, item.account.region or region)
        for item in publications(policy, account)
        for template in item.templates
    ]
    vault = f"arn:{partition}:secretsmanager:{{}}:{account}:secret:"
    secrets = [
        (template, vault.format(template.region or home) + name)
        for item, template, home in published
        for name in _secret_names(item, template)
    ]
    places = (template.region or home for _, template, home in published)
    home = policy.account(account).region or region
    return Land(
        account=account,
        partition=partition,
        regions=_unique((home, *places, *other_regions)),
        seen=_unique(f"{users}{prefix}*" for prefix in path_prefixes),
        managed=user_patterns(
            users, [rule.match for rule in rules if not rule.match.tags], path_prefixes
        ),
        tagged=tagged_users(users, [rule.match for rule in rules], path_prefixes),
        spared=user_patterns(users, _spared(policy, account), path_prefixes),
        secrets=_unique(pattern for _, pattern in secrets),
        new_secrets=_unique(pattern for template, pattern in secrets if template.create),
        own_keys=_unique(vault.format(place) + name + _SUFFIX for place, name in own_keys),
        ourselves=ourselves,
    )


def user_patterns(
    users: str, matches: Iterable[Match], path_prefixes: tuple[str, ...] = ("/",)
) -> tuple[str, ...]:
    """Write whom rules select by path and name as ARN patterns.

    Args:
        users: What the patterns begin with: an ARN up to ``user``.
        matches: What the rules select.
        path_prefixes: Where users are, for rules that name no path.
    """
    everywhere = tuple(f"{prefix}*" for prefix in path_prefixes)
    return _unique(
        users + pattern
        for match in matches
        for path in match.path or everywhere
        for name in match.principal or ("*",)
        for pattern in _paths_and_names(_plain(path), _plain(name))
    )


def tagged_users(
    users: str, matches: Iterable[Match], path_prefixes: tuple[str, ...] = ("/",)
) -> tuple[Tagged, ...]:
    """Write whom rules select by tags, together those of whom they ask for the same ones.

    Args:
        users: See `user_patterns`.
        matches: What the rules select; those that ask for no tags are left out.
        path_prefixes: See `user_patterns`.
    """
    alike: dict[tuple[TagGlobs, ...], list[Match]] = {}
    for match in matches:
        if match.tags:
            alike.setdefault(match.tags, []).append(match)
    return tuple(
        Tagged(users=user_patterns(users, found, path_prefixes), condition=_condition(tags))
        for tags, found in alike.items()
    )


def _condition(tags: tuple[TagGlobs, ...]) -> dict[str, dict[str, list[str]]]:
    return {
        "StringLike": {
            f"aws:ResourceTag/{tag.name}": [_plain(value) for value in tag.values] for tag in tags
        }
    }


def guarded(
    policy: Policy, *, region: str, path_prefixes: tuple[str, ...]
) -> tuple[tuple[str, ...], tuple[Tagged, ...]]:
    """Work out from whose keys others are to be kept away: by ARN alone, and by tags.

    Users of whom a rule says no more than "everybody" are left out: people are among
    them, who rotate their own keys.

    Args:
        policy: Whose keys are rotated.
        region: Any region of the partition.
        path_prefixes: Only users under these are seen.
    """
    partition, plain, tagged = partition_of(region), list[str](), list[Tagged]()
    accounts = [item for item in policy.accounts if AWS_IAM in item.providers]
    rules = {rule.name: rule for item in accounts for rule in rotating_rules(policy, item.id)}
    for rule in rules.values():
        match, named = rule.match, [a.id for a in accounts if rule.match.covers_account(a)]
        for account in named if match.account else ("*",):
            users = f"arn:{partition}:iam::{account}:user"
            if match.tags:
                tagged += tagged_users(users, [match], path_prefixes)
            else:
                found = user_patterns(users, [match], path_prefixes)
                plain += [item for item in found if item != f"{users}/*"]
    return _unique(plain), tuple(tagged)


def _paths_and_names(path: str, name: str) -> tuple[str, ...]:
    """Join globs for path and name; a path always ends in a slash."""
    if path == "*":
        path = "/*"
    if not path.endswith("/*"):
        slash = "/" if path.endswith("*") else ""
        return (f"{path}{slash}{name}",)
    if name == "*":
        return (path,)
    return (f"{path[:-1]}{name}", f"{path}/{name}")


def _plain(glob: str) -> str:
    """Widen what IAM has no word for: one of several characters becomes any one."""
    return _ONE_OF.sub("?", glob)


def _secret_names(published: Publication, template: DestinationTemplate) -> Iterator[str]:
    # AWS appends a hyphen and six characters. A secret that is not there yet has none.
    suffixes = ("", _SUFFIX) if template.create else (_SUFFIX,)
    for name in published.rule.match.principal or ("*",):
        values = {"principal": _plain(name), "account": str(published.account.id)}
        for suffix in suffixes:
            yield _filled(template.name + suffix, values)


def _filled(name: str, values: Mapping[str, str]) -> str:
    return _STARS.sub("*", _PLACEHOLDER.sub(lambda found: values[found[1]], name))


def _spared(policy: Policy, account: AccountId) -> Iterator[Match]:
    """Yield whom rules exempt before any rule rotates: nothing later can select them.

    A rule whose globs no ARN says exactly is left out: to deny more would stop a rotation.
    """
    for rule in selecting_rules(policy, account):
        if rule.action is Action.ROTATE:
            return
        if _is_exact(rule.match):
            yield rule.match


def _is_exact(match: Match) -> bool:
    names = all(name == "*" or is_literal(name) for name in match.principal)
    paths = all(is_literal(path.removesuffix("/*")) for path in match.path)
    # Everybody of one path would be everybody below it, too: a star runs over slashes.
    is_one = bool(match.principal) and "*" not in match.principal
    is_deep = is_one or all(path.endswith("/*") for path in match.path)
    return names and paths and is_deep and not match.tags


def _unique(patterns: Iterable[str]) -> tuple[str, ...]:
    """Keep each pattern once, and none that another one covers by its end alone."""
    kept = tuple(dict.fromkeys(patterns))
    return tuple(item for item in kept if not _is_covered(item, kept))


def _is_covered(pattern: str, others: Container[str]) -> bool:
    """Whether a shorter pattern of the list takes everything that this one takes."""
    cuts = (pattern[:end] + "*" for end in range(len(pattern)))
    return any(cut != pattern and cut in others for cut in cuts)
