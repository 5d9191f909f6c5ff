"""The two files in the adapters' own words: what each of them is configured with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from rotator.clients.aws_config import AwsAccount, AwsConfig
from rotator.clients.http import HttpConfig
from rotator.core.accounts import CIPHERSTASH, Place
from rotator.core.facts import DestinationRef
from rotator.core.ids import AccountId
from rotator.core.secret import Secret
from rotator.core.terms import Mode
from rotator.destinations.aws_secrets_manager.config import DESTINATION
from rotator.errors import AccessDeniedError, PermanentError
from rotator.providers.aws_iam import PROVIDER, AwsIamConfig
from rotator.providers.cipherstash.config import WorkspaceConfig, usual_paths
from rotator.providers.http.accounts import HttpAccount
from rotator.settings.references import UnresolvedError, resolve, secret_field
from rotator.settings.workspaces import is_loopback

if TYPE_CHECKING:
    from pathlib import Path

    from rotator.clients.http import HttpClient
    from rotator.settings.cipherstash import Workspace
    from rotator.settings.http import HttpPlace
    from rotator.settings.settings import Settings

ReadField = Callable[[DestinationRef], Secret]
"""Reads the field of a secret that a reference names."""

_ENTRANCE = "the key to enter the workspace with"
_LEAST_CONNECTIONS = 16
_LARGEST_LISTING = 16 << 20
"""In bytes: listings have no pages, and each client may be granted thousands of keysets."""


def places(settings: Settings) -> tuple[Place, ...]:
    """Name the configured accounts."""
    return (
        *(
            Place(provider=PROVIDER, account=AccountId(item.id), name=item.name or "")
            for item in settings.aws.accounts
        ),
        *(
            Place(provider=CIPHERSTASH, account=item.id, name=item.name)
            for item in settings.workspaces
        ),
        *(
            Place(provider=item.spec.name, account=item.id, name=item.name)
            for item in settings.http_accounts
        ),
    )


def aws_config(settings: Settings, *, read_only: bool) -> AwsConfig:
    """Say how AWS is reached; in plan mode nothing that changes anything is sent."""
    aws = settings.aws
    return AwsConfig(
        accounts={
            account.id: AwsAccount(role_arn=account.role_arn, region=account.region)
            for account in aws.accounts
        },
        region=aws.region,
        endpoint_url=aws.endpoint_url,
        endpoint_urls=dict(aws.endpoint_urls),
        max_pool_connections=max(_LEAST_CONNECTIONS, settings.engine.workers),
        read_only=read_only or settings.mode is Mode.PLAN,
    )


def iam_config(settings: Settings) -> AwsIamConfig:
    """Say which users are seen, and what IAM is like."""
    aws = settings.aws
    return AwsIamConfig(
        path_prefixes=tuple(aws.path_prefixes),
        verify_regions=tuple(aws.consumer_regions),
        signature_window=aws.traits.signature_window,
        list_lag=aws.traits.list_lag,
        use_quantum=aws.traits.use_quantum,
    )


def http_config(settings: Settings, workspace: Workspace, *, read_only: bool) -> HttpConfig:
    """Say how a workspace is reached; only a simulator may be on a private address."""
    api = workspace.section.api
    named = [url for url in (api.cts_url, api.zerokms_url) if url is not None]
    return HttpConfig(
        origins=tuple(named),
        allow_private=any(is_loopback(url) for url in named),
        max_body_bytes=_LARGEST_LISTING,
        max_connections=max(_LEAST_CONNECTIONS, settings.engine.workers),
        read_only=read_only or settings.mode is Mode.PLAN,
    )


def workspace_config(
    settings: Settings, workspace: Workspace, read_field: ReadField
) -> WorkspaceConfig:
    """Say how a workspace is entered, and what its service is like.

    Args:
        settings: What the two files say.
        workspace: One of its workspaces.
        read_field: Reads a field of a secret, for keys that are kept in one.
    """
    section, api, traits = workspace.section, workspace.section.api, workspace.traits
    control = section.control_key
    paths = {name: path for name, path in api.paths.model_dump().items() if path is not None}
    return WorkspaceConfig(
        account=workspace.id,
        admin=_reader(settings, workspace, section.admin_key, read_field, _ENTRANCE),
        control=_reader(settings, workspace, control, read_field, _ENTRANCE) if control else None,
        region=workspace.region,
        kind=api.kind,
        cts_url=api.cts_url,
        zerokms_url=api.zerokms_url,
        paths=replace(usual_paths(api.kind), **paths),
        roles=tuple(section.access_key_roles.items()),
        lists_own_key=api.lists_own_key,
        client_keysets_field=api.client_keysets_field,
        keyset_reference=api.keyset_reference,
        list_lag=traits.list_lag,
        token_lifetime=traits.token_lifetime,
        request_window=traits.request_window,
    )


def http_account_config(settings: Settings, place: HttpPlace, *, read_only: bool) -> HttpConfig:
    """Say how an account of an HTTP API is reached: its own origin, and those its spec allows."""
    transport = account_transport(place, settings.file.parent)
    return replace(
        transport,
        max_connections=max(transport.max_connections, settings.engine.workers),
        read_only=read_only or settings.mode is Mode.PLAN,
    )


def account_transport(place: HttpPlace, folder: Path) -> HttpConfig:
    """Say how an account is reached where nothing but it is known.

    Args:
        place: The account.
        folder: What relative paths in its section are relative to.
    """
    section, network = place.section, place.spec.network
    shown = section.client_certificate
    return HttpConfig(
        origins=(place.base_url, *(f"https://{host}" for host in sorted(network.allow_hosts))),
        allow_private=section.allow_private,
        ca_file=folder / section.ca_file if section.ca_file else None,
        client_certificate=folder / shown.certificate if shown else None,
        client_key=folder / shown.key if shown and shown.key else None,
        pins=section.pin_sha256,
        proxy=section.proxy or "",
        rate_limit=place.spec.rate_limit,
        connect_timeout_seconds=network.connect_seconds,
        read_timeout_seconds=network.read_seconds,
        total_seconds=network.total_seconds,
        max_body_bytes=network.max_response_bytes,
        max_connections=_LEAST_CONNECTIONS,
    )


def http_account(
    settings: Settings, place: HttpPlace, client: HttpClient, read_field: ReadField
) -> HttpAccount:
    """Say how an account of an HTTP API is entered, and with what its spec is filled in.

    Args:
        settings: What the two files say.
        place: One of its accounts of HTTP APIs.
        client: The way there.
        read_field: Reads a field of a secret, for credentials that are kept in one.
    """
    return HttpAccount(
        id=place.id,
        base_url=place.base_url,
        params=place.params,
        credentials={
            name: _reader(settings, place, reference, read_field, f"the credential `{name}`")
            for name, reference in place.section.credentials.items()
        },
        lifetime=place.section.lifetime,
        client=client,
    )


def _reader(
    settings: Settings,
    place: Workspace | HttpPlace,
    reference: str,
    read_field: ReadField,
    what: str,
) -> Callable[[], Secret]:
    """Follow a reference anew at each call, so that a successor is taken up by itself."""

    def unreadable(problem: str, remedy: str) -> AccessDeniedError:
        msg = f"{what} cannot be read: {problem}"
        return AccessDeniedError(msg, subject=place.id, code="own_key_unreadable", hint=remedy)

    def read() -> Secret:
        try:
            return _followed(settings, place, reference, read_field)
        except UnresolvedError as error:
            raise unreadable(error.problem, error.remedy) from error
        except PermanentError as error:
            # A secret that is gone says nothing about the keys that we were about to list.
            raise unreadable(str(error), error.hint) from error

    return read


def _followed(
    settings: Settings, place: Workspace | HttpPlace, reference: str, read_field: ReadField
) -> Secret:
    kept = secret_field(reference)
    if kept is None:
        folder = settings.file.parent
        return Secret(resolve(reference, environ=settings.environ, folder=folder))
    return read_field(
        DestinationRef(
            kind=DESTINATION,
            account=place.home,
            region=place.home_region,
            name=kept.name,
            key_id_field="",
            secret_field=kept.field,
        )
    )
