"""Everything that is done to the keys of one account, put together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rotator.providers.http.calls import Calls
from rotator.providers.http.ending import Ending
from rotator.providers.http.listing import Lister
from rotator.providers.http.minting import Minting
from rotator.providers.http.trying import Trying

if TYPE_CHECKING:
    from rotator.ports.clock import Chance, Clock
    from rotator.providers.http.accounts import HttpAccount
    from rotator.providers.http.spec import Spec


class Workshop:
    """One account's calls, listing, minting, trying and ending; safe for threads."""

    def __init__(self, spec: Spec, account: HttpAccount, clock: Clock, chance: Chance) -> None:
        """Put the parts together; sends nothing, and reads no credential yet."""
        self.account = account
        self.calls = Calls(spec, account, clock)
        self.lister = Lister(spec, self.calls)
        self.minting = Minting(spec, self.calls, clock, chance)
        self.trying = Trying(spec, self.calls, clock)
        self.ending = Ending(spec, self.calls, self.lister, clock)
