"""`policy.yaml`: what is wanted with whose keys; written by the security team.

The descriptions are the manual: docs/configuration.md is compared with them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from rotator.core.policy import Match, Overrides, Policy, Rule
from rotator.core.rotation import Action
from rotator.core.tags import TagGlobs
from rotator.core.terms import IfDrifted, IfStillUsed, Mode
from rotator.settings.fields import Duration, Globs, Section, TagMap
from rotator.settings.policy_consumers import ConsumersSection
from rotator.settings.policy_destinations import DestinationSection, template

if TYPE_CHECKING:
    from rotator.core.policy import Account


class RotateSection(Section):
    """When a rotation starts."""

    max_age: Duration | None = Field(
        default=None,
        description="No managed key gets older. Built in: 90d.",
        examples=["90d"],
    )
    rotate_after: Duration | None = Field(
        default=None,
        description="Age at which a rotation starts. Built in: 75 % of `maxAge`.",
        examples=["67d"],
    )
    jitter: Duration | None = Field(
        default=None,
        description="Starts are spread over this long after `rotateAfter`. Built in: 10 % of "
        "`rotateAfter`, or what is left of `maxAge` after `rotateAfter` and `grace.max`.",
        examples=["6d"],
    )


class GraceSection(Section):
    """How the old key is let go."""

    min: Duration | None = Field(
        default=None,
        description="Both keys stay enabled at least this long. Built in: 1d.",
        examples=["24h"],
    )
    unused_for: Duration | None = Field(
        default=None,
        description="The old key must have been quiet this long. Built in: 1d.",
        examples=["24h"],
    )
    max: Duration | None = Field(
        default=None,
        description="An old key that is used for longer is a finding. Built in: 7d.",
        examples=["7d"],
    )
    quarantine: Duration | None = Field(
        default=None,
        description="From disabled until deleted. Built in: 2d.",
        examples=["48h"],
    )
    if_still_used: IfStillUsed | None = Field(
        default=None,
        description="After `max`: `hold` waits for a person, `disable` switches the old key off. "
        "Built in: hold.",
        examples=["hold"],
    )
    accept_blind: bool | None = Field(
        default=None,
        description="Let a key go although its provider cannot tell when it was used. "
        "Built in: false.",
        examples=[False],
    )


class MatchSection(Section):
    """Whom a rule selects: all fields must match, each by one of its globs."""

    provider: Globs | None = Field(
        default=None,
        description="Names of providers: `aws-iam`, `cipherstash-access-key`, "
        "`cipherstash-client-key`, and those of the specs under `http.providers`; all if left out.",
        examples=["cipherstash-*"],
    )
    account: Globs | None = Field(
        default=None,
        description="Ids or names of accounts and workspaces; all if left out.",
        examples=["prod"],
    )
    principal: Globs | None = Field(
        default=None,
        description="Names of users, or of access keys, clients and keys of HTTP APIs without "
        "rotator's ending; all if left out.",
        examples=["ci-*"],
    )
    path: Globs | None = Field(
        default=None, description="IAM paths; all if left out.", examples=["/svc/*"]
    )
    tags: TagMap = Field(
        default={},
        description="Tags of the user, all of which must be there, each with a value that one of "
        "its globs takes. They are read only for users that the rest of the rule selects.",
        examples=[{"team": ["payments", "checkout-*"]}],
    )


class RuleSection(Section):
    """One rule."""

    name: str = Field(
        pattern=r"^[a-z0-9][a-z0-9._-]{0,62}$",
        description="The rule's own name; it is recorded with every decision.",
        examples=["ci"],
    )
    match: MatchSection = Field(
        default=MatchSection(), description="Whom it selects; everybody if left out."
    )
    action: Literal["rotate", "report", "ignore"] = Field(
        description="`rotate` keeps keys young, `report` only shows them, `ignore` does neither.",
        examples=["report"],
    )
    destination: DestinationSection | None = Field(
        default=None, description="Where the new key is published; `rotate` needs it."
    )
    followers: tuple[DestinationSection, ...] = Field(
        default=(),
        description="Where the same key is kept, too: after `destination`, from which the key is "
        "read back, and before the grace begins.",
        examples=[[]],
    )
    rotate: RotateSection = Field(
        default=RotateSection(), description="When a rotation starts, where it differs."
    )
    grace: GraceSection = Field(
        default=GraceSection(), description="How the old key is let go, where it differs."
    )
    drift: IfDrifted | None = Field(
        default=None,
        description="What a destination leads to that lost the current key, where it differs.",
        examples=["report"],
    )
    consumers: ConsumersSection | None = Field(
        default=None,
        description="Who reads the destination in the cluster, where it differs; a list replaces "
        "the one of the defaults.",
    )


class DefaultsSection(Section):
    """What holds wherever a rule says nothing else."""

    rotate: RotateSection = Field(default=RotateSection(), description="When a rotation starts.")
    grace: GraceSection = Field(default=GraceSection(), description="How the old key is let go.")
    drift: IfDrifted | None = Field(
        default=None,
        description="What a destination leads to that no longer carries the current key, or "
        "whose key its provider refuses: `report` holds and tells; `repair` also adopts a working "
        "key that somebody published, and replaces one that is refused. Built in: report.",
        examples=["report"],
    )
    consumers: ConsumersSection | None = Field(
        default=None,
        description="Who reads destinations in the cluster. Built in: nobody that rotator knows.",
    )


class PolicyFile(Section):
    """The whole of `policy.yaml`."""

    api_version: Literal["rotator/v1"] = Field(
        alias="apiVersion", description="Version of this language.", examples=["rotator/v1"]
    )
    kind: Literal["Policy"] = Field(
        description="Which of the two files this is.", examples=["Policy"]
    )
    defaults: DefaultsSection = Field(
        default=DefaultsSection(), description="What holds wherever a rule says nothing else."
    )
    rules: tuple[RuleSection, ...] = Field(
        default=(),
        description="Tried from top to bottom; the first that matches decides. A principal that "
        "no rule selects is reported.",
        examples=[[]],
    )


def to_policy(file: PolicyFile, *, owner: str, mode: Mode, accounts: tuple[Account, ...]) -> Policy:
    """Turn the file's words into the core's policy."""
    return Policy(
        owner=owner,
        mode=mode,
        defaults=_overrides(file.defaults),
        rules=tuple(_rule(rule) for rule in file.rules),
        accounts=accounts,
    )


def _rule(rule: RuleSection) -> Rule:
    match = rule.match
    return Rule(
        name=rule.name,
        action=None if rule.action == "ignore" else Action(rule.action),
        match=Match(
            provider=match.provider or (),
            account=match.account or (),
            principal=match.principal or (),
            path=match.path or (),
            tags=tag_globs(match.tags),
        ),
        destination=template(rule.destination) if rule.destination else None,
        overrides=_overrides(rule),
        followers=tuple(template(item) for item in rule.followers),
    )


def tag_globs(tags: TagMap) -> tuple[TagGlobs, ...]:
    """Turn tags as they are written into the core's."""
    return tuple(TagGlobs(name=name, values=values) for name, values in tags.items())


def _overrides(layer: DefaultsSection | RuleSection) -> Overrides:
    rotate, grace = layer.rotate, layer.grace
    return Overrides(
        max_age=rotate.max_age,
        rotate_after=rotate.rotate_after,
        jitter=rotate.jitter,
        min_period=grace.min,
        unused_for=grace.unused_for,
        max_period=grace.max,
        quarantine_period=grace.quarantine,
        if_still_used=grace.if_still_used,
        accept_blind=grace.accept_blind,
        if_drifted=layer.drift,
        consumers=layer.consumers.template() if layer.consumers else None,
    )
