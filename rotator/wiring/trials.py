"""Accounts of HTTP APIs as `rotator provider test` enters them: configured ones, and any other."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rotator.clients.http import HttpClient
from rotator.core.secret import Secret
from rotator.destinations.aws_secrets_manager.config import AwsSecretsManagerConfig
from rotator.destinations.aws_secrets_manager.destination import AwsSecretsManager
from rotator.errors import AccessDeniedError
from rotator.providers.http.accounts import HttpAccount
from rotator.providers.http.conformance_stand import stand_on
from rotator.settings.adapters import account_transport
from rotator.settings.references import UnresolvedError, resolve
from rotator.telemetry.calls import CallBook
from rotator.telemetry.clock import SystemChance, SystemClock, monotonic_seconds
from rotator.telemetry.prometheus import PrometheusTelemetry
from rotator.wiring.doors import Doors
from rotator.wiring.permissions import permission_book
from rotator.wiring.providers import aws_clients

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from rotator.providers.http.conformance_stand import Stand, Wanted
    from rotator.settings.http import HttpPlace
    from rotator.settings.settings import Settings


@contextmanager
def configured_stand(settings: Settings, name: str, wanted: Wanted) -> Iterator[Stand]:
    """Enter a configured account, as the daemon does but for changing things at once.

    Raises:
        NotFoundError: The configuration names no such account.
    """
    place, clock, chance = settings.http_account(name), SystemClock(), SystemChance()
    calls = CallBook(PrometheusTelemetry(clock))
    permits = permission_book(settings, clock)
    # Credentials may be kept in secrets, and those are read only.
    clients = aws_clients(settings, clock, calls, permits, read_only=True)
    vault = AwsSecretsManager(AwsSecretsManagerConfig(owner=settings.owner), clients)
    with ExitStack() as stack:
        doors = Doors(settings, stack, clock, chance, calls, vault.read_field)
        account = doors.http_account(name, read_only=False)
        yield stand_on(place.spec, account, clock, chance, wanted)


@contextmanager
def free_stand(place: HttpPlace, environ: Mapping[str, str], wanted: Wanted) -> Iterator[Stand]:
    """Enter an account that no configuration names.

    Args:
        place: The account; relative paths are relative to the working directory.
        environ: Where ``env:`` references are looked up.
        wanted: What the keys of the trial are to be.
    """
    clock, chance = SystemClock(), SystemChance()
    config = account_transport(place, Path())
    client = HttpClient(config, clock, chance, monotonic=monotonic_seconds)
    credentials = {
        name: _reader(place, name, reference, environ)
        for name, reference in place.section.credentials.items()
    }
    account = HttpAccount(
        id=place.id,
        base_url=place.base_url,
        params=place.params,
        credentials=credentials,
        client=client,
    )
    try:
        yield stand_on(place.spec, account, clock, chance, wanted)
    finally:
        client.close()


def _reader(
    place: HttpPlace, name: str, reference: str, environ: Mapping[str, str]
) -> Callable[[], Secret]:
    def read() -> Secret:
        try:
            return Secret(resolve(reference, environ=environ, folder=Path()))
        except UnresolvedError as error:
            why = f"the credential `{name}` cannot be read: {error.problem}"
            raise AccessDeniedError(
                why, subject=place.id, code="own_key_unreadable", hint=error.remedy
            ) from error

    return read
