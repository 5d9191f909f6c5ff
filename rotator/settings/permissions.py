"""What an installation asks AWS to allow: both files, laid beside the tables of the adapters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rotator.clients.aws_grants import CHECK_PERMISSIONS, Grant, Land, grants, land
from rotator.core.permissions import in_order, needed
from rotator.destinations.aws_secrets_manager.config import PERMISSIONS as SECRETS_PERMISSIONS
from rotator.providers.aws_iam import PERMISSIONS as IAM_PERMISSIONS

if TYPE_CHECKING:
    from collections.abc import Collection

    from rotator.core.ids import AccountId
    from rotator.settings.settings import Settings


def permission_grants(
    settings: Settings,
    account: AccountId,
    *,
    extra: Collection[str] = (),
    without: Collection[str] = (),
) -> tuple[Grant, ...]:
    """Say what the features that are switched on for an account ask to be allowed.

    Args:
        settings: What the two files say.
        account: The account.
        extra: Features to add, such as ``search``.
        without: Features to leave out.
    """
    features = needed(settings.policy, account, has_trail=settings.aws.cloud_trail)
    tables = (IAM_PERMISSIONS, SECRETS_PERMISSIONS, {"check": CHECK_PERMISSIONS})
    table = {
        name: tuple(action for part in tables for action in part.get(name, ()))
        for name in in_order({*features, *extra} - set(without))
    }
    return grants(table, table)


def permission_land(settings: Settings, account: AccountId, ourselves: str = "") -> Land:
    """Say which resources an account's permissions are about.

    Args:
        settings: What the two files say.
        account: The account.
        ourselves: Who acts there; empty takes the account's role, if it has one.
    """
    roles = {item.id: item.role_arn or "" for item in settings.aws.accounts}
    return land(
        settings.policy,
        account,
        region=settings.aws.region,
        path_prefixes=tuple(settings.aws.path_prefixes),
        other_regions=settings.aws.consumer_regions,
        ourselves=ourselves or roles.get(account, ""),
    )


def wanted_actions(asked: tuple[Grant, ...]) -> dict[str, tuple[str, ...]]:
    """Name each feature's actions, as they are reported."""
    features = dict.fromkeys(grant.feature for grant in asked)
    return {
        name: tuple(one for grant in asked if grant.feature == name for one in grant.names)
        for name in features
    }
