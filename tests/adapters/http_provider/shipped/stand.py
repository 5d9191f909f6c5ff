"""One shipped spec against the vendor that its fixture makes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING

from rotator.clients.http import HttpClient, HttpConfig
from rotator.core.facts import Principal
from rotator.core.ids import AccountId, Instant, KeyId
from rotator.core.secret import KeyMaterial, Secret
from rotator.providers.http.accounts import HttpAccount
from rotator.providers.http.provider import http_provider
from rotator.settings.http_spec import load_spec
from rotator.testing.manual_clock import ManualClock, SeededChance
from tests.adapters.http_provider.shipped.fixtures import SPECS, read_fixture
from tests.adapters.http_provider.shipped.replay import Replay, Wires

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rotator.core.facts import KeyInfo
    from rotator.core.ids import RotationId
    from rotator.core.secret import MintedKey
    from rotator.ports.provider import KeyProvider, Verdict
    from rotator.providers.http.spec import Spec
    from tests.adapters.http_provider.shipped.fixtures import Fixture

ACCOUNT = AccountId("shipped")
PUBLIC_ADDRESS = "93.184.216.34"


@dataclass(frozen=True, kw_only=True)
class Stand:
    """A provider made of a spec, and the vendor that answers it."""

    spec: Spec
    fixture: Fixture
    clock: ManualClock
    replay: Replay
    account: HttpAccount
    provider: KeyProvider

    @property
    def principal(self) -> Principal:
        """Return whose key is replaced."""
        name = self.fixture.principal
        return Principal(provider=self.spec.name, account=ACCOUNT, name=name, uid=name)

    @property
    def replaced(self) -> KeyId:
        """Return the key that is replaced."""
        return KeyId(self.fixture.replaces)

    def listed(self) -> dict[KeyId, KeyInfo]:
        """Return the principal's keys."""
        listing = self.provider.list_keys(self.principal)
        return {info.key_id: info for info in listing.keys}

    def mint(self, rotation: RotationId) -> MintedKey:
        """Make the successor."""
        return self.provider.create_key(
            self.principal,
            rotation,
            replaces=self.replaced,
            not_after=self.soon(),
        )

    def end(self, key: KeyId) -> None:
        """End a key."""
        self.provider.delete_key(self.principal, key, not_after=self.soon())

    def tried(self, key: KeyId, secret: Secret | str) -> Verdict:
        """Try a secret as a key's."""
        whole = secret if isinstance(secret, Secret) else Secret(secret)
        material = KeyMaterial(key_id=key, secret=whole)
        return self.provider.verify(self.principal, material)

    def soon(self) -> Instant:
        """Return a deadline."""
        return Instant(self.clock.now() + timedelta(minutes=1))


def stand(
    name: str, *, credentials: Mapping[str, str] | None = None, page_size: int | None = None
) -> Stand:
    """Put a spec and its vendor up.

    Args:
        name: The spec's.
        credentials: Others than the right ones.
        page_size: Another than the spec's.
    """
    fixture, spec, clock = read_fixture(name), _spec(name), ManualClock()
    if page_size is not None:
        paging = replace(spec.listing.pagination, size=page_size)
        spec = replace(spec, listing=replace(spec.listing, pagination=paging))
    replay = Replay(fixture=fixture, now=clock.now)
    given = replace(fixture, credentials=credentials or fixture.credentials)
    account = _account(spec, given, replay, clock)
    return Stand(
        spec=spec,
        fixture=fixture,
        clock=clock,
        replay=replay,
        account=account,
        provider=http_provider(spec, (account,), clock, SeededChance()),
    )


@cache
def _spec(name: str) -> Spec:
    return load_spec(SPECS / f"{name}.yaml")


def _account(spec: Spec, fixture: Fixture, replay: Replay, clock: ManualClock) -> HttpAccount:
    base_url = fixture.base_url or (spec.base_url.text if spec.base_url else "")
    others = (f"https://{host}" for host in sorted(spec.network.allow_hosts))
    client = HttpClient(
        HttpConfig(origins=(base_url, *others), attempts=1, rate_limit=spec.rate_limit),
        clock,
        SeededChance(),
        monotonic=lambda: clock.now().timestamp(),
        resolve=lambda _host, _port: [PUBLIC_ADDRESS],
        sockets=Wires(replay),
    )
    return HttpAccount(
        id=ACCOUNT,
        base_url=base_url,
        client=client,
        params=fixture.params,
        credentials={key: _held(text) for key, text in fixture.credentials.items()},
        lifetime=timedelta(days=fixture.lifetime_days) if fixture.lifetime_days else None,
    )


def _held(text: str) -> Callable[[], Secret]:
    return lambda: Secret(text)
