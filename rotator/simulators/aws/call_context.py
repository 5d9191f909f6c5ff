"""Calls as policies see them: action, resource and condition keys.

Source:
    The pages of IAM, STS and Secrets Manager in the Service Authorization Reference.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from moto.iam.models import iam_backends
from moto.secretsmanager.models import FakeSecret, secretsmanager_backends
from moto.utilities.utils import get_partition

from rotator.simulators.aws.policy_documents import Ask

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from moto.iam.models import User

    from rotator.simulators.aws.arrivals import Arrival
    from rotator.simulators.aws.keys import Principal
    from rotator.simulators.aws.world import World

_ANY = "*"
_WITHOUT_RESOURCE = frozenset({"ListSecrets", "BatchGetSecretValue", "GetRandomPassword"})
_BY_ID = frozenset({"GetSecretValue"})
_BY_STAGE = frozenset({"GetSecretValue", "UpdateSecretVersionStage"})

Keys = dict[str, tuple[str, ...]]


def ask_of(world: World, principal: Principal, arrival: Arrival) -> Ask:
    """Say what a principal asks for with a request."""
    operation, service = arrival.sighting.operation, arrival.service
    resource, context = _ANY, base_context(principal, arrival.region)
    match service:
        case "iam":
            resource, tags = _iam_resource(world, principal.account_id, arrival)
            context |= _resource_tags(tags, "aws", "iam") | _request_tags(arrival)
        case "sts":
            resource = arrival.parameter("RoleArn") or _ANY
        case "secretsmanager" if operation not in _WITHOUT_RESOURCE:
            name = arrival.parameter("SecretId") or arrival.parameter("Name")
            resource, more = secret_resource(principal.account_id, arrival.region, name)
            context |= more | _request_tags(arrival)
            context |= _version(arrival)
    return Ask(action=f"{service}:{operation}", resource=resource, context=context)


def _version(arrival: Arrival) -> Keys:
    """Return the keys that tell which version of a secret is meant."""
    operation = arrival.sighting.operation
    stage, version = arrival.parameter("VersionStage"), arrival.parameter("VersionId")
    keys: Keys = {}
    if stage and operation in _BY_STAGE:
        keys["secretsmanager:versionstage"] = (stage,)
    if version and operation in _BY_ID:
        keys["secretsmanager:versionid"] = (version,)
    return keys


def base_context(principal: Principal, region: str) -> Keys:
    """Return the keys that every call has."""
    return {
        "aws:principalarn": (principal.policy_arn,),
        "aws:principalaccount": (principal.account_id,),
        "aws:requestedregion": (region,),
    }


def secret_resource(account_id: str, region: str, name: str) -> tuple[str, Keys]:
    """Return a secret's ARN, and the keys that its tags make."""
    secret = secretsmanager_backends[account_id][region].secrets.get(name)
    if isinstance(secret, FakeSecret):
        return secret.arn, _resource_tags(_tags(secret.tags), "aws", "secretsmanager")
    if name.startswith("arn:"):
        return name, {}
    # AWS appends six characters that nobody knows before the secret is made.
    partition = get_partition(region)
    return f"arn:{partition}:secretsmanager:{region}:{account_id}:secret:{name}-??????", {}


def _iam_resource(world: World, account_id: str, arrival: Arrival) -> tuple[str, Mapping[str, str]]:
    """Return the ARN of the user or role that is meant, and its tags."""
    named = arrival.parameter("PolicySourceArn")
    if named:
        return named, {}
    name = arrival.sighting.user_name or _owner(world, arrival)
    if not name:
        return _ANY, {}
    partition = get_partition(arrival.region)
    user: User | None = iam_backends[account_id][partition].users.get(name)
    if user is not None:
        return user.arn, _tags(user.tags)
    path = arrival.parameter("Path") or "/"
    return f"arn:{partition}:iam::{account_id}:user{path}{name}", {}


def _owner(world: World, arrival: Arrival) -> str:
    """Return whose key is meant by a call that names the key only."""
    key = world.keys.find(arrival.sighting.access_key_id)
    return key.principal.user_name if key else ""


def _tags(tags: Iterable[Mapping[str, str]] | None) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in tags or ()}


def _resource_tags(tags: Mapping[str, str], *services: str) -> Keys:
    return {
        f"{service}:resourcetag/{key.lower()}": (value,)
        for service in services
        for key, value in tags.items()
    }


def _request_tags(arrival: Arrival) -> Keys:
    tags = dict(_sent_tags(arrival))
    names = (*tags, *_sent_tag_keys(arrival))
    sent: Keys = {f"aws:requesttag/{key.lower()}": (value,) for key, value in tags.items()}
    return sent | ({"aws:tagkeys": names} if names else {})


def _sent_tags(arrival: Arrival) -> Iterator[tuple[str, str]]:
    listed = arrival.parameters.get("Tags")
    if isinstance(listed, list):
        yield from ((str(tag["Key"]), str(tag["Value"])) for tag in listed)
    number = 1
    while key := arrival.parameter(f"Tags.member.{number}.Key"):
        yield key, arrival.parameter(f"Tags.member.{number}.Value")
        number += 1


def _sent_tag_keys(arrival: Arrival) -> Iterator[str]:
    listed = arrival.parameters.get("TagKeys")
    if isinstance(listed, list):
        yield from map(str, listed)
    number = 1
    while key := arrival.parameter(f"TagKeys.member.{number}"):
        yield key
        number += 1
