"""Client keys in front of the simulated CipherStash keep the port's contract."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from rotator.core.facts import KeyListing, Principal
from rotator.providers.cipherstash.client_keys import CipherStashClientKeys
from rotator.providers.cipherstash.config import CLIENT_KEYS
from rotator.simulators.cipherstash.shapes import FaultKind
from rotator.testing.bench import Fault
from rotator.testing.provider_bench import ProviderBench
from rotator.testing.provider_contract import KeyProviderContract
from tests.adapters.cipherstash.service import ACCOUNT

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from datetime import timedelta

    from rotator.core.ids import Instant, KeyId, RotationId
    from rotator.core.secret import KeyMaterial, MintedKey
    from tests.adapters.cipherstash.service import Service

PROPAGATION_SECONDS = 20.0
SETTLING_SECONDS = 45.0

CHANGES = ("create-client", "delete-client", "grant-keyset", "revoke-keyset")


class WithExamples(CipherStashClientKeys):
    """The provider in front of lineages that begin with a client to copy from.

    A lineage without a client has no name that anybody could list, and a client is
    made after another's image. The suite's principals begin without keys, so the
    client that each begins with here is left out of its listing.
    """

    def __init__(self, service: Service) -> None:
        super().__init__([service.admission])
        self.examples: dict[str, KeyId] = {}

    def list_keys(self, principal: Principal) -> KeyListing:
        listing = super().list_keys(principal)
        hidden = self.examples.get(principal.name)
        return replace(listing, keys=tuple(key for key in listing.keys if key.key_id != hidden))

    def create_key(
        self,
        principal: Principal,
        rotation: RotationId,
        *,
        replaces: KeyId | None,
        not_after: Instant,
    ) -> MintedKey:
        image = replaces or self.examples[principal.name]
        return super().create_key(principal, rotation, replaces=image, not_after=not_after)


class ClientKeyBench(ProviderBench):
    def __init__(self, service: Service) -> None:
        self._service = service
        self._provider = WithExamples(service)
        # Enter before a fault can meet the entrance instead of the call.
        self._provider.list_keys(self.new_principal())

    @property
    def provider(self) -> WithExamples:
        return self._provider

    def now(self) -> Instant:
        return self._service.clock.now()

    def advance(self, period: timedelta) -> None:
        self._service.clock.sleep(period.total_seconds())

    def settle(self) -> None:
        self._service.clock.sleep(SETTLING_SECONDS)

    def failing(self, fault: Fault) -> AbstractContextManager[None]:
        if fault is Fault.LOST_ANSWER:
            # Those to changes: without an answer to a reading, nothing else is sent.
            return self._service.failing(FaultKind.LOSE_ANSWER, *CHANGES)
        kinds = {Fault.THROTTLED: FaultKind.THROTTLE, Fault.DENIED: FaultKind.ACCESS_DENIED}
        return self._service.failing(kinds[fault])

    def new_principal(self) -> Principal:
        name = self._service.new_name()
        example = self._service.new_client(name, "default", "tenant-a")
        self._provider.examples[name] = example.key_id
        self.settle()
        return Principal(provider=CLIENT_KEYS, account=ACCOUNT, name=name, uid=name)

    def mint_by_hand(self, principal: Principal) -> KeyMaterial:
        return self._service.new_client(principal.name, "default", "tenant-b")

    def delete_by_hand(self, principal: Principal, key: KeyId) -> None:
        assert self._service.by_hand("delete-client", {"client_id": key}).is_success

    def use(self, material: KeyMaterial) -> bool:
        return self._service.by_hand(
            "load-keyset", {"client_id": material.key_id, "keyset_id": None}
        ).is_success

    def delay_activation(self) -> None:
        self._service.configure(propagation_delay_seconds=PROPAGATION_SECONDS)

    def make_person(self, principal: Principal) -> None:
        self._service.new_client(principal.name, is_device=True)
        self.settle()

    def tag_by_hand(self, principal: Principal, name: str, value: str) -> None:
        pytest.skip("clients carry no tags")

    def new_grant(self) -> str:
        name = self._service.new_name("tenant")
        made = self._service.by_hand("create-keyset", {"name": name, "description": "a tenant"})
        return str(made.json()["id"])

    def replace_by_hand(self, principal: Principal) -> None:
        pytest.skip("a lineage is a name; another one of that name is the same")


class TestClientKeys(KeyProviderContract):
    @pytest.fixture
    def bench(self, service: Service) -> ClientKeyBench:
        return ClientKeyBench(service)


@pytest.mark.parametrize("listing", ["keysets", "keyset_ids"])
class TestClientKeysWithOldListings(KeyProviderContract):
    """Listings that are half a minute old, in both shapes that tell every grant."""

    @pytest.fixture
    def bench(self, service: Service, listing: str) -> ClientKeyBench:
        service.configure(list_lag_seconds=30, client_listing=listing)
        return ClientKeyBench(service)
