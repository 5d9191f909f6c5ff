"""The contract of `rotator.ports.provider.CanKeepGrants`, as tests.

`rotator.testing.provider_contract` puts it together with the rest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rotator.core.ids import KeyId
from rotator.errors import AccessDeniedError, ConflictError, NotFoundError, OutcomeUnknownError
from rotator.ports.provider import CanKeepGrants
from rotator.testing.bench import Fault
from rotator.testing.provider_bench import ROTATION, mint

if TYPE_CHECKING:
    from rotator.core.facts import Principal
    from rotator.testing.provider_bench import ProviderBench

ABSENT = KeyId("11111111-0000-4000-8000-000000000001")
NOTHING = "22222222-0000-4000-8000-000000000002"


class GrantsContract:
    """The capability `CanKeepGrants`."""

    @pytest.fixture
    def keeper(self, bench: ProviderBench) -> CanKeepGrants:
        """Return the provider with this capability, or skip."""
        if not isinstance(bench.provider, CanKeepGrants):
            pytest.skip(f"{type(bench.provider).__name__} is not CanKeepGrants")
        return bench.provider

    def _minted(self, bench: ProviderBench) -> tuple[Principal, KeyId]:
        """Make a principal whose key of ours replaces one that people made."""
        principal = bench.new_principal()
        by_hand = bench.mint_by_hand(principal)
        bench.settle()
        minted = bench.provider.create_key(
            principal, ROTATION, replaces=by_hand.key_id, not_after=bench.soon()
        )
        bench.settle()
        return principal, minted.material.key_id

    def test_what_a_key_is_granted_can_be_read(
        self, bench: ProviderBench, keeper: CanKeepGrants
    ) -> None:
        """A grant adds to what was there."""
        principal, key = self._minted(bench)
        before, thing = keeper.grants(principal, key), bench.new_grant()
        keeper.grant(principal, key, frozenset({thing}), not_after=bench.soon())
        bench.settle()
        assert keeper.grants(principal, key) == before | {thing}

    def test_granting_what_a_key_has_already_is_no_error(
        self, bench: ProviderBench, keeper: CanKeepGrants
    ) -> None:
        """Granted is granted, the rest is added."""
        principal, key = self._minted(bench)
        first, second = bench.new_grant(), bench.new_grant()
        keeper.grant(principal, key, frozenset({first}), not_after=bench.soon())
        bench.settle()
        keeper.grant(principal, key, frozenset({first, second}), not_after=bench.soon())
        bench.settle()
        assert keeper.grants(principal, key) >= {first, second}

    def test_another_key_is_granted_nothing_by_it(
        self, bench: ProviderBench, keeper: CanKeepGrants
    ) -> None:
        """A grant is one key's."""
        principal, key = self._minted(bench)
        other, thing = bench.mint_by_hand(principal).key_id, bench.new_grant()
        bench.settle()
        keeper.grant(principal, key, frozenset({thing}), not_after=bench.soon())
        bench.settle()
        assert thing not in keeper.grants(principal, other)

    def test_grants_of_a_missing_key_are_not_found(
        self, bench: ProviderBench, keeper: CanKeepGrants
    ) -> None:
        """Gone is never answered as "granted nothing"."""
        principal = bench.new_principal()
        mint(bench, principal)
        with pytest.raises(NotFoundError):
            keeper.grants(principal, ABSENT)
        with pytest.raises(NotFoundError):
            keeper.grant(principal, ABSENT, frozenset({bench.new_grant()}), not_after=bench.soon())

    def test_a_grant_of_nothing_that_exists_is_not_found(
        self, bench: ProviderBench, keeper: CanKeepGrants
    ) -> None:
        """It does not pretend to have granted something."""
        principal, key = self._minted(bench)
        with pytest.raises(NotFoundError):
            keeper.grant(principal, key, frozenset({NOTHING}), not_after=bench.soon())

    def test_nothing_is_granted_after_not_after(
        self, bench: ProviderBench, keeper: CanKeepGrants
    ) -> None:
        """A grant that woke up too late is not sent."""
        principal, key = self._minted(bench)
        thing = bench.new_grant()
        with pytest.raises(ConflictError):
            keeper.grant(principal, key, frozenset({thing}), not_after=bench.past())
        assert thing not in keeper.grants(principal, key)

    def test_a_lost_answer_of_a_grant_is_said_to_be_lost(
        self, bench: ProviderBench, keeper: CanKeepGrants
    ) -> None:
        """Whether it was granted has to be looked up."""
        principal, key = self._minted(bench)
        thing = bench.new_grant()
        with bench.failing(Fault.LOST_ANSWER), pytest.raises(OutcomeUnknownError):
            keeper.grant(principal, key, frozenset({thing}), not_after=bench.soon())

    def test_a_denial_is_no_empty_answer(self, bench: ProviderBench, keeper: CanKeepGrants) -> None:
        """What cannot be read is not "nothing"."""
        principal, key = self._minted(bench)
        with bench.failing(Fault.DENIED), pytest.raises(AccessDeniedError):
            keeper.grants(principal, key)
