"""Keys of an API that a spec describes keep the port's contract, whatever its shape."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import timedelta
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest

from rotator.core.facts import Principal
from rotator.core.ids import AccountId, Instant, KeyId
from rotator.core.secret import KeyMaterial, Secret
from rotator.testing.provider_bench import ProviderBench
from rotator.testing.provider_contract import KeyProviderContract
from tests.adapters.http_provider.shapes import (
    ACCOUNT,
    detailed_keys,
    named_keys,
    plain_tokens,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rotator.ports.provider import KeyProvider
    from rotator.providers.http.spec import Spec
    from rotator.testing.bench import Fault
    from tests.adapters.http_provider.shapes import House
    from tests.adapters.http_provider.vendor import Key, Vendor


class VendorBench(ProviderBench):
    """A vendor, and a provider with a spec of one of its shapes."""

    def __init__(self, house: House, spec: Spec) -> None:
        self._house = house
        self._numbers = count(1)
        self._spec = spec
        self._provider = house.provider(spec, *self._accounts())

    def _accounts(self) -> list[Any]:
        return [self._house.account()]

    @property
    def vendor(self) -> Vendor:
        return self._house.vendor

    @property
    def provider(self) -> KeyProvider:
        return self._provider

    def now(self) -> Instant:
        return self.vendor.clock.now()

    def advance(self, period: timedelta) -> None:
        self.vendor.clock.advance(period)

    def settle(self) -> None:
        self.advance(timedelta(minutes=2))

    @contextmanager
    def failing(self, fault: Fault) -> Iterator[None]:
        with self.vendor.failing(fault):
            yield

    def new_principal(self) -> Principal:
        name = f"robot-{next(self._numbers)}"
        return Principal(provider=self._spec.name, account=ACCOUNT, name=name, uid=name)

    def mint_by_hand(self, principal: Principal) -> KeyMaterial:
        owner, name = self._place(principal)
        key = self.vendor.make(owner, name)
        return material(key, self._id(key))

    def _place(self, principal: Principal) -> tuple[str, str]:
        return "all", principal.name

    @staticmethod
    def _id(key: Key) -> str:
        return str(key.id)

    def delete_by_hand(self, principal: Principal, key: KeyId) -> None:
        there = self.vendor.find(key.removeprefix("k-"))
        assert there is not None
        self.vendor.end(there)

    def use(self, material: KeyMaterial) -> bool:
        return self.vendor.lets_in(material.secret.reveal()) is not None

    def delay_activation(self) -> None:
        self.vendor.spreading = timedelta(seconds=30)

    def make_person(self, principal: Principal) -> None:
        pytest.skip("no key is a person's")

    def tag_by_hand(self, principal: Principal, name: str, value: str) -> None:
        pytest.skip("keys carry no tags")

    def replace_by_hand(self, principal: Principal) -> None:
        pytest.skip("a principal is a name; another one of that name is the same")


def material(key: Key, key_id: str) -> KeyMaterial:
    return KeyMaterial(key_id=KeyId(key_id), secret=Secret(key.secret))


class _OfLineages(KeyProviderContract):
    """A lineage is a name: one without a key is nobody's, and another one has no keys."""

    def test_principals_yields_every_principal_once(self, bench: ProviderBench) -> None:
        made = [bench.new_principal() for _ in range(3)]
        for principal in made:
            bench.mint_by_hand(principal)
            bench.mint_by_hand(principal)
        found = [item.uid for item in bench.provider.principals(made[0].account)]

        assert sorted(found) == sorted(item.uid for item in made)


class NamedBench(VendorBench):
    def mint_expiring(self, principal: Principal) -> tuple[KeyMaterial, Instant]:
        ends = Instant(self.now() + timedelta(days=30))
        key = self.vendor.make("all", principal.name, ends_at=ends)
        return material(key, self._id(key)), ends


class TestNamedKeys(_OfLineages):
    @pytest.fixture
    def bench(self, house: House) -> ProviderBench:
        return NamedBench(house, named_keys())


class DetailBench(VendorBench):
    def __init__(self, house: House, spec: Spec) -> None:
        super().__init__(house, spec)
        # Enter before a fault can meet the exchange instead of the call.
        list(self.provider.principals(ACCOUNT))

    @staticmethod
    def _id(key: Key) -> str:
        return f"k-{key.id}"


class TestDetailedKeys(_OfLineages):
    @pytest.fixture
    def bench(self, house: House) -> ProviderBench:
        return DetailBench(house, detailed_keys())


class PlainBench(VendorBench):
    """Each principal is the only one of its account."""

    def _accounts(self) -> list[Any]:
        users = (f"user-{number}" for number in range(1, 9))
        return [self._house.account(AccountId(user), params={"user": user}) for user in users]

    def new_principal(self) -> Principal:
        name = f"user-{next(self._numbers)}"
        account = AccountId(name)
        return Principal(provider=self._spec.name, account=account, name=name, uid=name)

    def _place(self, principal: Principal) -> tuple[str, str]:
        return principal.name, ""


class TestPlainTokens(KeyProviderContract):
    @pytest.fixture
    def bench(self, house: House) -> ProviderBench:
        return PlainBench(house, plain_tokens())

    def test_principals_yields_every_principal_once(self, bench: ProviderBench) -> None:
        for _ in range(3):
            made = bench.new_principal()
            assert list(bench.provider.principals(made.account)) == [made]
