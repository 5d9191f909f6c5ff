"""The policy documents of an installation: what its identities need and nothing else.

Pure: what policy and configuration say goes in, JSON-like dicts come out, the
same ones for the same input.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

from rotator.clients.aws_grants import Target, partition_of
from rotator.clients.aws_labels import BY_ID

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from rotator.clients.aws_grants import Grant, Land, Tagged

Document = dict[str, Any]
Statement = dict[str, Any]

POLICY_LIMIT: Final = 6144
"""Characters of a managed policy, white space aside."""
SCP_LIMIT: Final = 5120
"""Characters of a service control policy."""

OWN_TAGS: Final = ("rotator:managed", "rotator:owner")
_MANAGED: Final = "rotator:managed"
_MARKS: Final = "AKIA*"
_VERSION: Final = "2012-10-17"
_KEY_ACTIONS: Final = ("iam:CreateAccessKey", "iam:DeleteAccessKey", "iam:UpdateAccessKey")
_SECRET_WRITES: Final = (
    "secretsmanager:DeleteSecret",
    "secretsmanager:PutSecretValue",
    "secretsmanager:RotateSecret",
    "secretsmanager:UpdateSecret",
    "secretsmanager:UpdateSecretVersionStage",
)
_TAGGING: Final = (
    "iam:CreateUser",
    "iam:TagUser",
    "iam:UntagUser",
    "secretsmanager:CreateSecret",
    "secretsmanager:TagResource",
    "secretsmanager:UntagResource",
)
_TAG_KEYS: Final = {
    "iam:TagUser": {"ForAllValues:StringLike": {"aws:TagKeys": [_MARKS]}},
    "iam:UntagUser": {"ForAllValues:StringLike": {"aws:TagKeys": [_MARKS]}},
    "secretsmanager:TagResource": {"ForAllValues:StringEquals": {"aws:TagKeys": [*OWN_TAGS]}},
}
"""Tags that we write; with these conditions nobody becomes managed by our own hand alone."""


def hub(roles: Sequence[str], own: Iterable[Statement] = ()) -> tuple[Document, ...]:
    """Make what the daemon's own identity needs.

    Args:
        roles: ARNs of the roles that it assumes in other accounts.
        own: Statements for accounts in which it works as itself.
    """
    assume = [_allow("AssumeMemberRoles", ["sts:AssumeRole"], sorted(set(roles)))] if roles else []
    return documents([*assume, *own])


def member(
    land: Land, grants: Sequence[Grant], kms_keys: Sequence[str] = ()
) -> tuple[Statement, ...]:
    """Make the statements of one account, one for each feature and kind of resource.

    Args:
        land: The account's resources.
        grants: What the features that are switched on may do.
        kms_keys: ARNs of the customer's keys that encrypt secrets.
    """
    made = [statement for grant in grants for statement in _of_land(grant, land)]
    spared = [_deny("RotateNever", [*_KEY_ACTIONS], land.spared)] if land.spared else []
    keys = [_kms(number, key) for number, key in enumerate(sorted(kms_keys), start=1)]
    return (*made, *spared, *keys)


def trust(hub_arn: str, organization: str = "") -> Document:
    """Make the trust policy of a member role.

    Args:
        hub_arn: The identity that may assume the role.
        organization: The id of the organization that it must belong to; empty for any.
    """
    statement: Statement = {
        "Sid": "RotatorHub",
        "Effect": "Allow",
        "Principal": {"AWS": hub_arn},
        "Action": "sts:AssumeRole",
    }
    if organization:
        statement["Condition"] = {"StringEquals": {"aws:PrincipalOrgID": organization}}
    return _document([statement])


def scp(
    users: Sequence[str], tagged: Sequence[Tagged], exempt: Sequence[str], *, region: str
) -> tuple[Document, ...]:
    """Make service control policies that keep others from what rotator looks after.

    Args:
        users: ARN patterns of managed users.
        tagged: Users who are managed while they carry some tags.
        exempt: ARNs of the rotator's roles and of those for emergencies.
        region: Any region of the partition.
    """
    others = {"ArnNotLike": {"aws:PrincipalArn": sorted(set(exempt))}}
    partition = partition_of(region)
    any_user = f"arn:{partition}:iam::*:user/*"
    any_secret = f"arn:{partition}:secretsmanager:*:*:secret:*"
    managed = {"StringEquals": {f"aws:ResourceTag/{_MANAGED}": "true"}}
    # IAM does not tell upper from lower case in a tag's name.
    own_tags = {"ForAnyValue:StringEqualsIgnoreCase": {"aws:TagKeys": [*OWN_TAGS]}}
    marks = {"ForAnyValue:StringLike": {"aws:TagKeys": [_MARKS]}}
    by_rule = [
        # A user who moved to another path or name would be out of the patterns' reach.
        _deny("KeysOfManagedUsers", [*_KEY_ACTIONS, "iam:UpdateUser"], users, others),
        _deny("MarksOfManagedUsers", ["iam:TagUser", "iam:UntagUser"], users, others | marks),
    ]
    return documents(
        [
            *(by_rule if users else ()),
            *(
                _deny(f"KeysByTags{number}", _KEY_ACTIONS, item.users, others | item.condition)
                for number, item in enumerate(tagged, start=1)
            ),
            _deny("KeysOfTaggedUsers", _KEY_ACTIONS, [any_user], others | managed),
            _deny("ManagedSecrets", _SECRET_WRITES, [any_secret], others | managed),
            _deny("OwnTags", _TAGGING, [any_user, any_secret], others | own_tags),
        ],
        limit=SCP_LIMIT,
    )


def documents(statements: Iterable[Statement], limit: int = POLICY_LIMIT) -> tuple[Document, ...]:
    """Put statements into as few documents as fit AWS's limit, in their order."""
    packed: list[list[Statement]] = [[]]
    for statement in statements:
        for part in _fitting(statement, limit):
            if packed[-1] and size(_document([*packed[-1], part])) > limit:
                packed.append([])
            packed[-1].append(part)
    return tuple(_document(part) for part in packed)


def size(document: Document) -> int:
    """Count a document's characters as AWS does, white space aside."""
    return len(json.dumps(document, separators=(",", ":")))


def _fitting(statement: Statement, limit: int) -> Iterator[Statement]:
    """Halve a statement's list of resources until it fits alone."""
    resources = statement["Resource"]
    if size(_document([statement])) <= limit or not isinstance(resources, list):
        yield statement
        return
    middle = len(resources) // 2
    for suffix, part in (("A", resources[:middle]), ("B", resources[middle:])):
        half = {**statement, "Sid": statement["Sid"] + suffix, "Resource": _one_or_more(part)}
        yield from _fitting(half, limit)


def _of_land(grant: Grant, land: Land) -> Iterator[Statement]:
    """Make a grant's statements for whatever of a land it is about."""
    sid = _sid(f"{grant.feature} {'' if grant.target is Target.EVERYTHING else grant.target}")
    yield from _granted(sid, grant, land.resources(grant.target), _readable(grant.stage))
    if grant.target is Target.MANAGED_USERS:
        for number, item in enumerate(land.tagged, start=1):
            yield from _granted(f"{sid}ByTags{number}", grant, item.users, item.condition)


def _readable(stage: str) -> Document:
    """Make the condition of reading a secret: under one label, or by a version's id alone."""
    if stage == BY_ID:
        named = {"secretsmanager:VersionId": "false", "secretsmanager:VersionStage": "true"}
        return {"Null": named}
    return {"StringEquals": {"secretsmanager:VersionStage": stage}} if stage else {}


def _granted(
    sid: str, grant: Grant, resources: Sequence[str], asked: Document
) -> Iterator[Statement]:
    """Make a grant's statements; actions that ask for a condition get one of their own."""
    if not resources:
        return
    plain = [action for action in grant.actions if action not in _TAG_KEYS]
    if plain:
        yield _allow(sid, plain, resources, asked)
    conditions = {json.dumps(_TAG_KEYS[a]): _TAG_KEYS[a] for a in grant.actions if a in _TAG_KEYS}
    for condition in conditions.values():
        tagging = [action for action in grant.actions if _TAG_KEYS.get(action) == condition]
        yield _allow(f"{sid}Tags", tagging, resources, condition | asked)


def _kms(number: int, key: str) -> Statement:
    region = key.split(":")[3]
    via = {"StringEquals": {"kms:ViaService": f"secretsmanager.{region}.amazonaws.com"}}
    return _allow(f"EncryptSecrets{number}", ["kms:Decrypt", "kms:GenerateDataKey"], [key], via)


def _allow(
    sid: str, actions: Iterable[str], resources: Iterable[str], condition: Document | None = None
) -> Statement:
    return _statement("Allow", sid, actions, resources, condition)


def _deny(
    sid: str, actions: Iterable[str], resources: Iterable[str], condition: Document | None = None
) -> Statement:
    return _statement("Deny", sid, actions, resources, condition)


def _statement(
    effect: str,
    sid: str,
    actions: Iterable[str],
    resources: Iterable[str],
    condition: Document | None,
) -> Statement:
    made: Statement = {
        "Sid": sid,
        "Effect": effect,
        "Action": _one_or_more(sorted(actions)),
        "Resource": _one_or_more(list(resources)),
    }
    return {**made, "Condition": condition} if condition else made


def _document(statements: Sequence[Statement]) -> Document:
    return {"Version": _VERSION, "Statement": list(statements)}


def _one_or_more(items: list[str]) -> str | list[str]:
    return items[0] if len(items) == 1 else items


def _sid(words: str) -> str:
    """Make a statement's name, in which AWS takes letters and digits only."""
    return "".join(word.capitalize() for word in re.split(r"[^a-z0-9]+", words.lower()) if word)
