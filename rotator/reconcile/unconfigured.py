"""Keys of a provider that the configuration names no more: everything waits for a person.

The journal outlives the configuration. Whoever renames a spec or takes an account out
while a rotation is open must be told so; the keys are touched by nobody meanwhile.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from rotator.core.terms import Traits
from rotator.errors import RejectedError

if TYPE_CHECKING:
    from rotator.core.facts import Principal
    from rotator.core.ids import AccountId


class UnconfiguredKeys:
    """A `KeyProvider` that answers every call with what is missing."""

    def __init__(self, name: str) -> None:
        """Stand in for the provider of this name."""
        self._name = name

    @property
    def traits(self) -> Traits:
        """Return those of a provider of which nothing is known."""
        return Traits(max_keys=None, can_disable=False, can_report_use=False)

    def principals(self, account: AccountId) -> NoReturn:
        """Refuse."""
        self._refuse(account)

    def list_keys(self, principal: Principal) -> NoReturn:
        """Refuse."""
        self._refuse(principal.account)

    def create_key(self, principal: Principal, *_: object, **__: object) -> NoReturn:
        """Refuse."""
        self._refuse(principal.account)

    def delete_key(self, principal: Principal, *_: object, **__: object) -> NoReturn:
        """Refuse."""
        self._refuse(principal.account)

    def verify(self, principal: Principal, *_: object) -> NoReturn:
        """Refuse."""
        self._refuse(principal.account)

    def _refuse(self, account: AccountId) -> NoReturn:
        raise RejectedError(
            f"the configuration names no provider {self._name}, whose account {account} was "
            "looked after before: put its spec or its section back under the same name",
            subject=account,
            code="not_configured",
        )
