"""The account that a conformance run is made on: by hand, as the daemon, and in small pages."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from rotator.providers.http.api_keys import HttpApiKeys
from rotator.providers.http.provider import http_provider

if TYPE_CHECKING:
    from collections.abc import Callable

    from rotator.core.api_keys import ApiKey
    from rotator.core.ids import AccountId
    from rotator.ports.api_keys import ApiKeys
    from rotator.ports.clock import Chance, Clock
    from rotator.ports.provider import KeyProvider
    from rotator.providers.http.accounts import HttpAccount
    from rotator.providers.http.spec import Spec

_PATIENCE: Final = 2
_LEAST_WAIT: Final = timedelta(seconds=20)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What the keys of a run are to be.

    Attributes:
        lifetime: After which they expire; None where they do not.
        scopes: In the vendor's words; None leaves them out.
        like: The key that they are to be able to do the same as; None for none.
    """

    lifetime: timedelta | None = None
    scopes: tuple[str, ...] | None = None
    like: ApiKey | None = None

    @property
    def expected_scopes(self) -> tuple[str, ...] | None:
        """Return what listings are to tell of them; None where nothing is asked for."""
        if self.scopes is None and self.like is not None:
            return self.like.scopes
        return self.scopes


_NOTHING_SPECIAL: Final = Wanted()


@dataclass(frozen=True, slots=True, kw_only=True)
class Stand:
    """What a conformance run is made on.

    Attributes:
        spec: What is tried.
        account: Where.
        keys: The account, by hand.
        provider: The same account, as the daemon drives it.
        narrowed: The account with pages of so many keys; None where that cannot be asked.
        wanted: What the keys of the run are to be.
    """

    spec: Spec
    account: AccountId
    keys: ApiKeys
    provider: KeyProvider
    clock: Clock
    narrowed: Callable[[int], ApiKeys] | None = None
    wanted: Wanted = _NOTHING_SPECIAL

    @property
    def has_names(self) -> bool:
        """Whether keys have names that we choose."""
        return self.spec.principal is None

    def patience(self, declared: timedelta) -> timedelta:
        """Return how long something is waited for that the spec says takes so long."""
        return max(_PATIENCE * declared, _LEAST_WAIT)


def stand_on(
    spec: Spec, account: HttpAccount, clock: Clock, chance: Chance, wanted: Wanted
) -> Stand:
    """Enter an account in every way that a run needs; sends nothing yet."""

    def narrowed(size: int) -> ApiKeys:
        pagination = replace(spec.listing.pagination, size=size)
        listing = replace(spec.listing, pagination=pagination)
        return HttpApiKeys(replace(spec, listing=listing), account, clock, chance)

    return Stand(
        spec=spec,
        account=account.id,
        keys=HttpApiKeys(spec, account, clock, chance),
        provider=http_provider(spec, [account], clock, chance),
        clock=clock,
        narrowed=narrowed if spec.listing.pagination.size_param else None,
        wanted=wanted,
    )
