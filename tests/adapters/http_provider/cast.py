"""What tests of described APIs say again and again."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from rotator.core.facts import Principal
from rotator.core.ids import Instant, KeyId, RotationId
from rotator.testing.provider_bench import ROTATION
from tests.adapters.http_provider.shapes import ACCOUNT

if TYPE_CHECKING:
    from rotator.core.ids import AccountId
    from rotator.core.secret import MintedKey
    from rotator.ports.provider import KeyProvider
    from rotator.providers.http.selectors import Selector
    from rotator.providers.http.spec import Operation, Spec
    from tests.adapters.http_provider.shapes import House


def whose(
    name: str = "ci", account: AccountId = ACCOUNT, provider: str = "vendor-key"
) -> Principal:
    return Principal(provider=provider, account=account, name=name, uid=name)


def soon(house: House) -> Instant:
    return Instant(house.vendor.clock.now() + timedelta(seconds=60))


def minted(
    house: House,
    provider: KeyProvider,
    principal: Principal | None = None,
    *,
    replaces: object = None,
    rotation: RotationId = ROTATION,
) -> MintedKey:
    old = None if replaces is None else KeyId(str(replaces))
    return provider.create_key(principal or whose(), rotation, replaces=old, not_after=soon(house))


def deleted(
    house: House, provider: KeyProvider, key: object, principal: Principal | None = None
) -> None:
    provider.delete_key(principal or whose(), KeyId(str(key)), not_after=soon(house))


def with_list(spec: Spec, **more: object) -> Spec:
    listing = replace(spec.listing, **more)  # type: ignore[arg-type]
    return replace(spec, listing=listing)


def with_pages(spec: Spec, **more: object) -> Spec:
    paging = replace(spec.listing.pagination, **more)  # type: ignore[arg-type]
    return with_list(spec, pagination=paging)


def with_key(spec: Spec, **more: Selector) -> Spec:
    """Change what the list and the answer to a create say of a key."""
    changed = with_list(spec, key={**spec.listing.key, **more})
    return replace(changed, creation=replace(spec.creation, key={**spec.creation.key, **more}))


def with_created(spec: Spec, operation: Operation) -> Spec:
    return replace(spec, creation=replace(spec.creation, operation=operation))


def with_verify(spec: Spec, **more: object) -> Spec:
    verification = replace(spec.verification, **more)  # type: ignore[arg-type]
    return replace(spec, verification=verification)
