"""The providers of keys, by their names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rotator.clients.aws import AwsClients
from rotator.providers.aws_iam import PROVIDER, AwsIamProvider, AwsIamProviderWithTrail
from rotator.providers.cipherstash.access_keys import CipherStashAccessKeys
from rotator.providers.cipherstash.client_keys import CipherStashClientKeys
from rotator.providers.cipherstash.config import ACCESS_KEYS, CLIENT_KEYS
from rotator.providers.http.provider import http_provider
from rotator.settings.adapters import aws_config, iam_config

if TYPE_CHECKING:
    from rotator.ports.clock import Clock
    from rotator.ports.provider import KeyProvider
    from rotator.reconcile.permits import PermissionBook
    from rotator.settings.settings import Settings
    from rotator.telemetry.calls import CallBook
    from rotator.wiring.doors import Doors


def key_providers(
    settings: Settings, clients: AwsClients, doors: Doors, *, read_only: bool
) -> dict[str, KeyProvider]:
    """Make every provider that the configuration has accounts for.

    Args:
        settings: What the two files say.
        clients: The way into AWS.
        doors: The ways into everything else.
        read_only: Refuse all changes at the vendors.
    """
    kind = AwsIamProviderWithTrail if settings.aws.cloud_trail else AwsIamProvider
    return {
        PROVIDER: kind(iam_config(settings), clients),
        **_workspace_providers(settings, doors, read_only=read_only),
        **_http_providers(settings, doors, read_only=read_only),
    }


def aws_clients(
    settings: Settings,
    clock: Clock,
    calls: CallBook,
    permits: PermissionBook,
    *,
    read_only: bool,
) -> AwsClients:
    """Make the way into AWS, which tells of every call and every verdict."""
    config = aws_config(settings, read_only=read_only)
    return AwsClients(config, clock, on_call=calls.heard, on_verdict=permits.heard)


def _workspace_providers(
    settings: Settings, doors: Doors, *, read_only: bool
) -> dict[str, KeyProvider]:
    """Make the providers of the workspaces; both enter each by one and the same token."""
    entered = [
        (item, doors.admission(item.id, read_only=read_only)) for item in settings.workspaces
    ]
    with_clients = [admission for item, admission in entered if CLIENT_KEYS in item.providers]
    return {
        ACCESS_KEYS: CipherStashAccessKeys([admission for _, admission in entered]),
        CLIENT_KEYS: CipherStashClientKeys(with_clients),
    }


def _http_providers(settings: Settings, doors: Doors, *, read_only: bool) -> dict[str, KeyProvider]:
    """Make a provider of each spec, for all the accounts that are looked after by it."""
    specs = {item.spec.name: item.spec for item in settings.http_accounts}
    return {
        name: http_provider(
            spec,
            [
                doors.http_account(item.id, read_only=read_only)
                for item in settings.http_accounts
                if item.spec.name == name
            ],
            doors.clock,
            doors.chance,
        )
        for name, spec in specs.items()
    }
