"""What an installation asks AWS to allow: both files, laid beside the tables of the adapters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rotator.clients.aws_grants import CHECK_PERMISSIONS, Grant, Land, grants, land
from rotator.core.permissions import ENTER, in_order, needed, publications
from rotator.destinations.aws_secrets_manager.config import PERMISSIONS as SECRETS_PERMISSIONS
from rotator.providers.aws_iam import PERMISSIONS as IAM_PERMISSIONS
from rotator.settings.references import secret_field

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from rotator.core.ids import AccountId
    from rotator.settings.cipherstash import Workspace
    from rotator.settings.http import HttpPlace
    from rotator.settings.settings import Settings

_SEARCH = "search"


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
    features = set(needed(settings.policy, account, has_trail=settings.aws.cloud_trail))
    features |= {ENTER} if _own_keys(settings, account) else set()
    tables = (IAM_PERMISSIONS, _of_secrets(settings, account), {"check": CHECK_PERMISSIONS})
    table = {
        name: tuple(action for part in tables for action in part.get(name, ()))
        for name in in_order({*features, *extra} - set(without))
    }
    return grants(table, table)


def _of_secrets(settings: Settings, account: AccountId) -> Mapping[str, tuple[str, ...]]:
    """Return what is asked of an account's secrets; little where all keys go elsewhere."""
    published = publications(settings.policy, account)
    if not published or any(item.templates for item in published):
        return SECRETS_PERMISSIONS
    return {name: SECRETS_PERMISSIONS[name] for name in (ENTER, _SEARCH)}


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
        own_keys=_own_keys(settings, account),
        ourselves=ourselves or roles.get(account, ""),
    )


def _own_keys(settings: Settings, account: AccountId) -> tuple[tuple[str, str], ...]:
    """Name the secrets of an account that hold our own keys: region, and name."""
    found = (
        (item.home_region, kept.name)
        for item, references in _entrances(settings)
        if item.home == account
        for reference in references
        if (kept := secret_field(reference)) is not None
    )
    return tuple(dict.fromkeys(found))


def _entrances(settings: Settings) -> Iterator[tuple[Workspace | HttpPlace, tuple[str, ...]]]:
    """Yield every account that is entered with keys of our own, with where these are kept."""
    for item in settings.workspaces:
        yield item, (item.section.admin_key, item.section.control_key or "")
    for place in settings.http_accounts:
        yield place, tuple(place.section.credentials.values())


def destination_actions() -> frozenset[str]:
    """Name whatever destinations may ask for, as it is reported."""
    asked = grants(SECRETS_PERMISSIONS, SECRETS_PERMISSIONS)
    return frozenset(name for grant in asked for name in grant.names)


def wanted_actions(asked: tuple[Grant, ...]) -> dict[str, tuple[str, ...]]:
    """Name each feature's actions, as they are reported."""
    features = dict.fromkeys(grant.feature for grant in asked)
    return {
        name: tuple(one for grant in asked if grant.feature == name for one in grant.names)
        for name in features
    }
