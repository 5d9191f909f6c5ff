"""What rotator asks to be allowed, feature by feature, and what stops without it.

An action is named as its vendor names it (``iam:CreateAccessKey``); only adapters
know which actions a feature takes. Nothing here says what *is* allowed: what
nobody could find out is unknown, and unknown is neither missing nor fine (I8).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from rotator.core.policy_objects import places_of
from rotator.core.rotation import Action

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from rotator.core.ids import AccountId
    from rotator.core.policy import Account, DestinationTemplate, Policy, Rule

Actions = tuple[str, ...]

ROTATE: Final = "rotate"
USE: Final = "use"
PUBLISH: Final = "publish"
ENTER: Final = "enter"


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """Something that rotator does, as far as permissions are concerned.

    Attributes:
        name: What adapters file their actions under.
        why: What the actions are for.
        without: What stops, or what is held instead, while one of them is denied.
    """

    name: str
    why: str
    without: str


FEATURES: Final = (
    Feature(
        name="scan",
        why="find the principals of an account",
        without="nobody is found, so nothing is done in the account",
    ),
    Feature(
        name="report",
        why="read the account's own overview of passwords and keys, for a few calls an account",
        without="every principal is listed one by one, and keys of the root user are not seen",
    ),
    Feature(
        name="observe",
        why="list a principal's keys and tags, and see who holds a secret's labels",
        without="nothing is rotated; credentials wait on a hold",
    ),
    Feature(
        name="people",
        why="tell people, who have a console password, from workloads",
        without="the scan of the account fails, and nobody is newly rotated",
    ),
    Feature(
        name=USE,
        why="prove that an old key is quiet before it is disabled or deleted",
        without="no rotation starts but for a compromised or refused key; no old key is disabled",
    ),
    Feature(
        name=ROTATE,
        why="make, disable and delete keys, store and publish them, and tag secrets as ours",
        without="no rotation starts; what had begun is held, both keys working",
    ),
    Feature(
        name=PUBLISH,
        why="store and publish keys of workspaces and HTTP APIs whose home the account is",
        without="no rotation of these keys starts; what had begun is held, both keys working",
    ),
    Feature(
        name=ENTER,
        why="read the key that rotator enters a workspace or an HTTP API with, where a secret "
        "holds it",
        without="nothing is seen or rotated there",
    ),
    Feature(
        name="mark",
        why="tag a user with the rotation that made its key",
        without="keys carry no mark, so that a lost journal or answer leaves suspects to a person",
    ),
    Feature(
        name="read_staged",
        why="read a stored key back, to prove it after a restart",
        without="a rotation that was interrupted before its proof is held",
    ),
    Feature(
        name="read_current",
        why="adopt a key, keep a secret's other fields, see what a person has published",
        without="no key is adopted, no secret with `merge` is written, and foreign versions hold",
    ),
    Feature(
        name="proof",
        why="try a deleted key once more, to prove that it is refused",
        without="a deleted key's end is proved by the listing only",
    ),
    Feature(
        name="create",
        why="make a secret where a rule says `create: true`",
        without="rotations into missing secrets are held",
    ),
    Feature(
        name="trail",
        why="ask CloudTrail who made a key that may be our orphan",
        without="more of such keys are watched for longer before anything is done",
    ),
    Feature(
        name="search",
        why="look through all secrets for keys, for `rotator adopt`",
        without="adoption knows only the secrets that rules name",
    ),
    Feature(
        name="rebuild",
        why="read which key a secret carried before, for `rotator rebuild`",
        without="a lost journal is rebuilt without the keys that were in their grace",
    ),
    Feature(
        name="check",
        why="ask AWS which permissions are missing, changing nothing",
        without="what is missing is known by reading calls and by experience only",
    ),
)
"""Every feature, in the order in which people are told of them."""

_ALWAYS: Final = frozenset({"scan", "report", "observe", "people", "check"})
_OF_SECRETS: Final = frozenset({"read_staged", "read_current", "proof"})
_OF_ROTATIONS: Final = frozenset({USE, ROTATE, "mark"})
_OF_GUESTS: Final = frozenset({PUBLISH})

OPTIONAL: Final = frozenset(
    {"report", "mark", "read_staged", "read_current", "proof", "search", "rebuild", "check"}
)
"""Features that may be left out of a policy, or put into it, by an option."""


def needed(policy: Policy, account: AccountId, *, has_trail: bool) -> tuple[str, ...]:
    """Name the features that are switched on for an account, in the order of `FEATURES`.

    Args:
        policy: Whose keys are rotated, and where they are published.
        account: The account.
        has_trail: Whether the provider's log of calls may be asked.
    """
    published = publications(policy, account)
    is_owner = any(item.account.id == account for item in published)
    is_host = any(item.templates for item in published if item.account.id != account)
    templates = [template for item in published for template in item.templates]
    switches = {
        "create": any(template.create for template in templates),
        "trail": has_trail and is_owner,
    }
    asked = _ALWAYS | {name for name, is_on in switches.items() if is_on}
    asked |= _OF_ROTATIONS if is_owner else frozenset()
    asked |= _OF_GUESTS if is_host else frozenset()
    asked |= _OF_SECRETS if templates else frozenset()
    return in_order(asked)


def in_order(features: Collection[str]) -> tuple[str, ...]:
    """Bring features into the order of `FEATURES`."""
    return tuple(feature.name for feature in FEATURES if feature.name in features)


def selecting_rules(policy: Policy, account: AccountId) -> tuple[Rule, ...]:
    """Return the rules that may select principals of an account, in policy's order."""
    known = policy.account(account)
    return tuple(rule for rule in policy.rules if _may_select(rule, known))


def rotating_rules(policy: Policy, account: AccountId) -> tuple[Rule, ...]:
    """Return the rules that rotate principals of an account, in policy's order."""
    rules = selecting_rules(policy, account)
    return tuple(rule for rule in rules if rule.action is Action.ROTATE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """A rule, and one of the accounts whose principals' keys it publishes."""

    rule: Rule
    account: Account

    @property
    def templates(self) -> tuple[DestinationTemplate, ...]:
        """Return where it publishes in the home; a cluster's or a machine's needs nothing there."""
        return tuple(item for _, item in places_of(self.rule) if item.account is None)


def publications(policy: Policy, home: AccountId) -> tuple[Publication, ...]:
    """Return what is published in an account: of its own principals, then of its guests'."""
    guests = (account for account in policy.accounts if account.home == home)
    return tuple(
        Publication(rule=rule, account=account)
        for account in (policy.account(home), *guests)
        for rule in rotating_rules(policy, account.id)
    )


def _may_select(rule: Rule, account: Account) -> bool:
    match = rule.match
    return match.covers_account(account) and any(map(match.covers_provider, account.providers))


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """What a check of an account found; whatever is in neither set is allowed.

    Attributes:
        denied: Actions that we may surely not do.
        unknown: Actions of which nothing could be found out.
    """

    denied: frozenset[str] = frozenset()
    unknown: frozenset[str] = frozenset()


class State(StrEnum):
    """How a feature stands in an account."""

    OK = "ok"
    OFF = "off"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """How one feature stands in one account.

    Attributes:
        denied: Its actions that we may surely not do.
        unknown: Its actions of which nothing is known.
    """

    account: AccountId
    feature: Feature
    state: State
    denied: Actions = ()
    unknown: Actions = ()


def findings(
    account: AccountId, wanted: Mapping[str, Actions], missing: Missing
) -> tuple[Finding, ...]:
    """Say of each feature that is switched on whether it can work.

    Args:
        account: The account that was checked.
        wanted: The actions of each feature that is switched on, by its name.
        missing: What the check found.
    """
    return tuple(
        _finding(account, feature, wanted[feature.name], missing)
        for feature in FEATURES
        if feature.name in wanted
    )


def _finding(account: AccountId, feature: Feature, actions: Actions, missing: Missing) -> Finding:
    denied = tuple(action for action in actions if action in missing.denied)
    unknown = tuple(action for action in actions if action in missing.unknown)
    state = State.UNKNOWN if unknown else State.OK
    return Finding(
        account=account,
        feature=feature,
        state=State.OFF if denied else state,
        denied=denied,
        unknown=unknown,
    )


def stoppers(*, is_urgent: bool) -> tuple[str, ...]:
    """Name the features without which no rotation is begun.

    An urgent one, for a key that is compromised or refused, does not wait for the means
    to see whether the old key is quiet.
    """
    return (ROTATE, PUBLISH) if is_urgent else (USE, ROTATE, PUBLISH)
